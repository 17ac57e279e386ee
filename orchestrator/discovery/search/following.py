"""Keeps the index in step with the catalogue: any process takes over what changed since the mark, batch by batch.

The mark names the log of the record and the last of its entries that was seen. A record that does not have this entry
at this place was restored from a backup, or is another one: the index is then built anew.
"""

from __future__ import annotations

import time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow as LogRow
from orchestrator.audit.store import TreeRow
from orchestrator.discovery.catalogue import store
from orchestrator.discovery.catalogue.model import Entry, EntryState, Origin
from orchestrator.discovery.catalogue.store import EntryRow

from .index import Index, Mark
from .model import Searchable
from .reading import searchable

__all__ = ["Follower", "newest", "of_entry"]

_BATCH = 2_000


class Follower:
    """Brings an index in step. Any number of processes may; one at a time changes the index."""

    def __init__(self, record: Record, index: Index) -> None:
        self._record = record
        self._index = index
        self._trusted: Mark | None = None

    def catch_up(self, seconds: float = 2.0) -> int:
        """Take over what changed, for about so long; return how many changes still wait.

        Waits that long, too, for another process that is at it.
        """
        until = time.monotonic() + seconds
        mark = self._index.mark()
        if self._is_current(mark):
            return 0
        with self._index.writing(seconds) as free:
            if free:
                self._follow(self._start(), until)
        return self._waiting(self._index.mark())

    def rebuild(self) -> int:
        """Throw the index away and build it from the record; return how many descriptions are in it."""
        with self._index.writing(60.0) as free:
            if free:
                self._index.forget()
                self._follow(Mark(), float("inf"))
        return self._index.look(lambda searcher: max(0, searcher.num_docs - 1))

    def _is_current(self, mark: Mark) -> bool:
        with self._record.read() as session:
            return mark.sequence == newest(session) and (mark.sequence == 0 or self._knows(session, mark))

    def _start(self) -> Mark:
        """Return where to go on: from the mark, or from nothing when the index belongs to another history."""
        mark = self._index.mark()
        with self._record.read() as session:
            if mark.sequence <= newest(session) and (mark.sequence == 0 or self._knows(session, mark)):
                return mark
        self._index.forget()
        return Mark()

    def _follow(self, mark: Mark, until: float) -> None:
        while True:
            with self._record.read() as session:
                of = _identity(session)
                changed = store.changed_since(session, mark.sequence, _BATCH)
            if not changed:
                return
            entries = [store.to_entry(row, edition) for row, edition in changed]
            gone = [entry.entry_id for entry in entries if entry.state is EntryState.WITHDRAWN]
            found = [of_entry(entry) for entry in entries if entry.state is not EntryState.WITHDRAWN]
            mark = Mark(sequence=changed[-1][0].sequence, of=of)
            self._index.apply(found, gone, mark)
            if time.monotonic() > until:
                return

    def _knows(self, session: Session, mark: Mark) -> bool:
        """Say whether the record's log still has the entry that the mark names."""
        if mark == self._trusted:
            return True
        origin, _, rest = mark.of.partition(" ")
        position, _, leaf = rest.partition(" ")
        tree = session.scalar(select(TreeRow.origin))
        kept = session.scalar(select(LogRow.leaf).where(LogRow.position == int(position or -1)))
        if tree != origin or kept is None or kept.hex() != leaf:
            return False
        self._trusted = mark
        return True

    def _waiting(self, mark: Mark) -> int:
        with self._record.read() as session:
            query = select(func.count()).select_from(EntryRow).where(EntryRow.sequence > mark.sequence)
            return session.scalar(query) or 0


def of_entry(entry: Entry) -> Searchable:
    """Return what is searched of an entry."""
    return searchable(
        entry.entry_id,
        entry.description,
        publisher=entry.publisher,
        origin=entry.origin.value,
        hub=entry.source if entry.origin is Origin.HUB else "",
        changed=int(entry.changed_at.timestamp()),
        title=entry.title,
    )


def newest(session: Session) -> int:
    """Return the number of the catalogue's last change; nought while it is empty."""
    return session.scalar(select(func.max(EntryRow.sequence))) or 0


def _identity(session: Session) -> str:
    """Return the log's name, its last entry's position and hash: what one history of a record has and no other."""
    tree = session.execute(select(TreeRow.origin, TreeRow.size)).one_or_none()
    if tree is None or not tree.size:
        return ""
    leaf = session.scalar(select(LogRow.leaf).where(LogRow.position == tree.size - 1))
    return f"{tree.origin} {tree.size - 1} {leaf.hex() if leaf else ''}"
