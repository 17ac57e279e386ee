"""Asking the hub: a question in plain words, with an account or without; the hub's answers and offers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.access.enquiries.model import ENQUIRY_STATES, Enquiry, EnquiryState, OfferKind
from orchestrator.core.errors import Invalid, NotFound
from orchestrator.core.ids import check_id

from .forms import Form, Posted
from .pages import page, see
from .public import Id
from .visits import Visit, house_of, signed_in, visitor

__all__ = ["router"]

router = APIRouter()

Secret = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{20,80}$")]
"""The secret part of the address of an enquiry that was asked without an account."""


@router.get("/enquiries")
def enquiries(request: Request, offer: str = "") -> Response:
    """Offer the form to everybody; list to a signed-in person the enquiries he may see."""
    return _list(request, values={"offer": offer[:16]})


@router.post("/enquiries")
def ask(request: Request, posted: Form) -> Response:
    """Ask; somebody without an account is led to a page of his own."""
    house, visit = house_of(request), visitor(request)
    try:
        question = posted.text("question", "your question")
        organisation = posted.text("organisation", "the organisation", most=200, needed=False)
        offer_id = _offer(posted)
        if visit is not None:
            made = house.enquiries.ask(visit.actor, question, organisation=organisation, offer_id=offer_id)
            return see(f"/enquiries/{made.enquiry_id}", "asked")
        asked = house.enquiries.ask_without_account(question, organisation=organisation, offer_id=offer_id)
    except (Invalid, NotFound) as problem:
        wrong = problem if isinstance(problem, Invalid) else Invalid(problem.message, field="offer")
        return _list(request, values=posted.values(), problem=wrong)
    return see(f"/asked/{asked.secret}", "asked")


@router.get("/enquiries/{enquiry_id}")
def enquiry(request: Request, enquiry_id: Id) -> Response:
    """Show an enquiry to whoever asked it, and to the hub."""
    return _show(request, signed_in(request), enquiry_id)


@router.post("/enquiries/{enquiry_id}/more")
def say_more(request: Request, enquiry_id: Id, posted: Form) -> Response:
    """Say more in an enquiry of one's own."""
    visit = signed_in(request)
    try:
        visit.house.enquiries.ask_again(visit.actor, enquiry_id, posted.text("text", "what you want to say"))
    except Invalid as problem:
        return _show(request, visit, enquiry_id, posted, problem)
    return see(f"/enquiries/{enquiry_id}", "saved")


@router.post("/enquiries/{enquiry_id}/answer")
def answer(request: Request, enquiry_id: Id, posted: Form) -> Response:
    """Answer for the hub; with “arranged” ticked, a requested service is arranged by it."""
    visit = signed_in(request)
    act = visit.house.enquiries.arrange if posted.raw("arranged") == "yes" else visit.house.enquiries.answer
    try:
        act(visit.actor, enquiry_id, posted.text("text", "the answer"))
    except Invalid as problem:
        return _show(request, visit, enquiry_id, posted, problem)
    return see(f"/enquiries/{enquiry_id}", "answered")


@router.post("/enquiries/{enquiry_id}/suggest")
def suggest(request: Request, enquiry_id: Id, posted: Form) -> Response:
    """Put a dataset before the enquirer."""
    visit = signed_in(request)
    try:
        dataset_id = check_id(posted.text("dataset", "a dataset", most=16), field="dataset")
        visit.house.enquiries.suggest(visit.actor, enquiry_id, dataset_id, posted.text("reason", "why it may help"))
    except Invalid as problem:
        return _show(request, visit, enquiry_id, posted, problem)
    return see(f"/enquiries/{enquiry_id}", "added")


