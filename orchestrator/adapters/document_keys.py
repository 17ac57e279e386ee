"""The key that documents are sealed under, in a file, and the next one beside it while documents are sealed anew.

A lock in the directory of the documents tells whoever keeps or reads one apart from who changes keys: many may do the
first at once, one does the second alone. It holds between processes, and ends with the process that has it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from orchestrator.core.errors import NotPossible, Unavailable

from .channel.files import place

__all__ = ["DocumentKeys"]

_BYTES = 32


class DocumentKeys:
    """The keys of one directory of documents."""

    def __init__(self, directory: Path, file: Path) -> None:
        """``file`` holds 32 bytes; the next key lies beside it, with ``.next`` after its name."""
        self._directory = directory
        self.file = file
        self.next_file = file.with_name(f"{file.name}.next")

    @contextlib.contextmanager
    def held(self, *, alone: bool = False) -> Iterator[None]:
        """Keep the keys from being changed, or with ``alone`` everybody else from keeping, reading and removing."""
        with self._opened(".lock") as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Be the only change of keys from its beginning to its end; raise ``NotPossible`` while another goes on.

        What one has sealed under its next key would be lost to another that goes on to the key after that.
        """
        with self._opened(".changing") as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NotPossible(
                    "The key of documents is being changed by somebody else now; wait until that is done."
                ) from None
            yield

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def to_seal(self) -> bytes:
        """Return the key that documents are sealed under from now on."""
        current = self._current()
        return _read(self.next_file) if self.next_file.exists() else current

    def to_open(self) -> tuple[bytes, ...]:
        """Return every key that a document may be sealed under, the newest first."""
        current = self._current()
        return (_read(self.next_file), current) if self.next_file.exists() else (current,)

    def begin(self) -> None:
        """Make the next key, unless one is there from a change that was cut short.

        One that is the current key already was left by a change that came to its end but for forgetting it.
        """
        current = self._current()
        if self.next_file.exists() and _read(self.next_file) == current:
            self.next_file.unlink()
        if not self.next_file.exists():
            try:
                place(self.next_file, secrets.token_bytes(_BYTES))
            except OSError as error:
                raise Unavailable(
                    f"{self.next_file} cannot be written ({error.strerror}). Put a new key of {_BYTES} random bytes "
                    "there yourself, and repeat this.",
                    system="documents",
                    retry=False,
                ) from error
        _read(self.next_file)

    def finish(self) -> None:
        """Put the next key in the place of the current one, which is gone then; raise where the file is not ours."""
        try:
            place(self.file, _read(self.next_file), replace=True)
        except OSError as error:
            raise Unavailable(
                f"Every document is sealed under {self.next_file} now, and {self.file} cannot be written "
                f"({error.strerror}). Put the next key in its place yourself; until then both are needed.",
                system="documents",
                retry=False,
            ) from error
        self.next_file.unlink()

    def _current(self) -> bytes:
        if not self.file.exists():
            if next(self._directory.glob("??/[!.]*"), None) is not None:
                raise Unavailable(
                    f"{self.file} is missing, and documents that were sealed under it are here. An operator "
                    "puts it back; a new key would open none of them.",
                    system="documents",
                    retry=False,
                )
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place(self.file, secrets.token_bytes(_BYTES))
        return _read(self.file)


def _read(file: Path) -> bytes:
    key, mode = file.read_bytes(), file.stat().st_mode
    if len(key) != _BYTES or mode & 0o007:
        raise Unavailable(
            f"{file} must hold {_BYTES} bytes that only the portal’s account can read; an operator mends that.",
            system="documents",
            retry=False,
        )
    return key
