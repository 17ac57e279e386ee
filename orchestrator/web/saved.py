"""Searches that a signed-in person keeps, with their news."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.errors import Invalid

from .forms import Form, Posted
from .pages import page, see
from .public import Id
from .search_address import address, asked_of
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()


@router.get("/saved-searches")
def saved_searches(request: Request) -> Response:
    """List the searches that one keeps."""
    return _list(request, signed_in(request))


@router.post("/saved-searches")
def keep(request: Request, posted: Form) -> Response:
    """Keep the search that the form describes."""
    visit = signed_in(request)
    try:
        asked = asked_of(_as_address(posted), counted=False)
        kept = visit.house.saved_searches.keep(visit.actor, posted.text("name", "a name for it", most=100), asked)
    except Invalid as problem:
        return _list(request, visit, problem=problem)
    return see(f"/saved-searches/{kept.search_id}", "saved")


@router.get("/saved-searches/{search_id}")
def saved_search(request: Request, search_id: Id) -> Response:
    """Show one kept search with its news."""
    visit = signed_in(request)
    kept, news = visit.house.saved_searches.news(visit.actor, search_id)
    return page(
        request,
        "saved_search.html",
        title=kept.name or "A saved search",
        kept=kept,
        news=news,
        again=address(kept.asked),
    )


@router.post("/saved-searches/{search_id}/seen")
def seen(request: Request, search_id: Id, posted: Form) -> Response:  # noqa: ARG001 - the form's token is checked
    """Note that its news were seen."""
    visit = signed_in(request)
    visit.house.saved_searches.seen(visit.actor, search_id)
    return see(f"/saved-searches/{search_id}", "changed")


@router.post("/saved-searches/{search_id}/end")
def end(request: Request, search_id: Id, posted: Form) -> Response:  # noqa: ARG001 - the form's token is checked
    """Keep it no longer."""
    visit = signed_in(request)
    visit.house.saved_searches.end(visit.actor, search_id)
    return see("/saved-searches", "ended")


def _list(request: Request, visit: Visit, *, problem: Invalid | None = None) -> Response:
    return page(
        request,
        "saved_searches.html",
        title="My saved searches",
        problem=problem,
        kept=[(each, address(each.asked)) for each in visit.house.saved_searches.mine(visit.actor)],
    )


def _as_address(posted: Posted) -> QueryParams:
    """Return a form's fields as an address would carry them."""
    pairs = [(name, value) for name in posted.values() for value in posted.many(name)]
    return QueryParams(urlencode(pairs))
