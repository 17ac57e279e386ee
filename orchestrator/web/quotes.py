"""Quotes, orders and invoices: what an application costs, from asking to paying; its budget."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.access.model import Application
from orchestrator.billing.documents import InvoiceKind, Quote, Spending
from orchestrator.billing.model import INFRASTRUCTURE
from orchestrator.billing.questions import questions, read_answers
from orchestrator.core.errors import Invalid, NotPossible, Refused
from orchestrator.core.money import Money

from .forms import Form, Posted
from .pages import page, see
from .prices import lines_of, read, sums_of
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

Month = Annotated[str, Path(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]


@router.get("/applications/{application_id}/costs")
def costs(request: Request, application_id: Id) -> Response:
    """Show what an application costs: its budget, its quotes, and the forms to ask for more."""
    return _costs(request, signed_in(request), application_id)


@router.post("/applications/{application_id}/quotes/{issuer}")
def ask(
    request: Request,
    application_id: Id,
    issuer: Annotated[str, Path(pattern=r"^([a-z][a-z2-7]{15}|infrastructure)$")],
    posted: Form,
) -> Response:
    """Ask one issuer for a quote."""
    visit = signed_in(request)
    billing = visit.house.billing
    held = billing.in_force(issuer)
    try:
        asked = questions([read(held)] if held is not None else [])
        answers = read_answers(asked, lambda name: posted.raw(name)[:200])
        identifier = posted.text("organisation_id", "the identifier", most=80, needed=False)
        quote = billing.ask_quote(visit.actor, application_id, issuer, answers=answers, organisation_id=identifier)
    except (Invalid, NotPossible) as wrong:
        problem = wrong if isinstance(wrong, Invalid) else Invalid(wrong.message, field="")
        return _costs(request, visit, application_id, posted=posted, problem=problem)
    return see(f"/quotes/{quote.quote_id}", "saved")


@router.post("/applications/{application_id}/budget")
def set_budget(request: Request, application_id: Id, posted: Form) -> Response:
    """Set the limit that holds for an application and its project."""
    visit = signed_in(request)
    try:
        limit = Money.of(posted.text("limit", "the limit", most=20), field="limit")
        reason = posted.text("reason", "the reason", most=1000, needed=False)
        visit.house.billing.set_budget(visit.actor, application_id, limit, reason)
    except (Invalid, NotPossible) as wrong:
        problem = wrong if isinstance(wrong, Invalid) else Invalid(wrong.message, field="limit")
        return _costs(request, visit, application_id, posted=posted, problem=problem)
    return see(f"/applications/{application_id}/costs", "changed")


@router.get("/quotes")
def quotes(request: Request) -> Response:
    """List the quotes and invoices this person may see."""
    visit = signed_in(request)
    billing = visit.house.billing
    return page(
        request,
        "quotes.html",
        title="Quotes and invoices",
        quotes=billing.quotes(visit.actor),
        invoices=billing.invoices(visit.actor),
    )


@router.get("/quotes/{quote_id}")
def quote(request: Request, quote_id: Id) -> Response:
    """Show a quote, and to whoever may act on it the next step."""
    return _quote(request, signed_in(request), quote_id)


@router.post("/quotes/{quote_id}/offer")
def offer(request: Request, quote_id: Id, posted: Form) -> Response:
    """Offer a quote with amounts for what the list leaves open."""
    visit = signed_in(request)
    try:
        found = visit.house.billing.quote(visit.actor, quote_id)
        currency = str(found.document["priced"]["currency"])  # type: ignore[index, call-overload]
        typed = {name: text for name, text in posted.values().items() if name.startswith("set-") and text.strip()}
        settled = {name[4:]: Money.of(text, currency, field=name) for name, text in typed.items()}
        visit.house.billing.offer_quote(
            visit.actor, quote_id, settled=settled, reason=posted.text("reason", "a word", most=1000, needed=False)
        )
    except (Invalid, NotPossible) as wrong:
        return _quote(request, visit, quote_id, posted=posted, problem=Invalid(wrong.message, field="reason"))
    return see(f"/quotes/{quote_id}", "saved")


@router.post("/quotes/{quote_id}/accept")
def accept(request: Request, quote_id: Id, posted: Form) -> Response:
    """Order at a quoted price."""
    visit = signed_in(request)
    try:
        visit.house.billing.accept_quote(
            visit.actor,
            quote_id,
            bill_to=posted.text("bill_to", "who is invoiced", most=1000),
            purchase_reference=posted.text("purchase_reference", "your order’s number", most=100, needed=False),
        )
    except (Invalid, NotPossible) as wrong:
        return _quote(request, visit, quote_id, posted=posted, problem=Invalid(wrong.message, field="bill_to"))
    return see(f"/quotes/{quote_id}", "ordered")


@router.post("/quotes/{quote_id}/decline")
def decline(request: Request, quote_id: Id, posted: Form) -> Response:
    """Decline a quote, or take back what was asked for."""
    visit = signed_in(request)
    visit.house.billing.decline_quote(visit.actor, quote_id, posted.text("reason", "a word", most=1000, needed=False))
    return see(f"/quotes/{quote_id}", "changed")


@router.post("/quotes/{quote_id}/withdraw")
def withdraw(request: Request, quote_id: Id, posted: Form) -> Response:
    """Take a quote back before it is ordered."""
    visit = signed_in(request)
    try:
        visit.house.billing.withdraw_quote(visit.actor, quote_id, posted.text("reason", "the reason", most=1000))
    except Invalid as wrong:
        return _quote(request, visit, quote_id, posted=posted, problem=wrong)
    return see(f"/quotes/{quote_id}", "withdrawn")


@router.post("/orders/{order_id}/invoices")
def issue(request: Request, order_id: Id, posted: Form) -> Response:
    """Invoice an order: once, or a month’s use."""
    visit = signed_in(request)
    billing = visit.house.billing
    month = posted.text("month", "the month", most=7, needed=False)
    try:
        if month:
            made = billing.invoice_month(visit.actor, order_id, month)
        else:
            made = billing.invoice_order(visit.actor, order_id)
    except (Invalid, NotPossible) as wrong:
        order = billing.order(visit.actor, order_id)
        problem = Invalid(wrong.message, field="month")
        return _quote(request, visit, order.quote_id, posted=posted, problem=problem)
    return see(f"/invoices/{made.invoice_id}", "saved")


@router.get("/orders/{order_id}/use/{month}")
def use(request: Request, order_id: Id, month: Month) -> Response:
    """Show what was used in a month until now, and what it costs."""
    visit = signed_in(request)
    document = visit.house.billing.so_far(visit.actor, order_id, month)
    order = visit.house.billing.order(visit.actor, order_id)
    priced = document["priced"]
    currency = str(priced["currency"])  # type: ignore[index, call-overload]
    return page(
        request,
        "fee_use.html",
        title=f"Use in {month}",
        order=order,
        month=month,
        usage=document["usage"],
        lines=lines_of(priced["lines"], currency),  # type: ignore[index, call-overload, arg-type]
        sums=sums_of(priced, currency),  # type: ignore[arg-type]
    )


@router.get("/invoices/{invoice_id}")
def invoice(request: Request, invoice_id: Id) -> Response:
    """Show an invoice or a credit, as it can be printed."""
    return _invoice(request, signed_in(request), invoice_id)


@router.post("/invoices/{invoice_id}/credit")
def credit(request: Request, invoice_id: Id, posted: Form) -> Response:
    """Credit all that is left of an invoice."""
    visit = signed_in(request)
    try:
        made = visit.house.billing.credit(
            visit.actor, invoice_id, reason=posted.text("reason", "the reason", most=1000)
        )
    except (Invalid, NotPossible) as wrong:
        return _invoice(request, visit, invoice_id, posted=posted, problem=Invalid(wrong.message, field="reason"))
    return see(f"/invoices/{made.invoice_id}", "saved")


@router.post("/invoices/{invoice_id}/paid")
def paid(request: Request, invoice_id: Id, posted: Form) -> Response:
    """Note that an invoice was paid."""
    visit = signed_in(request)
    try:
        visit.house.billing.record_payment(
            visit.actor, invoice_id, posted.text("reference", "where it is found in your books", most=200)
        )
    except (Invalid, NotPossible) as wrong:
        return _invoice(request, visit, invoice_id, posted=posted, problem=Invalid(wrong.message, field="reference"))
    return see(f"/invoices/{invoice_id}", "changed")


def _costs(
    request: Request,
    visit: Visit,
    application_id: str,
    *,
    posted: Posted | None = None,
    problem: Invalid | None = None,
) -> Response:
    house = visit.house
    application: Application = house.access.application(visit.actor, application_id)
    spending: Spending | None
    try:
        spending = house.billing.spending(visit.actor, application_id)
    except Refused:
        spending = None
    issuers = [*(part.custodian_id for part in application.parts), INFRASTRUCTURE]
    asking = []
    leads = house.billing.leads(visit.actor, application_id)
    if leads:
        for issuer in dict.fromkeys(issuers):
            held = house.billing.in_force(issuer)
            if held is not None:
                asking.append((issuer, house.billing.issuer_name(issuer), held, questions([read(held)])))
    return page(
        request,
        "fee_costs.html",
        title="Costs",
        application=application,
        spending=spending,
        quotes=house.billing.quotes(visit.actor, application_id=application_id),
        asking=asking,
        leads=leads,
        posted=posted,
        problem=problem,
    )


def _quote(
    request: Request, visit: Visit, quote_id: str, *, posted: Posted | None = None, problem: Invalid | None = None
) -> Response:
    billing = visit.house.billing
    found: Quote = billing.quote(visit.actor, quote_id)
    priced = found.document["priced"]
    currency = str(priced["currency"])  # type: ignore[index, call-overload]
    return page(
        request,
        "quote.html",
        title=f"Quote of {found.issuer_name}",
        quote=found,
        lines=lines_of(priced["lines"], currency),  # type: ignore[index, call-overload, arg-type]
        sums=sums_of(priced, currency),  # type: ignore[arg-type]
        assumed=priced["assumed"],  # type: ignore[index, call-overload]
        check=billing.check_quote(visit.actor, quote_id),
        issuer=_issues(visit, found.issuer),
        customer=visit.person.person_id == found.asked_by,
        invoices=billing.invoices(visit.actor, order_id=found.order_id) if found.order_id else [],
        statements=billing.statements(visit.actor, found.order_id) if found.order_id else [],
        month=f"{visit.house.record.clock():%Y-%m}",
        posted=posted,
        problem=problem,
    )


def _invoice(
    request: Request, visit: Visit, invoice_id: str, *, posted: Posted | None = None, problem: Invalid | None = None
) -> Response:
    found = visit.house.billing.invoice(visit.actor, invoice_id)
    document = found.document
    return page(
        request,
        "invoice.html",
        title=f"{'Invoice' if found.kind is InvoiceKind.INVOICE else 'Credit'} {found.label}",
        invoice=found,
        document=document,
        lines=lines_of(document["lines"], found.net.currency),  # type: ignore[arg-type]
        sums=sums_of(document, found.net.currency),
        issuer=_issues(visit, found.issuer),
        posted=posted,
        problem=problem,
    )


def _issues(visit: Visit, issuer: str) -> bool:
    return visit.is_operator if issuer == INFRASTRUCTURE else issuer in visit.actor.custodians
