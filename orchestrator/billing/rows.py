"""Tables of published prices, waivers, quotes, orders, statements, invoices and budgets."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from orchestrator.core.database import Base, Moment

__all__ = ["BudgetRow", "InvoiceRow", "ListRow", "OrderRow", "QuoteRow", "StatementRow", "WaiverRow"]


class ListRow(Base):
    """One version of an issuer's prices. Written once."""

    __tablename__ = "billing_price_list"
    __table_args__ = (UniqueConstraint("issuer", "valid_from"),)

    list_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(16), index=True)
    series: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    published_by: Mapped[str] = mapped_column(String(16))
    published_at: Mapped[datetime] = mapped_column(Moment)
    gap_reason: Mapped[str] = mapped_column(Text, default="")


class WaiverRow(Base):
    """What an issuer lets off for one application."""

    __tablename__ = "billing_waiver"
    __table_args__ = (CheckConstraint("percent >= 1 AND percent <= 100", name="percent"),)

    waiver_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(16))
    application_id: Mapped[str] = mapped_column(String(16), index=True)
    organisation: Mapped[str] = mapped_column(Text)
    percent: Mapped[int]
    lines: Mapped[list[str]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    until: Mapped[date]
    granted_by: Mapped[str] = mapped_column(String(16))
    granted_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class QuoteRow(Base):
    """One quote; from the moment it is offered its document never changes. Who asks never offers."""

    __tablename__ = "billing_quote"
    __table_args__ = (
        CheckConstraint("offered_by IS NULL OR offered_by <> asked_by", name="offered_by_somebody_else"),
        Index("ix_billing_quote_state", "state", "state_since"),
    )

    quote_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(16), index=True)
    application_id: Mapped[str] = mapped_column(String(16), index=True)
    account_id: Mapped[str] = mapped_column(String(16), index=True)
    organisation: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[str] = mapped_column(String(40), default="", server_default="", index=True)
    list_id: Mapped[str] = mapped_column(ForeignKey("billing_price_list.list_id"))
    state: Mapped[str] = mapped_column(String(16))
    state_since: Mapped[datetime] = mapped_column(Moment)
    asked_by: Mapped[str] = mapped_column(String(16), index=True)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    offered_by: Mapped[str | None] = mapped_column(String(16))
    valid_until: Mapped[date | None]
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    reason: Mapped[str] = mapped_column(Text, default="")


class OrderRow(Base):
    """An accepted quote: at most one order for each."""

    __tablename__ = "billing_order"

    order_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    quote_id: Mapped[str] = mapped_column(ForeignKey("billing_quote.quote_id"), unique=True)
    issuer: Mapped[str] = mapped_column(String(16), index=True)
    application_id: Mapped[str] = mapped_column(String(16), index=True)
    account_id: Mapped[str] = mapped_column(String(16), index=True)
    state: Mapped[str] = mapped_column(String(16))
    ordered_by: Mapped[str] = mapped_column(String(16))
    ordered_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    bill_to: Mapped[str] = mapped_column(Text)
    purchase_reference: Mapped[str] = mapped_column(Text, default="")


class StatementRow(Base):
    """What one order's project used in one month. Written once."""

    __tablename__ = "billing_statement"
    __table_args__ = (UniqueConstraint("order_id", "month"),)

    statement_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("billing_order.order_id"), index=True)
    issuer: Mapped[str] = mapped_column(String(16))
    month: Mapped[str] = mapped_column(String(7))
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[datetime] = mapped_column(Moment)


class InvoiceRow(Base):
    """One invoice or credit, numbered without a gap for each issuer and kind; never deleted."""

    __tablename__ = "billing_invoice"
    __table_args__ = (
        UniqueConstraint("issuer", "kind", "number"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("(kind = 'credit') = (credits_id <> '')", name="credits_something"),
    )

    invoice_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(16), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    number: Mapped[int]
    order_id: Mapped[str] = mapped_column(ForeignKey("billing_order.order_id"), index=True)
    month: Mapped[str] = mapped_column(String(7), default="")
    credits_id: Mapped[str] = mapped_column(String(16), default="", index=True)
    state: Mapped[str] = mapped_column(String(16))
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    net: Mapped[int] = mapped_column(BigInteger)
    vat: Mapped[int] = mapped_column(BigInteger)
    issued_by: Mapped[str] = mapped_column(String(16))
    issued_at: Mapped[datetime] = mapped_column(Moment)
    due: Mapped[date]
    paid_at: Mapped[datetime | None] = mapped_column(Moment)
    payment_reference: Mapped[str] = mapped_column(Text, default="")


class BudgetRow(Base):
    """One version of a budget. Written once; the newest holds. It belongs to the first application of a project."""

    __tablename__ = "billing_budget"
    __table_args__ = (CheckConstraint("pence >= 0", name="pence"),)

    account_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    pence: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(Text)
    set_by: Mapped[str] = mapped_column(String(16))
    set_at: Mapped[datetime] = mapped_column(Moment)
