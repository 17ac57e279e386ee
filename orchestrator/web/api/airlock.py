"""Submissions, reviews, releases."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from orchestrator.airlock.model import Choice
from orchestrator.airlock.review.previews import preview

from ..releases import bundle
from .airlock_shapes import ChoiceIn, CollectIn, HandInIn, LinkOut, PreviewOut, ReviewOut, SubmissionOut, ViewOut
from .callers import Caller, Id
from .shapes import Limit, Offset, Page, page_of

__all__ = ["router"]

router = APIRouter(tags=["airlock"])

_First = Annotated[int, Query(ge=0, le=10_000_000)]
_ARCHIVE = {200: {"description": "The released files and their signed record.", "content": {"application/zip": {}}}}
_RECORD = {200: {"description": "The signed record.", "content": {"application/json": {}}}}


@router.get("/submissions")
def submissions(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[SubmissionOut]:
    """List the caller's own submissions, newest first."""
    return page_of(SubmissionOut, caller.house.airlock.mine(caller.actor), offset, limit)


@router.get("/submissions/{submission_id}")
def submission(caller: Caller, submission_id: Id) -> ViewOut:
    """Give one submission, with what the caller may see of its reviews."""
    return ViewOut.model_validate(caller.house.airlock.view(caller.actor, submission_id))


@router.post("/submissions/{submission_id}/withdraw", status_code=204, response_class=Response)
def withdraw(caller: Caller, submission_id: Id) -> None:
    """Take one's own submission back."""
    caller.house.airlock.withdraw(caller.actor, submission_id)


@router.post("/submissions/{submission_id}/link", status_code=201)
def make_link(caller: Caller, submission_id: Id) -> LinkOut:
    """Make a link that collects the release once; earlier ones end."""
    secret, link = caller.house.airlock.make_link(caller.actor, submission_id)
    return LinkOut(secret=secret, expires_at=link.expires_at)


@router.post("/releases/collect", response_class=Response, responses=_ARCHIVE)  # type: ignore[arg-type]
def collect(caller: Caller, body: CollectIn) -> Response:
    """Hand the released files and their signed record over as an archive, once, to the author alone."""
    return bundle(caller.house.airlock.collect(caller.actor, body.secret))


@router.get("/submissions/{submission_id}/record", response_class=Response, responses=_RECORD)  # type: ignore[arg-type]
def signed_record(caller: Caller, submission_id: Id) -> Response:
    """Give the signed record of a release, byte by byte as it was signed."""
    record = caller.house.airlock.signed_record(caller.actor, submission_id)
    return Response(record, media_type="application/json")


@router.get("/reviews")
def queue(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[ViewOut]:
    """List what the caller may review now, oldest first."""
    return page_of(ViewOut, caller.house.airlock.queue(caller.actor), offset, limit)


@router.get("/reviews/{submission_id}/files/{file_id}")
def open_file(caller: Caller, submission_id: Id, file_id: Id, first: _First = 0, limit: Limit = 100) -> PreviewOut:
    """Open one file for review: the record notes it, and one page of its content is shown."""
    opened = caller.house.airlock.open_file(caller.actor, submission_id, file_id)
    shown = preview(opened.path, name=opened.file.name, kind=opened.file.kind, start=first, count=limit)
    return PreviewOut.model_validate(shown)


@router.put("/reviews/{submission_id}/files/{file_id}/vote", status_code=204, response_class=Response)
def vote(caller: Caller, submission_id: Id, file_id: Id, body: ChoiceIn) -> None:
    """Vote on one file that was opened."""
    caller.house.airlock.vote(
        caller.actor,
        submission_id,
        file_id,
        choice=Choice(body.choice),
        comment=body.comment,
        binding=body.binding,
        acknowledged=body.acknowledged,
    )


@router.post("/reviews/{submission_id}/submit")
def submit_review(caller: Caller, submission_id: Id, body: HandInIn) -> ReviewOut:
    """Hand the caller's votes in for good."""
    review = caller.house.airlock.submit_review(caller.actor, submission_id, seen=body.seen)
    return ReviewOut.model_validate(review)
