"""A researcher's own submissions: where each stands, what the checks found, comments, and the release."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.airlock.states import State

from .forms import Form
from .pages import page, see
from .public import Id
from .visits import signed_in

__all__ = ["router"]

router = APIRouter()

_ENDED = (State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.RELEASED, State.LAPSED, State.RELEASING)


@router.get("/submissions")
def submissions(request: Request) -> Response:
    """List one's own submissions, newest first."""
    visit = signed_in(request)
    return page(request, "submissions.html", title="My results", submissions=visit.house.airlock.mine(visit.actor))


@router.get("/submissions/{submission_id}")
def submission(request: Request, submission_id: Id) -> Response:
    """Show one submission to its author, or to an operator."""
    visit = signed_in(request)
    view = visit.house.airlock.view(visit.actor, submission_id)
    found = view.submission
    own = found.author_id == visit.person.person_id
    return page(
        request,
        "submission.html",
        title=found.title,
        submission=found,
        view=view,
        files={file.file_id: file for file in found.files},
        own=own,
        may_withdraw=own and found.state not in (*_ENDED, State.QUARANTINED),
        may_collect=own and found.state in (State.RELEASED, State.LAPSED),
        may_reject=visit.is_operator and found.state is State.QUARANTINED,
    )


@router.post("/submissions/{submission_id}/withdraw")
def withdraw(request: Request, submission_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Take one's own submission back."""
    visit = signed_in(request)
    visit.house.airlock.withdraw(visit.actor, submission_id)
    return see(f"/submissions/{submission_id}", "withdrawn")


@router.post("/submissions/{submission_id}/reject")
def reject(request: Request, submission_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Close a submission whose frozen bytes were found altered."""
    visit = signed_in(request)
    visit.house.airlock.reject_quarantined(visit.actor, submission_id)
    return see(f"/submissions/{submission_id}", "closed")


@router.post("/submissions/{submission_id}/link")
def make_link(request: Request, submission_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Make a link that collects the release once, and go to it."""
    visit = signed_in(request)
    secret, _ = visit.house.airlock.make_link(visit.actor, submission_id)
    return see(f"/releases/{secret}")


@router.get("/submissions/{submission_id}/record.json")
def signed_record(request: Request, submission_id: Id) -> Response:
    """Give the signed record of a release."""
    visit = signed_in(request)
    record = visit.house.airlock.signed_record(visit.actor, submission_id)
    headers = {"content-disposition": f'attachment; filename="release-{submission_id}.json"'}
    return Response(record, media_type="application/json", headers=headers)
