"""Parts of a picture that are not picture."""

from __future__ import annotations

from .places import Places

__all__ = ["BrokenError", "Extras"]


class BrokenError(Exception):
    """The picture does not follow its format."""


class Extras:
    """Parts of a picture that no viewer shows, and how large the largest is, in bytes."""

    def __init__(self) -> None:
        self.places = Places()
        self.largest = 0

    def add(self, name: str, length: int) -> None:
        """Note one such part."""
        self.places.add(f"{name} ({length} bytes)")
        self.largest = max(self.largest, length)
