"""The package a release is collected in: a BagIt folder in a ZIP archive, with a Five Safes RO-Crate as its payload.

Source: RFC 8493 (BagIt 1.0); Five Safes RO-Crate 0.4, which asks for SHA-512 manifests and one top-level folder.
"""

from __future__ import annotations

import hashlib
import json
import uuid
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from orchestrator.core.errors import Unavailable

from .crate import RECORD, crate_metadata
from .verification import verify_release

__all__ = ["pack", "record_of", "verify_package"]

_PIECE = 64 * 1024
_METADATA = "ro-crate-metadata.json"
_NAMESPACE = uuid.UUID("8c1f4b4e-8a4e-5f0e-9f53-0c6f1f3f7f4a")
_MOST_BYTES = 1 << 30
_MOST_ENTRIES = 2_000


def pack(target: IO[bytes], submission_id: str, document: bytes, files: Iterable[tuple[str, Path, str]]) -> None:
    """Write the package of a release; ``files`` are name, place and SHA-256 of each released file.

    The same release gives the same bytes. Raises ``Unavailable`` when a file is not what was released.
    """
    record = json.loads(document)["record"]
    folder, manifest = f"release-{submission_id}", {}
    with zipfile.ZipFile(target, "w") as archive:
        for name, path, sha256 in files:
            with path.open("rb") as source, archive.open(_entry(f"{folder}/data/files/{name}"), "w") as out:
                manifest[f"data/files/{name}"] = _copy(source, out, sha256)
        for name, content in ((RECORD, document), (_METADATA, crate_metadata(record))):
            archive.writestr(_entry(f"{folder}/data/{name}"), content)
            manifest[f"data/{name}"] = hashlib.sha512(content).hexdigest()
        tags = {
            "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "bag-info.txt": f"External-Identifier: {_identifier(submission_id)}\n".encode(),
            "manifest-sha512.txt": _lines(manifest),
        }
        tags["tagmanifest-sha512.txt"] = _lines({name: hashlib.sha512(tags[name]).hexdigest() for name in tags})
        for name, content in tags.items():
            archive.writestr(_entry(f"{folder}/{name}"), content)


def verify_package(package: Path, keys: Mapping[int, bytes]) -> list[str]:
    """Return every reason why a package is not exactly what was released; needs public keys and nothing else."""
    try:
        with zipfile.ZipFile(package) as archive:
            return _verify(archive, keys)
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, NotImplementedError) as error:
        return [f"{package.name} cannot be read as a package of a release ({type(error).__name__})."]


def record_of(package: Path) -> bytes:
    """Return the signed record inside a package that was verified."""
    with zipfile.ZipFile(package) as archive:
        name = next(name for name in archive.namelist() if name.endswith(f"/data/{RECORD}"))
        return archive.read(name)


def _verify(archive: zipfile.ZipFile, keys: Mapping[int, bytes]) -> list[str]:
    entries = {each.filename: each for each in archive.infolist()}
    if len(entries) > _MOST_ENTRIES or sum(each.file_size for each in entries.values()) > _MOST_BYTES:
        return ["The package claims to be larger than any release; it was not unpacked."]
    folders = {name.split("/", 1)[0] for name in entries}
    if len(folders) != 1 or len(entries) != len(archive.infolist()):
        return ["The package must hold one folder, and each file once."]
    folder = folders.pop()
    document = archive.read(f"{folder}/data/{RECORD}")
    problems = verify_release(document, keys)
    if problems:
        return problems
    record = json.loads(document)["record"]
    named = {f"{folder}/data/files/{file['name']}": file["sha256"] for file in record["files"]}
    present = {name for name in entries if name.startswith(f"{folder}/data/files/")}
    problems += [f"{name} is missing from the package." for name in sorted(set(named) - present)]
    problems += [f"{name} is not among the released files." for name in sorted(present - set(named))]
    problems += [
        f"{name} is not what was released: its SHA-256 is {seen}."
        for name in sorted(set(named) & present)
        if (seen := _sha256(archive, name)) != named[name]
    ]
    if archive.read(f"{folder}/data/{_METADATA}") != crate_metadata(record):
        problems.append("The crate’s description says something else than the signed record.")
    return problems + _loose(entries, folder)


def _loose(entries: Mapping[str, Any], folder: str) -> list[str]:
    known = {"bagit.txt", "bag-info.txt", "manifest-sha512.txt", "tagmanifest-sha512.txt"}
    known |= {f"data/{RECORD}", f"data/{_METADATA}"}
    loose = [name for name in entries if not name.startswith(f"{folder}/data/files/")]
    return [f"{name} does not belong to the package." for name in sorted(loose) if name[len(folder) + 1 :] not in known]


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as source:
        while piece := source.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _copy(source: IO[bytes], target: IO[bytes], sha256: str) -> str:
    seen, manifest = hashlib.sha256(), hashlib.sha512()
    while piece := source.read(_PIECE):
        seen.update(piece)
        manifest.update(piece)
        target.write(piece)
    if seen.hexdigest() != sha256:
        raise Unavailable(
            "A released file was found altered, so nothing is handed out. Tell an operator.",
            system="airlock store",
            retry=False,
        )
    return manifest.hexdigest()


def _lines(manifest: Mapping[str, str]) -> bytes:
    """Return a manifest; RFC 8493 has line ends and percent signs in names written as percent codes."""
    escaped = {
        name.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"): digest for name, digest in manifest.items()
    }
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(escaped.items())).encode()


def _identifier(submission_id: str) -> str:
    return uuid.uuid5(_NAMESPACE, submission_id).urn


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
