"""Keeps sketches of datasets sealed on disk: ``<directory>/VERSION.sketch``, or ``VERSION.none`` with the reason."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ..core.errors import Invalid, NotFound
from ..core.ids import check_id
from .sealed_stream import open_stream, seal_stream

__all__ = ["SketchFolder"]

_HEAD_BYTES = 4096


class SketchFolder:
    """Implements ``airlock.sketches.ports.SketchStore``: a line of JSON with the wrapped key, then what was sealed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def known(self, version_id: str) -> bool:
        """Say whether there is a sketch of the version, or word of why there is none."""
        return self._place(version_id).exists() or self._place(version_id, "none").exists()

    def keep(self, version_id: str, sketch: BinaryIO, *, key: bytes, wrapped_key: str) -> None:
        """Seal a sketch under its key; all or nothing. Repeatable."""
        head = json.dumps({"version_id": version_id, "wrapped_key": wrapped_key}).encode() + b"\n"
        sketch.seek(0)
        with self._aside(version_id) as (file, finish):
            file.write(head)
            for _ in seal_stream(key, b"sketch\0" + head, sketch, file):
                pass
            finish(self._place(version_id))
        self._place(version_id, "none").unlink(missing_ok=True)

    def keep_failure(self, version_id: str, why: str) -> None:
        """Remember why a version has no sketch."""
        with self._aside(version_id) as (file, finish):
            file.write(why.encode())
            finish(self._place(version_id, "none"))

    def open(self, version_id: str, unwrap: Callable[[str], bytes], into: BinaryIO) -> bytes:
        """Write the sketch into ``into`` and return its key; ``Invalid`` where it was changed since it was kept."""
        try:
            file = self._place(version_id).open("rb")
        except FileNotFoundError as error:
            raise NotFound(self._why_none(version_id)) from error
        with file:
            head = file.readline(_HEAD_BYTES)
            try:
                known = json.loads(head)
                named, wrapped_key = str(known["version_id"]), str(known["wrapped_key"])
            except (ValueError, KeyError, TypeError) as error:
                raise Invalid("its sketch cannot be read: have it made anew.", field="sketch") from error
            if named != version_id:
                raise Invalid("its sketch belongs to another dataset version.", field="sketch")
            key = unwrap(wrapped_key)
            for chunk in open_stream(key, b"sketch\0" + head, file):
                into.write(chunk)
        into.flush()
        return key

    def _why_none(self, version_id: str) -> str:
        try:
            return self._place(version_id, "none").read_text()
        except FileNotFoundError:
            return "no sketch of this dataset version was made."

    def _place(self, version_id: str, kind: str = "sketch") -> Path:
        return self._root / f"{check_id(version_id, field='version_id')}.{kind}"

    def _aside(self, version_id: str) -> _Aside:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _Aside(self._root / f".{check_id(version_id, field='version_id')}.{secrets.token_hex(4)}")


class _Aside:
    """A file that gets its name when it is whole, and else is gone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> tuple[BinaryIO, Callable[[Path], None]]:
        self._file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b")
        return self._file, self._finish

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _finish(self, place: Path) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.rename(place)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
