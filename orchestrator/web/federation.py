"""What other hubs have and do, as they say themselves: shown as theirs, with its age; and our documents for them."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.transparency.federation.model import Kind

from .pages import page
from .public import Id, Words
from .visits import house_of

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


def _fits(item: object, words: str) -> bool:
    text = str(item).casefold()
    return all(word in text for word in words.casefold().split())