@router.post("/enquiries/{enquiry_id}/take")
def take(request: Request, enquiry_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Become the colleague who answers."""
    visit = signed_in(request)
    visit.house.enquiries.take(visit.actor, enquiry_id)
    return see(f"/enquiries/{enquiry_id}", "changed")


@router.post("/enquiries/{enquiry_id}/pass")
def pass_on(request: Request, enquiry_id: Id, posted: Form) -> Response:
    """Give an enquiry to a colleague."""
    visit = signed_in(request)
    colleague = check_id(posted.text("person", "a colleague", most=16), field="person")
    visit.house.enquiries.pass_on(visit.actor, enquiry_id, colleague)
    return see(f"/enquiries/{enquiry_id}", "changed")


@router.post("/enquiries/{enquiry_id}/wish")
def wish(request: Request, enquiry_id: Id, posted: Form) -> Response:
    """Note data that do not exist here, for custodians to read."""
    visit = signed_in(request)
    try:
        visit.house.enquiries.wish(visit.actor, enquiry_id, posted.text("topic", "what is missing", most=120))
    except Invalid as problem:
        return _show(request, visit, enquiry_id, posted, problem)
    return see(f"/enquiries/{enquiry_id}", "saved")


@router.post("/enquiries/{enquiry_id}/apply")
def apply(request: Request, enquiry_id: Id, posted: Form) -> Response:
    """Make a drafted application of an enquiry and lead to it."""
    visit = signed_in(request)
    try:
        chosen = [check_id(each, field="datasets") for each in posted.many("datasets")]
        made = visit.house.enquiries.apply(visit.actor, enquiry_id, chosen)
    except Invalid as problem:
        return _show(request, visit, enquiry_id, posted, problem)
    return see(f"/applications/{made.application_id}/edit", "drafted")


@router.post("/enquiries/{enquiry_id}/close")
def close(request: Request, enquiry_id: Id, posted: Form) -> Response:
    """End an enquiry."""
    visit = signed_in(request)
    try:
        visit.house.enquiries.close(visit.actor, enquiry_id, posted.text("reason", "a reason", needed=False))
    except Invalid as problem:
        return _show(request, visit, enquiry_id, posted, problem)
    return see(f"/enquiries/{enquiry_id}", "closed")


# ---- without an account -----------------------------------------------------------------------------------------


@router.get("/asked/{secret}")
def asked(request: Request, secret: Secret) -> Response:
    """Show an enquiry at its secret address."""
    return _strangers(request, secret)


@router.post("/asked/{secret}/more")
def say_more_without_account(request: Request, secret: Secret, posted: Form) -> Response:
    """Say more at a secret address."""
    try:
        text = posted.text("text", "what you want to say")
        house_of(request).enquiries.ask_again_without_account(secret, text)
    except Invalid as problem:
        return _strangers(request, secret, posted, problem)
    return see(f"/asked/{secret}", "saved")


@router.post("/asked/{secret}/close")
def close_without_account(request: Request, secret: Secret, posted: Form) -> Response:  # noqa: ARG001
    """End an enquiry at its secret address."""
    house_of(request).enquiries.close_without_account(secret)
    return see(f"/asked/{secret}", "closed")


@router.post("/asked/{secret}/adopt")
def adopt(request: Request, secret: Secret, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Take an enquiry over into one's account."""
    visit = signed_in(request)
    made = visit.house.enquiries.adopt(visit.actor, secret)
    return see(f"/enquiries/{made.enquiry_id}", "changed")


# ---- offers -----------------------------------------------------------------------------------------------------


@router.post("/offers")
def publish_offer(request: Request, posted: Form) -> Response:
    """Offer a service of the hub."""
    visit = signed_in(request)
    try:
        visit.house.enquiries.publish_offer(
            visit.actor,
            OfferKind(posted.choice("kind", list(OfferKind), "the kind of service")),
            posted.text("title", "a title", most=120),
            posted.text("description", "a description"),
        )
    except Invalid as problem:
        return _list(request, values=posted.values(), problem=problem)
    return see("/enquiries", "added")


@router.post("/offers/{offer_id}/withdraw")
def withdraw_offer(request: Request, offer_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Offer a service no longer."""
    visit = signed_in(request)
    visit.house.enquiries.withdraw_offer(visit.actor, offer_id)
    return see("/enquiries", "withdrawn")


# ---- inside -----------------------------------------------------------------------------------------------------


def _offer(posted: Posted) -> str | None:
    offer_id = posted.raw("offer").strip()
    return check_id(offer_id, field="offer") if offer_id else None


def _list(request: Request, *, values: dict[str, str], problem: Invalid | None = None) -> Response:
    house, visit = house_of(request), visitor(request)
    offers, chosen = house.enquiries.offers(), values.get("offer", "")
    items = [("", "None"), *((each.offer_id, each.title) for each in offers)]
    return page(
        request,
        "enquiries.html",
        title="Ask the hub",
        enquiries=house.enquiries.enquiries(visit.actor) if visit else [],
        offers=offers,
        offer_items=[{"value": value, "text": text, "selected": value == chosen} for value, text in items],
        kind_items=[{"value": kind.value, "text": kind.value.replace("-", " ").capitalize()} for kind in OfferKind],
        values=values,
        problem=problem,
    )


def _show(
    request: Request, visit: Visit, enquiry_id: str, posted: Posted | None = None, problem: Invalid | None = None
) -> Response:
    found = visit.house.enquiries.enquiry(visit.actor, enquiry_id)
    own = found.asker_id == visit.person.person_id
    hub = visit.is_concierge and not own
    return _page(request, found, own=own, hub=hub, here=f"/enquiries/{enquiry_id}", posted=posted, problem=problem)


def _strangers(request: Request, secret: str, posted: Posted | None = None, problem: Invalid | None = None) -> Response:
    found = house_of(request).enquiries.opened(secret)
    return _page(request, found, own=True, hub=False, here=f"/asked/{secret}", posted=posted, problem=problem)


def _page(
    request: Request,
    found: Enquiry,
    *,
    own: bool,
    hub: bool,
    here: str,
    posted: Posted | None,
    problem: Invalid | None,
) -> Response:
    house = house_of(request)
    return page(
        request,
        "enquiry.html",
        title="Enquiry",
        enquiry=found,
        own=own,
        hub=hub,
        here=here,
        account=not here.startswith("/asked/"),
        ended=found.state in ENQUIRY_STATES.final(),
        waiting=found.state is EnquiryState.WAITING,
        datasets={each.dataset_id: house.discovery.dataset(each.dataset_id) for each in found.suggestions},
        offer=house.enquiries.offer(found.offer_id) if found.offer_id else None,
        colleague_items=_items(house.enquiries.concierges()) if hub else [],
        dataset_items=_items((one.dataset_id, one.title) for one in house.discovery.datasets(limit=500)) if hub else [],
        posted=posted,
        chosen=posted.many("datasets") if posted else [],
        problem=problem,
    )


def _items(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"value": value, "text": text} for value, text in pairs]
