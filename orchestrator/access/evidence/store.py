"""Tables and queries of evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .model import Evidence, EvidenceState

__all__ = [
    "EvidenceRow",
    "RelianceRow",
    "add",
    "applications_relying",
    "evidence_row",
    "for_application",
    "in_states",
    "recorded_by",
    "to_evidence",
]


class EvidenceRow(Base):
    """One piece of evidence; never verified by who brought it, whatever the code above does."""

    __tablename__ = "evidence"
    __table_args__ = (
        CheckConstraint("verified_by IS NULL OR verified_by <> recorded_by", name="verified_by_somebody_else"),
        CheckConstraint("(application_id IS NULL) <> (organisation = '')", name="one_holder"),
        CheckConstraint("valid_until > valid_from", name="lasts"),
        Index("ix_evidence_state", "state", "valid_until"),
    )

    evidence_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    application_id: Mapped[str | None] = mapped_column(ForeignKey("application.application_id"), index=True)
    organisation: Mapped[str] = mapped_column(String(200), default="")
    organisation_code: Mapped[str] = mapped_column(String(20), default="")
    custodian_id: Mapped[str | None] = mapped_column(String(16), index=True)
    reference: Mapped[str] = mapped_column(String(200))
    file_sha256: Mapped[str] = mapped_column(String(64), default="")
    valid_from: Mapped[datetime] = mapped_column(Moment)
    valid_until: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(16))
    recorded_by: Mapped[str] = mapped_column(String(16), index=True)
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    verified_by: Mapped[str | None] = mapped_column(String(16))
    verified_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_by: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text, default="")


class RelianceRow(Base):
    """A piece of research relies on an organisation's evidence."""

    __tablename__ = "evidence_reliance"

    application_id: Mapped[str] = mapped_column(ForeignKey("application.application_id"), primary_key=True)
    evidence_id: Mapped[str] = mapped_column(ForeignKey("evidence.evidence_id"), primary_key=True, index=True)
    said_by: Mapped[str] = mapped_column(String(16))
    said_at: Mapped[datetime] = mapped_column(Moment)


def add(change: Change, row: EvidenceRow | RelianceRow, *, event: Event) -> None:
    """Keep a new row with its event."""
    change.session.add(row)
    change.session.flush()
    change.tell(event)


def evidence_row(session: Session, evidence_id: str) -> EvidenceRow:
    """Return a piece's row or raise ``NotFound``."""
    row = session.get(EvidenceRow, evidence_id)
    if row is None:
        raise NotFound("There is no such evidence, or none that you may see.")
    return row


def for_application(session: Session, application_id: str) -> list[Evidence]:
    """Return what was brought for a piece of research, or is relied on in it, newest first."""
    relied = select(RelianceRow.evidence_id).where(RelianceRow.application_id == application_id)
    query = select(EvidenceRow).where(
        or_(EvidenceRow.application_id == application_id, EvidenceRow.evidence_id.in_(relied))
    )
    return _all(session.scalars(query.order_by(EvidenceRow.recorded_at.desc(), EvidenceRow.evidence_id)))


def recorded_by(session: Session, person_id: str) -> list[Evidence]:
    """Return what a person brought, newest first."""
    query = select(EvidenceRow).where(EvidenceRow.recorded_by == person_id)
    return _all(session.scalars(query.order_by(EvidenceRow.recorded_at.desc(), EvidenceRow.evidence_id)))


def in_states(session: Session, states: Iterable[EvidenceState]) -> list[Evidence]:
    """Return what is in one of these states, by its end."""
    query = select(EvidenceRow).where(EvidenceRow.state.in_([state.value for state in states]))
    return _all(session.scalars(query.order_by(EvidenceRow.valid_until, EvidenceRow.evidence_id)))


def applications_relying(session: Session, evidence_id: str) -> list[str]:
    """Return the research that relies on an organisation's evidence."""
    query = select(RelianceRow.application_id).where(RelianceRow.evidence_id == evidence_id)
    return list(session.scalars(query.order_by(RelianceRow.application_id)))


def _all(rows: Iterable[EvidenceRow]) -> list[Evidence]:
    return [to_evidence(row) for row in rows]


def to_evidence(row: EvidenceRow) -> Evidence:
    """Return a row as a plain value."""
    values = {each.name: getattr(row, each.name) for each in fields(Evidence)}
    return Evidence(**{**values, "state": EvidenceState(row.state)})
