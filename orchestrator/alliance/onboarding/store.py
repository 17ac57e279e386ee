"""Tables of standard conditions, their acceptances and departures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .model import ConditionsState, Departure, DepartureState, StandardConditions

__all__ = [
    "UNKNOWN_DEPARTURE",
    "ConditionsAcceptanceRow",
    "ConditionsRow",
    "DepartureRow",
    "accepted_version",
    "add",
    "conditions",
    "conditions_row",
    "departure_of",
    "departure_row",
    "departures_due",
    "to_conditions",
    "to_departure",
]

UNKNOWN_DEPARTURE = "There is no such departure, or none that you may see."

_GOING = text("state IN ('announced', 'confirmed')")


class ConditionsRow(Base):
    """One version of the standard conditions. Its text is written once; two people publish it."""

    __tablename__ = "alliance_conditions"
    __table_args__ = (CheckConstraint("published_by IS NULL OR published_by <> proposed_by", name="two_people"),)

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    text_sha256: Mapped[str] = mapped_column(String(64))
    applies_from: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(16))
    proposed_by: Mapped[str] = mapped_column(String(16))
    proposed_at: Mapped[datetime] = mapped_column(Moment)
    published_by: Mapped[str | None] = mapped_column(String(16))


class ConditionsAcceptanceRow(Base):
    """A custodian accepted a version. Written once."""

    __tablename__ = "alliance_conditions_acceptance"

    custodian_id: Mapped[str] = mapped_column(ForeignKey("alliance_custodian.custodian_id"), primary_key=True)
    version: Mapped[int] = mapped_column(ForeignKey("alliance_conditions.version"), primary_key=True)
    text_sha256: Mapped[str] = mapped_column(String(64))
    accepted_by: Mapped[str] = mapped_column(String(16))
    accepted_at: Mapped[datetime] = mapped_column(Moment)


class DepartureRow(Base):
    """A custodian leaves: at most one departure at a time, confirmed by somebody else than announced it."""

    __tablename__ = "alliance_departure"
    __table_args__ = (
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> announced_by", name="two_people"),
        Index(
            "uq_alliance_departure_going",
            "custodian_id",
            unique=True,
            sqlite_where=_GOING,
            postgresql_where=_GOING,
        ),
    )

    departure_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    custodian_id: Mapped[str] = mapped_column(ForeignKey("alliance_custodian.custodian_id"))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(16))
    announced_by: Mapped[str] = mapped_column(String(16))
    announced_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_by: Mapped[str | None] = mapped_column(String(16))


def add(change: Change, row: Base, *, event: Event) -> None:
    """Keep a new row, with what is recorded of it."""
    change.session.add(row)
    change.session.flush()
    change.tell(event)


def conditions(session: Session) -> list[StandardConditions]:
    """Return every version, newest first."""
    return [to_conditions(row) for row in session.scalars(select(ConditionsRow).order_by(ConditionsRow.version.desc()))]


def conditions_row(session: Session, version: int) -> ConditionsRow:
    """Return the row of one version or raise ``NotFound``."""
    row = session.get(ConditionsRow, version)
    if row is None:
        raise NotFound("There is no such version of the standard conditions; look at the list of them.")
    return row


def accepted_version(session: Session, custodian_id: str) -> int | None:
    """Return the newest version that a custodian accepted."""
    query = select(func.max(ConditionsAcceptanceRow.version))
    return session.scalar(query.where(ConditionsAcceptanceRow.custodian_id == custodian_id))


def departure_row(session: Session, departure_id: str) -> DepartureRow:
    """Return a departure's row or raise ``NotFound``."""
    row = session.get(DepartureRow, departure_id)
    if row is None:
        raise NotFound(UNKNOWN_DEPARTURE)
    return row


def departure_of(session: Session, custodian_id: str) -> Departure | None:
    """Return the departure of a custodian that stands: the newest one not taken back."""
    query = select(DepartureRow).where(
        DepartureRow.custodian_id == custodian_id, DepartureRow.state != DepartureState.WITHDRAWN.value
    )
    row = session.scalar(query.order_by(DepartureRow.announced_at.desc()).limit(1))
    return None if row is None else to_departure(row)


def departures_due(session: Session, now: datetime) -> list[Departure]:
    """Return the confirmed departures whose day has come."""
    query = select(DepartureRow).where(DepartureRow.state == DepartureState.CONFIRMED.value, DepartureRow.at <= now)
    return [to_departure(row) for row in session.scalars(query.order_by(DepartureRow.at))]


def to_conditions(row: ConditionsRow) -> StandardConditions:
    """Return a row as a plain value."""
    return StandardConditions(
        version=row.version,
        text=row.text,
        text_sha256=row.text_sha256,
        applies_from=row.applies_from,
        state=ConditionsState(row.state),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        published_by=row.published_by,
    )


def to_departure(row: DepartureRow) -> Departure:
    """Return a row as a plain value."""
    return Departure(
        departure_id=row.departure_id,
        custodian_id=row.custodian_id,
        reason=row.reason,
        at=row.at,
        state=DepartureState(row.state),
        announced_by=row.announced_by,
        announced_at=row.announced_at,
        confirmed_by=row.confirmed_by,
    )
