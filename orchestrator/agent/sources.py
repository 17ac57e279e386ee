"""Where the ciphertext of a sealed version is read from, as the sealed store described it to the controller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ..core.errors import Invalid

__all__ = ["Opener", "opener"]

Opener = Callable[[str], BinaryIO]
"""Opens one sealed file by the name it is stored as."""


def opener(source: Mapping[str, Any]) -> Opener:
    """Return what opens the files of ``source``; its ``kind`` says where they lie."""
    if source.get("kind") == "directory":
        return _Directory(Path(str(source["path"])))
    raise Invalid("The agent cannot read sealed data of this kind: give it the controller's version.", field="source")


class _Directory:
    """Sealed files in a directory that the agent sees."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, stored_as: str) -> BinaryIO:
        try:
            return (self._path / stored_as).open("rb")
        except OSError as error:
            raise Invalid(f"A sealed file is missing ({error.strerror}): restore it.", field="content") from error
