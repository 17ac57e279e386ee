"""What other hubs have and do, as they say themselves, with its age; and what they say of a person here."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.access.rules import end_of
from orchestrator.core.errors import Invalid
from orchestrator.transparency.federation.model import Kind

from .forms import Form, Posted, read_of
from .pages import page, see
from .public import Id
from .visits import house_of, signed_in, visitor

__all__ = ["router"]

router = APIRouter()

_SHOWN = 200


@router.get("/federation")
def hubs(request: Request) -> Response:
    """Show the trusted hubs, what of them counts now, and how hearing them goes."""
    federation = house_of(request).federation
    found = [
        (hub, federation.words(hub.hub_id), federation.feeds(hub.hub_id))
        for hub in federation.hubs()
        if hub.state == "trusted"
    ]
    visit = visitor(request)
    mistakable = federation.mistakable() if visit and visit.is_operator else []
    return page(request, "federation.html", title="Other hubs", hubs=found, mistakable=mistakable)


@router.get("/federation/{hub_id}")
def hub(request: Request, hub_id: Id) -> Response:
    """Show what one hub says that counts now."""
    federation = house_of(request).federation
    found = federation.hub(hub_id)
    words = {each.kind.value: each for each in federation.words(hub_id)}
    return page(
        request,
        "federation_hub.html",
        title=found.name,
        hub=found,
        words=words,
        feeds=federation.feeds(hub_id),
        datasets=federation.shown(hub_id, _SHOWN) if "catalogue" in words else [],
        entries=federation.document(hub_id, Kind.REGISTER) if "register" in words else None,
        shown=_SHOWN,
    )


@router.get("/account/elsewhere")
def elsewhere(request: Request) -> Response:
    """Show whether one's own accreditation is told to other hubs, and what they say of one."""
    visit = signed_in(request)
    return _standing_elsewhere(request, visit.person.person_id, own=True)


@router.post("/account/elsewhere")
def let_travel(request: Request, posted: Form) -> Response:
    """Let one's own accreditation be told to other hubs, or no longer."""
    visit = signed_in(request)
    visit.house.federation.let_travel(visit.actor, agree=posted.choice("agree", ("yes", "no")) == "yes")
    return see("/account/elsewhere", "changed")


@router.get("/people/{person_id}/elsewhere")
def elsewhere_of(request: Request, person_id: Id) -> Response:
    """Show an operator what other hubs say of a person."""
    return _standing_elsewhere(request, person_id, own=False)


@router.post("/people/{person_id}/elsewhere")
def accredit_on_word(request: Request, person_id: Id, posted: Form) -> Response:
    """Take a hub's word as the evidence for an accreditation of ours."""
    visit = signed_in(request)
    until = posted.optional_day("until", "the last day")
    try:
        visit.house.federation.accredit(
            visit.actor,
            person_id,
            posted.text("hub", "the hub", most=16),
            reason=posted.text("reason", "a reason", most=4000),
            read=read_of(posted),
            until=end_of(until) if until else None,
        )
    except Invalid as problem:
        return _standing_elsewhere(request, person_id, own=False, posted=posted, problem=problem)
    return see(f"/people/{person_id}/elsewhere", "added")


def _standing_elsewhere(
    request: Request, person_id: str, *, own: bool, posted: Posted | None = None, problem: Invalid | None = None
) -> Response:
    visit = signed_in(request)
    federation = visit.house.federation
    return page(
        request,
        "elsewhere.html",
        title="At other hubs",
        posted=posted,
        problem=problem,
        found=federation.recognised(visit.actor, person_id),
        person_id=person_id,
        believed=federation.believed(visit.actor, person_id),
        takes=visit.is_operator and person_id != visit.person.person_id,
        agrees=federation.lets_travel(person_id),
        own=own,
    )
