"""What may be shown of a frozen file. Only text and tables are read here, with the standard library alone.

Workbooks, PDF, notebooks and the like are read in isolation, where tables, pictures and clean pages are made of them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.reading import decoding, delimited

from .sheets import Sheet

__all__ = ["IMAGES", "MOST_BYTES", "Content", "Contents", "content_of", "content_of_bytes"]

IMAGES = {"png": "image/png", "jpeg": "image/jpeg"}
"""Kinds of pictures that browsers show, and their types."""

MOST_BYTES = 64 << 20
"""A larger file is not shown: nobody could look at all of it."""

_TEXTS = frozenset({"text", "code", "markdown", "json", "notebook", "html", "svg", "xml", "unknown-text"})
_KEPT_CHARACTERS = 48 << 20


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a file holds for people. ``shape`` is table, text, image, empty or none; a table has its lines too."""

    shape: str
    lines: tuple[str, ...] = ()
    sheet: Sheet | None = None
    content_type: str = ""
    encoding: str = "utf-8"
    size: int = 0
    """Characters that it holds in memory."""


def content_of(path: Path, kind: str) -> Content:
    """Read a file that the isolated inspection found to be of ``kind``."""
    if kind in IMAGES:
        return Content(shape="image", content_type=IMAGES[kind])
    if kind == "empty":
        return Content(shape="empty")
    if kind not in _TEXTS and kind != "table":
        return Content(shape="none")
    with path.open("rb") as file:
        return _read(file.read(MOST_BYTES + 1), kind)


def content_of_bytes(content: bytes) -> Content:
    """Read a made-up file that is at hand, as text or table: those of the training queue."""
    encoding = decoding.encoding_of(content)
    text = decoding.decode(content, encoding) if encoding else ""
    return _read(content, "table" if delimited.delimiter_of(text) is not None else "text")


def _read(content: bytes, kind: str) -> Content:
    if len(content) > MOST_BYTES or (b"\x00" in content and decoding.encoding_of(content) is None):
        return Content(shape="none")
    encoding = decoding.encoding_of(content)
    text = content.decode("utf-8", "surrogateescape") if encoding is None else decoding.decode(content, encoding)
    delimiter = delimited.delimiter_of(text) if kind == "table" and encoding is not None else None
    return Content(
        shape="text" if delimiter is None else "table",
        lines=tuple(text.split("\n")),
        sheet=None if delimiter is None else Sheet(text, delimiter),
        encoding=encoding or "unknown",
        size=len(text) * (1 if delimiter is None else 2),
    )


class Contents:
    """Keeps what was read last, by the hash of the bytes, so that paging and sorting need no second reading."""

    def __init__(self, most: int = _KEPT_CHARACTERS) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, str], Content] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, path: Path, kind: str, sha256: str) -> Content:
        """Return the content of the frozen bytes with this hash."""
        key = (sha256, kind)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        content = content_of(path, kind)
        with self._lock:
            self._kept[key] = content
            while len(self._kept) > 1 and sum(each.size for each in self._kept.values()) > self._most:
                self._kept.popitem(last=False)
        return content
