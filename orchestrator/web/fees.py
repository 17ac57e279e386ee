"""What is charged, for everybody: price lists, estimates, waivers; officers publish and waive here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from orchestrator.billing.documents import Estimate, PublishedList
from orchestrator.billing.model import INFRASTRUCTURE, PriceList
from orchestrator.billing.priced import as_document
from orchestrator.billing.questions import questions, read_answers
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.ids import check_id

from .forms import Form
from .pages import page, see
from .prices import Shown, lines_of, price_in_words, read, unit_of
from .public import Id
from .visits import Visit, house_of, signed_in, visitor

if TYPE_CHECKING:
    from orchestrator.assembly import House

__all__ = ["EstimateShown", "IssuerId", "router", "shown"]

router = APIRouter()

IssuerId = Annotated[str, Path(pattern=r"^([a-z][a-z2-7]{15}|infrastructure)$")]
"""A custodian's identifier in an address, or the infrastructure."""

_MOST_DATASETS = 50
_MOST_OFFERED = 200
"""Datasets to choose from on one page; more are found by searching."""


@dataclass(frozen=True, kw_only=True)
class EstimateShown:
    """One issuer's part of an estimate."""

    issuer_name: str
    list_id: str
    note: str
    total: str
    lines: tuple[Shown, ...]
    assumed: tuple[str, ...]


@router.get("/fees")
def fees(request: Request) -> Response:
    """List who charges what today."""
    house = house_of(request)
    issuers = [INFRASTRUCTURE, *(each.custodian_id for each in house.alliance.custodians())]
    rows = [(issuer, house.billing.issuer_name(issuer), house.billing.in_force(issuer)) for issuer in issuers]
    return page(request, "fees.html", title="Fees", rows=[row for row in rows if row[2] or row[0] != INFRASTRUCTURE])


@router.get("/fees/waivers")
def waivers(request: Request) -> Response:
    """Show who let off what, how much, why and until when."""
    return page(request, "fee_waivers.html", title="Waivers of fees", waivers=house_of(request).billing.waivers())


@router.get("/fees/estimate")
def estimate(request: Request) -> Response:
    """Ask what prices hang on, and show what it comes to; nothing is kept."""
    house, given = house_of(request), request.query_params
    values = {name: given[name][:200] for name in given}
    chosen = list(dict.fromkeys(given.getlist("dataset")))[:_MOST_DATASETS]
    datasets = [house.discovery.dataset(check_id(each, field="dataset")) for each in chosen]
    today = house.record.clock().date()
    values = {"start": today.isoformat(), "last": (today + timedelta(days=364)).isoformat(), **values}
    found: list[EstimateShown] = []
    problem = None
    asked = questions(_lists(house, [each.custodian_id for each in datasets]))
    if datasets and "applicant" in given:
        try:
            answers = read_answers(asked, lambda name: values.get(name, ""))
            periods = {each: _number(values.get(f"periods-{each}", "1")) for each in chosen}
            start, last = _day(values["start"], "start"), _day(values["last"], "last")
            made = house.billing.estimate(chosen, start=start, last=last, answers=answers, periods=periods)
            found = [shown(each) for each in made]
        except Invalid as wrong:
            problem = wrong
    return page(
        request,
        "fee_estimate.html",
        title="Estimate",
        datasets=datasets,
        choice=[] if datasets else house.discovery.datasets(limit=_MOST_OFFERED),
        asked=asked,
        values=values,
        found=found,
        problem=problem,
    )


@router.get("/fees/issuers/{issuer}")
def issuer(request: Request, issuer: IssuerId) -> Response:
    """Show every price list of one issuer; its people publish the next one here."""
    return _issuer(request, issuer)


@router.post("/fees/issuers/{issuer}/lists")
def publish(request: Request, issuer: IssuerId, posted: Form) -> Response:
    """Publish an issuer's next price list."""
    visit = signed_in(request)
    try:
        made = visit.house.billing.publish(
            visit.actor,
            issuer,
            posted.text("text", "the price list", most=60_000),
            gap_reason=posted.text("gap_reason", "why there is a gap", most=1000, needed=False),
        )
    except (Invalid, NotPossible) as wrong:
        problem = Invalid(wrong.message, field="text")
        return _issuer(request, issuer, values=posted.values(), problem=problem)
    return see(f"/fees/lists/{made.list_id}", "registered")


