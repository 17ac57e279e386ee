"""Tables and queries of people, roles, training, accreditation and sign-on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Enum,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change, Record
from orchestrator.core.database import WRITE, Base, Moment
from orchestrator.core.errors import NotFound, Unavailable
from orchestrator.core.events import Event

from .model import (
    Accreditation,
    OpenedSession,
    Pairing,
    Person,
    Role,
    RoleHolding,
    SessionKind,
    Suspension,
    Training,
)
from .states import HoldingState, PairingState, PersonState

__all__ = [
    "accreditations",
    "add_miss",
    "add_pairing",
    "end_pairings",
    "find",
    "forget_sessions",
    "holdings",
    "load",
    "misses",
    "note_sign_out",
    "open_sessions",
    "open_suspension",
    "operators",
    "pairing_by_code",
    "pairing_by_secret",
    "people",
    "people_by_address",
    "person_by_sign_on",
    "put",
    "session_by_secret",
    "sign_outs",
    "touch_session",
    "trainings",
    "unknown",
    "waiting_holdings",
    "waiting_pairings",
    "waiting_suspensions",
]

Thing = TypeVar("Thing", Person, RoleHolding, Suspension, Training, Accreditation, OpenedSession, Pairing)


def _word(kind: type[StrEnum]) -> Enum:
    """A column that holds the values of an enumeration as text, the same on every database."""
    return Enum(
        kind, native_enum=False, create_constraint=False, length=20, values_callable=lambda e: [m.value for m in e]
    )


def _person_key(**options: Any) -> Any:
    return mapped_column(ForeignKey("identity_person.person_id"), **options)


class PersonRow(Base):
    """Somebody known here; identity is issuer and subject, never the e-mail address."""

    __tablename__ = "identity_person"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    person_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320))
    affiliation: Mapped[str] = mapped_column(String(200))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    state: Mapped[PersonState] = mapped_column(_word(PersonState))
    registered_at: Mapped[datetime] = mapped_column(Moment)


class HoldingRow(Base):
    """One role of one person from proposal to end."""

    __tablename__ = "identity_role"

    holding_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = _person_key(index=True)
    role: Mapped[Role] = mapped_column(_word(Role))
    custodian_id: Mapped[str | None] = mapped_column(String(16), index=True)
    state: Mapped[HoldingState] = mapped_column(_word(HoldingState), index=True)
    until: Mapped[datetime] = mapped_column(Moment)
    proposed_by: Mapped[str] = mapped_column(String(16))
    proposed_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_by: Mapped[str | None] = mapped_column(String(16))
    end_proposed_by: Mapped[str | None] = mapped_column(String(16))
    end_proposed_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_by: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class SuspensionRow(Base):
    """Why and by whom an account was stopped, and by whom resumed."""

    __tablename__ = "identity_suspension"

    suspension_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = _person_key(index=True)
    reason: Mapped[str] = mapped_column(Text)
    suspended_by: Mapped[str] = mapped_column(String(16))
    suspended_at: Mapped[datetime] = mapped_column(Moment)
    resume_proposed_by: Mapped[str | None] = mapped_column(String(16))
    resume_proposed_at: Mapped[datetime | None] = mapped_column(Moment)
    resumed_by: Mapped[str | None] = mapped_column(String(16))
    resumed_at: Mapped[datetime | None] = mapped_column(Moment)


class TrainingRow(Base):
    """A course passed."""

    __tablename__ = "identity_training"

    training_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = _person_key(index=True)
    course: Mapped[str] = mapped_column(String(100))
    valid_until: Mapped[datetime] = mapped_column(Moment)
    recorded_by: Mapped[str] = mapped_column(String(16))
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    ended_by: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class AccreditationRow(Base):
    """A researcher's accreditation."""

    __tablename__ = "identity_accreditation"

    accreditation_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = _person_key(index=True)
    number: Mapped[str] = mapped_column(String(100))
    valid_until: Mapped[datetime] = mapped_column(Moment)
    recorded_by: Mapped[str] = mapped_column(String(16))
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    ended_by: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class SessionRow(Base):
    """A sign-on session: the hash of its secret only."""

    __tablename__ = "identity_session"

    session_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = _person_key(index=True)
    kind: Mapped[SessionKind] = mapped_column(_word(SessionKind))
    second_factor: Mapped[bool]
    opened_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class PairingRow(Base):
    """A terminal that waits for sign-on."""

    __tablename__ = "identity_pairing"

    pairing_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[PairingState] = mapped_column(_word(PairingState))
    expires_at: Mapped[datetime] = mapped_column(Moment)
    person_id: Mapped[str | None] = _person_key()
    second_factor: Mapped[bool]


class SignOutRow(Base):
    """When a person signed out last: whatever was opened by an earlier sign-on, elsewhere too, ends with it."""

    __tablename__ = "identity_sign_out"

    person_id: Mapped[str] = _person_key(primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)


