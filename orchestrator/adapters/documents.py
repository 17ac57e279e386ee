"""Documents that people hand in, sealed on disk: ``<directory>/<aa>/<identifier>``, each under a key of its own.

The keys are derived from one key in a file. Who takes a copy of the directory, or of the record, has no document; who
has the file as well has all of them, so the file belongs elsewhere than the copies do. To change that key, documents
are sealed under the next one, one after the other; while this goes on either key may open one.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256 as sha256_of
from pathlib import Path

from orchestrator.access.evidence.ports import Rotation
from orchestrator.core.errors import Invalid, Unavailable
from orchestrator.core.ids import check_id

from .channel.files import place
from .document_keys import DocumentKeys
from .sealed_stream import open_stream, seal_stream

__all__ = ["SealedDocuments"]

_SECONDS = 60.0
_ANSWER = 64 << 10
_HALF_DONE = 3600
"""Seconds after which a file that a write left half done cannot be one that is being written, nor a row still come."""
_MODULE = "orchestrator.airlock.inspection.acting"


class SealedDocuments:
    """Implements ``access.evidence.ports.Documents``."""

    def __init__(self, directory: Path, key_file: Path, *, command: Callable[[str], list[str]] | None = None) -> None:
        """``key_file`` holds 32 bytes; one is made when the first document comes, and never beside older ones."""
        self._directory = directory
        self._keys = DocumentKeys(directory, key_file)
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
        with _disk("kept"), self._keys.held():
            self._place(document_id, _sealed(self._keys.to_seal(), document_id, sha256, content))

    def read(self, document_id: str, sha256: str) -> bytes:
        """Unseal a document to its end and compare its hash before anything of it is given away."""
        with _disk("read"), self._keys.held():
            return self._opened(document_id, sha256)[1]

    def remove(self, document_id: str) -> None:
        """Remove a document; one that is gone already is no error."""
        with _disk("removed"), self._keys.held():
            self._path(document_id).unlink(missing_ok=True)

    def rotate(self, named: Callable[[], Mapping[str, str]]) -> Rotation:
        """Seal every document under a new key and forget the old one; what a crash left undone is done the next time.

        ``named`` returns the hash of each document by its identifier, as the record has them. The old key stays while
        a document may need it: one whose row is still to come, or one that neither key opens. Raises ``NotPossible``
        while another change goes on.
        """
        with _disk("sealed anew"), self._keys.changing():
            with self._keys.held(alone=True):
                self._keys.begin()
            done, _ = self._seal_anew(named(), alone=True)
            with self._keys.held(alone=True):
                hashes = named()
                more, unread = self._seal_anew({each: hashes[each] for each in hashes if each not in done}, alone=False)
                coming = [each for each, since in self.kept().items() if each not in hashes and _new(since)]
                if not coming and not unread:
                    self._keys.finish()
        return Rotation(sealed=len(done) + len(more), coming=len(coming), unread=tuple(sorted(unread)))

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

    def _seal_anew(self, hashes: Mapping[str, str], *, alone: bool) -> tuple[set[str], set[str]]:
        """Seal these documents under the next key; return which are now, and which neither key opens."""
        done, unread = set(), set()
        for document_id, sha256 in sorted(hashes.items()):
            with self._keys.held(alone=True) if alone else contextlib.nullcontext():
                try:
                    newest, content = self._opened(document_id, sha256)
                except Unavailable:
                    unread.add(document_id)
                    continue
                if not newest:
                    self._place(document_id, _sealed(self._keys.to_seal(), document_id, sha256, content), replace=True)
                done.add(document_id)
        return done, unread

    def _place(self, document_id: str, sealed: bytes, *, replace: bool = False) -> None:
        target = self._path(document_id)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place(target, sealed, replace=replace)

    def _opened(self, document_id: str, sha256: str) -> tuple[bool, bytes]:
        """Return a document, and whether it is sealed under the key that new ones are."""
        try:
            descriptor = os.open(self._path(document_id), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                sealed = file.read()
        except FileNotFoundError as error:
            raise _lost("is missing") from error
        except OSError as error:
            raise _lost(f"cannot be read ({error.strerror})") from error
        for number, key in enumerate(self._keys.to_open()):
            with contextlib.suppress(Invalid):
                content = b"".join(open_stream(key, _context(document_id, sha256), io.BytesIO(sealed)))
                if sha256_of(content).hexdigest() != sha256:
                    raise _lost("was altered")
                return number == 0, content
        raise _lost("was altered, or sealed under another key")


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


def _sealed(key: bytes, document_id: str, sha256: str, content: bytes) -> bytes:
    sealed = io.BytesIO()
    for _ in seal_stream(key, _context(document_id, sha256), io.BytesIO(content), sealed):
        pass
    return sealed.getvalue()


def _new(since: datetime) -> bool:
    return since.timestamp() > time.time() - _HALF_DONE


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
