"""Keeps dataset versions encrypted on disk: ``<directory>/VERSION/manifest.json`` and files with opaque names."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..core.errors import Conflict, Invalid, NotFound
from ..core.ids import check_id
from ..credentials.manifest import check_path, file_context, manifest_digest, version_from_json, version_to_json
from ..credentials.model import SealedFile, SealedVersion
from .sealed_stream import seal_stream

__all__ = ["SealedDirectory"]

_READ = 1 << 20


class SealedDirectory:
    """Implements ``credentials.ports.SealedStore`` below one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def directory(self, version_id: str) -> Path:
        """Where the ciphertext lies, for the agent to read."""
        return self._root / check_id(version_id, field="version_id")

    def load(self, version_id: str) -> SealedVersion:
        """Read what was sealed; ``NotFound`` if nothing was."""
        try:
            text = (self.directory(version_id) / "manifest.json").read_text()
        except FileNotFoundError as error:
            raise NotFound("This dataset version was never sealed.") from error
        try:
            version = version_from_json(json.loads(text))
        except ValueError as error:
            raise Invalid("The manifest of a sealed dataset cannot be read: restore it.", field="manifest") from error
        if version.version_id != version_id:
            raise Invalid("The manifest belongs to another dataset version: restore it.", field="manifest")
        return version

    def seal(self, version_id: str, source: Path, data_key: bytes, wrapped_key: str) -> SealedVersion:
        """Encrypt every file below ``source``; all or nothing.

        Repeated with the same content it returns what is there; with other content it raises ``Conflict``.
        """
        planned = _survey(source)
        digest = manifest_digest(version_id, planned)
        try:
            present = self.load(version_id)
        except NotFound:
            return self._seal(version_id, source, planned, data_key, wrapped_key)
        if manifest_digest(version_id, present.files) != digest:
            raise Conflict("This dataset version is already sealed with other content: register a new version.")
        return present

    def _seal(
        self, version_id: str, source: Path, planned: tuple[SealedFile, ...], data_key: bytes, wrapped_key: str
    ) -> SealedVersion:
        version = SealedVersion(version_id=version_id, wrapped_key=wrapped_key, files=planned)
        digest = manifest_digest(version_id, planned)
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = self._root / f".{version_id}.{secrets.token_hex(4)}"
        aside.mkdir(mode=0o700)
        try:
            for file in planned:
                context = file_context(version_id, file.path, digest)
                with _open_clear(source / file.path) as clear, (aside / file.stored_as).open("xb") as sealed:
                    if _digest_of(seal_stream(data_key, context, clear, sealed)) != (file.size, file.sha256):
                        raise Conflict(f"“{file.path}” changed while it was being sealed: repeat when nobody writes.")
                    _sync(sealed)
            with (aside / "manifest.json").open("xb") as manifest:
                manifest.write(json.dumps(version_to_json(version), indent=1).encode())
                _sync(manifest)
            _sync_directory(aside)
            aside.rename(self.directory(version_id))
            _sync_directory(self._root)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return version


def _survey(source: Path) -> tuple[SealedFile, ...]:
    """Name and hash every file below ``source``; refuse links, devices and names that are not plain."""
    files: list[SealedFile] = []
    for folder, names, found in os.walk(source, onerror=_refuse_unreadable):
        names.sort()
        for name in sorted([*found, *(entry for entry in names if (Path(folder) / entry).is_symlink())]):
            path = Path(folder) / name
            with _open_clear(path) as clear:
                size, sha256 = _digest_of(_blocks(clear))
            plain = check_path(path.relative_to(source).as_posix())
            files.append(SealedFile(path=plain, stored_as=secrets.token_hex(16), size=size, sha256=sha256))
    if not files:
        raise Invalid("There is no file to seal in the dataset's directory.", field="source")
    return tuple(sorted(files, key=lambda file: file.path))


def _refuse_unreadable(error: OSError) -> None:
    raise Invalid(f"The dataset's directory cannot be read ({error.strerror}): check its owner.", field="source")


def _open_clear(path: Path) -> BinaryIO:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        message = f"“{path.name}” cannot be sealed ({error.strerror}): only files are accepted."
        raise Invalid(message, field="source") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Invalid(f"“{path.name}” is not a regular file: only files can be sealed.", field="source")
    return os.fdopen(descriptor, "rb")


def _blocks(clear: BinaryIO) -> Iterator[bytes]:
    while block := clear.read(_READ):
        yield block


def _digest_of(blocks: Iterator[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for block in blocks:
        size += len(block)
        digest.update(block)
    return size, digest.hexdigest()


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
