"""Tables of hubs, cases and evidence, and the queries over them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .checklist import Subject
from .model import CASE_STATES, Case, CaseState, Evidence, Hub

__all__ = [
    "UNKNOWN_CASE",
    "UNKNOWN_EVIDENCE",
    "BodyEvidenceRow",
    "CaseRow",
    "HubRow",
    "add",
    "case_row",
    "cases",
    "evidence_row",
    "evidence_rows",
    "hub",
    "hubs",
    "to_case",
    "to_evidence",
]

UNKNOWN_CASE = "There is no such accreditation, or none that you may see."
UNKNOWN_EVIDENCE = "There is no such evidence, or none that you may see."


class HubRow(Base):
    """A hub."""

    __tablename__ = "alliance_hub"

    hub_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    address: Mapped[str] = mapped_column(String(500), default="")
    registered_by: Mapped[str] = mapped_column(String(16))
    registered_at: Mapped[datetime] = mapped_column(Moment)


class CaseRow(Base):
    """One accreditation. Who confirms it did not recommend it, whatever the code above does."""

    __tablename__ = "accreditation_case"
    __table_args__ = (
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> recommended_by", name="two_people"),
        Index("ix_accreditation_case_body", "subject", "body_id"),
    )

    case_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(16))
    body_id: Mapped[str] = mapped_column(String(16))
    checklist_version: Mapped[int]
    checklist_sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    state_since: Mapped[datetime] = mapped_column(Moment)
    opened_by: Mapped[str] = mapped_column(String(16))
    opened_at: Mapped[datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text, default="")
    recommended_by: Mapped[str | None] = mapped_column(String(16))
    confirmed_by: Mapped[str | None] = mapped_column(String(16))
    until: Mapped[datetime | None] = mapped_column(Moment)
    reminded_at: Mapped[datetime | None] = mapped_column(Moment)


class BodyEvidenceRow(Base):
    """Evidence of one item, never verified by its giver."""

    __tablename__ = "accreditation_evidence"
    __table_args__ = (CheckConstraint("verified_by IS NULL OR verified_by <> given_by", name="two_people"),)

    evidence_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("accreditation_case.case_id"), index=True)
    item: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    valid_until: Mapped[datetime] = mapped_column(Moment)
    given_by: Mapped[str] = mapped_column(String(16))
    given_at: Mapped[datetime] = mapped_column(Moment)
    verified_by: Mapped[str | None] = mapped_column(String(16))
    verified_at: Mapped[datetime | None] = mapped_column(Moment)
    rejected: Mapped[str] = mapped_column(Text, default="")
    reminded_days: Mapped[int | None]
    number: Mapped[int]


def add(change: Change, row: Base, *, event: Event) -> None:
    """Keep a new row, with what is recorded of it."""
    change.session.add(row)
    change.session.flush()
    change.tell(event)


def hubs(session: Session) -> list[Hub]:
    """Return every hub, by name."""
    return [_hub(row) for row in session.scalars(select(HubRow).order_by(HubRow.name))]


def hub(session: Session, hub_id: str) -> Hub:
    """Return one hub or raise ``NotFound``."""
    row = session.get(HubRow, hub_id)
    if row is None:
        raise NotFound("There is no such hub; look at the list of hubs.")
    return _hub(row)


def case_row(session: Session, case_id: str) -> CaseRow:
    """Return a case's row or raise ``NotFound``."""
    row = session.get(CaseRow, case_id)
    if row is None:
        raise NotFound(UNKNOWN_CASE)
    return row


def cases(session: Session, subject: Subject | None = None, body_id: str | None = None) -> list[CaseRow]:
    """Return cases, newest first: every one, or those of one body."""
    query = select(CaseRow).order_by(CaseRow.opened_at.desc(), CaseRow.case_id)
    if subject is not None:
        query = query.where(CaseRow.subject == subject.value)
    if body_id is not None:
        query = query.where(CaseRow.body_id == body_id)
    return list(session.scalars(query))


def evidence_row(session: Session, evidence_id: str) -> BodyEvidenceRow:
    """Return the row of one piece of evidence or raise ``NotFound``."""
    row = session.get(BodyEvidenceRow, evidence_id)
    if row is None:
        raise NotFound(UNKNOWN_EVIDENCE)
    return row


def evidence_rows(session: Session, case_id: str) -> list[BodyEvidenceRow]:
    """Return a case's evidence, oldest first."""
    query = select(BodyEvidenceRow).where(BodyEvidenceRow.case_id == case_id)
    return list(session.scalars(query.order_by(BodyEvidenceRow.number)))


def to_evidence(row: BodyEvidenceRow) -> Evidence:
    """Return a row as a plain value."""
    return Evidence(
        evidence_id=row.evidence_id,
        case_id=row.case_id,
        item=row.item,
        reference=row.reference,
        sha256=row.sha256,
        valid_until=row.valid_until,
        given_by=row.given_by,
        given_at=row.given_at,
        verified_by=row.verified_by,
        verified_at=row.verified_at,
        rejected=row.rejected,
    )


def to_case(session: Session, row: CaseRow) -> Case:
    """Return a row with its evidence as a plain value."""
    state = CaseState(row.state)
    return Case(
        case_id=row.case_id,
        subject=Subject(row.subject),
        body_id=row.body_id,
        checklist_version=row.checklist_version,
        checklist_sha256=row.checklist_sha256,
        state=state,
        state_since=row.state_since,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        reason=row.reason,
        recommended_by=row.recommended_by,
        confirmed_by=row.confirmed_by,
        until=row.until,
        deadline=CASE_STATES.deadline(state, row.state_since),
        evidence=tuple(to_evidence(each) for each in evidence_rows(session, row.case_id)),
    )


def _hub(row: HubRow) -> Hub:
    return Hub(
        hub_id=row.hub_id,
        name=row.name,
        address=row.address,
        registered_by=row.registered_by,
        registered_at=row.registered_at,
    )
