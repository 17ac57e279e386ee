"""Whether bytes are a whole picture that a browser may show."""

from __future__ import annotations

__all__ = ["image_type"]


def image_type(content: bytes) -> str:
    """Return the type of a whole PNG or JPEG with nothing after its end; nothing for all else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png" if _is_whole_png(content) else ""
    if content.startswith(b"\xff\xd8\xff") and content.endswith(b"\xff\xd9"):
        return "image/jpeg"
    return ""


def _is_whole_png(content: bytes) -> bool:
    place = 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        kind = content[place + 4 : place + 8]
        place += 12 + length
        if kind == b"IEND":
            return place == len(content) and length == 0
    return False
