"""Keeps dataset versions encrypted on disk: ``<directory>/VERSION/manifest.json`` and files with opaque names."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO

from ..core.errors import Conflict, NotFound
from ..core.ids import check_id
from ..credentials.manifest import file_context, manifest_digest, read_manifest, version_to_json
from ..credentials.model import SealedFile, SealedVersion
from ..credentials.ports import Source
from .sealed_stream import seal_stream
from .sealing import digest_of, open_clear, survey

__all__ = ["SealedDirectory"]


class SealedDirectory:
    """Implements ``credentials.ports.SealedStore`` below one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def directory(self, version_id: str) -> Path:
        """Return where the ciphertext lies on this machine."""
        return self._root / check_id(version_id, field="version_id")

    def source(self, version_id: str) -> Source:
        """Tell an agent on this machine where the ciphertext lies."""
        return {"kind": "directory", "path": str(self.directory(version_id).absolute())}

    def load(self, version_id: str) -> SealedVersion:
        """Read what was sealed; ``NotFound`` if nothing was."""
        try:
            text = (self.directory(version_id) / "manifest.json").read_text()
        except FileNotFoundError as error:
            raise NotFound("This dataset version was never sealed.") from error
        return read_manifest(text, version_id)

    def seal(self, version_id: str, source: Path, data_key: bytes, wrapped_key: str) -> SealedVersion:
        """Encrypt every file below ``source``; all or nothing.

        Repeated with the same content it returns what is there; with other content it raises ``Conflict``.
        """
        planned = survey(source)
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
                with open_clear(source / file.path) as clear, (aside / file.stored_as).open("xb") as sealed:
                    if digest_of(seal_stream(data_key, context, clear, sealed)) != (file.size, file.sha256):
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


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
