"""Tables of the audit log, its signed heads and the outbox."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from orchestrator.core.database import Base, Moment

__all__ = ["EntryRow", "HeadRow", "KeyRow", "NodeRow", "NoticeRow", "TreeRow"]


class EntryRow(Base):
    """One leaf of the log: canonical JSON and its RFC 9162 leaf hash. Written once."""

    __tablename__ = "audit_entry"

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[str] = mapped_column(Text)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))
    kind: Mapped[str] = mapped_column(String(80), index=True)
    subject: Mapped[str] = mapped_column(String(120), index=True)


class TreeRow(Base):
    """The log's frontier: one row, changed with each append."""

    __tablename__ = "audit_tree"
    __table_args__ = (CheckConstraint("number = 1", name="one_row"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    origin: Mapped[str] = mapped_column(String(80))
    size: Mapped[int]
    peaks: Mapped[bytes] = mapped_column(LargeBinary)


class NodeRow(Base):
    """The root of one complete tile of the tree, so that a proof reads few rows; it can be computed from the leaves."""

    __tablename__ = "audit_node"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class HeadRow(Base):
    """A signed head: who holds a copy can tell later whether the log was rewritten."""

    __tablename__ = "audit_head"

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    signed_at: Mapped[datetime] = mapped_column(Moment)
    signature: Mapped[str] = mapped_column(String(200))


class KeyRow(Base):
    """The public half of the record key, by Vault's key version, for whoever verifies."""

    __tablename__ = "audit_key"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public: Mapped[bytes] = mapped_column(LargeBinary(32))


class NoticeRow(Base):
    """One notice to one person, kept until it was delivered."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "sent_at", "due_at"),)

    notice_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(120))
    made_at: Mapped[datetime] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
