"""Queries of people, roles, training and accreditation; `signed_on` has those of sign-on."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.database import Base
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .model import (
    Accreditation,
    OpenedSession,
    Pairing,
    Person,
    Role,
    RoleHolding,
    Suspension,
    Training,
)
from .rows import (
    AccreditationRow,
    HoldingRow,
    PairingRow,
    PersonRow,
    SessionRow,
    SuspensionRow,
    TrainingRow,
)
from .states import HoldingState

__all__ = [
    "AccreditationRow",
    "HoldingRow",
    "PersonRow",
    "TrainingRow",
    "accreditations",
    "find",
    "holdings",
    "load",
    "open_suspension",
    "operators",
    "people",
    "people_by_address",
    "person_by_sign_on",
    "put",
    "thing_of",
    "trainings",
    "unknown",
    "waiting_holdings",
    "waiting_suspensions",
]

Thing = TypeVar("Thing", Person, RoleHolding, Suspension, Training, Accreditation, OpenedSession, Pairing)


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
    return thing_of(kind, row)


def unknown(kind: type[Thing], identifier: str) -> str:
    """Return what is said of a thing that does not exist, or of which somebody may not know."""
    return f"There is no {_NOUNS[kind]} “{identifier[:40]}”; look at the list for its identifier."


def find(session: Session, kind: type[Thing], query: Select[Any]) -> list[Thing]:
    """Return what ``query`` selects, as things."""
    return [thing_of(kind, row) for row in session.scalars(query)]


def thing_of(kind: type[Thing], row: Base) -> Thing:
    """Return what a row keeps, as a thing."""
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
