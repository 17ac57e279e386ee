"""Where a submission stands on its way, and what it waits for, in sentences for whoever looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.airlock.model import View
from orchestrator.airlock.states import AIRLOCK_STATES, State

__all__ = ["Station", "track", "waits_for"]

_WAY = (
    (State.FROZEN, "Received"),
    (State.SCANNING, "First checks"),
    (State.IN_REVIEW, "In review"),
    (State.APPROVED, "Approved"),
    (State.SIGN_OFF, "Custodians agree"),
    (State.RELEASING, "Releasing"),
    (State.RELEASED, "Released"),
)
_BESIDE = {
    State.BLOCKED: (State.SCANNING, "Blocked by the first checks"),
    State.OVERRIDE_ASKED: (State.SCANNING, "Override asked for"),
    State.CONSOLIDATING: (State.IN_REVIEW, "Checkers disagree"),
    State.RETURNED: (State.IN_REVIEW, "Returned to the author"),
    State.REJECTED: (State.IN_REVIEW, "Rejected"),
    State.APPEALED: (State.IN_REVIEW, "Appealed"),
    State.REJECTED_FINALLY: (State.IN_REVIEW, "Rejected for good"),
    State.LAPSED: (State.RELEASED, "Lapsed, not collected"),
    State.RECALL_ASKED: (State.RELEASED, "Recall asked for"),
    State.RECALLED: (State.RELEASED, "Recalled"),
    State.QUARANTINED: (State.SCANNING, "Quarantined"),
    State.WITHDRAWN: (State.FROZEN, "Withdrawn"),
    State.EXPIRED: (State.FROZEN, "Expired"),
}


@dataclass(frozen=True, kw_only=True)
class Station:
    """One stop on the way; ``now`` is where the submission stands, ``done`` what lies behind it."""

    words: str
    done: bool = False
    now: bool = False


def track(state: State, *, sign_off: bool) -> tuple[Station, ...]:
    """Return the way of a submission; the stop of custodians is on it only where terms ask for one."""
    way = [(each, words) for each, words in _WAY if each is not State.SIGN_OFF or sign_off or state is State.SIGN_OFF]
    after, aside = _BESIDE.get(state, (state, ""))
    place = [each for each, _ in way].index(after)
    stations = [
        Station(words=words, done=index < place or (index == place and bool(aside)), now=index == place and not aside)
        for index, (_, words) in enumerate(way)
    ]
    if aside:
        stations.insert(place + 1, Station(words=aside, now=True))
    return tuple(stations)


def waits_for(view: View, *, checker: bool) -> tuple[str, ...]:
    """Say what blocks progress; ``checker`` may review it and is told his own part too."""
    return tuple(_waits_for(view, checker=checker))


def _waits_for(view: View, *, checker: bool) -> Iterator[str]:
    submission = view.submission
    if submission.held:
        yield f"It is held: {submission.held[0]}"
    if submission.state is State.IN_REVIEW:
        yield from _in_review(view, checker=checker)
        return
    if submission.state is State.CONSOLIDATING:
        yield "The checkers disagree: it waits until one of them changes a vote, or an SDC lead settles it."
        return
    if view.runs_again:
        yield f"“{view.runs_again}” is run again without its author; the first checks follow."
        return
    waiting = AIRLOCK_STATES.waiting.get(submission.state)
    if waiting is not None:
        yield _WORDS.get(submission.state, f"It waits for: {waiting.owner}.")


_WORDS = {
    State.FROZEN: "It waits for the first checks, which begin by themselves.",
    State.SCANNING: "The first checks run.",
    State.BLOCKED: "The first checks block it: the author corrects it, or asks an SDC lead for an override.",
    State.OVERRIDE_ASKED: "It waits for an SDC lead’s word on the override.",
    State.RETURNED: "It waits for the author’s corrections.",
    State.REJECTED: "It is rejected; the author may appeal once.",
    State.APPEALED: "It waits for the panel of the appeal.",
    State.APPROVED: "It is approved; the release begins by itself.",
    State.SIGN_OFF: "It waits for the agreement of custodians whose terms ask for it.",
    State.RELEASING: "It is being released.",
    State.RELEASED: "It is released; the author may collect it.",
    State.RECALL_ASKED: "A recall waits for a second person’s word; nothing can be collected meanwhile.",
    State.QUARANTINED: "Frozen bytes were found altered; it waits for an operator.",
}


def _in_review(view: View, *, checker: bool) -> Iterator[str]:
    submission = view.submission
    missing = max(0, submission.checkers_needed - view.reviews_submitted)
    if missing:
        yield f"It waits for {missing} more checker{'s' if missing > 1 else ''} to hand in a review."
    if not checker or view.own_review_submitted:
        return
    voted = {vote.file_id for vote in view.own_votes}
    left = sum(file.file_id not in voted for file in submission.outputs)
    if left:
        yield f"You have still to vote on {left} of {len(submission.outputs)} files."
    if view.unanswered:
        yield f"You must answer {view.unanswered} finding{'s' if view.unanswered > 1 else ''}."
    if not left and not view.unanswered:
        yield "You can hand your review in."
