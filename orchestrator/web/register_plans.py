"""What an application will say in the public register: shown before it does, and reworded with a reason."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.errors import Invalid, NotFound
from orchestrator.core.register_fields import FIELDS, Kind

from .forms import Form
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

Key = Annotated[str, Path(pattern=r"^[a-z][a-z_0-9]{1,39}$")]
_TITLES = {field.key: field.title for field in FIELDS}
_DAYS = {field.key for field in FIELDS if field.kind is Kind.DAY}


@router.get("/applications/{application_id}/register")
def plan(request: Request, application_id: Id) -> Response:
    """Show what everybody will read once this is approved."""
    visit = signed_in(request)
    return page(
        request,
        "register_plan.html",
        title="What the public will read",
        plan=visit.house.register.plan(visit.actor, application_id),
        titles=_TITLES,
        days=_DAYS,
    )


@router.get("/applications/{application_id}/parts/{custodian_id}/register/{key}")
def wording(request: Request, application_id: Id, custodian_id: Id, key: Key) -> Response:
    """Show the form for other words in one field."""
    return _wording(request, signed_in(request), application_id, custodian_id, key)


@router.post("/applications/{application_id}/parts/{custodian_id}/register/{key}")
def reword(request: Request, application_id: Id, custodian_id: Id, key: Key, posted: Form) -> Response:
    """Put other words in the place of an answer."""
    visit = signed_in(request)
    try:
        visit.house.register.reword(
            visit.actor,
            application_id,
            custodian_id,
            key,
            words=posted.text("words", "the words", most=10_000),
            reason=posted.text("reason", "a reason", most=4000),
        )
    except Invalid as problem:
        return _wording(request, visit, application_id, custodian_id, key, values=posted.values(), problem=problem)
    return see(f"/applications/{application_id}/register", "saved")


def _wording(
    request: Request,
    visit: Visit,
    application_id: str,
    custodian_id: str,
    key: str,
    *,
    values: dict[str, str] | None = None,
    problem: Invalid | None = None,
) -> Response:
    found = visit.house.register.plan(visit.actor, application_id)
    asked = [each for each in found.fields if each.planned.key == key and custodian_id in each.planned.asked_by]
    line = next((each for each in asked if not each.planned.field.personal), None)
    if line is None or custodian_id not in found.rewordable:
        raise NotFound("There is no such answer, or none that you may reword.")
    return page(
        request,
        "register_wording.html",
        title=f"Other words: {line.planned.field.title}",
        plan=found,
        line=line,
        custodian_id=custodian_id,
        values=values or {"words": line.shown},
        problem=problem,
    )
