"""One file before a checker: its content, what the checks found and where, what changed, and the form to vote."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.airlock.bench.contents import Content, Contents
from orchestrator.airlock.bench.outside import Outsiders
from orchestrator.airlock.bench.pictures import image_type
from orchestrator.airlock.bench.places import lines_of
from orchestrator.airlock.bench.texts import Line, lines_from
from orchestrator.airlock.model import Choice, File, View
from orchestrator.core.errors import Invalid, NotFound

from .comparisons import compared
from .forms import Form, Posted
from .lineage import lineage_of
from .looking import Asked, Looking
from .pages import page, see
from .public import Id
from .tables import table_view
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_LINES = 500
_FRAMED = {"html": "text/html; charset=utf-8", "svg": "image/svg+xml"}
_INERT = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; frame-ancestors 'self'; "
    "form-action 'none'; base-uri 'none'"
)
"""What a rendered file may do: nothing. No script, no form, no request, an origin of its own."""


@router.get("/reviews/{submission_id}/files/{file_id}")
def review_file(request: Request, submission_id: Id, file_id: Id, asked: Looking) -> Response:
    """Show one file as asked: content, plain text, differences, what an outsider knows, lineage."""
    return _show(request, signed_in(request), submission_id, file_id, asked)


@router.get("/reviews/{submission_id}/files/{file_id}/image")
def image(request: Request, submission_id: Id, file_id: Id) -> Response:
    """Give the bytes of a verified PNG or JPEG, under a policy that lets it do nothing."""
    visit = signed_in(request)
    opened = visit.house.airlock.open_file(visit.actor, submission_id, file_id)
    content = opened.path.read_bytes()
    kind = image_type(content)
    if not kind:
        raise NotFound("This file is no picture that can be shown.")
    return Response(content, media_type=kind, headers={"content-security-policy": _INERT})


@router.get("/reviews/{submission_id}/files/{file_id}/frame")
def frame(request: Request, submission_id: Id, file_id: Id) -> Response:
    """Give a page or drawing for a frame in which it can do nothing: what a reader would see of it, and no more."""
    visit = signed_in(request)
    opened = visit.house.airlock.open_file(visit.actor, submission_id, file_id)
    kind = _FRAMED.get(opened.file.kind)
    if kind is None:
        raise NotFound("This file is no page that can be shown.")
    headers = {"content-security-policy": _INERT, "x-frame-options": "SAMEORIGIN"}
    return Response(opened.path.read_bytes(), headers=headers | {"content-type": kind})


@router.post("/reviews/{submission_id}/files/{file_id}/vote")
def vote(request: Request, submission_id: Id, file_id: Id, posted: Form, asked: Looking) -> Response:
    """Vote on exactly the file that was shown, and answer its findings."""
    visit = signed_in(request)
    try:
        _answer(visit, submission_id, file_id, posted)
        choice = Choice(posted.choice("choice", [choice.value for choice in Choice], "how you vote"))
        visit.house.airlock.vote(
            visit.actor,
            submission_id,
            file_id,
            choice=choice,
            comment=posted.text("comment", "a comment", needed=choice is not Choice.APPROVE),
            binding=posted.raw("binding"),
            acknowledged=posted.many("acknowledged"),
        )
    except Invalid as problem:
        return _show(request, visit, submission_id, file_id, asked, values=posted.values(), problem=problem)
    return see(f"/reviews/{submission_id}/files/{file_id}{asked.to(row=asked.row, finding=asked.finding)}", "voted")


def _answer(visit: Visit, submission_id: str, file_id: str, posted: Posted) -> None:
    for name in posted.values():
        if name.startswith("answer-") and posted.raw(name).strip():
            words = posted.text(name, "your answer")
            key = name.removeprefix("answer-")
            visit.house.airlock.answer_finding(visit.actor, submission_id, file_id, key, comment=words)


def _show(
    request: Request,
    visit: Visit,
    submission_id: str,
    file_id: str,
    asked: Asked,
    *,
    values: dict[str, str] | None = None,
    problem: Invalid | None = None,
) -> Response:
    airlock = visit.house.airlock
    opened = airlock.open_file(visit.actor, submission_id, file_id)
    view = airlock.view(visit.actor, submission_id)
    contents: Contents = request.app.state.contents
    content = contents.of(opened.path, opened.file.kind, opened.file.sha256)
    own = next((each for each in view.own_votes if each.file_id == file_id), None)
    pack = visit.house.airlock_desk.pack_for(view.submission.project_id)
    return page(
        request,
        "review_file.html",
        frames=True,
        title=opened.file.name,
        view=view,
        submission=view.submission,
        file=opened.file,
        here=f"/reviews/{submission_id}/files/{file_id}",
        own=own,
        answers={each.finding: each for each in view.own_answers if each.file_id == file_id},
        asked=asked,
        threshold=pack.minimum_count,
        values=values or ({"comment": own.comment, "choice": own.choice.value} if own else {}),
        problem=problem,
        framed=opened.file.kind in _FRAMED,
        **_places(view, file_id),
        **_content(content, opened.file, asked),
        **_extra(
            request, visit, view=view, file=opened.file, content=content, asked=asked, threshold=pack.minimum_count
        ),
    )


def _places(view: View, file_id: str) -> dict[str, Any]:
    """Where this file stands among the others, and which one is next."""
    files = view.submission.files
    place = [one.file_id for one in files].index(file_id)
    voted = {vote.file_id for vote in view.own_votes}
    later = [*files[place + 1 :], *files[:place]]
    return {
        "place": place + 1,
        "votes": {vote.file_id: vote for vote in view.own_votes},
        "voted": sum(one.file_id in voted for one in view.submission.outputs),
        "before": files[place - 1] if place else None,
        "after": files[place + 1] if place + 1 < len(files) else None,
        "unvoted": next((one for one in later if one.file_id not in voted and one in view.submission.outputs), None),
    }


def _content(content: Content, file: File, asked: Asked) -> dict[str, Any]:
    table = None
    if content.sheet is not None and asked.view == "content":
        table = table_view(content.sheet, file, asked)
    text = asked.view == "plain" or (asked.view == "content" and content.shape == "text")
    first = asked.first if text else 0
    lines = list(lines_from(content.lines, first, _LINES)) if text else []
    return {
        "content": content,
        "table": table,
        "lines": lines,
        "line_marks": _line_marks(file, lines),
        "lines_before": asked.to(first=max(0, first - _LINES)) if first else "",
        "lines_after": asked.to(first=first + _LINES) if text and first + _LINES < len(content.lines) else "",
    }


def _line_marks(file: File, lines: list[Line]) -> dict[int, list[Any]]:
    shown = {line.number for line in lines}
    marks: dict[int, list[Any]] = {}
    for number, finding in enumerate(file.findings, start=1):
        for line in lines_of(finding.where):
            if line in shown:
                marks.setdefault(line, []).append({"number": number, "finding": finding})
    return marks


def _extra(
    request: Request, visit: Visit, *, view: View, file: File, content: Content, asked: Asked, threshold: int
) -> dict[str, Any]:
    extra: dict[str, Any] = {"comparison": None, "lineage": None, "outside": None, "interval": _interval}
    if asked.view == "differences":
        extra["comparison"] = compared(
            request,
            visit,
            submission=view.submission,
            file=file,
            content=content,
            asked=asked,
            threshold=threshold,
        )
    elif asked.view == "outsider":
        outsiders: Outsiders = request.app.state.outsiders
        extra["outside"] = outsiders.view(visit.house.airlock_desk, view.submission)
    elif asked.view == "lineage":
        extra["lineage"] = lineage_of(visit, view.submission)
    return extra


def _interval(bounds: tuple[int, int | None]) -> str:
    """Write what a count can be, from its bounds."""
    least, most = bounds
    if most is None:
        return f"{least} or more" if least else "anything"
    return f"exactly {least}" if least == most else f"{least} to {most}"
