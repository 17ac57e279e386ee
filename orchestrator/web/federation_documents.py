"""Our signed documents at public addresses, for other hubs to fetch: read only, cacheable, each with its ETag."""

from __future__ import annotations

import base64
from typing import Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from orchestrator.core.errors import Refused
from orchestrator.transparency.federation.model import Kind

from .visits import house_of

__all__ = ["router"]

router = APIRouter()

_PUBLIC = "public, max-age=300"
_PRIVATE = "private, no-cache"
_MOST_TAGS = 20


@router.get("/federation/card.json")
def card(request: Request) -> Response:
    """Hand over who we are: what another hub's operators propose to trust after they compared the fingerprint."""
    house = house_of(request)
    made = house.federation.card(house.settings.portal.name, house.settings.portal.public_url.rstrip("/"))
    keys = [
        {"version": version, "key": base64.b64encode(key).decode()} for version, key in sorted(made.keys.items())
    ]  # fmt: skip
    content = {
        "origin": made.origin,
        "name": made.name,
        "address": made.address,
        "keys": keys,
        "fingerprint": made.fingerprint,
    }
    return JSONResponse(content, headers={"cache-control": _PUBLIC})


@router.get("/federation/people.json")
def people(request: Request) -> Response:
    """Hand over whose accreditation holds to a trusted hub, which shows a request that its own log has sealed."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not shown:
        raise Refused("Who is accredited is told to trusted hubs only, which show who they are.")
    house_of(request).federation.asker(shown.strip())
    return _handed(request, Kind.PEOPLE, _PRIVATE)


@router.get("/federation/{kind}.json")
def ours(request: Request, kind: Literal["catalogue", "register"]) -> Response:
    """Hand over our newest signed document of a kind that names nobody."""
    return _handed(request, Kind(kind), _PUBLIC)


def _handed(request: Request, kind: Kind, caching: str) -> Response:
    federation = house_of(request).federation
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in request.headers.get("if-none-match", "").split(",")]
    newest = federation.newest(kind)
    if not newest or newest not in tags[:_MOST_TAGS]:
        document = federation.published(kind)
        if document.sha256 not in tags[:_MOST_TAGS]:
            return Response(
                document.body, media_type="application/json", headers=_headers(document.sha256, caching)
            )  # fmt: skip
        newest = document.sha256
    return Response(status_code=304, headers=_headers(newest, caching))


def _headers(sha256: str, caching: str) -> dict[str, str]:
    """Return headers whose tag names the content: its proof may lead to a newer head and says the same."""
    return {"etag": f'W/"{sha256}"', "cache-control": caching}
