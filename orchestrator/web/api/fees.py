"""Fees: price lists and estimates for everybody; quotes, orders, invoices and budgets for who is party to them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request

from orchestrator.billing.documents import Spending
from orchestrator.billing.priced import as_document
from orchestrator.core.money import Money

from .callers import Caller, Id, house_of
from .fee_shapes import (
    AcceptIn,
    AskIn,
    BudgetIn,
    CreditIn,
    EstimateIn,
    EstimateOut,
    InvoiceOut,
    IssueIn,
    OfferIn,
    OrderOut,
    PaidIn,
    PriceListOut,
    QuoteOut,
    SpendingOut,
    WaiverOut,
    WordIn,
)
from .shapes import Limit, Offset, Page, page_of

__all__ = ["router"]

router = APIRouter(tags=["fees"])

_Issuer = Annotated[str, Path(pattern=r"^([a-z][a-z2-7]{15}|infrastructure)$")]


@router.get("/price-lists")
def price_lists(request: Request, offset: Offset = 0, limit: Limit = 50) -> Page[PriceListOut]:
    """List every price list that was published."""
    return page_of(PriceListOut, house_of(request).billing.published(), offset, limit)


@router.get("/price-lists/{list_id}")
def price_list(request: Request, list_id: Id) -> PriceListOut:
    """Give one published price list."""
    return PriceListOut.model_validate(house_of(request).billing.price_list(list_id)[0])


@router.post("/estimates")
def estimate(request: Request, body: EstimateIn) -> list[EstimateOut]:
    """Price datasets by the lists in force; nothing is kept."""
    found = house_of(request).billing.estimate(
        body.datasets,
        start=body.start,
        last=body.last,
        answers={name: tuple(value) if isinstance(value, list) else value for name, value in body.answers.items()},
        periods=body.periods,
    )
    return [
        EstimateOut(
            issuer=each.issuer,
            issuer_name=each.issuer_name,
            list_id=each.list_id,
            note=each.note,
            priced=as_document(each.priced) if each.priced else None,
        )
        for each in found
    ]


@router.get("/fee-waivers")
def waivers(request: Request, offset: Offset = 0, limit: Limit = 50) -> Page[WaiverOut]:
    """Give the public register of waivers."""
    return page_of(WaiverOut, [each for _, each in house_of(request).billing.waivers()], offset, limit)


@router.get("/quotes")
def quotes(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[QuoteOut]:
    """List the quotes the caller is party to."""
    return page_of(QuoteOut, caller.house.billing.quotes(caller.actor), offset, limit)


@router.get("/quotes/{quote_id}")
def quote(caller: Caller, quote_id: Id) -> QuoteOut:
    """Give one quote."""
    return QuoteOut.model_validate(caller.house.billing.quote(caller.actor, quote_id))


@router.post("/applications/{application_id}/quotes/{issuer}", status_code=201)
def ask(caller: Caller, application_id: Id, issuer: _Issuer, body: AskIn) -> QuoteOut:
    """Ask an issuer for a quote."""
    answers = {name: tuple(value) if isinstance(value, list) else value for name, value in body.answers.items()}
    made = caller.house.billing.ask_quote(
        caller.actor,
        application_id,
        issuer,
        answers=answers,
        periods=body.periods,
        organisation_id=body.organisation_id,
    )
    return QuoteOut.model_validate(made)


@router.post("/quotes/{quote_id}/offer")
def offer(caller: Caller, quote_id: Id, body: OfferIn) -> QuoteOut:
    """Offer a quote, with amounts for what its list leaves open."""
    billing = caller.house.billing
    currency = billing.quote(caller.actor, quote_id).document["priced"]["currency"]
    settled = {name: Money(pence, currency) for name, pence in body.settled.items()}
    return QuoteOut.model_validate(billing.offer_quote(caller.actor, quote_id, settled=settled, reason=body.reason))


@router.post("/quotes/{quote_id}/accept", status_code=201)
def accept(caller: Caller, quote_id: Id, body: AcceptIn) -> OrderOut:
    """Order at a quoted price."""
    made = caller.house.billing.accept_quote(
        caller.actor, quote_id, bill_to=body.bill_to, purchase_reference=body.purchase_reference
    )
    return OrderOut.model_validate(made)


@router.post("/quotes/{quote_id}/decline")
def decline(caller: Caller, quote_id: Id, body: WordIn) -> QuoteOut:
    """Decline a quote, or take back what was asked for."""
    return QuoteOut.model_validate(caller.house.billing.decline_quote(caller.actor, quote_id, body.reason))


@router.post("/quotes/{quote_id}/withdraw")
def withdraw(caller: Caller, quote_id: Id, body: WordIn) -> QuoteOut:
    """Take back a quote of one's own before it is ordered."""
    return QuoteOut.model_validate(caller.house.billing.withdraw_quote(caller.actor, quote_id, body.reason))


