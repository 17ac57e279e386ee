"""Walks through a JPEG marker by marker up to its end."""

from __future__ import annotations

from .picture_parts import BrokenError, Extras

__all__ = ["walk_jpeg"]

_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_PROFILE = 4096
"""Bytes up to which a colour profile is an ordinary one."""


def walk_jpeg(content: bytes, extras: Extras) -> int:
    """Return where the picture ends; raises ``BrokenError`` or ``IndexError`` where it does not follow the format."""
    offset = 2
    while True:
        if content[offset] != 0xFF:
            raise BrokenError(f"no marker at byte {offset}")
        marker = content[offset + 1]
        if marker == 0xFF:
            offset += 1
        elif marker == 0xD9:
            return offset + 2
        elif marker in _STANDALONE:
            offset += 2
        else:
            length = int.from_bytes(content[offset + 2 : offset + 4], "big")
            if length < 2 or offset + 2 + length > len(content):
                raise BrokenError(f"the part at byte {offset} is cut short")
            if _is_extra(marker, length):
                extras.add(f"marker {marker:02X}", length)
            offset += 2 + length
            if marker == 0xDA:
                offset = _scan_end(content, offset)


def _is_extra(marker: int, length: int) -> bool:
    """Say whether a part is a comment or an application's own; colour profiles and Adobe's marker are ordinary."""
    if marker == 0xE0:
        return length > 16  # a small copy of the picture stands here
    if marker == 0xE2:
        return length > _PROFILE
    return marker == 0xFE or (0xE1 <= marker <= 0xEF and marker != 0xEE)


def _scan_end(content: bytes, offset: int) -> int:
    while True:
        offset = content.find(b"\xff", offset)
        if offset < 0 or offset + 1 >= len(content):
            raise BrokenError("it has no end")
        following = content[offset + 1]
        if following == 0x00 or 0xD0 <= following <= 0xD7:
            offset += 2
        elif following == 0xFF:
            offset += 1
        else:
            return offset
