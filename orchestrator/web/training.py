"""The training queue: planted cases on the same table view, the lesson after the answer, misses per rule."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.airlock.bench.contents import content_of_bytes
from orchestrator.airlock.bench.texts import lines_from
from orchestrator.airlock.model import Choice, File
from orchestrator.airlock.training.service import TrainingCase
from orchestrator.core.errors import Invalid, Refused

from .forms import Form
from .looking import Asked, Looking
from .pages import page, see
from .tables import table_view
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_LINES = 500
_Case = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]


@router.get("/training")
def training(request: Request) -> Response:
    """Show what is left to practise on, one's own misses, and everybody's to whom they concern."""
    visit = signed_in(request)
    room = visit.house.training
    left = room.queue(visit.actor) if visit.is_judge else []
    try:
        everybody = room.results(visit.actor)
    except Refused:
        if not visit.is_judge:
            raise
        everybody = []
    own = room.own_results(visit.actor) if visit.is_judge else None
    return page(request, "training.html", title="Training", left=left, own=own, everybody=everybody)


@router.get("/training/{case_id}")
def case(request: Request, case_id: _Case, asked: Looking) -> Response:
    """Show one case as a file is shown, without what the checks would say."""
    return _show(request, signed_in(request), case_id, asked)


@router.post("/training/{case_id}")
def answer(request: Request, case_id: _Case, posted: Form, asked: Looking) -> Response:
    """Answer a case, once; then its lesson is shown."""
    visit = signed_in(request)
    try:
        choice = Choice(posted.choice("choice", [choice.value for choice in Choice], "how you would vote"))
        comment = posted.text("comment", "a comment", most=2000, needed=choice is not Choice.APPROVE)
        visit.house.training.answer(visit.actor, case_id, choice=choice, comment=comment, sha256=posted.raw("sha256"))
    except Invalid as problem:
        return _show(request, visit, case_id, asked, values=posted.values(), problem=problem)
    return see(f"/training/{case_id}", "answered")


def _show(
    request: Request,
    visit: Visit,
    case_id: str,
    asked: Asked,
    *,
    values: dict[str, str] | None = None,
    problem: Invalid | None = None,
) -> Response:
    found, given = visit.house.training.case(visit.actor, case_id)
    content = content_of_bytes(found.content)
    table = table_view(content.sheet, _file(found), asked) if content.sheet and asked.view == "content" else None
    shown = [each.case_id for each in visit.house.training.queue(visit.actor) if each.case_id != case_id]
    return page(
        request,
        "training_case.html",
        title=found.name,
        case=found,
        given=given,
        asked=asked,
        here=f"/training/{case_id}",
        content=content,
        table=table,
        lines=list(lines_from(content.lines, asked.first, _LINES)) if table is None else [],
        line_marks={},
        threshold=visit.house.airlock_desk.pack.minimum_count,
        another=shown[0] if shown else "",
        values=values or {},
        problem=problem,
    )


def _file(found: TrainingCase) -> File:
    return File(
        file_id="training",
        position=0,
        name=found.name,
        size=len(found.content),
        sha256=found.sha256,
        context=found.context,
    )
