"""Checkers: the queue, one submission, one file with a safe preview beside its findings, the votes, the review."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.airlock.model import Choice
from orchestrator.airlock.previews import preview
from orchestrator.airlock.reviews import Opened
from orchestrator.core.errors import Invalid, NotFound

from .figures import Column, columns_of, image_type
from .forms import Form
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_First = Annotated[int, Query(ge=0, le=10_000_000)]
_ROWS = 100
_MOST_ROWS = 200_000
_IMAGE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


@router.get("/reviews")
def queue(request: Request) -> Response:
    """List what this checker may review now, oldest first."""
    visit = signed_in(request)
    return page(request, "reviews.html", title="Results to check", views=visit.house.airlock.queue(visit.actor))


@router.get("/reviews/{submission_id}")
def review(request: Request, submission_id: Id) -> Response:
    """Show one submission to a checker: its files, his votes, and others' only when blinding permits."""
    visit = signed_in(request)
    view = visit.house.airlock.view(visit.actor, submission_id)
    votes = {vote.file_id: vote for vote in view.own_votes}
    return page(
        request,
        "review.html",
        title=view.submission.title,
        view=view,
        submission=view.submission,
        votes=votes,
        voted=len(votes),
        complete=len(votes) == len(view.submission.files),
        file_names={file.file_id: file.name for file in view.submission.files},
    )


@router.get("/reviews/{submission_id}/files/{file_id}")
def review_file(request: Request, submission_id: Id, file_id: Id, first: _First = 0) -> Response:
    """Show one file: preview, findings, context and the form to vote."""
    return _show(request, signed_in(request), submission_id, file_id, first=first)


@router.get("/reviews/{submission_id}/files/{file_id}/image")
def image(request: Request, submission_id: Id, file_id: Id) -> Response:
    """Give the bytes of a verified PNG or JPEG, under a policy that lets it do nothing."""
    visit = signed_in(request)
    opened = visit.house.airlock.open_file(visit.actor, submission_id, file_id)
    content = opened.path.read_bytes()
    kind = image_type(content)
    if not kind:
        raise NotFound("This file is no picture that can be shown.")
    return Response(content, media_type=kind, headers={"content-security-policy": _IMAGE_POLICY})


@router.post("/reviews/{submission_id}/files/{file_id}/vote")
def vote(request: Request, submission_id: Id, file_id: Id, posted: Form) -> Response:
    """Vote on exactly the file that was shown."""
    visit = signed_in(request)
    try:
        choice = Choice(posted.choice("choice", [choice.value for choice in Choice], "how you vote"))
        comment = posted.text("comment", "a comment", needed=choice is not Choice.APPROVE)
        visit.house.airlock.vote(
            visit.actor, submission_id, file_id, choice=choice, comment=comment, binding=posted.raw("binding")
        )
    except Invalid as problem:
        return _show(request, visit, submission_id, file_id, values=posted.values(), problem=problem)
    return see(f"/reviews/{submission_id}#f-{file_id}", "")


@router.post("/reviews/{submission_id}/submit")
def submit_review(request: Request, submission_id: Id, posted: Form) -> Response:  # noqa: ARG001
    """Hand the votes of this round in for good."""
    visit = signed_in(request)
    visit.house.airlock.submit_review(visit.actor, submission_id)
    return see("/reviews", "reviewed")


def _show(
    request: Request,
    visit: Visit,
    submission_id: str,
    file_id: str,
    *,
    first: int = 0,
    values: dict[str, str] | None = None,
    problem: Invalid | None = None,
) -> Response:
    opened = visit.house.airlock.open_file(visit.actor, submission_id, file_id)
    view = visit.house.airlock.view(visit.actor, submission_id)
    file = opened.file
    own = next((vote for vote in view.own_votes if vote.file_id == file_id), None)
    here = f"/reviews/{submission_id}/files/{file_id}"
    shown = preview(opened.path, name=file.name, kind=file.kind, start=first, count=_ROWS)
    return page(
        request,
        "review_file.html",
        status=422 if problem else 200,
        title=file.name,
        view=view,
        submission=view.submission,
        file=file,
        own=own,
        here=here,
        place=[one.file_id for one in view.submission.files].index(file_id) + 1,
        preview=shown,
        figures=_figures(opened) if shown.shape == "table" else (),
        first=first,
        previous=f"{here}?first={max(first - _ROWS, 0)}" if first else "",
        following=f"{here}?first={first + _ROWS}" if shown.more else "",
        values=values or ({"comment": own.comment, "choice": own.choice.value} if own else {}),
        problem=problem,
    )


def _figures(opened: Opened) -> tuple[Column, ...]:
    whole = preview(opened.path, name=opened.file.name, kind=opened.file.kind, count=_MOST_ROWS)
    return columns_of(whole.columns, (cells for _, cells in whole.rows))
