"""The index on disk: a cache of the catalogue that any process may open, change in turns, lose and build again.

A directory of tantivy, named by the shape of its documents. A commit is atomic and carries how far it follows the
record, so a process that is killed leaves the index as it was at its last commit. Who changes it holds a file lock.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import tantivy

from orchestrator.core.errors import Unavailable

from .holding import discard, hold, locked, sweep
from .model import Searchable
from .schema import MARK, document, fingerprint, mark_document, prepare, schema

__all__ = ["Index", "Mark"]

_log = logging.getLogger(__name__)
_HEAP = 64 * 1024 * 1024
_STATEMENT = "meta.json"
_SIGNS = (
    "orrupt",
    "IO error",
    "IoError",
    "ailed to open",
    "does not exist",
    "deserialize",
    "incompatible",
    "ncompatib",
)
"""What the library says when files of the index are damaged, gone or another version's."""

_PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""The machine has no more files or memory to give: the index itself is whole."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How far an index follows: up to ``sequence`` of the record whose log is called ``of``."""

    sequence: int = 0
    of: str = ""


class Index:
    """One index, opened when it is first needed and again whenever another process changed or replaced it."""

    def __init__(self, directory: Path) -> None:
        """``directory`` may be deleted at any time; nothing but the index is kept in it."""
        self._directory = directory
        self._opened: tantivy.Index | None = None
        self._seen: tuple[int, int, int] | None = None
        self._let_go: Callable[[], object] = int
        self._guard = threading.RLock()

    @property
    def place(self) -> Path:
        """Where an index of this shape lies."""
        return self._directory / fingerprint()

    def look(self, question: Callable[[tantivy.Searcher], Answer]) -> Answer:
        """Ask the index as it is now; one that cannot be read is thrown away, and an empty one is asked.

        Errors of ``question`` itself are the asker's and leave the index alone.
        """
        try:
            return question(self._searcher())
        except BaseException as error:
            if not self._is_damage(error):
                raise
            if _passes(error):
                raise Unavailable(
                    f"The search index in {self._directory} cannot be read just now, for this machine has no more open "
                    "files or memory to give; nothing is lost. Try again, or raise the limit.",
                    system="search",
                ) from error
            _log.warning("the search index cannot be read (%s) and is built anew", type(error).__name__)
        with self.writing() as free:
            if free:
                self.forget()
        return question(self._searcher())

    def mark(self) -> Mark:
        """Return how far the index follows."""
        return self.look(_mark)

    def apply(self, found: Sequence[Searchable], gone: Sequence[str], mark: Mark) -> None:
        """Put descriptions in, take others out, and move the mark, all or nothing. Call it within ``writing``."""
        index = self._index()
        try:
            writer = index.writer(_HEAP, 1)
            for entry_id in (*(each.entry_id for each in found), *gone, MARK):
                writer.delete_documents_by_term("id", entry_id)
            for each in found:
                writer.add_document(document(each))
            writer.add_document(mark_document(mark.sequence, mark.of))
            writer.commit()
            writer.wait_merging_threads()
        except (ValueError, OSError) as error:
            raise Unavailable(
                f"The search index in {self._directory} could not be written ({str(error)[:120]}); the catalogue "
                "itself is whole. Make room or give the directory back to this account.",
                system="search",
            ) from error

    def forget(self) -> None:
        """Throw the index away. Call it within ``writing``."""
        with self._guard:
            self._opened = self._seen = None
            discard(self.place)

    @contextmanager
    def writing(self, patience: float = 0.0) -> Iterator[bool]:
        """Hold the right to change the index; gives ``False`` when another process holds it beyond ``patience`` s.

        A process that dies lets go of it. Indexes of other shapes that nobody has open are removed first.
        """
        self._make()
        with (self._directory / "lock").open("ab") as lock:
            free = locked(lock.fileno(), time.monotonic() + patience)
            if free:
                self._sweep()
            yield free

    def _sweep(self) -> None:
        """Make room; what cannot be removed stays, and is no reason not to search."""
        try:
            swept = sweep(self.place)
        except OSError as error:
            _log.warning("old search indexes in %s could not be removed: %s", self._directory, error.strerror)
        else:
            if swept:
                _log.info("removed search indexes of other versions: %s", ", ".join(swept))

    def _is_damage(self, error: BaseException) -> bool:
        """Say whether the index's own files failed: an error that names one of them, or what the library tells."""
        if isinstance(error, OSError):
            return isinstance(error.filename, str) and Path(error.filename).is_relative_to(self._directory)
        if type(error).__name__ == "PanicException":
            return True
        return type(error) is ValueError and any(sign in str(error) for sign in _SIGNS)

    def _searcher(self) -> tantivy.Searcher:
        with self._guard:
            index = self._index()
            now = self._statement()
            if now != self._seen:
                index.reload()
                self._seen = now
            return index.searcher()

    def _index(self) -> tantivy.Index:
        with self._guard:
            if self._opened is not None and self._statement() is None:
                self._opened = self._seen = None
            if self._opened is None:
                self._make()
                self._hold()
                self.place.mkdir(exist_ok=True)
                self._opened = prepare(tantivy.Index(schema(), str(self.place)))
                self._opened.config_reader("manual")
                self._seen = self._statement()
            return self._opened

    def _hold(self) -> None:
        """Let no other version's process sweep this index away while it is open here."""
        self._let_go()
        descriptor = hold(self.place)
        if descriptor is not None:
            self._let_go = weakref.finalize(self, os.close, descriptor)

    def _statement(self) -> tuple[int, int, int] | None:
        """Return what changes with each commit, or nothing when the index was taken away."""
        try:
            state = (self.place / _STATEMENT).stat()
        except FileNotFoundError:
            return None
        return state.st_ino, state.st_mtime_ns, state.st_size

    def _make(self) -> None:
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Unavailable(
                f"The search index needs the directory {self._directory}, which cannot be made ({error.strerror}).",
                system="search",
            ) from error


def _mark(searcher: tantivy.Searcher) -> Mark:
    found = searcher.search(tantivy.Query.term_query(schema(), "id", MARK, "basic"), 1).hits
    if not found:
        return Mark()
    kept = searcher.doc(found[0][1])
    return Mark(sequence=int(kept["sequence"][0]), of=str(kept["of"][0]))


def _passes(error: BaseException) -> bool:
    """Say whether an error is of the machine's limits; the library tells the number of it in its text."""
    if isinstance(error, OSError):
        return error.errno in _PASSING
    return any(f"code: {number}," in str(error) for number in _PASSING)
