"""Where the identity provider says by itself that somebody signed out there: OpenID Connect Back-Channel Logout 1.0."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.errors import NotFound, Refused

from .callers import house_of

__all__ = ["router"]

router = APIRouter(tags=["sign-on"])


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post("/sign-on/ended", include_in_schema=False)
def ended(request: Request, body: Annotated[bytes, Depends(_body)]) -> Response:
    """End every session of the person whom a logout token names; the token, not a bearer, says who may ask for it."""
    house = house_of(request)
    if house.sign_on is None:
        raise NotFound("This installation has no identity provider.")
    tokens = parse_qs(body.decode("ascii", "replace"), max_num_fields=10).get("logout_token", [])
    if len(tokens) != 1:
        raise HTTPException(400, "Send one logout_token, as a form.")
    try:
        subject = house.sign_on.signed_out(tokens[0])
    except Refused as error:
        raise HTTPException(400, "This is no logout token for this installation.") from error
    try:
        person = house.identity.find_by_sign_on(house.settings.sign_on.issuer, subject)
    except (NotFound, Refused):
        return Response(status_code=200, headers={"cache-control": "no-store"})
    house.identity.sign_out_everywhere(person.person_id, by="system:sign-on")
    return Response(status_code=200, headers={"cache-control": "no-store"})
