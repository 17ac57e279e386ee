"""Quotes, orders, statements, invoices, credits, waivers and budgets, as plain values with their states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from orchestrator.core.events import Json
from orchestrator.core.money import Money

from .priced import Priced
from .states import INVOICE_STATES, ORDER_STATES, QUOTE_STATES, InvoiceState, OrderState, QuoteState

__all__ = [
    "INVOICE_STATES",
    "ORDER_STATES",
    "QUOTE_STATES",
    "Budget",
    "Estimate",
    "Invoice",
    "InvoiceKind",
    "InvoiceState",
    "Order",
    "OrderState",
    "PublishedList",
    "Quote",
    "QuoteState",
    "Spending",
    "Statement",
    "Waiver",
]


class InvoiceKind(StrEnum):
    """What is numbered: both kinds without a gap, each for itself and for each issuer."""

    INVOICE = "invoice"
    CREDIT = "credit"


@dataclass(frozen=True, kw_only=True)
class PublishedList:
    """One version of an issuer's prices, in force between two days; never changed, only followed by the next."""

    list_id: str
    issuer: str
    series: str
    title: str
    valid_from: date
    valid_until: date | None
    text: str
    sha256: str
    published_by: str
    published_at: datetime
    gap_reason: str = ""
    """Why no price holds between the list before and this one, where that is so."""


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """So many percent of an issuer's lines (of all, when none is named) are let off for one application."""

    waiver_id: str
    issuer: str
    application_id: str
    organisation: str
    percent: int
    lines: tuple[str, ...]
    reason: str
    until: date
    """Its last day."""
    granted_by: str
    granted_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What one issuer's list comes to; ``priced`` is none where it publishes no price for that day."""

    issuer: str
    issuer_name: str
    list_id: str
    priced: Priced | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A frozen price. ``document`` is everything it rests on, ``sha256`` its hash once it is offered."""

    quote_id: str
    issuer: str
    issuer_name: str
    application_id: str
    """What it is for; empty for a subscription, which is for an organisation."""
    account_id: str
    """The first application of the project, whose budget pays; as ``application_id`` where nothing came before."""
    organisation: str
    organisation_id: str
    """Its identifier in a public register, as ``ror:052gg0110``; empty where none was said."""
    list_id: str
    state: QuoteState
    state_since: datetime
    asked_by: str
    asked_at: datetime
    offered_by: str
    valid_until: date | None
    document: Mapping[str, Json]
    sha256: str
    reason: str = ""
    order_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Order:
    """A quote that was accepted: what is invoiced rests on it."""

    order_id: str
    quote_id: str
    issuer: str
    application_id: str
    account_id: str
    state: OrderState
    ordered_by: str
    ordered_at: datetime
    bill_to: str
    purchase_reference: str


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What was metered for an order in one month, and what it costs; written once, after the month."""

    statement_id: str
    order_id: str
    issuer: str
    month: str
    document: Mapping[str, Json]
    sha256: str
    issued_at: datetime


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """An invoice, or a credit of one; ``month`` is empty for what an order costs once."""

    invoice_id: str
    issuer: str
    kind: InvoiceKind
    number: int
    order_id: str
    month: str
    credits_id: str
    state: InvoiceState
    document: Mapping[str, Json]
    sha256: str
    net: Money
    vat: Money
    issued_by: str
    issued_at: datetime
    due: date
    paid_at: datetime | None = None
    payment_reference: str = ""

    @property
    def gross(self) -> Money:
        """What is to be paid, or given back."""
        return self.net + self.vat

    @property
    def label(self) -> str:
        """The number as it is written: gapless for each issuer and kind."""
        return f"{'INV' if self.kind is InvoiceKind.INVOICE else 'CRN'}-{self.number:06}"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What an application, and the project it becomes, may cost in all, VAT included. The newest version holds."""

    account_id: str
    version: int
    limit: Money
    reason: str
    set_by: str
    set_at: datetime


@dataclass(frozen=True, kw_only=True)
class Spending:
    """Where an application stands against its budget: ordered once, metered until now, less what was credited."""

    account_id: str
    limit: Money | None
    ordered: Money
    metered: Money
    credited: Money

    @property
    def spent(self) -> Money:
        """Everything that is owed, paid or not."""
        return self.ordered + self.metered - self.credited

    @property
    def left(self) -> Money | None:
        """What may still be spent; negative when the budget is overdrawn; none without a budget."""
        return None if self.limit is None else self.limit - self.spent
