"""What other hubs have and do, as they say themselves: shown as theirs, with its age; and our documents for them."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.transparency.federation.model import Kind

from .forms import Form
from .pages import page, see
from .public import Id, Words
from .visits import house_of, signed_in

__all__ = ["router"]

router = APIRouter()

_SHOWN = 200


@router.get("/federation")
def hubs(request: Request, q: Words = "") -> Response:
    """Show the trusted hubs, and what is found in their catalogues."""
    words = " ".join("".join(c if c.isprintable() else " " for c in q).split())
    federation = house_of(request).federation
    said = federation.said(Kind.CATALOGUE)
    found = [(hub, item) for hub, each in said for item in each.items if _fits(item, words)]
    return page(
        request,
        "federation.html",
        title="Other hubs",
        hubs=[(hub, federation.documents(hub.hub_id)) for hub in federation.hubs() if hub.state == "trusted"],
        text=words,
        found=found[:_SHOWN],
        count=len(found),
    )


@router.get("/federation/{kind}.json")
def ours(request: Request, kind: Literal["catalogue", "register"]) -> Response:
    """Hand over our newest signed document of a kind that names nobody."""
    document = house_of(request).federation.signed(Kind(kind))
    headers = {"cache-control": "public, max-age=60"}
    return Response(document, media_type="application/json", headers=headers)


@router.get("/federation/{hub_id}")
def hub(request: Request, hub_id: Id) -> Response:
    """Show what one hub says that counts now."""
    federation = house_of(request).federation
    found = federation.hub(hub_id)
    documents = {each.kind.value: each for each in federation.documents(hub_id)}
    return page(request, "federation_hub.html", title=found.name, hub=found, documents=documents, shown=_SHOWN)


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


def _standing_elsewhere(request: Request, person_id: str, *, own: bool) -> Response:
    visit = signed_in(request)
    federation = visit.house.federation
    return page(
        request,
        "elsewhere.html",
        title="At other hubs",
        found=federation.recognised(visit.actor, person_id),
        person_id=person_id,
        agrees=federation.lets_travel(person_id),
        own=own,
    )


def _fits(item: object, words: str) -> bool:
    text = str(item).casefold()
    return all(word in text for word in words.casefold().split())
