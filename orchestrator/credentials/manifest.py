"""The manifest of a sealed dataset version: what it is written as, and what its files are bound to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from ..core.errors import Invalid
from ..core.ids import check_id
from .model import ClearFile, ObjectVersion, SealedFile, SealedVersion

__all__ = [
    "check_path",
    "file_context",
    "manifest_digest",
    "objects_from_json",
    "objects_to_json",
    "version_from_json",
    "version_to_json",
]

_STORED = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def manifest_digest(version_id: str, files: Iterable[SealedFile]) -> bytes:
    """Return the digest of version, paths, sizes and hashes: one file more, less or other gives another digest."""
    listed = sorted([file.path, file.size, file.sha256] for file in files)
    return hashlib.sha256(json.dumps([version_id, listed]).encode()).digest()


def file_context(version_id: str, path: str, digest: bytes) -> bytes:
    """Return what a file's ciphertext is bound to: its version, its path and the manifest as a whole."""
    return json.dumps([version_id, path, digest.hex()]).encode()


def check_path(path: str) -> str:
    """Return ``path`` if it is a plain relative path that stays below its directory; raise ``Invalid`` otherwise."""
    pure = PurePosixPath(path)
    plain = path == str(pure) and not pure.is_absolute() and ".." not in pure.parts and path not in {"", "."}
    if not plain or not path.isprintable() or any(len(part.encode()) > 255 for part in pure.parts):
        raise Invalid(f"“{path[:80]}” is not a plain path below its directory: rename the file.", field="path")
    return path


def objects_to_json(version: ObjectVersion) -> dict[str, Any]:
    """Return what an agent has to know of ``version`` besides where its objects lie."""
    files = [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in version.files]
    return {"version_id": version.version_id, "store": version.store, "prefix": version.prefix, "files": files}


def objects_from_json(data: Mapping[str, Any]) -> ObjectVersion:
    """Return the version that was told; every path in it is checked."""
    try:
        files = tuple(
            ClearFile(path=check_path(str(item["path"])), size=int(item["size"]), sha256=str(item["sha256"]))
            for item in data["files"]
        )
        version_id, store, prefix = check_id(str(data["version_id"])), str(data["store"]), str(data["prefix"])
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("The manifest of a version in an object store cannot be read.", field="manifest") from error
    return ObjectVersion(version_id=version_id, store=store, prefix=prefix, files=files)


def version_to_json(version: SealedVersion) -> dict[str, Any]:
    """Return ``version`` as it is written down."""
    files = [{"path": f.path, "stored_as": f.stored_as, "size": f.size, "sha256": f.sha256} for f in version.files]
    return {"version_id": version.version_id, "wrapped_key": version.wrapped_key, "files": files}


def read_manifest(text: str | bytes, version_id: str) -> SealedVersion:
    """Return the sealed version that a store's manifest describes; raise ``Invalid`` when it is not this one's."""
    try:
        version = version_from_json(json.loads(text))
    except ValueError as error:
        raise Invalid("The manifest of a sealed dataset cannot be read: restore it.", field="manifest") from error
    if version.version_id != version_id:
        raise Invalid("The manifest belongs to another dataset version: restore it.", field="manifest")
    return version


def version_from_json(data: Mapping[str, Any]) -> SealedVersion:
    """Return the version that was written down; everything in it is checked, because the disk is not trusted."""
    try:
        files = tuple(_file(item) for item in data["files"])
        version_id, wrapped_key = check_id(str(data["version_id"])), str(data["wrapped_key"])
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("The manifest of a sealed dataset cannot be read: restore it.", field="manifest") from error
    if len({file.path for file in files}) != len(files) or len({file.stored_as for file in files}) != len(files):
        raise Invalid("The manifest of a sealed dataset names a file twice: restore it.", field="manifest")
    return SealedVersion(version_id=version_id, wrapped_key=wrapped_key, files=files)


def _file(item: Mapping[str, Any]) -> SealedFile:
    file = SealedFile(
        path=check_path(str(item["path"])),
        stored_as=str(item["stored_as"]),
        size=int(item["size"]),
        sha256=str(item["sha256"]),
    )
    if not _STORED.fullmatch(file.stored_as) or not _DIGEST.fullmatch(file.sha256) or file.size < 0:
        raise Invalid("The manifest of a sealed dataset holds an impossible value: restore it.", field="manifest")
    return file
