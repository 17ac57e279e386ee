"""One request before whoever judges it: where it stands, what blocks it, its files, rounds, rules and people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.airlock.bench.progress import track, waits_for
from orchestrator.airlock.cases.model import CaseKind, CaseOutcome, History
from orchestrator.airlock.model import Submission, View
from orchestrator.airlock.states import State
from orchestrator.core.errors import Invalid, NotFound

from .lineage import lineage_of
from .pages import page
from .public import Id
from .visits import Visit, signed_in

__all__ = ["RIGHTS", "router", "show_overview"]

router = APIRouter()

RIGHTS: Mapping[str, tuple[str, tuple[State, ...]]] = {
    "review": ("reviewSubmission", (State.IN_REVIEW, State.CONSOLIDATING)),
    "settle": ("settleConflict", (State.CONSOLIDATING,)),
    "override": ("decideOverride", (State.OVERRIDE_ASKED,)),
    "sign_off": ("signOffRelease", (State.SIGN_OFF,)),
    "appeal": ("decideAppeal", (State.APPEALED,)),
    "recall": ("askRecall", (State.RELEASED, State.LAPSED)),
    "confirm_recall": ("confirmRecall", (State.RECALL_ASKED,)),
    "hold": ("holdSubmission", tuple(State)),
    "conflict": ("declareConflict", tuple(State)),
    "open": (
        "openFile",
        (
            State.IN_REVIEW,
            State.CONSOLIDATING,
            State.OVERRIDE_ASKED,
            State.SIGN_OFF,
            State.APPEALED,
            State.RECALL_ASKED,
        ),
    ),
}
"""What a page offers: the right it takes, and the states in which it makes sense. The service decides again."""

_RULES = (
    ("minimum_count", "Smallest count that may be shown"),
    ("checkers_needed", "Checkers who must agree"),
    ("maximum_rows", "Rows before a table looks like data on individuals"),
    ("zeros", "Zeros"),
    ("small_counts", "Small counts"),
    ("p_percent", "p-percent rule"),
    ("minimum_degrees", "Residual degrees of freedom at least"),
    ("minimum_at_risk", "People at risk at every step at least"),
)


@router.get("/reviews/{submission_id}")
def review(request: Request, submission_id: Id) -> Response:
    """Show one request to somebody who judges it, signs it off, or keeps order: each with what he may see."""
    return show_overview(request, signed_in(request), submission_id)


def show_overview(
    request: Request,
    visit: Visit,
    submission_id: str,
    *,
    values: dict[str, str] | None = None,
    problem: Invalid | None = None,
) -> Response:
    """Show the request again with what was typed, where something of it was wrong."""
    airlock = visit.house.airlock
    view = airlock.view(visit.actor, submission_id)
    submission = view.submission
    lineage = lineage_of(visit, submission)
    history = airlock.history(visit.actor, submission_id)
    may = _may(visit, submission)
    return page(
        request,
        "review.html",
        title=submission.title,
        view=view,
        submission=submission,
        lineage=lineage,
        history=history,
        may=may,
        mine=any(claim.person_id == visit.person.person_id for claim in view.claims),
        stations=track(submission.state, sign_off=any(each.release_signoff for each in lineage.terms.values())),
        waits=waits_for(view, checker=may["review"]),
        rules=_rules(visit, submission),
        sign_offs=[case for case in history.cases if case.kind is CaseKind.SIGN_OFF],
        open_cases=[case for case in history.cases if case.outcome is CaseOutcome.OPEN],
        file_names=_names(history, submission),
        setter_name=_setter_names(visit),
        recallable=[{"value": file.file_id, "text": file.name} for file in submission.outputs],
        values=values or {},
        problem=problem,
        **_counted(view),
    )


def _may(visit: Visit, submission: Submission) -> dict[str, bool]:
    desk = visit.house.airlock_desk
    return {
        name: submission.state in states and desk.may(visit.actor, right, submission)
        for name, (right, states) in RIGHTS.items()
    }


def _counted(view: View) -> dict[str, Any]:
    votes = {vote.file_id: vote for vote in view.own_votes}
    outputs = view.submission.outputs
    voted = sum(file.file_id in votes for file in outputs)
    return {
        "votes": votes,
        "voted": voted,
        "complete": voted == len(outputs) and not view.unanswered,
        "first_open": next((file for file in outputs if file.file_id not in votes), None),
    }


def _setter_names(visit: Visit) -> Callable[[str], str]:
    """Return what writes who set a rule: a custodian by his name, a rule book by its own."""

    def name(setter: str) -> str:
        try:
            return visit.house.alliance.custodian(setter).name
        except NotFound:
            return setter

    return name


def _names(history: History, submission: Submission) -> dict[str, str]:
    every = [*submission.files, *(file for each in history.rounds for file in each.files)]
    return {file.file_id: file.name for file in every}


def _rules(visit: Visit, submission: Submission) -> list[tuple[str, Any, str, str]]:
    pack = visit.house.airlock_desk.pack_for(submission.project_id)
    return [(words, getattr(pack, key), pack.setter(key), pack.source(key)) for key, words in _RULES]
