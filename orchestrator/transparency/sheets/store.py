"""The table of issued sheets: written once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

__all__ = ["SheetRow", "add", "sheet_row", "sheets_of"]


class SheetRow(Base):
    """One issued sheet: canonical JSON, whose hash is in the audit log."""

    __tablename__ = "custodian_sheet"

    sheet_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    custodian_id: Mapped[str] = mapped_column(String(16), index=True)
    content: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    issued_by: Mapped[str] = mapped_column(String(16))
    issued_at: Mapped[datetime] = mapped_column(Moment)


def add(change: Change, row: SheetRow, *, event: Event) -> None:
    """Keep a sheet, with what is recorded of it."""
    change.session.add(row)
    change.session.flush()
    change.tell(event)


def sheet_row(session: Session, sheet_id: str) -> SheetRow:
    """Return one sheet or raise ``NotFound``."""
    row = session.get(SheetRow, sheet_id)
    if row is None:
        raise NotFound("There is no such sheet, or none that you may see.")
    return row


def sheets_of(session: Session, custodian_id: str) -> list[SheetRow]:
    """Return a custodian's sheets, newest first."""
    query = select(SheetRow).where(SheetRow.custodian_id == custodian_id)
    return list(session.scalars(query.order_by(SheetRow.issued_at.desc(), SheetRow.sheet_id)))
