"""The audit log: its entries, the result of reading all of it, its signed heads, a proof of one entry."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from orchestrator.policy.model import SITE

from .log_names import names_for
from .pages import page
from .visits import Visit, signed_in

__all__ = ["check_reader", "check_verifier", "router"]

router = APIRouter()

_PAGE = 50
_After = Annotated[int, Query(ge=-1, le=2**53)]
_Subject = Annotated[str, Query(max_length=120)]
_Position = Annotated[int, Path(ge=0, le=2**53)]


def check_reader(visit: Visit) -> None:
    """Raise ``Refused`` unless this person may read entries."""
    visit.house.policy.check(visit.actor, "readAudit", SITE)


def check_verifier(visit: Visit) -> None:
    """Raise ``Refused`` unless this person may verify the log."""
    visit.house.policy.check(visit.actor, "verifyAudit", SITE)


@router.get("/audit")
def entries(request: Request, after: _After = -1, subject: _Subject = "") -> Response:
    """Show entries in the order in which they were written."""
    visit = signed_in(request)
    check_reader(visit)
    audit = visit.house.audit
    words = "".join(character for character in subject if character.isprintable()).strip()
    found = [json.loads(body) for body in audit.entries(after=after, limit=_PAGE, subject=words or None)]
    return page(
        request,
        "audit.html",
        title="Audit log",
        entries=found,
        thing_name=names_for(visit),
        size=audit.size(),
        covered=audit.covered(),
        subject=words,
        after=after,
        next_after=found[-1]["position"] if len(found) == _PAGE else None,
    )


@router.get("/audit/verify")
def verify(request: Request) -> Response:
    """Read the whole log and show whether it is sound."""
    visit = signed_in(request)
    check_verifier(visit)
    audit = visit.house.audit
    return page(request, "audit_verify.html", title="Verify the log", result=audit.verify(), heads=audit.heads()[-20:])


@router.get("/audit/proofs/{position}.json")
def proof(request: Request, position: _Position) -> Response:
    """Give everything a stranger needs to see that one entry is in a signed log."""
    visit = signed_in(request)
    check_reader(visit)
    headers = {"content-disposition": f'attachment; filename="proof-{position}.json"'}
    return JSONResponse(visit.house.audit.prove(position).as_json(), headers=headers)
