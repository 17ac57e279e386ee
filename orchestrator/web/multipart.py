"""Takes the parts of a posted form with a file out of its bytes (RFC 7578): strictly, in memory, without file names.

Only what browsers send for our own forms is understood: a few named parts, each whole. What the file was called on
somebody's machine is passed over unread.
"""

from __future__ import annotations

import re

from orchestrator.core.errors import Invalid

__all__ = ["parts_of"]

_TYPE = re.compile(r"multipart/form-data\s*;\s*boundary=(\"?)([0-9A-Za-z'()+_,./:=?-]{1,70})\1\s*", re.IGNORECASE)
_NAME = re.compile(rb'(?i:content-disposition):\s*form-data;\s*name="([a-z_]{1,40})"(?:;[^\r\n]*)?')
_MOST_PARTS = 8
_MOST_HEADER = 4096


def parts_of(content_type: str, body: bytes) -> dict[str, bytes]:
    """Return the content of each part by its name; raises ``Invalid`` for anything that is not whole."""
    kind = _TYPE.fullmatch(content_type.strip())
    if kind is None:
        raise _unreadable()
    pieces = (b"\r\n" + body).split(b"\r\n--" + kind[2].encode("ascii"), _MOST_PARTS + 2)
    if pieces[0] or len(pieces) > _MOST_PARTS + 2 or pieces[-1].rstrip(b"\r\n") != b"--":
        raise _unreadable()
    found: dict[str, bytes] = {}
    for piece in pieces[1:-1]:
        head, parted, content = piece.partition(b"\r\n\r\n")
        if not parted or len(head) > _MOST_HEADER:
            raise _unreadable()
        names = [name for line in head.split(b"\r\n") if (name := _NAME.fullmatch(line)) is not None]
        if len(names) != 1:
            raise _unreadable()
        called = names[0][1].decode("ascii")
        if called in found:
            raise _unreadable()
        found[called] = content
    return found


def _unreadable() -> Invalid:
    return Invalid("This form cannot be read; open the page again.", field="form")
