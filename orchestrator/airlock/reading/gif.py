"""Walks through a GIF block by block, and through a WebP by its size, up to the end."""

from __future__ import annotations

from .picture_parts import BrokenError, Extras

__all__ = ["walk_gif", "walk_webp"]

_IMAGE, _EXTENSION, _END = 0x2C, 0x21, 0x3B
_LOOPS = b"NETSCAPE2.0"


def walk_gif(content: bytes, extras: Extras) -> int:
    """Return where the picture ends; raises ``BrokenError`` or ``IndexError`` where it does not follow the format."""
    offset = 13 + _palette(content[10])
    while True:
        kind = content[offset]
        if kind == _END:
            return offset + 1
        if kind == _IMAGE:
            offset = _blocks(content, offset + 11 + _palette(content[offset + 9]))
        elif kind == _EXTENSION:
            end = _blocks(content, offset + 2)
            own = content[offset + 1] in (0x01, 0xFE, 0xFF) and content[offset + 3 : offset + 14] != _LOOPS
            if own:
                extras.add(f"extension {content[offset + 1]:02X}", end - offset)
            offset = end
        else:
            raise BrokenError(f"no block at byte {offset}")


def _palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(content: bytes, offset: int) -> int:
    while content[offset]:
        offset += content[offset] + 1
    return offset + 1


def walk_webp(content: bytes, extras: Extras) -> int:  # noqa: ARG001 - one interface for all walks
    """Return where the picture says that it ends; raises ``BrokenError`` where the bytes end before."""
    end = 8 + int.from_bytes(content[4:8], "little")
    if end > len(content):
        raise BrokenError("it is cut short")
    return end