class MissRow(Base):
    """A wrong code that somebody typed, so that guessing is bounded."""

    __tablename__ = "identity_pairing_miss"
    __table_args__ = (Index("ix_identity_pairing_miss_person_at", "person_id", "at"),)

    miss_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = _person_key()
    at: Mapped[datetime] = mapped_column(Moment)


_ROWS: dict[type, type[Base]] = {
    Person: PersonRow,
    RoleHolding: HoldingRow,
    Suspension: SuspensionRow,
    Training: TrainingRow,
    Accreditation: AccreditationRow,
    OpenedSession: SessionRow,
    Pairing: PairingRow,
}
_NOUNS: dict[type, str] = {
    Person: "person",
    RoleHolding: "role",
    Suspension: "suspension",
    Training: "training",
    Accreditation: "accreditation",
    OpenedSession: "session",
    Pairing: "terminal",
}


def put(change: Change, thing: Thing, *, event: Event) -> Thing:
    """Keep ``thing`` as it is now, new or changed, with its event."""
    change.session.merge(_ROWS[type(thing)](**vars(thing)))
    change.tell(event)
    return thing


def load(session: Session, kind: type[Thing], identifier: str) -> Thing:
    """Return one thing by its identifier; raise ``NotFound`` when there is none."""
    row = session.get(_ROWS[kind], identifier)
    if row is None:
        raise NotFound(unknown(kind, identifier))
    return _thing(kind, row)


def unknown(kind: type[Thing], identifier: str) -> str:
    """Return what is said of a thing that does not exist, or of which somebody may not know."""
    return f"There is no {_NOUNS[kind]} “{identifier[:40]}”; look at the list for its identifier."


def find(session: Session, kind: type[Thing], query: Select[Any]) -> list[Thing]:
    """Return what ``query`` selects, as things."""
    return [_thing(kind, row) for row in session.scalars(query)]


def _thing(kind: type[Thing], row: Base) -> Thing:
    return kind(**{each.name: getattr(row, each.name) for each in fields(kind)})


def person_by_sign_on(session: Session, *, issuer: str, subject: str) -> Person | None:
    """Return who signs on with this issuer and subject."""
    query = select(PersonRow).where(PersonRow.issuer == issuer, PersonRow.subject == subject)
    return next(iter(find(session, Person, query)), None)


def people_by_address(session: Session, email: str) -> list[Person]:
    """Return who has an e-mail address, however it is capitalised; several may, since it is nobody's identity."""
    return find(session, Person, select(PersonRow).where(func.lower(PersonRow.email) == email.lower()))


def people(session: Session) -> list[Person]:
    """Return everybody, by name."""
    return find(session, Person, select(PersonRow).order_by(PersonRow.name, PersonRow.person_id))


def holdings(session: Session, person_id: str) -> list[RoleHolding]:
    """Return every role a person ever had or was proposed for, oldest first."""
    query = select(HoldingRow).where(HoldingRow.person_id == person_id)
    return find(session, RoleHolding, query.order_by(HoldingRow.proposed_at, HoldingRow.holding_id))


def operators(session: Session, now: datetime) -> list[str]:
    """Return who holds the operator role at ``now``, the suspended among them."""
    query = select(HoldingRow).where(
        HoldingRow.role == Role.OPERATOR, HoldingRow.state.in_([HoldingState.HELD, HoldingState.ENDING])
    )
    return sorted({each.person_id for each in find(session, RoleHolding, query) if each.in_force(now)})


def waiting_holdings(session: Session) -> list[RoleHolding]:
    """Return the roles that wait for a second person."""
    query = select(HoldingRow).where(HoldingRow.state.in_([HoldingState.PROPOSED, HoldingState.ENDING]))
    return find(session, RoleHolding, query.order_by(HoldingRow.proposed_at, HoldingRow.holding_id))


def waiting_suspensions(session: Session) -> list[Suspension]:
    """Return the suspensions that somebody proposed to lift."""
    query = select(SuspensionRow).where(
        SuspensionRow.resumed_at.is_(None), SuspensionRow.resume_proposed_by.is_not(None)
    )
    return find(session, Suspension, query.order_by(SuspensionRow.suspended_at, SuspensionRow.suspension_id))


def open_suspension(session: Session, person_id: str) -> Suspension | None:
    """Return the suspension that stops a person now."""
    query = select(SuspensionRow).where(SuspensionRow.person_id == person_id, SuspensionRow.resumed_at.is_(None))
    return next(iter(find(session, Suspension, query)), None)


def trainings(session: Session, person_id: str) -> list[Training]:
    """Return every training of a person, latest end first."""
    query = select(TrainingRow).where(TrainingRow.person_id == person_id)
    return find(session, Training, query.order_by(TrainingRow.valid_until.desc(), TrainingRow.training_id))


def accreditations(session: Session, person_id: str) -> list[Accreditation]:
    """Return every accreditation of a person, latest end first."""
    query = select(AccreditationRow).where(AccreditationRow.person_id == person_id)
    query = query.order_by(AccreditationRow.valid_until.desc(), AccreditationRow.accreditation_id)
    return find(session, Accreditation, query)


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
        change.tell(events(_thing(Pairing, row)))
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
