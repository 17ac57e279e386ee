"""Tables of the release ledger."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from orchestrator.core.database import Base, Moment

__all__ = ["LedgerDatasetRow", "LedgerTableRow"]


class LedgerTableRow(Base):
    """One table of one submission as facts: kept at the scan, counted as known outside from ``released_at`` on.

    A recall sets ``recalled_at`` and nothing else: what was outside once stays known.
    """

    __tablename__ = "airlock_ledger_table"
    __table_args__ = (
        UniqueConstraint("submission_id", "position"),
        Index("ix_airlock_ledger_table_project", "project_id", "released_at"),
    )

    ledger_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), index=True)
    project_id: Mapped[str] = mapped_column(String(16))
    position: Mapped[int]
    file: Mapped[str] = mapped_column(String(300))
    document: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    kept_at: Mapped[datetime] = mapped_column(Moment)
    released_at: Mapped[datetime | None] = mapped_column(Moment)
    recalled_at: Mapped[datetime | None] = mapped_column(Moment)


class LedgerDatasetRow(Base):
    """A version of a dataset that a submission's tables were made from."""

    __tablename__ = "airlock_ledger_dataset"
    __table_args__ = (Index("ix_airlock_ledger_dataset_dataset", "dataset_id"),)

    submission_id: Mapped[str] = mapped_column(ForeignKey("airlock_submission.submission_id"), primary_key=True)
    version_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    dataset_id: Mapped[str] = mapped_column(String(16))
