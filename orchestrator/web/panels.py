"""The lay panel's pages: what waits for advice, and one application as a member of the public reads it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.access.exchange.model import Opinion
from orchestrator.access.forms.sheets import is_asked
from orchestrator.core.errors import Invalid

from .forms import Form, Posted, read_of
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_OPINIONS = {
    Opinion.SUPPORT: "I support it",
    Opinion.SUPPORT_WITH_CONCERNS: "I support it, with concerns",
    Opinion.DO_NOT_SUPPORT: "I do not support it",
}


@router.get("/panel")
def waiting(request: Request) -> Response:
    """List what waits for this person's advice."""
    visit = signed_in(request)
    found = visit.house.access.panels.waiting(visit.actor)
    return page(request, "panel.html", title="Your advice", waiting=found)


@router.get("/panel/{application_id}/{custodian_id}")
def part(request: Request, application_id: Id, custodian_id: Id) -> Response:
    """Show a part as the panel reads it, with the form to advise."""
    return _show(request, signed_in(request), application_id, custodian_id)


@router.post("/panel/{application_id}/{custodian_id}")
def advise(request: Request, application_id: Id, custodian_id: Id, posted: Form) -> Response:
    """Say what a member of the public thinks of it."""
    visit = signed_in(request)
    try:
        opinion = Opinion(posted.choice("opinion", [each.value for each in Opinion], "what you think of it"))
        words = posted.text("words", "why", most=10_000)
        visit.house.access.panels.advise(
            visit.actor, application_id, custodian_id, opinion, words, read=read_of(posted)
        )
    except Invalid as problem:
        return _show(request, visit, application_id, custodian_id, posted=posted, problem=problem)
    return see("/panel", "answered")


def _show(
    request: Request,
    visit: Visit,
    application_id: str,
    custodian_id: str,
    *,
    posted: Posted | None = None,
    problem: Invalid | None = None,
) -> Response:
    shown = visit.house.access.panels.part(visit.actor, application_id, custodian_id)
    filled = shown.filled
    return page(
        request,
        "panel_part.html",
        title=filled.application.answers.title,
        application=filled.application,
        custodian_id=custodian_id,
        datasets=[
            visit.house.discovery.dataset(one).title for each in filled.application.parts for one in each.dataset_ids
        ],
        asked=[each for each in filled.sheet.asked if is_asked(filled.sheet, each, filled.answers)],
        answers=filled.answers,
        own=shown.own,
        read=shown.read,
        opinion_items=[{"value": each.value, "text": words} for each, words in _OPINIONS.items()],
        posted=posted,
        problem=problem,
    )
