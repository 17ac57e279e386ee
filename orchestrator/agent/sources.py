"""Where an agent reads a version, as the controller described it: a directory, or objects with short-lived keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ..adapters.objects.connection import Bucket, Keys
from ..adapters.objects.reading import ObjectReader, Seen
from ..core.errors import Invalid
from ..credentials.model import ObjectVersion

__all__ = ["Opener", "check_stock", "objects", "opener"]

Opener = Callable[[str], BinaryIO]
"""Opens one sealed file by the name it is stored as."""

_READ_SECONDS = 10.0
"""A store that sends nothing for so long is given up: a withdrawal waits for no longer than this.

It is not asked again in here, which would multiply that; the controller's next look asks again.
"""


@contextmanager
def opener(source: Mapping[str, Any]) -> Iterator[Opener]:
    """Give what opens the files of ``source``; its ``kind`` says where they lie."""
    if source.get("kind") == "directory":
        yield _Directory(Path(str(source["path"])))
        return
    with objects(source) as reader:
        yield reader.open


@contextmanager
def objects(source: Mapping[str, Any]) -> Iterator[ObjectReader]:
    """Give what reads the objects of ``source``; its credentials are forgotten when this ends."""
    if source.get("kind") != "objects":
        raise Invalid("The agent cannot read data of this kind: give it the controller's version.", field="source")
    keys = {name: str(source["credentials"][name]) for name in ("access_key", "secret_key", "token")}
    with _authority(str(source.get("authority", ""))) as authority:
        bucket = Bucket(
            endpoint=str(source["endpoint"]),
            region=str(source["region"]),
            name=str(source["bucket"]),
            keys=Keys(**keys),
            path_style=bool(source["path_style"]),
            authority=authority,
            read_seconds=_READ_SECONDS,
            attempts=1,
        )
        reader = ObjectReader(bucket, str(source["prefix"]))
        try:
            yield reader
        finally:
            reader.close()


def check_stock(version: ObjectVersion, found: Iterable[Seen]) -> None:
    """Raise ``Invalid`` unless exactly the objects of the manifest lie there, in their sizes."""
    wanted, seen = {file.path: file.size for file in version.files}, {each.name: each.size for each in found}
    for name in sorted({*wanted, *seen}):
        if name not in wanted:
            raise Invalid(f"“{name}” lies in the store and is not in the manifest: remove it there.", field="content")
        if name not in seen:
            raise Invalid(f"“{name}” is in the manifest and not in the store: restore it there.", field="content")
        if wanted[name] != seen[name]:
            raise Invalid(f"“{name}” has another size than in the manifest: restore it in the store.", field="content")


@contextmanager
def _authority(text: str) -> Iterator[Path | None]:
    """Keep a certificate in memory under a name, because the client takes nothing but the name of a file."""
    if not text:
        yield None
        return
    descriptor = os.memfd_create("authority")
    try:
        os.write(descriptor, text.encode())
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


class _Directory:
    """Sealed files in a directory that the agent sees."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, stored_as: str) -> BinaryIO:
        try:
            return (self._path / stored_as).open("rb")
        except OSError as error:
            raise Invalid(f"A sealed file is missing ({error.strerror}): restore it.", field="content") from error
