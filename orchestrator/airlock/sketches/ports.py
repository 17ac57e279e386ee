"""What sketches need from outside: keys that one process makes and another opens, and a place to be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Protocol

__all__ = ["SketchKeys", "SketchStore"]


class SketchKeys(Protocol):
    """Keys of sketches. The controller makes them, the airlock opens them, and neither can do the other's."""

    def new_sketch_key(self, version_id: str) -> tuple[bytes, str]:
        """Return a fresh 32-byte key for the sketch of a dataset version, and the same key wrapped."""

    def open_sketch_key(self, version_id: str, wrapped_key: str) -> bytes:
        """Unwrap the key of a version's sketch."""


class SketchStore(Protocol):
    """Keeps sketches sealed; what a sketch says is readable with its key only."""

    def known(self, version_id: str) -> bool:
        """Say whether there is a sketch of the version, or word of why there is none."""

    def keep(self, version_id: str, sketch: BinaryIO, *, key: bytes, wrapped_key: str) -> None:
        """Seal a sketch under its key; all or nothing. Repeatable."""

    def keep_failure(self, version_id: str, why: str) -> None:
        """Remember why a version has no sketch."""

    def open(self, version_id: str, unwrap: Callable[[str], bytes], into: BinaryIO) -> bytes:
        """Write the sketch into ``into`` and return its key.

        ``unwrap`` opens a wrapped key. Raises ``NotFound`` in words where there is none, ``Invalid`` where it was
        changed since.
        """
