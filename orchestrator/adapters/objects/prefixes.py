"""Custodians' own prefixes: taken stock of by the controller, and described to agents with short-lived credentials."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from ...core.errors import Conflict, Invalid
from ...credentials.manifest import check_path
from ...credentials.model import ClearFile
from ...credentials.ports import Source
from .connection import check_prefix
from .reading import ObjectReader, Seen
from .short_lived import ShortLived

__all__ = ["Prefixes"]

_BLOCK = 1 << 20


class Prefixes:
    """Implements ``credentials.ports.Prefixes``. ``open_store`` finds a store of the settings by its name."""

    def __init__(self, open_store: Callable[[str], ShortLived]) -> None:
        self._open_store = open_store

    def source(self, store: str, prefix: str, version_id: str) -> Source:
        """Tell an agent where the objects lie, with credentials that read this prefix and end soon."""
        return self._open_store(store).reading(prefix, version_id)

    def take_stock(self, store: str, prefix: str) -> tuple[ClearFile, ...]:
        """Read every object below the prefix once; return path, size and SHA-256 of each, sorted by path."""
        reader = ObjectReader(self._open_store(store).bucket, check_prefix(prefix))
        files = [_hashed(reader, seen) for seen in list(reader.list())]
        if not files:
            raise Invalid("There is no object below this prefix: put the dataset's files there first.", field="prefix")
        folders = {parent for file in files for parent in _above(file.path)}
        for file in files:
            if file.path in folders:
                raise Invalid(
                    f"“{file.path}” is an object and a folder of others at once: rename one of them.", field="prefix"
                )
        return tuple(sorted(files, key=lambda file: file.path))


def _hashed(reader: ObjectReader, seen: Seen) -> ClearFile:
    digest, size = hashlib.sha256(), 0
    with reader.open(check_path(seen.name)) as content:
        while block := content.read(_BLOCK):
            digest.update(block)
            size += len(block)
    if size != seen.size:
        raise Conflict(f"“{seen.name}” changed while it was read: stop whatever writes it; it is read again.")
    return ClearFile(path=seen.name, size=size, sha256=digest.hexdigest())


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: number + 1]) for number in range(len(parts))]
