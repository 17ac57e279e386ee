"""Keeps sealed dataset versions in a bucket: ``PREFIX/VERSION/manifest.json`` and objects with opaque names.

Files and manifest are those of ``SealedDirectory``. A version exists from the moment its manifest does, which is
written last; what an interrupted sealing left is removed before the next one.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from boto3.s3.transfer import TransferConfig

from ...core.errors import Conflict, NotFound, OrchestratorError
from ...core.ids import check_id
from ...credentials.manifest import file_context, manifest_digest, read_manifest, version_to_json
from ...credentials.model import SealedFile, SealedVersion
from ...credentials.ports import Source
from ..sealed_stream import seal_stream
from ..sealing import open_clear, survey
from .connection import Bucket, check_prefix, in_words
from .reading import ObjectReader
from .short_lived import ShortLived

__all__ = ["SealedObjects"]

_MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 64 << 20
_PART = 16 << 20
_MOST_PARTS = 9_000
_REMEMBERED = 256


class SealedObjects:
    """Implements ``credentials.ports.SealedStore`` below one prefix of a bucket."""

    def __init__(self, short_lived: ShortLived, prefix: str) -> None:
        self._short_lived = short_lived
        self._bucket: Bucket = short_lived.bucket
        self._prefix = check_prefix(prefix)
        self._client = self._bucket.client()
        self._known: OrderedDict[str, SealedVersion] = OrderedDict()

    def place(self, version_id: str) -> str:
        """Return the prefix of one version."""
        return f"{self._prefix}{check_id(version_id, field='version_id')}/"

    def source(self, version_id: str) -> Source:
        """Tell an agent where the ciphertext lies, with credentials that read this version and end soon."""
        return self._short_lived.reading(self.place(version_id), version_id)

    def load(self, version_id: str) -> SealedVersion:
        """Read what was sealed; ``NotFound`` if nothing was. What was read once is remembered: it never changes."""
        known = self._known.get(version_id)
        if known is not None:
            return known
        try:
            with self._reader(version_id).open(_MANIFEST) as manifest:
                text = manifest.read(_LARGEST_MANIFEST)
        except NotFound as error:
            raise NotFound("This dataset version was never sealed.") from error
        version = read_manifest(text, version_id)
        self._remember(version)
        return version

    def seal(self, version_id: str, source: Path, data_key: bytes, wrapped_key: str) -> SealedVersion:
        """Encrypt every file below ``source``; all or nothing.

        Repeated with the same content it returns what is there; with other content it raises ``Conflict``.
        """
        planned = survey(source)
        digest = manifest_digest(version_id, planned)
        try:
            present = self.load(version_id)
        except NotFound:
            version = SealedVersion(version_id=version_id, wrapped_key=wrapped_key, files=planned)
            self._seal(version, source, digest, data_key)
            return version
        if manifest_digest(version_id, present.files) != digest:
            raise Conflict("This dataset version is already sealed with other content: register a new version.")
        return present

    def _seal(self, version: SealedVersion, source: Path, digest: bytes, data_key: bytes) -> None:
        place = self.place(version.version_id)
        self._clear(version.version_id)
        try:
            for file in version.files:
                context = file_context(version.version_id, file.path, digest)
                with open_clear(source / file.path) as clear:
                    self._put(place + file.stored_as, _Sealing(data_key, context, clear, file), file.size)
            manifest = json.dumps(version_to_json(version), indent=1).encode()
            with in_words("keep a manifest", writes=True):
                self._client.put_object(Bucket=self._bucket.name, Key=place + _MANIFEST, Body=manifest)
        except BaseException:
            # a manifest whose answer was lost stays: the next look finds either a whole version or none
            with contextlib.suppress(OrchestratorError):
                if not self._has_manifest(version.version_id):
                    self._clear(version.version_id)
            raise

    def _put(self, key: str, sealing: _Sealing, size: int) -> None:
        part = max(_PART, size // _MOST_PARTS + 1)
        settings = TransferConfig(multipart_threshold=part, multipart_chunksize=part, use_threads=False)
        with in_words("keep a sealed file", writes=True):
            self._client.upload_fileobj(sealing, self._bucket.name, key, Config=settings)
        sealing.check()

    def _has_manifest(self, version_id: str) -> bool:
        return any(seen.name == _MANIFEST for seen in self._reader(version_id).list())

    def _clear(self, version_id: str) -> None:
        """Remove what lies at a version's place without a manifest."""
        place = self.place(version_id)
        for seen in list(self._reader(version_id).list()):
            with in_words("remove an unfinished file", writes=True):
                self._client.delete_object(Bucket=self._bucket.name, Key=place + seen.name)

    def _reader(self, version_id: str) -> ObjectReader:
        return ObjectReader(self._bucket, self.place(version_id), client=self._client)

    def _remember(self, version: SealedVersion) -> None:
        self._known[version.version_id] = version
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


class _Sealing(io.RawIOBase):
    """The ciphertext of one file, made while it is read, so that it never lies on a disk of the controller."""

    def __init__(self, data_key: bytes, context: bytes, clear: BinaryIO, file: SealedFile) -> None:
        self._sealed = io.BytesIO()
        self._chunks: Iterator[bytes] = seal_stream(data_key, context, clear, self._sealed)
        self._waiting = bytearray()
        self._file = file
        self._size, self._digest = 0, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._waiting) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._size += len(chunk)
            self._digest.update(chunk)
            self._waiting += self._sealed.getvalue()
            self._sealed.seek(0)
            self._sealed.truncate()
        end = len(self._waiting) if size < 0 else size
        taken = bytes(self._waiting[:end])
        del self._waiting[:end]
        return taken

    def readinto(self, target: Any) -> int:
        block = self.read(len(target))
        target[: len(block)] = block
        return len(block)

    def check(self) -> None:
        """Raise ``Conflict`` unless what was sealed is what was surveyed."""
        if (self._size, self._digest.hexdigest()) != (self._file.size, self._file.sha256):
            raise Conflict(f"“{self._file.path}” changed while it was being sealed: repeat when nobody writes.")
