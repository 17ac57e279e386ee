"""Walks through a PNG chunk by chunk: every byte belongs to a chunk, and every chunk to the picture."""

from __future__ import annotations

import zlib

from .picture_parts import BrokenError, Extras
from .places import shown

__all__ = ["walk_png"]

_DRAWING = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"hIST"}
)
_FIXED = {b"pHYs": 9, b"tIME": 7}
_START = 8
_HIDDEN = 201


def walk_png(content: bytes, extras: Extras) -> int:
    """Return where the picture ends; raises ``BrokenError`` or ``IndexError`` where it does not follow the format."""
    offset, seen_data, unpacked = _START, False, zlib.decompressobj()
    while True:
        length, kind = int.from_bytes(content[offset : offset + 4], "big"), content[offset + 4 : offset + 8]
        body = content[offset + 8 : offset + 8 + length]
        crc = content[offset + 8 + length : offset + 12 + length]
        if len(body) != length or zlib.crc32(kind + body).to_bytes(4, "big") != crc:
            raise BrokenError(f"the part {shown(kind.decode('latin-1'))} at byte {offset} is damaged")
        if offset == _START and kind != b"IHDR":
            raise BrokenError("it does not begin with its header")
        if kind not in _DRAWING and _FIXED.get(kind) != length:
            extras.add(shown(kind.decode("latin-1")), length)
        offset += 12 + length
        if kind == b"IDAT":
            seen_data = True
            _unpack(unpacked, body)
        if kind == b"IEND":
            if not seen_data or not unpacked.eof:
                raise BrokenError("its picture data is incomplete")
            if unpacked.unused_data:
                extras.add("after the picture data", len(unpacked.unused_data) + _HIDDEN)
            return offset


def _unpack(unpacked: zlib._Decompress, body: bytes) -> None:
    """Read compressed picture data to its end in small pieces, so that a bomb costs time and not memory."""
    try:
        waiting = body
        while waiting and not unpacked.eof:
            unpacked.decompress(waiting, 1 << 20)
            waiting = unpacked.unconsumed_tail
        if unpacked.eof and waiting and not unpacked.unused_data:
            raise BrokenError("its picture data does not end where it should")
    except zlib.error as error:
        raise BrokenError("its picture data cannot be unpacked") from error
