"""The record: every change commits its state, its audit entries and its notices in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import rfc8785
from sqlalchemy import Engine, bindparam, delete, event, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import ORMExecuteState, Session

from orchestrator.core.clock import Clock, iso, system_clock
from orchestrator.core.database import WRITE
from orchestrator.core.errors import Conflict, OrchestratorError, Unavailable
from orchestrator.core.events import Event, Json, Notice
from orchestrator.core.ids import new_id

from .merkle import TILE_HEIGHT, Frontier, leaf_hash
from .store import EntryRow, NodeRow, NoticeRow, TreeRow

__all__ = ["Change", "Record"]

_WRITER_LOCK = 0x7472_6500
_READ_TREE = select(TreeRow.size, TreeRow.peaks)
_INSERT_ENTRY = insert(EntryRow)
_DELETE_NODE = delete(NodeRow).where(NodeRow.level == bindparam("at"), NodeRow.number == bindparam("no"))
"""What stands where a new one belongs is not of this log: nobody's leftover may keep the log from growing."""
_INSERT_NODE = insert(NodeRow)
_UPDATE_TREE = update(TreeRow).values(size=bindparam("new_size"), peaks=bindparam("new_peaks"))


class Change:
    """One transaction. Stores write through ``session``; each write hands its ``Event`` to ``tell``."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.session = session
        self._clock = clock
        self._events: list[Event] = []
        self._notices: list[Notice] = []
        self.wrote = False

    @property
    def told(self) -> tuple[Event, ...]:
        """What this transaction did so far."""
        return tuple(self._events)

    def tell(self, event: Event) -> None:
        """Record what this transaction did; it becomes an entry of the log at commit."""
        self._events.append(event)

    def notify(self, notice: Notice) -> None:
        """Put a notice into the outbox, delivered after the commit."""
        self._notices.append(notice)

    def finish(self) -> None:
        """Append the entries and notices; refuse a change that nobody recorded."""
        self.session.flush()
        if not self._events:
            if self.wrote or self._notices:
                raise AssertionError("rows were changed and no event was told: every change needs its record")
            return
        now = self._clock()
        self._append(iso(now))
        if self._notices:
            rows = [
                {
                    "notice_id": new_id(),
                    "person_id": notice.person,
                    "kind": notice.kind,
                    "subject": notice.subject,
                    "made_at": now,
                    "due_at": now,
                    "attempts": 0,
                }
                for notice in self._notices
            ]
            self.session.connection().execute(insert(NoticeRow), rows)

    def _append(self, at: str) -> None:
        """Append the events to the log: plain statements, because this happens in every change."""
        connection = self.session.connection()
        tree = connection.execute(_READ_TREE).one_or_none()
        if tree is None:
            connection.execute(insert(TreeRow), {"number": 1, "origin": f"tre/{new_id()}", "size": 0, "peaks": b""})
        size, peaks = (tree.size, tree.peaks) if tree else (0, b"")
        frontier = Frontier.unpacked(size, peaks)
        rows, nodes = [], []
        for told in self._events:
            body = entry_body(told, position=frontier.size, at=at)
            leaf = leaf_hash(body)
            rows.append(
                {
                    "position": frontier.size,
                    "body": body.decode(),
                    "leaf": leaf,
                    "kind": told.kind,
                    "subject": told.subject,
                }
            )
            for level, root in enumerate(frontier.append(leaf), start=1):
                number = (frontier.size >> (TILE_HEIGHT * level)) - 1
                nodes.append({"level": level, "number": number, "hash": root})
        connection.execute(_INSERT_ENTRY, rows)
        if nodes:
            connection.execute(_DELETE_NODE, [{"at": each["level"], "no": each["number"]} for each in nodes])
            connection.execute(_INSERT_NODE, nodes)
        connection.execute(_UPDATE_TREE, {"new_size": frontier.size, "new_peaks": frontier.packed()})


def entry_body(event: Event, *, position: int, at: str) -> bytes:
    """Return an entry's canonical JSON (RFC 8785): the bytes that are hashed and kept."""
    body: dict[str, Json] = {
        "actor": event.actor,
        "at": at,
        "details": dict(event.details),
        "kind": event.kind,
        "position": position,
        "subject": event.subject,
    }
    return rfc8785.dumps(body)


class Record:
    """The database of governance, opened once per process."""

    def __init__(self, engine: Engine, clock: Clock = system_clock) -> None:
        self.engine = engine
        self.clock = clock
        self._write_engine = engine.execution_options(**{WRITE: True})
        self._instead: Callable[[Sequence[Event]], NoReturn] | None = None
        self._followers: list[Callable[[Change], None]] = []

    def follow(self, follower: Callable[[Change], None]) -> None:
        """Have ``follower`` look at every change before it commits; what it writes and tells commits with it."""
        self._followers.append(follower)

    def rehearse(self, instead: Callable[[Sequence[Event]], NoReturn]) -> None:
        """Commit nothing any more: hand each finished change's events to ``instead``, which raises, and undo it."""
        self._instead = instead

    @property
    def rehearsed(self) -> bool:
        """Whether nothing is committed any more: what lies outside the record is left alone too."""
        return self._instead is not None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Look at one consistent state; nothing that is changed here is kept."""
        with _told_in_words(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def change(self) -> Iterator[Change]:
        """Change the record: commits at the end, with its events; any exception undoes all of it.

        Changes are serialised (SQLite's write lock, an advisory lock in PostgreSQL), so what was read inside holds
        until the commit. Raises ``Conflict`` for a broken uniqueness rule, ``Unavailable`` when the database is
        locked, full or gone, and ``AssertionError`` when rows changed and no event was told.
        """
        with _told_in_words(), Session(self._write_engine, expire_on_commit=False, autoflush=True) as session:
            session.begin()
            if session.get_bind().dialect.name == "postgresql":
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})
            else:
                session.connection()
            change = Change(session, self.clock)
            _watch(session, change)
            yield change
            if change.told:
                for follower in self._followers:
                    follower(change)
            change.finish()
            if self._instead is not None and change.told:
                session.rollback()
                self._instead(change.told)
            session.commit()


def _watch(session: Session, change: Change) -> None:
    """Note every write of this session, so that none can commit without an event."""

    @event.listens_for(session, "after_flush")
    def _flushed(flushing: Session, _context: object) -> None:
        if flushing.new or flushing.dirty or flushing.deleted:
            change.wrote = True

    @event.listens_for(session, "do_orm_execute")
    def _executed(state: ORMExecuteState) -> None:
        if not state.is_select:
            change.wrote = True


@contextmanager
def _told_in_words() -> Iterator[None]:
    try:
        yield
    except OrchestratorError:
        raise
    except IntegrityError as error:
        raise Conflict(
            "Somebody recorded the same thing first; look again and repeat if it is still needed."
        ) from error
    except OperationalError as error:
        raise Unavailable(
            f"The record cannot be used now ({_cause(error)}); nothing was changed. Try again shortly.",
            system="record",
        ) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable(
                "The connection to the record was lost; look whether the change was made before repeating it.",
                system="record",
                unknown_outcome=True,
            ) from error
        raise


def _cause(error: OperationalError) -> str:
    return str(error.orig).splitlines()[0][:120] if error.orig else "no answer"
