"""The table of documents that were handed in, and its queries."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.events import Event

from .document import Document
from .model import Evidence, EvidenceState
from .store import EvidenceRow, to_evidence

__all__ = [
    "EvidenceDocumentRow",
    "add",
    "living_hashes",
    "living_ids",
    "number_waiting",
    "of_evidence",
    "to_document",
    "with_evidence",
]


class EvidenceDocumentRow(Base):
    """The one document of a piece; of one that was destroyed its hash stays, and no other takes its place."""

    __tablename__ = "evidence_document"

    document_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    evidence_id: Mapped[str] = mapped_column(ForeignKey("evidence.evidence_id"), unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    handed_in_by: Mapped[str] = mapped_column(String(16), index=True)
    handed_in_at: Mapped[datetime] = mapped_column(Moment)
    destroyed_at: Mapped[datetime | None] = mapped_column(Moment)
    destroyed_by: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text, default="")


def add(change: Change, row: EvidenceDocumentRow, *, event: Event) -> None:
    """Keep a new row with its event."""
    change.session.add(row)
    change.session.flush()
    change.tell(event)


def of_evidence(session: Session, evidence_id: str) -> EvidenceDocumentRow | None:
    """Return the document of a piece, destroyed or not."""
    return session.scalar(select(EvidenceDocumentRow).where(EvidenceDocumentRow.evidence_id == evidence_id))


def living_ids(session: Session) -> set[str]:
    """Return the identifier of every document that was not destroyed."""
    query = select(EvidenceDocumentRow.document_id).where(EvidenceDocumentRow.destroyed_at.is_(None))
    return set(session.scalars(query))


def living_hashes(session: Session) -> dict[str, str]:
    """Return the hash of every document that was not destroyed, by its identifier."""
    query = select(EvidenceDocumentRow.document_id, EvidenceDocumentRow.sha256)
    rows = session.execute(query.where(EvidenceDocumentRow.destroyed_at.is_(None)))
    return {row.document_id: row.sha256 for row in rows}


def with_evidence(session: Session) -> list[tuple[Document, Evidence]]:
    """Return every document that was not destroyed, with the piece that it belongs to."""
    query = (
        select(EvidenceDocumentRow, EvidenceRow)
        .join(EvidenceRow, EvidenceRow.evidence_id == EvidenceDocumentRow.evidence_id)
        .where(EvidenceDocumentRow.destroyed_at.is_(None))
        .order_by(EvidenceDocumentRow.document_id)
    )
    return [(to_document(document), to_evidence(evidence)) for document, evidence in session.execute(query)]


def number_waiting(session: Session, person_id: str) -> int:
    """Return how many documents a person handed in for pieces that wait to be verified."""
    query = (
        select(func.count())
        .select_from(EvidenceDocumentRow)
        .join(EvidenceRow, EvidenceRow.evidence_id == EvidenceDocumentRow.evidence_id)
        .where(
            EvidenceDocumentRow.handed_in_by == person_id,
            EvidenceDocumentRow.destroyed_at.is_(None),
            EvidenceRow.state == EvidenceState.WAITING.value,
        )
    )
    return session.scalar(query) or 0


def to_document(row: EvidenceDocumentRow) -> Document:
    """Return a row as a plain value."""
    return Document(**{each.name: getattr(row, each.name) for each in fields(Document)})
