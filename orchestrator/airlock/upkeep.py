"""Keeps submissions honest over time: holds what may not leave now, and ends what waited beyond its deadline."""

from __future__ import annotations

from orchestrator.audit.record import Change
from orchestrator.core.events import Event, Json

from . import store
from .desk import Desk
from .model import State, Submission
from .release import store as release_store
from .rules import OPEN
from .states import AT_DEADLINE, Action

__all__ = ["Upkeep"]

_ACTOR = "system:airlock"
_KEEPS_ITS_COPIES = frozenset({State.RELEASED, State.RECALL_ASKED})
_KINDS = {
    Action.EXPIRE: "submission.expired",
    Action.LAPSE: "submission.lapsed",
    Action.CLOSE: "submission.rejection-final",
    Action.TIME_OUT: "submission.not-answered",
    Action.REMIND: "submission.recall-unconfirmed",
}
_REASONS = {
    State.OVERRIDE_ASKED: "No SDC lead answered in time; change what the checks block, or ask again.",
    State.CONSOLIDATING: "The checkers did not agree in time; see what they said, and submit again.",
    State.SIGN_OFF: "A custodian did not answer in time; submit again what you did not change, and it keeps its votes.",
}


class Upkeep:
    """What the worker does on every round, besides scanning and releasing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def hold(self) -> int:
        """Hold, or let go, every open submission as its project and author stand now; return how many changed."""
        changed = 0
        for submission in self._in(OPEN):
            reasons = self._desk.hold_reasons(submission)
            if reasons == submission.held:
                continue
            with self._desk.record.change() as change:
                kind = "submission.held" if reasons else "submission.resumed"
                event = _event(kind, submission, {"reasons": len(reasons)})
                store.set_held(change, submission.submission_id, reasons, event=event)
                if bool(reasons) != bool(submission.held):
                    self._desk.tell_author(change, submission, kind)
            changed += 1
        return changed

    def expire(self) -> int:
        """Take the step of every deadline that has passed. Time never releases anything; return how many ended."""
        now = self._desk.record.clock()
        late = [each for each in self._in(frozenset(AT_DEADLINE)) if each.deadline is not None and each.deadline <= now]
        for submission in late:
            with self._desk.record.change() as change:
                current = store.load(change.session, submission.submission_id)
                if current.state is not submission.state or current.deadline != submission.deadline:
                    continue
                self._end(change, current)
            if submission.state not in _KEEPS_ITS_COPIES:
                self._desk.frozen.remove_release(submission.submission_id)
        return len(late)

    def _end(self, change: Change, current: Submission) -> None:
        now, action = self._desk.record.clock(), AT_DEADLINE[current.state]
        if current.state is State.RELEASED:
            release_store.end_links(change, current.submission_id, at=now)
        event = _event(_KINDS[action], current, {"from": current.state.value})
        store.move(change, current, action, at=now, event=event, reason=_REASONS.get(current.state, ""))
        if action is Action.REMIND:
            operators = self._desk.governance.holders("operator")
            self._desk.tell(change, current, _KINDS[action], operators)
        else:
            self._desk.tell_author(change, current, _KINDS[action])

    def bury(self) -> int:
        """Remove the copies of what was recalled, where a crash left them; return how many submissions had some."""
        found = 0
        for submission in self._in(frozenset({State.RECALLED, State.LAPSED, State.RELEASED, State.RECALL_ASKED})):
            if not any(file.recalled_at for file in submission.files):
                continue
            left = {file.sha256 for file in submission.outputs}
            if self._desk.frozen.holds_more(submission.submission_id, left):
                self._desk.frozen.keep_only(submission.submission_id, left)
                found += 1
        return found

    def _in(self, states: frozenset[State]) -> list[Submission]:
        with self._desk.record.read() as session:
            return [store.load(session, each) for each in store.ids_in(session, *states)]


def _event(kind: str, submission: Submission, details: dict[str, Json]) -> Event:
    return Event(kind=kind, actor=_ACTOR, subject=f"submission:{submission.submission_id}", details=details)