@router.post("/orders/{order_id}/close")
def close(caller: Caller, order_id: Id) -> OrderOut:
    """End what an order meters."""
    return OrderOut.model_validate(caller.house.billing.close_order(caller.actor, order_id))


@router.post("/orders/{order_id}/invoices", status_code=201)
def issue(caller: Caller, order_id: Id, body: IssueIn) -> InvoiceOut:
    """Invoice an order: once, or a month's use."""
    billing = caller.house.billing
    if body.month:
        return InvoiceOut.model_validate(billing.invoice_month(caller.actor, order_id, body.month))
    return InvoiceOut.model_validate(billing.invoice_order(caller.actor, order_id))


@router.get("/invoices")
def invoices(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[InvoiceOut]:
    """List the invoices and credits the caller is party to."""
    return page_of(InvoiceOut, caller.house.billing.invoices(caller.actor), offset, limit)


@router.get("/invoices/{invoice_id}")
def invoice(caller: Caller, invoice_id: Id) -> InvoiceOut:
    """Give one invoice or credit."""
    return InvoiceOut.model_validate(caller.house.billing.invoice(caller.actor, invoice_id))


@router.post("/invoices/{invoice_id}/credits", status_code=201)
def credit(caller: Caller, invoice_id: Id, body: CreditIn) -> InvoiceOut:
    """Credit an invoice: all that is left, or some of its lines."""
    billing = caller.house.billing
    currency = billing.invoice(caller.actor, invoice_id).net.currency
    amounts = None if body.lines is None else {name: Money(pence, currency) for name, pence in body.lines.items()}
    made = billing.credit(caller.actor, invoice_id, reason=body.reason, amounts=amounts)
    return InvoiceOut.model_validate(made)


@router.post("/invoices/{invoice_id}/payment")
def paid(caller: Caller, invoice_id: Id, body: PaidIn) -> InvoiceOut:
    """Note that an invoice was paid."""
    return InvoiceOut.model_validate(caller.house.billing.record_payment(caller.actor, invoice_id, body.reference))


@router.get("/applications/{application_id}/spending")
def spending(caller: Caller, application_id: Id) -> SpendingOut:
    """Give where an application stands against its budget."""
    return _spending(caller.house.billing.spending(caller.actor, application_id))


@router.put("/applications/{application_id}/budget")
def set_budget(caller: Caller, application_id: Id, body: BudgetIn) -> SpendingOut:
    """Set what an application and its project may cost."""
    billing = caller.house.billing
    billing.set_budget(caller.actor, application_id, Money(body.pence, body.currency), body.reason)
    return _spending(billing.spending(caller.actor, application_id))


def _spending(found: Spending) -> SpendingOut:
    return SpendingOut(
        limit=found.limit.pence if found.limit is not None else None,
        ordered=found.ordered.pence,
        metered=found.metered.pence,
        credited=found.credited.pence,
        spent=found.spent.pence,
        left=found.left.pence if found.left is not None else None,
        currency=found.ordered.currency,
    )
