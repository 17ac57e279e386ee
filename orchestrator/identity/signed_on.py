"""Queries of sign-on: sessions, signing out, terminals that wait for a person, and wrong codes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change, Record
from orchestrator.core.database import WRITE
from orchestrator.core.errors import Unavailable
from orchestrator.core.events import Event

from .model import OpenedSession, Pairing
from .rows import MissRow, PairingRow, SessionRow, SignOutRow
from .states import PairingState
from .store import find, thing_of

__all__ = [
    "add_miss",
    "add_pairing",
    "end_pairings",
    "forget_sessions",
    "misses",
    "note_sign_out",
    "open_sessions",
    "pairing_by_code",
    "pairing_by_secret",
    "session_by_secret",
    "sign_outs",
    "touch_session",
    "waiting_pairings",
]


def session_by_secret(session: Session, secret_sha256: str) -> OpenedSession | None:
    """Return the sign-on session whose secret has this hash."""
    query = select(SessionRow).where(SessionRow.secret_sha256 == secret_sha256)
    return next(iter(find(session, OpenedSession, query)), None)


def open_sessions(session: Session, person_id: str) -> list[OpenedSession]:
    """Return the sessions of a person that nobody ended."""
    query = select(SessionRow).where(SessionRow.person_id == person_id, SessionRow.ended_at.is_(None))
    return find(session, OpenedSession, query.order_by(SessionRow.session_id))


def forget_sessions(change: Change, *, before: datetime) -> None:
    """Delete sessions that expired before a moment: when people worked is personal data too.

    The event is that of the session opened in the same change.
    """
    change.session.execute(delete(SessionRow).where(SessionRow.expires_at < before))


def note_sign_out(session: Session, person_id: str, at: datetime) -> None:
    """Note that a person signed out; the caller tells the event."""
    row = session.get(SignOutRow, person_id)
    if row is None:
        session.add(SignOutRow(person_id=person_id, at=at))
    else:
        row.at = at


def sign_outs(session: Session, people: Collection[str]) -> dict[str, datetime]:
    """Return when each of these people signed out last; who never did is not in it."""
    query = select(SignOutRow).where(SignOutRow.person_id.in_(list(people)))
    return {row.person_id: row.at for row in session.scalars(query)}


def pairing_by_secret(session: Session, secret_sha256: str) -> Pairing | None:
    """Return the terminal whose secret has this hash."""
    query = select(PairingRow).where(PairingRow.secret_sha256 == secret_sha256)
    return next(iter(find(session, Pairing, query)), None)


def pairing_by_code(session: Session, code: str) -> Pairing | None:
    """Return the terminal that shows this code."""
    return next(iter(find(session, Pairing, select(PairingRow).where(PairingRow.code == code))), None)


def end_pairings(change: Change, person_id: str, *, events: Callable[[Pairing], Event]) -> None:
    """Forget the terminals that a person confirmed and that did not collect their session yet."""
    query = select(PairingRow).where(PairingRow.person_id == person_id, PairingRow.state == PairingState.CONFIRMED)
    for row in change.session.scalars(query).all():
        change.tell(events(thing_of(Pairing, row)))
        change.session.delete(row)


def misses(session: Session, person_id: str, *, since: datetime) -> int:
    """Return how many wrong codes a person typed since a moment."""
    query = select(func.count()).select_from(MissRow).where(MissRow.person_id == person_id, MissRow.at > since)
    return session.scalar(query) or 0


def add_miss(change: Change, *, miss_id: str, person_id: str, at: datetime, event: Event) -> None:
    """Note a wrong code."""
    change.session.add(MissRow(miss_id=miss_id, person_id=person_id, at=at))
    change.tell(event)


@contextmanager
def _beside_the_log(record: Record) -> Iterator[Connection]:
    """Write rows that give nobody anything: a terminal's waiting code, when a session was last used.

    They bypass the audit log on purpose: the first are written for people nobody knows yet, the second with every
    request, and the log can never be shortened. Confirming a terminal and opening a session are recorded as ever.
    """
    try:
        with record.engine.execution_options(**{WRITE: True}).begin() as connection:
            yield connection
    except OperationalError as error:
        raise Unavailable("The record cannot be used now; try again shortly.", system="record") from error


def touch_session(record: Record, session_id: str, *, at: datetime) -> None:
    """Note that a session was used."""
    with _beside_the_log(record) as connection:
        connection.execute(update(SessionRow).where(SessionRow.session_id == session_id).values(used_at=at))


def waiting_pairings(session: Session, now: datetime) -> int:
    """Return how many terminals wait at ``now``."""
    query = select(func.count()).select_from(PairingRow).where(PairingRow.expires_at > now)
    return session.scalar(query) or 0


def add_pairing(record: Record, pairing: Pairing, *, now: datetime) -> None:
    """Keep a waiting terminal and forget the expired ones."""
    with _beside_the_log(record) as connection:
        connection.execute(delete(PairingRow).where(PairingRow.expires_at <= now))
        connection.execute(insert(PairingRow).values(**vars(pairing)))
