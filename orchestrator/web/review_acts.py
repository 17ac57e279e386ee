"""What people do to a request: claim, hand in, send back, settle, override, sign off, decide appeals and recalls.

Every act is a form that leads back to the page it came from; nothing approves more than one file at a time.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.airlock.cases.model import Gravity
from orchestrator.airlock.model import Choice, Outcome
from orchestrator.core.errors import Invalid

from .forms import Form, Posted
from .pages import see
from .public import Id
from .review_overview import show_overview
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_YES_NO = {"yes": True, "no": False}


@router.post("/reviews/{submission_id}/claim")
def claim(request: Request, submission_id: Id, posted: Form) -> Response:
    """Say that one is at it, or not any more."""
    visit = signed_in(request)
    if posted.raw("end"):
        visit.house.airlock.unclaim(visit.actor, submission_id)
    else:
        visit.house.airlock.claim(visit.actor, submission_id)
    return see(f"/reviews/{submission_id}", "changed")


@router.post("/reviews/{submission_id}/conflict")
def conflict(request: Request, submission_id: Id, posted: Form) -> Response:
    """Declare a conflict of interest: others judge it then."""

    def act(visit: Visit) -> str:
        reason = posted.text("conflict_reason", "what the conflict is", most=1000)
        visit.house.airlock.declare_conflict(visit.actor, submission_id, reason=reason)
        return "/reviews"

    return _done(request, submission_id, posted, act, "conflict-declared")


@router.post("/reviews/{submission_id}/submit")
def submit_review(request: Request, submission_id: Id, posted: Form) -> Response:
    """Hand the votes of this round in for good."""

    def act(visit: Visit) -> str:
        visit.house.airlock.submit_review(visit.actor, submission_id, seen=_seen(posted))
        return "/reviews"

    return _done(request, submission_id, posted, act, "reviewed")


@router.post("/reviews/{submission_id}/changes")
def ask_changes(request: Request, submission_id: Id, posted: Form) -> Response:
    """Ask for changes of several files at once. There is no such way to approve: that takes a look at each."""

    def act(visit: Visit) -> str:
        files = posted.many("files")
        words = posted.text("changes_comment", "what has to change")
        if not files:
            raise Invalid("Choose the files that need changes.", field="files")
        airlock = visit.house.airlock
        for file_id in files:
            opened = airlock.open_file(visit.actor, submission_id, file_id).file
            keys = [finding.key for finding in opened.findings if finding.needs_answer]
            airlock.vote(
                visit.actor,
                submission_id,
                file_id,
                choice=Choice.CHANGES,
                comment=words,
                binding=opened.binding,
                acknowledged=keys,
            )
        return f"/reviews/{submission_id}"

    return _done(request, submission_id, posted, act, "voted")


@router.post("/reviews/{submission_id}/return")
def return_early(request: Request, submission_id: Id, posted: Form) -> Response:
    """Send the request back before everybody has looked at everything."""

    def act(visit: Visit) -> str:
        reason = posted.text("return_reason", "what has to change", most=1000)
        visit.house.airlock.return_early(visit.actor, submission_id, reason=reason, seen=_seen(posted))
        return "/reviews"

    return _done(request, submission_id, posted, act, "returned")


@router.post("/reviews/{submission_id}/settle")
def settle(request: Request, submission_id: Id, posted: Form) -> Response:
    """Settle between checkers who disagree, with a reason for the record."""

    def act(visit: Visit) -> str:
        outcome = Outcome(posted.choice("outcome", [each.value for each in Outcome], "how it ends"))
        reason = posted.text("settle_reason", "a reason", most=1000)
        visit.house.airlock.settle(visit.actor, submission_id, outcome=outcome, reason=reason, seen=_seen(posted))
        return f"/reviews/{submission_id}"

    return _done(request, submission_id, posted, act, "decided")


@router.post("/reviews/{submission_id}/override")
def decide_override(request: Request, submission_id: Id, posted: Form) -> Response:
    """Let people look at what the checks block, or send it back."""

    def act(visit: Visit) -> str:
        accept, reason = _decision(posted, "override")
        visit.house.airlock.decide_override(
            visit.actor, submission_id, accept=accept, reason=reason, seen=_seen(posted)
        )
        return f"/reviews/{submission_id}"

    return _done(request, submission_id, posted, act, "decided")


@router.post("/reviews/{submission_id}/sign-off")
def sign_off(request: Request, submission_id: Id, posted: Form) -> Response:
    """Agree to a release for one's custodian, or send it back."""

    def act(visit: Visit) -> str:
        agree, reason = _decision(posted, "sign_off", reason_for_yes=False)
        custodian = posted.raw("custodian_id") or None
        visit.house.airlock.sign_off(
            visit.actor, submission_id, agree=agree, reason=reason, custodian_id=custodian, seen=_seen(posted)
        )
        return "/reviews"

    return _done(request, submission_id, posted, act, "decided")


