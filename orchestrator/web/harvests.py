"""Endpoints: where custodians publish their catalogues, how old what came from there is, what waits for a person."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.errors import Invalid
from orchestrator.discovery.harvest.model import Authentication, Endpoint, PullState

from .forms import Form, Posted
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_FIRST = {"datasets_path": "/datasets", "dataset_path": "/datasets/{id}", "hour": "2", "minute": "0"}
_WAYS = {"none": "Nobody is asked who calls", "bearer": "A bearer token", "api-key": "A key in the header “apikey”"}


@router.get("/endpoints")
def endpoints(request: Request) -> Response:
    """List the endpoints that this person keeps; officers register new ones here."""
    return _list(request, signed_in(request))


@router.post("/endpoints")
def register(request: Request, posted: Form) -> Response:
    """Register an endpoint."""
    visit = signed_in(request)
    try:
        made = visit.house.harvest.register_endpoint(
            visit.actor, custodian_id=posted.text("custodian_id", "the custodian", most=16), **_written(posted)
        )
    except Invalid as problem:
        return _list(request, visit, values=posted.values(), problem=problem)
    return see(f"/endpoints/{made.endpoint_id}", "registered")


@router.get("/endpoints/{endpoint_id}")
def endpoint(request: Request, endpoint_id: Id) -> Response:
    """Show one endpoint with its pulls."""
    return _show(request, signed_in(request), endpoint_id)


@router.post("/endpoints/{endpoint_id}/change")
def change(request: Request, endpoint_id: Id, posted: Form) -> Response:
    """Change an endpoint; it is tested and enabled anew."""
    visit = signed_in(request)
    try:
        visit.house.harvest.change_endpoint(visit.actor, endpoint_id, **_written(posted))
    except Invalid as problem:
        return _show(request, visit, endpoint_id, values=posted.values(), problem=problem)
    return see(f"/endpoints/{endpoint_id}", "changed")


@router.post("/endpoints/{endpoint_id}/test")
def try_it(request: Request, endpoint_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Have the controller test an endpoint."""
    visit = signed_in(request)
    visit.house.harvest.ask_for_test(visit.actor, endpoint_id)
    return see(f"/endpoints/{endpoint_id}", "pull-asked")


@router.post("/endpoints/{endpoint_id}/pull")
def pull(request: Request, endpoint_id: Id, posted: Form) -> Response:
    """Have the controller pull an endpoint now."""
    visit = signed_in(request)
    visit.house.harvest.ask_for_pull(visit.actor, endpoint_id, thorough=posted.raw("thorough") == "yes")
    return see(f"/endpoints/{endpoint_id}", "pull-asked")


@router.post("/endpoints/{endpoint_id}/enable")
def enable(request: Request, endpoint_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Enable a tested endpoint."""
    visit = signed_in(request)
    visit.house.harvest.enable_endpoint(visit.actor, endpoint_id)
    return see(f"/endpoints/{endpoint_id}", "changed")


@router.post("/endpoints/{endpoint_id}/resume")
def resume(request: Request, endpoint_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Pull a paused endpoint again."""
    visit = signed_in(request)
    visit.house.harvest.resume_endpoint(visit.actor, endpoint_id)
    return see(f"/endpoints/{endpoint_id}", "resumed")


@router.post("/endpoints/{endpoint_id}/pause")
def pause(request: Request, endpoint_id: Id, posted: Form) -> Response:
    """Pull an endpoint no more until it is resumed."""
    visit = signed_in(request)
    visit.house.harvest.pause_endpoint(visit.actor, endpoint_id, posted.text("reason", "a reason", most=2000))
    return see(f"/endpoints/{endpoint_id}", "changed")


@router.post("/endpoints/{endpoint_id}/close")
def close(request: Request, endpoint_id: Id, posted: Form) -> Response:
    """Close an endpoint for good."""
    visit = signed_in(request)
    visit.house.harvest.close_endpoint(visit.actor, endpoint_id, posted.text("reason", "a reason", most=2000))
    return see(f"/endpoints/{endpoint_id}", "closed")


@router.post("/pulls/{pull_id}/decide")
def decide(request: Request, pull_id: Id, posted: Form) -> Response:
    """Decide on what disappeared."""
    visit = signed_in(request)
    gone = posted.choice("gone", ("yes", "no"), "whether the datasets are gone") == "yes"
    decided = visit.house.harvest.decide(
        visit.actor, pull_id, gone=gone, reason=posted.text("reason", "a reason", most=2000)
    )
    return see(f"/endpoints/{decided.endpoint_id}", "decided")


def _written(posted: Posted) -> dict[str, Any]:
    return {
        "name": posted.text("name", "a name", most=100),
        "address": posted.text("address", "the address", most=500),
        "datasets_path": posted.text("datasets_path", "the path of the list", most=200),
        "dataset_path": posted.text("dataset_path", "the path of one dataset", most=200),
        "authentication": Authentication(posted.choice("authentication", _WAYS, "how it knows who calls")),
        "secret_name": posted.text("secret", "the secret's name", most=60, needed=False),
        "hour": posted.number("hour", "the hour", least=0, most=23),
        "minute": posted.number("minute", "the minute", least=0, most=59),
    }


def _list(
    request: Request, visit: Visit, *, values: dict[str, str] | None = None, problem: Invalid | None = None
) -> Response:
    house = visit.house
    names = {each.custodian_id: each.name for each in house.alliance.custodians()}
    return page(
        request,
        "endpoints.html",
        title="Endpoints",
        standings=house.harvest.endpoints(visit.actor),
        names=names,
        own=[{"value": each, "text": names[each]} for each in sorted(visit.actor.custodians) if each in names],
        ways=_ways(values or _FIRST),
        values=values or _FIRST,
        problem=problem,
    )


def _show(
    request: Request,
    visit: Visit,
    endpoint_id: str,
    *,
    values: dict[str, str] | None = None,
    problem: Invalid | None = None,
) -> Response:
    harvest = visit.house.harvest
    standing = harvest.endpoint(visit.actor, endpoint_id)
    pulls = harvest.pulls(visit.actor, endpoint_id)
    ended = next((each for each in pulls if each.skipped), None)
    found = standing.endpoint
    return page(
        request,
        "endpoint.html",
        title=found.name,
        standing=standing,
        endpoint=found,
        custodian=visit.house.alliance.custodian(found.custodian_id),
        pulls=pulls,
        held=next((each for each in pulls if each.state is PullState.HELD), None),
        skipped=harvest.skipped(visit.actor, ended.pull_id, limit=100) if ended else [],
        officer=found.custodian_id in visit.actor.custodians,
        ways=_ways(values or _values(found)),
        values=values or _values(found),
        problem=problem,
    )


def _values(endpoint: Endpoint) -> dict[str, str]:
    names = (*_FIRST, "name", "address", "authentication")
    return {"secret": endpoint.secret_name, **{name: str(getattr(endpoint, name)) for name in names}}


def _ways(values: dict[str, str]) -> list[dict[str, object]]:
    chosen = values.get("authentication", "none")
    return [{"value": each, "text": words, "selected": each == chosen} for each, words in _WAYS.items()]
