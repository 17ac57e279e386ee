"""The audit log: entries, verification, proofs; heads and keys are public."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from orchestrator.policy.model import SITE

from .airlock_shapes import EntriesOut, HeadOut, KeyOut, LogFinding, VerificationOut
from .callers import Caller, house_of
from .shapes import Limit

__all__ = ["router"]

router = APIRouter(prefix="/audit", tags=["audit"])

_After = Annotated[int, Query(ge=-1, le=2**53)]
_Subject = Annotated[str, Query(max_length=120, pattern=r"^[a-z:0-9.-]*$")]
_Position = Annotated[int, Path(ge=0, le=2**53)]


@router.get("/entries")
def entries(caller: Caller, after: _After = -1, limit: Limit = 100, subject: _Subject = "") -> EntriesOut:
    """Give entries above a position, in order."""
    caller.house.policy.check(caller.actor, "readAudit", SITE)
    found = caller.house.audit.entries(after=after, limit=limit, subject=subject or None)
    following = json.loads(found[-1])["position"] if len(found) == limit else None
    return EntriesOut(entries=found, next=following)


@router.get("/verification")
def verify(caller: Caller) -> VerificationOut:
    """Read the whole log and say whether it is sound."""
    caller.house.policy.check(caller.actor, "verifyAudit", SITE)
    result = caller.house.audit.verify()
    return VerificationOut(
        sound=result.sound,
        size=result.size,
        root=result.root.hex(),
        heads=result.heads,
        unsigned=result.unsigned,
        findings=[LogFinding.model_validate(finding) for finding in result.findings],
    )


@router.get("/proofs/{position}")
def prove(caller: Caller, position: _Position) -> dict[str, Any]:
    """Give everything a stranger needs, besides the public key, to see that one entry is in a signed log."""
    caller.house.policy.check(caller.actor, "readAudit", SITE)
    proof: dict[str, Any] = caller.house.audit.prove(position).as_json()
    return proof


@router.get("/heads")
def heads(request: Request, limit: Limit = 50) -> list[HeadOut]:
    """Give the newest signed heads, newest first: keep one, and nobody can rewrite the log unseen."""
    newest = house_of(request).audit.heads()[-limit:]
    return [
        HeadOut(
            origin=head.origin,
            size=head.size,
            root=base64.b64encode(head.root).decode(),
            signed_at=head.signed_at,
            signature=head.signature,
        )
        for head in reversed(newest)
    ]


@router.get("/keys")
def keys(request: Request) -> list[KeyOut]:
    """Give the public record keys."""
    known = house_of(request).audit.keys()
    return [KeyOut(version=version, public=base64.b64encode(key).decode()) for version, key in sorted(known.items())]