@router.post("/fees/issuers/{issuer}/waivers")
def waive(request: Request, issuer: IssuerId, posted: Form) -> Response:
    """Let off a part of an issuer's fees for one application."""
    visit = signed_in(request)
    try:
        visit.house.billing.grant_waiver(
            visit.actor,
            issuer,
            check_id(posted.text("application", "the application", most=16), field="application"),
            percent=posted.number("percent", "how many percent", least=1, most=100),
            reason=posted.text("reason", "the reason", most=1000),
            until=posted.day("until", "its last day"),
            lines=posted.text("lines", "lines", most=600, needed=False).split(),
        )
    except (Invalid, NotPossible) as wrong:
        problem = wrong if isinstance(wrong, Invalid) else Invalid(wrong.message, field="application")
        return _issuer(request, issuer, values=posted.values(), problem=problem)
    return see(f"/fees/issuers/{issuer}", "saved")


@router.post("/fees/waivers/{waiver_id}/end")
def end_waiver(request: Request, waiver_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """End a waiver at once."""
    visit = signed_in(request)
    ended = visit.house.billing.end_waiver(visit.actor, waiver_id)
    return see(f"/fees/issuers/{ended.issuer}", "ended")


@router.get("/fees/lists/{list_id}")
def price_list(request: Request, list_id: Id) -> Response:
    """Show a price list line by line, each with its source."""
    published, prices = house_of(request).billing.price_list(list_id)
    return page(
        request,
        "price_list.html",
        title=published.title,
        published=published,
        prices=prices,
        issuer_name=house_of(request).billing.issuer_name(published.issuer),
        lines=[(line, price_in_words(line), unit_of(line)) for line in prices.lines],
    )


@router.get("/fees/lists/{list_id}/text")
def price_list_text(request: Request, list_id: Id) -> Response:
    """Give a price list as its issuer wrote it."""
    published, _ = house_of(request).billing.price_list(list_id)
    headers = {"content-disposition": f'attachment; filename="{published.series}.yaml"'}
    return PlainTextResponse(published.text, headers=headers)


def shown(found: Estimate) -> EstimateShown:
    """Return an estimate as it stands on a page."""
    lines: list[Shown] = []
    if found.priced is not None:
        document = as_document(found.priced)
        lines = lines_of(document["lines"], found.priced.currency)  # type: ignore[arg-type]
    return EstimateShown(
        issuer_name=found.issuer_name,
        list_id=found.list_id,
        note=found.note,
        total=str(found.priced) if found.priced is not None else "not known",
        lines=tuple(lines),
        assumed=found.priced.assumed if found.priced is not None else (),
    )


def _lists(house: House, custodians: Sequence[str]) -> list[PriceList]:
    held = [house.billing.in_force(issuer) for issuer in dict.fromkeys([*custodians, INFRASTRUCTURE])]
    return [read(each) for each in held if each is not None]


def _issuer(
    request: Request, issuer: str, *, values: dict[str, str] | None = None, problem: Invalid | None = None
) -> Response:
    house, visit = house_of(request), visitor(request)
    lists: list[PublishedList] = house.billing.published(issuer)
    if issuer != INFRASTRUCTURE and not house.alliance.knows(issuer):
        raise NotFound("There is no such custodian; look at the list of fees.")
    return page(
        request,
        "fee_issuer.html",
        title=f"Prices of {house.billing.issuer_name(issuer)}",
        issuer=issuer,
        issuer_name=house.billing.issuer_name(issuer),
        lists=lists,
        held=house.billing.in_force(issuer),
        waivers=[each for _, each in house.billing.waivers(issuer=issuer)],
        may_act=visit is not None and _acts(visit, issuer),
        values=values or {},
        problem=problem,
    )


def _acts(visit: Visit, issuer: str) -> bool:
    return visit.is_operator if issuer == INFRASTRUCTURE else issuer in visit.actor.custodians


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"Enter the {'first' if field == 'start' else 'last'} day as a date.", field=field) from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 3:
        raise Invalid("Enter the years of data as a whole number.", field="periods")
    return int(text)
