"""Documents of fees: price lists, estimates, quotes, orders, invoices, budgets. Amounts are whole pence."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StrictInt, StrictStr

from .shapes import Identifier, In, Line, Out, Perhaps, Words

__all__ = [
    "AcceptIn",
    "AskIn",
    "BudgetIn",
    "CreditIn",
    "EstimateIn",
    "EstimateOut",
    "InvoiceOut",
    "IssueIn",
    "OfferIn",
    "OrderOut",
    "PaidIn",
    "PriceListOut",
    "QuoteOut",
    "SpendingOut",
    "WaiverOut",
    "WordIn",
]

_Word = Annotated[StrictStr, Field(max_length=200)]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
_Answer = StrictInt | _Word | Annotated[list[_Word], Field(max_length=20)] | None
_Answers = Annotated[dict[_Name, _Answer], Field(max_length=100)]
_Periods = Annotated[dict[Identifier, Annotated[int, Field(ge=1, le=200)]], Field(max_length=100)]
_Pence = Annotated[int, Field(ge=0, le=10**11)]


class EstimateIn(In):
    """What is to be estimated. An answer of null is not known yet; what is missing is assumed, and told."""

    datasets: Annotated[list[Identifier], Field(min_length=1, max_length=50)]
    start: date
    last: date
    answers: _Answers
    periods: _Periods = Field(default_factory=dict)


class AskIn(In):
    """What a quote is asked for."""

    answers: _Answers
    periods: _Periods = Field(default_factory=dict)
    organisation_id: Annotated[str, Field(max_length=80)] = ""


class OfferIn(In):
    """Amounts in pence for what the list leaves open; for what is metered, that of one unit."""

    settled: Annotated[dict[_Name, _Pence], Field(max_length=100)] = Field(default_factory=dict)
    reason: Perhaps = ""


class AcceptIn(In):
    """Who is invoiced."""

    bill_to: Words
    purchase_reference: Annotated[Perhaps, Field(max_length=100)] = ""


class WordIn(In):
    """A word with what is done."""

    reason: Perhaps = ""


class IssueIn(In):
    """What is invoiced: a month's use, or without one what is charged once."""

    month: Annotated[str, Field(pattern=r"^([0-9]{4}-(0[1-9]|1[0-2]))?$")] = ""


class CreditIn(In):
    """What is credited: amounts in pence without VAT by line, or all that is left."""

    reason: Words
    lines: Annotated[dict[_Name, _Pence], Field(max_length=100)] | None = None


class PaidIn(In):
    """Where a payment is found in the issuer's books."""

    reference: Line


class BudgetIn(In):
    """A limit in pence, VAT included."""

    pence: _Pence
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "GBP"
    reason: Perhaps = ""


class PriceListOut(Out):
    """A published price list; ``text`` is as its issuer wrote it."""

    list_id: str
    issuer: str
    series: str
    title: str
    valid_from: date
    valid_until: date | None
    sha256: str
    published_at: datetime
    text: str


class EstimateOut(Out):
    """One issuer's part; ``priced`` holds its lines, or null where it publishes no price for that day."""

    issuer: str
    issuer_name: str
    list_id: str
    note: str
    priced: dict[str, Any] | None


class WaiverOut(Out):
    """What an issuer let off."""

    waiver_id: str
    issuer: str
    organisation: str
    percent: int
    lines: list[str]
    reason: str
    until: date
    granted_at: datetime
    ended_at: datetime | None


class QuoteOut(Out):
    """A quote with everything it rests on."""

    quote_id: str
    issuer: str
    issuer_name: str
    application_id: str
    organisation: str
    organisation_id: str
    list_id: str
    state: str
    asked_at: datetime
    valid_until: date | None
    document: dict[str, Any]
    sha256: str
    reason: str
    order_id: str


class OrderOut(Out):
    """An accepted quote."""

    order_id: str
    quote_id: str
    issuer: str
    application_id: str
    state: str
    ordered_at: datetime
    bill_to: str
    purchase_reference: str


class InvoiceOut(Out):
    """An invoice, or a credit of one."""

    invoice_id: str
    issuer: str
    kind: str
    label: str
    order_id: str
    month: str
    credits_id: str
    state: str
    document: dict[str, Any]
    sha256: str
    issued_at: datetime
    due: date
    paid_at: datetime | None


class SpendingOut(Out):
    """Where an application stands against its budget, in pence."""

    limit: int | None
    ordered: int
    metered: int
    credited: int
    spent: int
    left: int | None
    currency: str
