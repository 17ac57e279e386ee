"""Keeps submissions honest over time: holds what may not leave now, and ends what waited beyond its deadline."""

from __future__ import annotations

from orchestrator.core.events import Event, Json

from . import release_store, store
from .desk import Desk
from .model import State, Submission
from .rules import OPEN
from .states import Action

__all__ = ["Upkeep"]

_ACTOR = "system:airlock"
_TIMED = OPEN | {State.RELEASED, State.QUARANTINED}


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
        """End what waited beyond its deadline. Time never releases anything; return how many ended."""
        now = self._desk.record.clock()
        late = [each for each in self._in(_TIMED) if each.deadline is not None and each.deadline <= now]
        for submission in late:
            with self._desk.record.change() as change:
                current = store.load(change.session, submission.submission_id)
                if current.state is not submission.state or current.deadline != submission.deadline:
                    continue
                released = current.state is State.RELEASED
                action, kind = (
                    (Action.LAPSE, "submission.lapsed") if released else (Action.EXPIRE, "submission.expired")
                )
                if released:
                    release_store.end_links(change, current.submission_id, at=now)
                event = _event(kind, current, {"from": current.state.value})
                store.move(change, current, action, at=now, event=event)
                self._desk.tell_author(change, current, kind)
            if submission.state is not State.RELEASED:
                self._desk.frozen.remove_release(submission.submission_id)
        return len(late)

    def _in(self, states: frozenset[State]) -> list[Submission]:
        with self._desk.record.read() as session:
            return [store.load(session, each) for each in store.ids_in(session, *states)]


def _event(kind: str, submission: Submission, details: dict[str, Json]) -> Event:
    return Event(kind=kind, actor=_ACTOR, subject=f"submission:{submission.submission_id}", details=details)
