"""Documents that people hand in, sealed on disk: ``<directory>/<aa>/<identifier>``, each under a key of its own.

The keys are derived from one key in a file. Who takes a copy of the directory, or of the record, has no document; who
has the file as well has all of them, so the file belongs elsewhere than the copies do.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256 as sha256_of
from pathlib import Path

from orchestrator.core.errors import Invalid, Unavailable
from orchestrator.core.ids import check_id

from .channel.files import place
from .sealed_stream import open_stream, seal_stream

__all__ = ["SealedDocuments"]

_KEY_BYTES = 32
_SECONDS = 60.0
_ANSWER = 64 << 10
_HALF_DONE = 3600
"""Seconds after which a file that a write left half done cannot be one that is being written."""
_MODULE = "orchestrator.airlock.inspection.acting"


class SealedDocuments:
    """Implements ``access.evidence.ports.Documents``."""

    def __init__(self, directory: Path, key_file: Path, *, command: Callable[[str], list[str]] | None = None) -> None:
        """``key_file`` holds 32 bytes; one is made when the first document comes, and never beside older ones."""
        self._directory = directory
        self._key_file = key_file
        self._command = command

    def look_into(self, kind: str, content: bytes) -> None:
        """Look into a PDF in a process that can do nothing; pictures have nothing that acts."""
        if kind != "pdf":
            return
        found = _answer((self._command or _restrained)(_MODULE), content)
        if found:
            raise Invalid(
                f"This PDF holds {', '.join(found)}, so it was not kept. Print it to a new PDF and hand that in.",
                field="document",
            )

    def keep(self, document_id: str, sha256: str, content: bytes) -> None:
        """Seal a document; it is whole and on disk when this returns, or not there at all."""
        sealed = io.BytesIO()
        for _ in seal_stream(self._key(), _context(document_id, sha256), io.BytesIO(content), sealed):
            pass
        target = self._path(document_id)
        with _disk("kept"):
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place(target, sealed.getvalue())

    def read(self, document_id: str, sha256: str) -> bytes:
        """Unseal a document to its end and compare its hash before anything of it is given away."""
        path = self._path(document_id)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as sealed:
                content = b"".join(open_stream(self._key(), _context(document_id, sha256), sealed))
        except FileNotFoundError as error:
            raise _lost("is missing") from error
        except OSError as error:
            raise _lost(f"cannot be read ({error.strerror})") from error
        except Invalid as error:
            raise _lost("was altered, or sealed under another key") from error
        if sha256_of(content).hexdigest() != sha256:
            raise _lost("was altered")
        return content

    def remove(self, document_id: str) -> None:
        """Remove a document; one that is gone already is no error."""
        with _disk("removed"):
            self._path(document_id).unlink(missing_ok=True)

    def kept(self) -> Mapping[str, datetime]:
        """Return what lies here and since when; what a write left half done is removed on the way."""
        found: dict[str, datetime] = {}
        for file in self._directory.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                written = file.lstat().st_mtime
                if not file.name.startswith("."):
                    found[file.name] = datetime.fromtimestamp(written, UTC)
                elif written < time.time() - _HALF_DONE:
                    file.unlink()
        return found

    def _path(self, document_id: str) -> Path:
        return self._directory / document_id[:2] / check_id(document_id, field="document_id")

    def _key(self) -> bytes:
        with _disk("kept"):
            lost = next(self._directory.glob("??/[!.]*"), None) is not None
            if not self._key_file.exists():
                if lost:
                    raise Unavailable(
                        f"{self._key_file} is missing, and documents that were sealed under it are here. An operator "
                        "puts it back; a new key would open none of them.",
                        system="documents",
                        retry=False,
                    )
                self._key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                place(self._key_file, secrets.token_bytes(_KEY_BYTES))
            key, mode = self._key_file.read_bytes(), self._key_file.stat().st_mode
        if len(key) != _KEY_BYTES or mode & 0o007:
            raise Unavailable(
                f"{self._key_file} must hold {_KEY_BYTES} bytes that only the portal’s account can read; an operator "
                "mends that.",
                system="documents",
                retry=False,
            )
        return key


def _restrained(module: str) -> list[str]:
    from .restraint import restrained_command  # noqa: PLC0415 - heavy, and wanted for documents only

    return restrained_command(module)


def _answer(command: list[str], content: bytes) -> list[str]:
    """Return what the process says of a document; anything but an answer means that nobody knows what is in it."""
    try:
        done = subprocess.run(
            command,
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=True,
            cwd="/",
            env={},
            start_new_session=True,
        )
        found = json.loads(done.stdout[:_ANSWER])
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise ValueError("no list of words")
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise Unavailable(
            "The PDF could not be looked into, so it was not kept. Print it to a new PDF, or hand in pictures of its "
            "pages.",
            system="documents",
        ) from error
    return [each[:80] for each in found]


def _context(document_id: str, sha256: str) -> bytes:
    return f"evidence-document:{document_id}:{sha256}".encode()


def _lost(how: str) -> Unavailable:
    return Unavailable(
        f"The document {how}. Tell an operator, and ask for it under its reference.", system="documents", retry=False
    )


@contextlib.contextmanager
def _disk(done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise Unavailable(
            f"The disk for documents {'is full' if full else f'failed ({error.strerror})'}; nothing was {done}. Tell "
            "an operator.",
            system="documents",
        ) from error