@router.post("/reviews/{submission_id}/appeal")
def decide_appeal(request: Request, submission_id: Id, posted: Form) -> Response:
    """Say one's word as one of the panel of an appeal."""

    def act(visit: Visit) -> str:
        uphold, reason = _decision(posted, "appeal")
        visit.house.airlock.decide_appeal(visit.actor, submission_id, uphold=uphold, reason=reason, seen=_seen(posted))
        return f"/reviews/{submission_id}"

    return _done(request, submission_id, posted, act, "decided")


@router.post("/reviews/{submission_id}/recall")
def recall(request: Request, submission_id: Id, posted: Form) -> Response:
    """Ask that released files be taken back: nothing is handed out from this moment."""

    def act(visit: Visit) -> str:
        gravity = Gravity(posted.choice("gravity", [each.value for each in Gravity], "how bad it is"))
        reason = posted.text("recall_reason", "what should not have left", most=1000)
        files = posted.many("files") or None
        visit.house.airlock.recall(visit.actor, submission_id, reason=reason, gravity=gravity, files=files)
        return f"/reviews/{submission_id}"

    return _done(request, submission_id, posted, act, "recall-asked")


@router.post("/reviews/{submission_id}/recall-decision")
def confirm_recall(request: Request, submission_id: Id, posted: Form) -> Response:
    """Confirm a recall as the second person, or dismiss it."""

    def act(visit: Visit) -> str:
        confirm, reason = _decision(posted, "recall", reason_for_yes=False)
        visit.house.airlock.confirm_recall(
            visit.actor, submission_id, confirm=confirm, reason=reason, seen=_seen(posted)
        )
        return f"/reviews/{submission_id}"

    return _done(request, submission_id, posted, act, "decided")


@router.post("/reviews/{submission_id}/hold")
def hold(request: Request, submission_id: Id, posted: Form) -> Response:
    """Hold a submission because of an incident, or let it go on."""

    def act(visit: Visit) -> str:
        reason = posted.text("hold_reason", "a reason", most=1000)
        if posted.raw("end"):
            visit.house.airlock.let_go(visit.actor, submission_id, reason=reason)
        else:
            visit.house.airlock.hold(visit.actor, submission_id, reason=reason)
        return f"/reviews/{submission_id}"

    return _done(request, submission_id, posted, act, "changed")


def _done(request: Request, submission_id: str, posted: Posted, act: Callable[[Visit], str], said: str) -> Response:
    visit = signed_in(request)
    try:
        return see(act(visit), said)
    except Invalid as problem:
        return show_overview(request, visit, submission_id, values=posted.values(), problem=problem)


def _decision(posted: Posted, name: str, *, reason_for_yes: bool = True) -> tuple[bool, str]:
    yes = _YES_NO[posted.choice(f"{name}_decision", _YES_NO, "yes or no")]
    reason = posted.text(f"{name}_reason", "a reason", most=1000, needed=reason_for_yes or not yes)
    return yes, reason


def _seen(posted: Posted) -> int:
    """Return the version of the request that the form was made from, so that two people never overwrite each other."""
    version = posted.raw("seen")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise Invalid("The form does not say which state of the request you looked at; open it again.", field="seen")
    return int(version)
