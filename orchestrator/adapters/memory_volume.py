"""Unsealed data in memory or on an encrypted volume: verified while written, visible when whole, gone when wiped."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil

from ..core.errors import Invalid, NotPossible, Refused
from ..credentials.manifest import check_path, file_context, manifest_digest
from ..credentials.model import ClearFile, ObjectVersion, SealedVersion
from .sealed_stream import open_stream

__all__ = ["MemoryVolume", "erase"]

_SPARE = 64 << 20
_BLOCK = 1 << 20
_MEMORY_KINDS = frozenset({"tmpfs", "ramfs"})
_OF_THE_FILE_SYSTEM = frozenset({"lost+found"})


@dataclass(frozen=True, kw_only=True)
class _Coming:
    """A file on its way: what it must be, the name to open it by, and how its clear content is read."""

    file: ClearFile
    name: str
    opened: Callable[[BinaryIO], Iterator[bytes]]


class MemoryVolume:
    """One project's directory for clear data. ``group`` may read it where the agent runs as root.

    ``mounted``: the directory is a pod's volume, given to the agent's own group by whoever mounted it; others are shut
    out. ``encrypted``: the operator declared the storage encrypted, so that it need not be memory.
    """

    def __init__(
        self, directory: Path, *, group: int | None = None, mounted: bool = False, encrypted: bool = False
    ) -> None:
        place = directory if directory.exists() else directory.parent
        kind = _file_system(place)
        if kind not in _MEMORY_KINDS and not encrypted:
            raise NotPossible(
                f"{place} is not memory but “{kind}”: name a tmpfs, so that clear data never reach a disk."
            )
        self.directory = directory
        self._group = group if os.geteuid() == 0 else None
        self._in_memory = kind in _MEMORY_KINDS
        self._modes = (0o550, 0o440) if mounted else (0o555, 0o444)
        if mounted:
            _check_writable(directory)
            return
        directory.mkdir(mode=0o700, exist_ok=True)
        if directory.is_symlink() or directory.stat().st_uid != os.geteuid():
            raise NotPossible(f"{directory} belongs to somebody else: remove it before the agent starts.")
        self._open_to_group(directory, 0o750)

    def held(self) -> dict[str, Path]:
        """Return the versions that lie unsealed now, and where."""
        if not self.directory.is_dir():
            return {}
        return {entry.name: entry for entry in self._entries() if not entry.name.startswith(".")}

    def empty(self) -> bool:
        """Say whether there is nothing at all, not even a part of a version."""
        return not self._entries()

    def unseal(
        self,
        version: SealedVersion,
        opener: Callable[[str], BinaryIO],
        data_key: bytes,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> Path:
        """Decrypt and verify every file of ``version``; return the directory, which appears only when all is right.

        ``opener`` opens a sealed file by the name it is stored as.
        """
        digest = manifest_digest(version.version_id, version.files)
        files = [
            _Coming(
                file=ClearFile(path=file.path, size=file.size, sha256=file.sha256),
                name=file.stored_as,
                opened=_opened(data_key, file_context(version.version_id, file.path, digest), unwanted),
            )
            for file in version.files
        ]
        return self._bring(version.version_id, files, opener)

    def stage(
        self,
        version: ObjectVersion,
        opener: Callable[[str], BinaryIO],
        unwanted: Callable[[], bool] = lambda: False,
    ) -> Path:
        """Copy and verify every file of ``version``; return the directory, which appears only when all is right."""
        files = [_Coming(file=file, name=file.path, opened=_read(unwanted)) for file in version.files]
        return self._bring(version.version_id, files, opener)

    def _bring(self, version_id: str, files: Sequence[_Coming], opener: Callable[[str], BinaryIO]) -> Path:
        target = self.directory / version_id
        if target.exists():
            return target
        self._check_room(sum(coming.file.size for coming in files))
        aside = self.directory / f".{version_id}.{secrets.token_hex(4)}"
        aside.mkdir(mode=0o700)
        try:
            for coming in files:
                self._bring_file(coming, opener, aside)
            for folder, _, _ in os.walk(aside, topdown=False):
                self._open_to_group(Path(folder), self._modes[0])
            aside.rename(target)
        except BaseException:
            erase(aside)
            raise
        return target

    def wipe(self, version_id: str) -> None:
        """Remove one version, also for whoever still has its files open. Repeatable."""
        for entry in self._entries():
            if entry.name == version_id or entry.name.startswith(f".{version_id}."):
                erase(entry)

    def remove(self) -> None:
        """Remove everything, the directory too unless it is the root of a mount. Repeatable."""
        if self.directory.exists():
            self.wipe_all()
            with contextlib.suppress(OSError):
                self.directory.rmdir()

    def wipe_all(self) -> None:
        """Remove everything, leaving an empty directory."""
        for entry in self._entries():
            erase(entry)

    def _entries(self) -> list[Path]:
        return [entry for entry in self.directory.iterdir() if entry.name not in _OF_THE_FILE_SYSTEM]

    def _bring_file(self, coming: _Coming, opener: Callable[[str], BinaryIO], aside: Path) -> None:
        file = coming.file
        clear_path = aside / check_path(file.path)
        clear_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        size, seen = 0, hashlib.sha256()
        with opener(coming.name) as source, clear_path.open("xb") as clear:
            for chunk in coming.opened(source):
                size += len(chunk)
                if size > file.size:
                    break
                seen.update(chunk)
                clear.write(chunk)
        if (size, seen.hexdigest()) != (file.size, file.sha256):
            raise Invalid("A dataset file does not match its manifest: restore it from its custodian.", field="content")
        self._open_to_group(clear_path, self._modes[1])

    def _check_room(self, needed: int) -> None:
        volume = os.statvfs(self.directory)
        free = volume.f_bavail * volume.f_frsize
        if self._in_memory:
            free = min(free, psutil.virtual_memory().available)
        if needed + _SPARE > free:
            kind = "memory" if self._in_memory else "storage"
            raise NotPossible(
                f"The dataset needs {needed >> 20} MiB of {kind} and {max(free - _SPARE, 0) >> 20} MiB are free: "
                "close other projects or use a larger machine."
            )

    def _open_to_group(self, path: Path, mode: int) -> None:
        if self._group is not None:
            os.chown(path, -1, self._group)
        path.chmod(mode)


def _opened(data_key: bytes, context: bytes, unwanted: Callable[[], bool]) -> Callable[[BinaryIO], Iterator[bytes]]:
    def chunks(sealed: BinaryIO) -> Iterator[bytes]:
        for chunk in open_stream(data_key, context, sealed):
            if unwanted():
                raise Refused("The dataset was withdrawn while it was being unsealed.")
            yield chunk

    return chunks


def _read(unwanted: Callable[[], bool]) -> Callable[[BinaryIO], Iterator[bytes]]:
    def chunks(source: BinaryIO) -> Iterator[bytes]:
        while chunk := source.read(_BLOCK):
            if unwanted():
                raise Refused("The dataset was withdrawn while it was being brought.")
            yield chunk

    return chunks


def erase(directory: Path) -> None:
    """Cut every file to nothing (open handles and memory maps lose it too), then remove the directory."""
    for folder, _, files in os.walk(directory):
        with contextlib.suppress(FileNotFoundError):
            Path(folder).chmod(0o700)
        for name in files:
            path = Path(folder) / name
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and not path.is_symlink():
                    path.chmod(0o600)
                    os.truncate(path, 0)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(directory)


def _check_writable(directory: Path) -> None:
    try:
        probe = directory / f".probe.{secrets.token_hex(4)}"
        probe.mkdir(mode=0o700)
        probe.rmdir()
    except OSError as error:
        raise NotPossible(
            f"The agent cannot write to {directory} ({error.strerror}): give the volume to its group (fsGroup)."
        ) from error


def _file_system(directory: Path) -> str:
    """Return the kind of file system that ``directory`` lies on."""
    wanted = directory.resolve().stat().st_dev
    device = f"{os.major(wanted)}:{os.minor(wanted)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        if fields.split()[2] == device:
            return rest.split()[0]
    return "unknown"
