"""Table and queries of accepted visas."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .model import AcceptedVisa

__all__ = ["UNKNOWN", "by_token", "put", "visa", "visas"]

UNKNOWN = "There is no such visa, or none that you may see."


class VisaRow(Base):
    """One visa that was taken for a person: what it said and its hash, never the token, which others could use."""

    __tablename__ = "identity_visa"

    visa_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("identity_person.person_id"), index=True)
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(100))
    value: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(10))
    asserted: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    accepted_at: Mapped[datetime] = mapped_column(Moment)
    accreditation_id: Mapped[str | None] = mapped_column(String(16))
    ended_by: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


def put(change: Change, accepted: AcceptedVisa, *, event: Event) -> AcceptedVisa:
    """Keep a visa as it is now, new or ended."""
    change.session.merge(VisaRow(**vars(accepted)))
    change.session.flush()
    change.tell(event)
    return accepted


def visa(session: Session, visa_id: str) -> AcceptedVisa:
    """Return one accepted visa or raise ``NotFound``."""
    row = session.get(VisaRow, visa_id)
    if row is None:
        raise NotFound(UNKNOWN)
    return _accepted(row)


def visas(session: Session, person_id: str) -> list[AcceptedVisa]:
    """Return what was accepted for a person, newest first."""
    query = select(VisaRow).where(VisaRow.person_id == person_id)
    return [_accepted(row) for row in session.scalars(query.order_by(VisaRow.accepted_at.desc(), VisaRow.visa_id))]


def by_token(session: Session, token_sha256: str) -> AcceptedVisa | None:
    """Return what was accepted by this very token."""
    row = session.scalar(select(VisaRow).where(VisaRow.token_sha256 == token_sha256))
    return None if row is None else _accepted(row)


def _accepted(row: VisaRow) -> AcceptedVisa:
    return AcceptedVisa(**{each.name: getattr(row, each.name) for each in fields(AcceptedVisa)})
