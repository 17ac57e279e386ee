"""What follows from the reviews of a round: a decision, a disagreement to settle, or more people to wait for."""

from __future__ import annotations

from orchestrator.airlock import store
from orchestrator.airlock.cases import signoffs
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import Review, State, Submission
from orchestrator.airlock.rules import Stand, check_moves, stand_of
from orchestrator.airlock.states import Action
from orchestrator.audit.record import Change
from orchestrator.core.events import Event, Json

from . import store as review_store

__all__ = ["act_on", "decide", "event_of", "needed_for", "valid_reviews"]

_DECISIONS = {
    Stand.APPROVE: (Action.APPROVE, "submission.approved"),
    Stand.RETURN: (Action.RETURN, "submission.returned"),
    Stand.REJECT: (Action.REJECT, "submission.rejected"),
}


def event_of(kind: str, actor: str, submission: Submission, details: dict[str, Json] | None = None) -> Event:
    """Return an event about a submission."""
    return Event(kind=kind, actor=actor, subject=f"submission:{submission.submission_id}", details=details or {})


def needed_for(desk: Desk, submission: Submission) -> int:
    """Return how many different people have to review it: the more of what was in force then and is now."""
    return max(submission.checkers_needed, desk.pack_for(submission.project_id).checkers_needed)


def valid_reviews(change: Change, submission: Submission) -> list[Review]:
    """Return the handed-in reviews of the round that count."""
    found = review_store.reviews(change.session, submission.submission_id, round_number=submission.round)
    return [review for review in found if not review.void]


def decide(desk: Desk, change: Change, actor: str, submission: Submission) -> Submission:
    """Take the step that the reviews of this round ask for, if they ask for one."""
    reviews = valid_reviews(change, submission)
    stand = stand_of(reviews, needed_for(desk, submission))
    people: list[Json] = [review.person_id for review in reviews]
    if stand is Stand.OPEN:
        if submission.state is State.CONSOLIDATING:
            event = event_of("submission.review-reopened", actor, submission, {"checkers": people})
            again = store.move(change, submission, Action.REOPEN, at=desk.record.clock(), event=event)
            desk.tell_checkers(change, again)
            return again
        store.touch(change, submission)
        return submission
    if stand is Stand.DISAGREE:
        return _disagree(desk, change, actor, submission, people)
    return act_on(desk, change, actor, submission, stand, people=people)


def _disagree(desk: Desk, change: Change, actor: str, submission: Submission, people: list[Json]) -> Submission:
    if submission.state is State.CONSOLIDATING:
        store.touch(change, submission)
        return submission
    check_moves(submission, Action.CONSOLIDATE)
    event = event_of("submission.consolidating", actor, submission, {"checkers": people})
    moved = store.move(change, submission, Action.CONSOLIDATE, at=desk.record.clock(), event=event)
    leads = desk.governance.holders("sdc-lead")
    desk.tell_those_who_may(change, moved, "settleConflict", "submission.consolidating", among=leads)
    desk.tell(change, moved, "submission.consolidating", (str(person) for person in people))
    return moved


def act_on(
    desk: Desk,
    change: Change,
    actor: str,
    submission: Submission,
    stand: Stand,
    *,
    people: list[Json],
    reason: str = "",
) -> Submission:
    """Approve, return or reject; what is approved goes to the custodians that sign off, where there are some."""
    action, kind = _DECISIONS[stand]
    check_moves(submission, action)
    event = event_of(kind, actor, submission, {"round": submission.round, "checkers": people})
    moved = store.move(change, submission, action, at=desk.record.clock(), event=event, reason=reason)
    if stand is Stand.APPROVE:
        return signoffs.ask_where_needed(desk, change, moved)
    desk.tell_author(change, moved, kind)
    return moved
