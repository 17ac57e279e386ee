"""Who calls, and the terms he accepts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from .callers import Caller, Id
from .shapes import MeOut

__all__ = ["router"]

router = APIRouter(tags=["people"])

_Version = Annotated[int, Path(ge=1, le=1_000_000)]


@router.get("/me")
def me(caller: Caller) -> MeOut:
    """Say who calls, in which roles, and what keeps him out of workspaces."""
    standing = caller.house.identity.standing(caller.person.person_id)
    return MeOut(
        person_id=caller.person.person_id,
        name=caller.person.name,
        roles=sorted(caller.actor.roles),
        custodians=sorted(caller.actor.custodians),
        standing_failures=list(standing.failures),
    )


@router.post("/custodians/{custodian_id}/terms/{version}/accept", status_code=204, response_class=Response)
def accept_terms(caller: Caller, custodian_id: Id, version: _Version) -> None:
    """Accept one version of a custodian's terms."""
    caller.house.alliance.accept_terms(caller.actor, custodian_id, version)
