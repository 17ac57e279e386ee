"""Rows to plain values and back, and the queries over them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.database import Base
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event
from orchestrator.core.money import Money

from .documents import (
    Budget,
    Invoice,
    InvoiceKind,
    InvoiceState,
    Order,
    OrderState,
    PublishedList,
    Quote,
    QuoteState,
    Statement,
    Waiver,
)
from .rows import BudgetRow, InvoiceRow, ListRow, OrderRow, QuoteRow, StatementRow, WaiverRow

__all__ = [
    "UNKNOWN",
    "add",
    "budget",
    "in_force",
    "invoice_row",
    "invoices",
    "list_row",
    "lists",
    "next_number",
    "order_row",
    "orders",
    "quote_row",
    "quotes",
    "statement",
    "statements",
    "to_budget",
    "to_invoice",
    "to_list",
    "to_order",
    "to_quote",
    "to_statement",
    "to_waiver",
    "waiver_row",
    "waivers",
]

UNKNOWN = "There is no such quote, order or invoice, or none that you may see."


def add(change: Change, row: Base, *, event: Event) -> None:
    """Keep a new row with its event."""
    change.session.add(row)
    change.session.flush()
    change.tell(event)


def list_row(session: Session, list_id: str) -> ListRow:
    """Return one price list; raise ``NotFound`` when there is none."""
    row = session.get(ListRow, list_id)
    if row is None:
        raise NotFound("There is no such price list; look at the prices that are published.")
    return row


def lists(session: Session, issuer: str | None = None) -> list[ListRow]:
    """Return published lists, of one issuer or of all, the newest first."""
    query = select(ListRow).order_by(ListRow.issuer, ListRow.valid_from.desc())
    if issuer is not None:
        query = query.where(ListRow.issuer == issuer)
    return list(session.scalars(query))


def in_force(session: Session, issuer: str, day: date) -> ListRow | None:
    """Return the list that holds on a day: the newest that has begun, unless it has ended."""
    query = (
        select(ListRow)
        .where(ListRow.issuer == issuer, ListRow.valid_from <= day)
        .order_by(ListRow.valid_from.desc())
        .limit(1)
    )
    row = session.scalar(query)
    return None if row is None or (row.valid_until is not None and row.valid_until < day) else row


def waiver_row(session: Session, waiver_id: str) -> WaiverRow:
    """Return one waiver."""
    row = session.get(WaiverRow, waiver_id)
    if row is None:
        raise NotFound("There is no such waiver; look at the register of waivers.")
    return row


def waivers(
    session: Session, *, issuer: str | None = None, application_id: str | None = None, on: date | None = None
) -> list[WaiverRow]:
    """Return waivers, the newest first; with ``on`` those that hold that day."""
    query = select(WaiverRow).order_by(WaiverRow.granted_at.desc(), WaiverRow.waiver_id)
    if issuer is not None:
        query = query.where(WaiverRow.issuer == issuer)
    if application_id is not None:
        query = query.where(WaiverRow.application_id == application_id)
    if on is not None:
        query = query.where(WaiverRow.until >= on, WaiverRow.ended_at.is_(None))
    return list(session.scalars(query))


def quote_row(session: Session, quote_id: str) -> QuoteRow:
    """Return one quote."""
    row = session.get(QuoteRow, quote_id)
    if row is None:
        raise NotFound(UNKNOWN)
    return row


def quotes(session: Session) -> list[QuoteRow]:
    """Return every quote, the newest first."""
    return list(session.scalars(select(QuoteRow).order_by(QuoteRow.asked_at.desc(), QuoteRow.quote_id)))


def order_row(session: Session, order_id: str) -> OrderRow:
    """Return one order."""
    row = session.get(OrderRow, order_id)
    if row is None:
        raise NotFound(UNKNOWN)
    return row


def orders(session: Session, *, account_id: str | None = None) -> list[OrderRow]:
    """Return orders, the newest first."""
    query = select(OrderRow).order_by(OrderRow.ordered_at.desc(), OrderRow.order_id)
    if account_id is not None:
        query = query.where(OrderRow.account_id == account_id)
    return list(session.scalars(query))


def statement(session: Session, order_id: str, month: str) -> StatementRow | None:
    """Return the statement of one month."""
    return session.scalar(select(StatementRow).where(StatementRow.order_id == order_id, StatementRow.month == month))


def statements(session: Session, order_id: str) -> list[StatementRow]:
    """Return every statement of an order, by month."""
    query = select(StatementRow).where(StatementRow.order_id == order_id).order_by(StatementRow.month)
    return list(session.scalars(query))


def invoice_row(session: Session, invoice_id: str) -> InvoiceRow:
    """Return one invoice or credit."""
    row = session.get(InvoiceRow, invoice_id)
    if row is None:
        raise NotFound(UNKNOWN)
    return row


def invoices(session: Session, *, order_id: str | None = None, credits_id: str | None = None) -> list[InvoiceRow]:
    """Return invoices and credits, the newest first."""
    query = select(InvoiceRow).order_by(InvoiceRow.issued_at.desc(), InvoiceRow.number.desc())
    if order_id is not None:
        query = query.where(InvoiceRow.order_id == order_id)
    if credits_id is not None:
        query = query.where(InvoiceRow.credits_id == credits_id)
    return list(session.scalars(query))


def next_number(session: Session, issuer: str, kind: InvoiceKind) -> int:
    """Return the number after the last one of this issuer and kind.

    Changes are serialised and roll back whole, so no number is taken twice and none is left out.
    """
    query = select(func.max(InvoiceRow.number)).where(InvoiceRow.issuer == issuer, InvoiceRow.kind == kind.value)
    return (session.scalar(query) or 0) + 1


def budget(session: Session, account_id: str) -> BudgetRow | None:
    """Return the budget that holds."""
    query = select(BudgetRow).where(BudgetRow.account_id == account_id).order_by(BudgetRow.version.desc()).limit(1)
    return session.scalar(query)


def to_list(row: ListRow) -> PublishedList:
    """Return a row as a plain value."""
    return PublishedList(
        list_id=row.list_id,
        issuer=row.issuer,
        series=row.series,
        title=row.title,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        text=row.text,
        sha256=row.sha256,
        published_by=row.published_by,
        published_at=row.published_at,
        gap_reason=row.gap_reason,
    )


def to_waiver(row: WaiverRow) -> Waiver:
    """Return a row as a plain value."""
    return Waiver(
        waiver_id=row.waiver_id,
        issuer=row.issuer,
        application_id=row.application_id,
        organisation=row.organisation,
        percent=row.percent,
        lines=tuple(row.lines),
        reason=row.reason,
        until=row.until,
        granted_by=row.granted_by,
        granted_at=row.granted_at,
        ended_at=row.ended_at,
    )


def to_quote(session: Session, row: QuoteRow, *, issuer_name: str) -> Quote:
    """Return a row as a plain value."""
    order_id = session.scalar(select(OrderRow.order_id).where(OrderRow.quote_id == row.quote_id))
    return Quote(
        quote_id=row.quote_id,
        issuer=row.issuer,
        issuer_name=issuer_name,
        application_id=row.application_id,
        account_id=row.account_id,
        organisation=row.organisation,
        organisation_id=row.organisation_id,
        list_id=row.list_id,
        state=QuoteState(row.state),
        state_since=row.state_since,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        offered_by=row.offered_by or "",
        valid_until=row.valid_until,
        document=row.document,
        sha256=row.sha256,
        reason=row.reason,
        order_id=order_id or "",
    )


def to_order(row: OrderRow) -> Order:
    """Return a row as a plain value."""
    return Order(
        order_id=row.order_id,
        quote_id=row.quote_id,
        issuer=row.issuer,
        application_id=row.application_id,
        account_id=row.account_id,
        state=OrderState(row.state),
        ordered_by=row.ordered_by,
        ordered_at=row.ordered_at,
        bill_to=row.bill_to,
        purchase_reference=row.purchase_reference,
    )


def to_statement(row: StatementRow) -> Statement:
    """Return a row as a plain value."""
    return Statement(
        statement_id=row.statement_id,
        order_id=row.order_id,
        issuer=row.issuer,
        month=row.month,
        document=row.document,
        sha256=row.sha256,
        issued_at=row.issued_at,
    )


def to_invoice(row: InvoiceRow) -> Invoice:
    """Return a row as a plain value."""
    paid_at: datetime | None = row.paid_at
    return Invoice(
        invoice_id=row.invoice_id,
        issuer=row.issuer,
        kind=InvoiceKind(row.kind),
        number=row.number,
        order_id=row.order_id,
        month=row.month,
        credits_id=row.credits_id,
        state=InvoiceState(row.state),
        document=row.document,
        sha256=row.sha256,
        net=Money(row.net, row.currency),
        vat=Money(row.vat, row.currency),
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        due=row.due,
        paid_at=paid_at,
        payment_reference=row.payment_reference,
    )


def to_budget(row: BudgetRow) -> Budget:
    """Return a row as a plain value."""
    return Budget(
        account_id=row.account_id,
        version=row.version,
        limit=Money(row.pence, row.currency),
        reason=row.reason,
        set_by=row.set_by,
        set_at=row.set_at,
    )
