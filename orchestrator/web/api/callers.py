"""Who calls the API: the bearer of a terminal's sign-on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Path
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import Request

from orchestrator.core.errors import NotFound, Refused
from orchestrator.identity.model import Person
from orchestrator.policy.model import Actor

if TYPE_CHECKING:
    from orchestrator.assembly import House

__all__ = ["Caller", "Calling", "Id", "house_of"]

Id = Annotated[str, Path(pattern=r"^[a-z][a-z2-7]{15}$")]
"""An identifier in an address."""

_bearer = HTTPBearer(auto_error=False, description="The secret that `tre sign-in` keeps.")


@dataclass(frozen=True, kw_only=True)
class Calling:
    """The person behind a call."""

    house: Any
    person: Person
    actor: Actor


def house_of(request: Request) -> House:
    """Return the assembled house this API serves."""
    house: House = request.app.state.house
    return house


def calling(request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Calling:
    """Return who calls; a missing, unknown or ended bearer is answered with 401."""
    house = house_of(request)
    if bearer is None or not bearer.credentials.isascii() or len(bearer.credentials) > 200:
        raise _nobody("Send “Authorization: Bearer …” with the secret that “tre sign-in” keeps.")
    try:
        person, actor = house.identity.session(bearer.credentials)
    except (NotFound, Refused) as error:
        raise _nobody(error.message) from error
    return Calling(house=house, person=person, actor=actor)


Caller = Annotated[Calling, Depends(calling)]
"""Whoever calls, signed on."""


def _nobody(message: str) -> HTTPException:
    return HTTPException(401, message, headers={"www-authenticate": "Bearer"})
