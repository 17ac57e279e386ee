"""Takes a directory in: every file read once, without following links, hashed while copied, all or nothing."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.core.errors import Conflict, Invalid, OrchestratorError, Unavailable
from orchestrator.core.ids import check_id

from .model import ManifestFile
from .rules import check_file_path

__all__ = ["Arrivals"]

_CHUNK = 1024 * 1024
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = ".new-"


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """The folder in which new versions lie plain until they are sealed."""

    directory: Path
    largest_bytes: int = 256 * 1024**3
    most_files: int = 100_000
    deepest: int = 32

    def place(self, version_id: str) -> Path:
        """Return where a version lies."""
        return self.directory / check_id(version_id, field="version")

    def take(self, version_id: str, source: Path) -> tuple[ManifestFile, ...]:
        """Copy ``source`` to the version's place, all or nothing, and return its manifest sorted by path."""
        place = self.place(version_id)
        unfinished = self.directory / f"{_NEW}{version_id}"
        with _told_in_words(source), _opened(source, _DIRECTORY) as folder:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            unfinished.mkdir(mode=0o700)
            try:
                with _opened(unfinished, _DIRECTORY) as copy:
                    manifest = _Copying(self).folder(folder, copy, "", 0)
                if not manifest:
                    raise Invalid(
                        f"The directory {source} holds no files; put the dataset's files there.", field="directory"
                    )
                unfinished.rename(place)
                _synchronise(self.directory)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
        return tuple(sorted(manifest, key=lambda file: file.path))

    def forget(self, version_id: str) -> None:
        """Remove a version's plain files. Repeatable."""
        place = self.place(version_id)
        if place.exists():
            shutil.rmtree(place)

    def sweep(self, arriving: frozenset[str], *, finished: frozenset[str], older_than: float) -> list[str]:
        """Remove the files of finished versions, and what no version owns and nobody touched since ``older_than``.

        ``older_than`` is in seconds since 1970. Returns the names of what was removed.
        """
        removed = []
        for entry in sorted(self.directory.iterdir()) if self.directory.is_dir() else ():
            orphaned = entry.name not in arriving and entry.lstat().st_mtime < older_than
            if entry.name in finished or orphaned:
                shutil.rmtree(entry, ignore_errors=True)
                removed.append(entry.name)
        return removed


class _Copying:
    """One copy in progress: what was taken so far, against the limits."""

    def __init__(self, limits: Arrivals) -> None:
        self._limits = limits
        self._bytes = 0
        self._files = 0

    def folder(self, source: int, target: int, below: str, depth: int) -> list[ManifestFile]:
        """Copy everything in one open folder into another."""
        if depth > self._limits.deepest:
            raise Invalid(f"Folders lie more than {self._limits.deepest} deep; flatten them.", field="directory")
        manifest: list[ManifestFile] = []
        for name in sorted(os.listdir(source)):
            path = check_file_path(below + name)
            seen = os.stat(name, dir_fd=source, follow_symlinks=False)
            if stat.S_ISDIR(seen.st_mode):
                os.mkdir(name, 0o700, dir_fd=target)
                with _opened(name, _DIRECTORY, source) as inner, _opened(name, _DIRECTORY, target) as copy:
                    manifest += self.folder(inner, copy, path + "/", depth + 1)
            elif stat.S_ISREG(seen.st_mode):
                manifest.append(self._file(source, target, name, path, seen))
            else:
                raise Invalid(
                    f"“{path}” is a {_kind(seen.st_mode)}; a dataset holds plain files only. Remove it.",
                    field="directory",
                )
        os.fsync(target)
        return manifest

    def _file(self, source: int, target: int, name: str, path: str, seen: os.stat_result) -> ManifestFile:
        self._count(seen.st_size)
        with _opened(name, _FILE, source) as reading, _opened(name, _NEW_FILE, target) as writing:
            opened = os.fstat(reading)
            if not stat.S_ISREG(opened.st_mode) or (opened.st_dev, opened.st_ino) != (seen.st_dev, seen.st_ino):
                raise _changed(path)
            digest, size = hashlib.sha256(), 0
            while block := os.read(reading, _CHUNK):
                size += len(block)
                if size > opened.st_size:
                    raise _changed(path)
                digest.update(block)
                _write(writing, block)
            after = os.fstat(reading)
            if size != opened.st_size or after.st_mtime_ns != opened.st_mtime_ns or after.st_size != opened.st_size:
                raise _changed(path)
            os.fsync(writing)
        return ManifestFile(path=path, size=size, sha256=digest.hexdigest())

    def _count(self, size: int) -> None:
        self._files += 1
        self._bytes += size
        if self._files > self._limits.most_files:
            raise Invalid(
                f"The directory holds more than {self._limits.most_files:,} files; put them into fewer, larger ones.",
                field="directory",
            )
        if self._bytes > self._limits.largest_bytes:
            raise Invalid(
                f"The files are larger than the {self._limits.largest_bytes:,} bytes that one version may have; "
                "split the dataset or ask an operator to raise the limit.",
                field="directory",
            )


@contextmanager
def _opened(path: str | Path, flags: int, folder: int | None = None) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o600, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write(descriptor: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _synchronise(directory: Path) -> None:
    with _opened(directory, _DIRECTORY) as descriptor:
        os.fsync(descriptor)


def _kind(mode: int) -> str:
    names = {
        stat.S_IFLNK: "symbolic link",
        stat.S_IFIFO: "named pipe",
        stat.S_IFSOCK: "socket",
        stat.S_IFBLK: "block device",
        stat.S_IFCHR: "character device",
    }
    return names.get(stat.S_IFMT(mode), "special file")


def _changed(path: str) -> Conflict:
    return Conflict(f"“{path}” changed while it was copied; stop whatever writes it and repeat.")


@contextmanager
def _told_in_words(source: Path) -> Iterator[None]:
    try:
        yield
    except OrchestratorError:
        raise
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else str(source)
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}:
            raise Unavailable(
                f"The disk could not take the files ({error.strerror}); nothing was kept. Make room and repeat.",
                system="disk",
            ) from error
        if error.errno in {errno.ELOOP, errno.ENOTDIR} and str(where) == str(source):
            raise Invalid(
                f"{source} is not a directory (or is a link to one); give the directory itself.", field="directory"
            ) from error
        with suppress(UnicodeEncodeError):
            where.encode()
            raise Invalid(
                f"{where} cannot be read ({error.strerror}); mend its permissions.", field="directory"
            ) from error
        raise Invalid("A file with an unreadable name cannot be taken; rename it.", field="directory") from error
