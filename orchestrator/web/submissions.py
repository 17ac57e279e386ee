"""A researcher's own submissions: where each stands, what was found and asked, how to correct, appeal and collect."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.airlock.bench.progress import track, waits_for
from orchestrator.airlock.cases.model import History
from orchestrator.airlock.model import Choice
from orchestrator.airlock.states import AIRLOCK_STATES, Action, State
from orchestrator.core.errors import Invalid

from .forms import Form
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()


@router.get("/submissions")
def submissions(request: Request) -> Response:
    """List one's own submissions, newest first."""
    visit = signed_in(request)
    return page(request, "submissions.html", title="My results", submissions=visit.house.airlock.mine(visit.actor))


@router.get("/submissions/{submission_id}")
def submission(request: Request, submission_id: Id) -> Response:
    """Show one submission to its author, or to an operator."""
    return _show(request, signed_in(request), submission_id)


def _show(
    request: Request,
    visit: Visit,
    submission_id: str,
    *,
    values: dict[str, str] | None = None,
    problem: Invalid | None = None,
) -> Response:
    airlock = visit.house.airlock
    view = airlock.view(visit.actor, submission_id)
    history = airlock.history(visit.actor, submission_id)
    found = view.submission
    own = found.author_id == visit.person.person_id
    return page(
        request,
        "submission.html",
        title=found.title,
        submission=found,
        view=view,
        history=history,
        own=own,
        stations=track(found.state, sign_off=found.state is State.SIGN_OFF),
        waits=waits_for(view, checker=False),
        asked=_asked(history),
        file_names={file.file_id: file.name for each in history.rounds for file in each.files},
        may_withdraw=own and _possible(found.state, Action.WITHDRAW),
        may_collect=own and found.state in (State.RELEASED, State.LAPSED),
        may_appeal=own and _possible(found.state, Action.APPEAL),
        may_override=own and found.state is State.BLOCKED,
        may_revise=own and _possible(found.state, Action.REVISE),
        may_reject=visit.is_operator and found.state is State.QUARANTINED,
        values=values or {},
        problem=problem,
    )


def _possible(state: State, action: Action) -> bool:
    return any(step.source is state and step.action is action for step in AIRLOCK_STATES.steps)


def _asked(history: History) -> dict[str, list[str]]:
    """Return what checkers asked for, by the file's name, in the last round that ended or is decided."""
    asked: dict[str, list[str]] = {}
    for each in reversed(history.rounds):
        names = {file.file_id: file.name for file in each.files}
        for review in each.reviews:
            for vote in review.votes:
                if vote.choice is not Choice.APPROVE and vote.comment:
                    asked.setdefault(names.get(vote.file_id, vote.file_id), []).append(vote.comment)
        if asked or each.reason:
            break
    return asked


@router.post("/submissions/{submission_id}/withdraw")
def withdraw(request: Request, submission_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Take one's own submission back."""
    visit = signed_in(request)
    visit.house.airlock.withdraw(visit.actor, submission_id)
    return see(f"/submissions/{submission_id}", "withdrawn")


@router.post("/submissions/{submission_id}/appeal")
def appeal(request: Request, submission_id: Id, posted: Form) -> Response:
    """Appeal against a rejection, once."""
    visit = signed_in(request)
    try:
        reason = posted.text("appeal_reason", "what was overlooked", most=1000)
        visit.house.airlock.appeal(visit.actor, submission_id, reason=reason)
    except Invalid as problem:
        return _show(request, visit, submission_id, values=posted.values(), problem=problem)
    return see(f"/submissions/{submission_id}", "appealed")


@router.post("/submissions/{submission_id}/override")
def ask_override(request: Request, submission_id: Id, posted: Form) -> Response:
    """Ask that people look at what the checks block."""
    visit = signed_in(request)
    try:
        reason = posted.text("override_reason", "why it is safe nevertheless", most=1000)
        visit.house.airlock.ask_override(visit.actor, submission_id, reason=reason)
    except Invalid as problem:
        return _show(request, visit, submission_id, values=posted.values(), problem=problem)
    return see(f"/submissions/{submission_id}", "override-asked")


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
