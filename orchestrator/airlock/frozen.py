"""Keeps what was received under its own SHA-256, written once; hashes while it receives, and again before release."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.core.errors import Unavailable
from orchestrator.core.ids import new_id

__all__ = ["FrozenStore", "Incoming", "Received", "file_sha256"]

_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Received:
    """One received file: where it lies for now, and what it is."""

    path: Path
    size: int
    sha256: str


@dataclass
class Incoming:
    """The files of one submission while they arrive; nothing of it counts before ``FrozenStore.freeze``."""

    directory: Path
    files: list[Received] = field(default_factory=list)

    @contextmanager
    def file(self) -> Iterator[IncomingFile]:
        """Receive one more file; it is synced to disk when the block ends without an error."""
        path = self.directory / str(len(self.files))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o400)
        receiving = IncomingFile(descriptor)
        try:
            yield receiving
            with _disk():
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.files.append(Received(path=path, size=receiving.size, sha256=receiving.digest.hexdigest()))


class IncomingFile:
    """One file that is being received: every byte is hashed on its way to the disk."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        """Append ``piece``; raises ``Unavailable`` when the disk does not take it."""
        view = memoryview(piece)
        with _disk():
            while view:
                view = view[os.write(self._descriptor, view) :]
        self.digest.update(piece)
        self.size += len(piece)


class FrozenStore:
    """``incoming/`` for what arrives, ``frozen/<aa>/<sha256>`` for what arrived, ``released/<submission>/``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name in ("incoming", "frozen", "released"):
            (directory / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """Make room for one submission's files; whatever is still there at the end is removed."""
        directory = self.directory / "incoming" / new_id()
        with _disk():
            directory.mkdir(mode=0o700)
        try:
            yield Incoming(directory)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def path(self, sha256: str) -> Path:
        """Return where the bytes with this hash lie."""
        return self.directory / "frozen" / sha256[:2] / sha256

    def freeze(self, files: Collection[Received]) -> None:
        """Link every received file under its hash. What has that name already must have that content."""
        with _disk():
            for file in files:
                target = self.path(file.sha256)
                target.parent.mkdir(mode=0o700, exist_ok=True)
                try:
                    os.link(file.path, target, follow_symlinks=False)
                except FileExistsError:
                    if not self.intact(file.sha256, file.size):
                        raise Unavailable(
                            "A frozen copy with the same hash was found altered; nothing was kept. Tell an operator.",
                            system="airlock store",
                            retry=False,
                        ) from None
                _sync(target.parent)
            _sync(self.directory / "frozen")

    def intact(self, sha256: str, size: int) -> bool:
        """Say whether the frozen bytes still are what their name says; reads all of them."""
        try:
            return file_sha256(self.path(sha256)) == (sha256, size)
        except OSError:
            return False

    def clean(self, known: Collection[str]) -> int:
        """Remove what a killed worker left behind: half-received files, and frozen ones no submission names.

        Only for the start of the one worker, before it listens.
        """
        removed = 0
        for left in (self.directory / "incoming").iterdir():
            shutil.rmtree(left, ignore_errors=True)
            removed += 1
        for file in (self.directory / "frozen").glob("??/*"):
            if file.name not in known:
                file.unlink(missing_ok=True)
                removed += 1
        return removed

    def released(self, submission_id: str) -> Path:
        """Return the directory of a release, its files named by their hashes."""
        return self.directory / "released" / submission_id

    def copy_out(self, submission_id: str, wanted: Collection[tuple[str, int]]) -> bool:
        """Copy frozen bytes to the release's directory; whole or not at all; repeatable.

        Returns false, and leaves no release, when a frozen file is not what its name says.
        """
        target, partial = self.released(submission_id), self.directory / "released" / f"{submission_id}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        if target.is_dir():
            if self.release_intact(submission_id, wanted):
                return True
            shutil.rmtree(target)
        with _disk():
            partial.mkdir(mode=0o700)
            for sha256, size in wanted:
                if _copy(self.path(sha256), partial / sha256) != (sha256, size):
                    shutil.rmtree(partial)
                    return False
            _sync(partial)
            partial.rename(target)
            _sync(target.parent)
        return True

    def release_intact(self, submission_id: str, wanted: Collection[tuple[str, int]]) -> bool:
        """Say whether a release's directory holds exactly these bytes."""
        directory = self.released(submission_id)
        try:
            if {file.name for file in directory.iterdir()} != {sha256 for sha256, _ in wanted}:
                return False
            return all(file_sha256(directory / sha256) == (sha256, size) for sha256, size in wanted)
        except OSError:
            return False

    def keep_only(self, submission_id: str, hashes: Collection[str]) -> None:
        """Remove from a release what was recalled; without any hash the whole release goes. Repeatable."""
        directory = self.released(submission_id)
        if not hashes:
            self.remove_release(submission_id)
        elif directory.is_dir():
            for file in directory.iterdir():
                if file.name not in hashes:
                    file.unlink(missing_ok=True)
            _sync(directory)

    def holds_more(self, submission_id: str, hashes: Collection[str]) -> bool:
        """Say whether a release's directory holds anything besides these."""
        directory = self.released(submission_id)
        return directory.is_dir() and (not hashes or any(file.name not in hashes for file in directory.iterdir()))

    def keep(self, contents: Iterable[bytes]) -> list[Received]:
        """Freeze bytes that were made here from frozen ones; returns what each became, in the same order."""
        with self.incoming() as incoming:
            for content in contents:
                with incoming.file() as file:
                    file.write(content)
            self.freeze(incoming.files)
            return list(incoming.files)

    def remove_release(self, submission_id: str) -> None:
        """Remove a release's copies; the frozen ones stay for the record."""
        shutil.rmtree(self.directory / "released" / f"{submission_id}.partial", ignore_errors=True)
        shutil.rmtree(self.released(submission_id), ignore_errors=True)


def file_sha256(path: Path) -> tuple[str, int]:
    """Return hash and size of a file, read through one descriptor that follows no link."""
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        while piece := os.read(descriptor, _PIECE):
            digest.update(piece)
            size += len(piece)
    finally:
        os.close(descriptor)
    return digest.hexdigest(), size


def _copy(source: Path, target: Path) -> tuple[str, int]:
    """Copy and hash in one pass, so that the bytes that were hashed are the bytes that were written."""
    digest, size = hashlib.sha256(), 0
    try:
        reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return "", 0
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
        try:
            while piece := os.read(reading, _PIECE):
                digest.update(piece)
                size += len(piece)
                view = memoryview(piece)
                while view:
                    view = view[os.write(writing, view) :]
            os.fsync(writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    return digest.hexdigest(), size


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise Unavailable(
            "The airlock’s disk is full; nothing was kept. Tell an operator, and submit again later."
            if full
            else f"The airlock’s disk failed ({error.strerror}); nothing was kept. Tell an operator.",
            system="airlock store",
        ) from error
