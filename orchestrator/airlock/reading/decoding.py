"""Which characters the bytes of a text are; what is not UTF-8 is still read, and said."""

from __future__ import annotations

import codecs
import re

__all__ = ["decode", "encoding_of"]

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 4096


def encoding_of(content: bytes) -> str | None:
    """Return the name of the encoding that reads all of ``content``, or nothing when it is no text.

    UTF-8 comes first; then what a byte order mark says; then UTF-16 without one, told by every second byte being zero;
    last Windows-1252 and Latin-1, which old spreadsheet programs write, unless control bytes say that it is no text.
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name if _reads(content, name) else None
    if b"\x00" in content:
        head = content[:_SAMPLE]
        for name, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
            if len(zeros) >= 4 and zeros.count(0) >= len(zeros) * 0.7 and _reads(content, name):
                return name
        return None
    if _reads(content, "utf-8"):
        return "utf-8"
    if _CONTROL.search(content) or sum(byte > 127 for byte in content[:65_536]) > min(len(content), 65_536) * 0.3:
        return None
    return "cp1252" if _reads(content, "cp1252") else "latin-1"


def decode(content: bytes, encoding: str) -> str:
    """Return the text without its byte order mark."""
    return content.decode(encoding).removeprefix("\ufeff")


def _reads(content: bytes, encoding: str) -> bool:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return encoding not in ("utf-16", "utf-32", "utf-16-le", "utf-16-be") or "\x00" not in text
