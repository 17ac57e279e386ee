"""States of quotes, orders and invoices: who takes which step, and who is waited for."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = ["INVOICE_STATES", "ORDER_STATES", "QUOTE_STATES", "InvoiceState", "OrderState", "QuoteState"]


class QuoteState(StrEnum):
    """Where a quote stands."""

    ASKED = "asked"
    OFFERED = "offered"
    ORDERED = "ordered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class OrderState(StrEnum):
    """Whether what an order meters goes on."""

    OPEN = "open"
    CLOSED = "closed"


class InvoiceState(StrEnum):
    """Whether an invoice was paid; credits are documents of their own."""

    ISSUED = "issued"
    PAID = "paid"


QUOTE_STATES = StateTable(
    noun="quote",
    start=QuoteState.ASKED,
    steps=(
        Step(action="offer", source=QuoteState.ASKED, target=QuoteState.OFFERED, by="issuer"),
        Step(action="withdraw", source=QuoteState.ASKED, target=QuoteState.WITHDRAWN, by="issuer"),
        Step(action="withdraw", source=QuoteState.OFFERED, target=QuoteState.WITHDRAWN, by="issuer"),
        Step(action="decline", source=QuoteState.ASKED, target=QuoteState.DECLINED, by="customer"),
        Step(action="decline", source=QuoteState.OFFERED, target=QuoteState.DECLINED, by="customer"),
        Step(action="accept", source=QuoteState.OFFERED, target=QuoteState.ORDERED, by="customer"),
        Step(action="lapse", source=QuoteState.OFFERED, target=QuoteState.LAPSED, by="system"),
    ),
    waiting={
        QuoteState.ASKED: Waiting(owner="issuer", days=10, then="the issuer's people are reminded"),
        QuoteState.OFFERED: Waiting(owner="customer", days=30, then="it lapses on the day written on it"),
    },
)

ORDER_STATES = StateTable(
    noun="order",
    start=OrderState.OPEN,
    steps=(Step(action="close", source=OrderState.OPEN, target=OrderState.CLOSED, by="issuer"),),
    lasting={OrderState.OPEN: "its issuer closes it"},
)

INVOICE_STATES = StateTable(
    noun="invoice",
    start=InvoiceState.ISSUED,
    steps=(Step(action="pay", source=InvoiceState.ISSUED, target=InvoiceState.PAID, by="issuer"),),
    waiting={InvoiceState.ISSUED: Waiting(owner="customer", days=30, then="the issuer's people are reminded")},
)
