"""The public register: the same entries as its pages, CSV and feeds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.register_fields import BY_KEY
from orchestrator.transparency.model import Plan, PlannedField
from orchestrator.transparency.writing import as_document

from .callers import Caller, Id, house_of
from .register_shapes import NamedIn, NamingOut, PlannedOut, PlanOut, RegisterOut, RevisionOut, RewordedOut, RewordIn
from .shapes import Limit, Offset, Page

__all__ = ["router"]

router = APIRouter(tags=["register"])

_Words = Annotated[str, Query(max_length=200, description="Only entries with these words, in any field.")]
_Dataset = Annotated[str, Query(pattern=r"^([a-z][a-z2-7]{15})?$", description="Only entries that use this dataset.")]


@router.get("/register")
def register(
    request: Request, q: _Words = "", dataset: _Dataset = "", offset: Offset = 0, limit: Limit = 50
) -> Page[RegisterOut]:
    """Give the public register in its 32 fields, newest entries first; nobody needs to be signed in."""
    words = " ".join("".join(c if c.isprintable() else " " for c in q).split())
    entries = house_of(request).register.entries(words, dataset_id=dataset)
    items = [RegisterOut.model_validate(as_document(entry)) for entry in entries[offset : offset + limit]]
    following = offset + limit
    return Page[RegisterOut](items=items, total=len(entries), next=following if following < len(entries) else None)


@router.get("/register/{register_id}")
def entry(request: Request, register_id: Id) -> RegisterOut:
    """Give one entry; a project's identifier is its entry's."""
    return RegisterOut.model_validate(as_document(house_of(request).register.entry(register_id)))


@router.get("/register/{register_id}/history")
def history(request: Request, register_id: Id) -> list[RevisionOut]:
    """Give every state that an entry ever had, oldest first; the hash of each is in the audit log."""
    return [
        RevisionOut(revision=each.revision, recorded_at=each.recorded_at, state=each.state, sha256=each.sha256)
        for each in house_of(request).register.history(register_id)
    ]


@router.get("/applications/{application_id}/register")
def plan(caller: Caller, application_id: Id) -> PlanOut:
    """Give what the register will say of an application once it is approved."""
    return _plan(caller.house.register.plan(caller.actor, application_id))


@router.post("/applications/{application_id}/parts/{custodian_id}/register")
def reword(caller: Caller, application_id: Id, custodian_id: Id, body: RewordIn) -> PlanOut:
    """Put other words in the place of an answer, before it is published."""
    found = caller.house.register.reword(
        caller.actor, application_id, custodian_id, body.field, words=body.words, reason=body.reason
    )
    return _plan(found)


@router.get("/me/named")
def namings(caller: Caller) -> list[NamingOut]:
    """Give the caller's projects, and whether the register names him there."""
    return [NamingOut.model_validate(each) for each in caller.house.access.namings(caller.actor)]


@router.put("/projects/{project_id}/named", status_code=204, response_class=Response)
def name(caller: Caller, project_id: Id, body: NamedIn) -> Response:
    """Let the register name the caller in a project, or take his name back, also after he left."""
    caller.house.access.agree_to_be_named(caller.actor, project_id, agree=body.agree)
    return Response(status_code=204)


def _plan(plan: Plan) -> PlanOut:
    return PlanOut(
        application_id=plan.application_id,
        fields=[_field(each) for each in plan.fields],
        recorded={BY_KEY[key].title: words for key, words in plan.recorded.items()},
        lacking=[field.title for field in plan.lacking],
    )


def _field(line: PlannedField) -> PlannedOut:
    planned = line.planned
    return PlannedOut(
        field=planned.key,
        title=planned.field.title,
        custodian_id=planned.owner,
        questions=list(planned.questions),
        answer=planned.words,
        shown=line.shown,
        rewordings=[
            RewordedOut(
                custodian_id=each.custodian_id,
                words=each.words,
                reason=each.reason,
                by=each.by,
                at=each.at,
                counts=line.counts(each),
            )
            for each in line.rewordings
        ],
    )
