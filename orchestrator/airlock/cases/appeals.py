"""Appeals: an author may ask once that a rejection be looked at by others; they and an SDC lead decide."""

from __future__ import annotations

from datetime import datetime

from orchestrator.airlock import store
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import State, Submission
from orchestrator.airlock.review.deciding import event_of
from orchestrator.airlock.rules import check_moves, check_words
from orchestrator.airlock.states import Action
from orchestrator.audit.record import Change
from orchestrator.core.errors import Conflict, NotPossible
from orchestrator.core.events import Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import store as case_store
from .model import Case, CaseKind, CaseOutcome, Opinion

__all__ = ["PANEL", "Appeals", "verdict_of_panel"]

PANEL = 2
"""People on the panel: at least one is an SDC lead, and none has judged the submission before."""


def verdict_of_panel(opinions: tuple[Opinion, ...], leads: frozenset[str]) -> bool | None:
    """Return whether the appeal is upheld: only if the whole panel says so; nothing while the panel is not full."""
    people = {each.person_id for each in opinions}
    if len(people) < PANEL or not people & leads:
        return None
    return all(each.yes for each in opinions)


class Appeals:
    """What happens after a rejection."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def appeal(self, actor: Actor, submission_id: str, *, reason: str) -> Case:
        """Appeal as the author, once per rejection and within its 30 days, with what the checkers overlooked."""
        reason = check_words(reason, field="reason", ask="Say what was overlooked, for the people of the panel.")
        now = self._desk.record.clock()
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "askAppeal", submission)
            check_moves(submission, Action.APPEAL)
            self._check_first(change, submission, now)
            case = Case(
                case_id=new_id(),
                submission_id=submission_id,
                round=submission.round,
                kind=CaseKind.APPEAL,
                asked_by=actor.person_id,
                asked_at=now,
                reason=reason,
            )
            event = event_of("submission.appealed", actor.person_id, submission, {"case": case.case_id})
            moved = store.move(change, submission, Action.APPEAL, at=now, event=event)
            asked = event_of("appeal.asked", actor.person_id, submission, {"case": case.case_id})
            case_store.put_case(change, case, event=asked)
            governance = self._desk.governance
            among = governance.holders("checker") | governance.holders("sdc-lead")
            self._desk.tell_those_who_may(change, moved, "decideAppeal", "submission.appealed", among=among)
            return case

    def _check_first(self, change: Change, submission: Submission, now: datetime) -> None:
        if submission.deadline is not None and now >= submission.deadline:
            raise NotPossible("The time to appeal is over, so this rejection is final.")
        decided = (CaseOutcome.ACCEPTED, CaseOutcome.REFUSED)
        for case in case_store.cases(change.session, submission.submission_id, CaseKind.APPEAL):
            if case.round == submission.round and case.outcome in decided:
                raise NotPossible("This rejection was appealed already; each can be appealed once.")

    def decide_appeal(self, actor: Actor, submission_id: str, *, uphold: bool, reason: str, seen: int) -> State:
        """Say one's word as one of the panel; when it is full, the appeal is upheld only if all of it say so."""
        reason = check_words(reason, field="reason", ask="Say why, for the author and the record.")
        now = self._desk.record.clock()
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "decideAppeal", submission)
            check_moves(submission, Action.UPHOLD_APPEAL if uphold else Action.DISMISS_APPEAL)
            store.check_seen(submission, seen)
            case = case_store.open_case(change.session, submission_id, CaseKind.APPEAL)
            if case is None:
                raise Conflict("This appeal is not open any more; look at the submission again.")
            opinion = Opinion(person_id=actor.person_id, yes=uphold, reason=reason, said_at=now)
            said = event_of("appeal.opinion", actor.person_id, submission, {"case": case.case_id, "uphold": uphold})
            case = case_store.add_opinion(change, case, opinion, event=said)
            return self._conclude(change, actor, submission, case, now)

    def _conclude(self, change: Change, actor: Actor, submission: Submission, case: Case, now: datetime) -> State:
        governance, desk = self._desk.governance, self._desk
        fit = tuple(
            each for each in case.opinions if desk.may(governance.actor(each.person_id), "decideAppeal", submission)
        )
        upheld = verdict_of_panel(fit, governance.holders("sdc-lead"))
        if upheld is None:
            store.touch(change, submission)
            return submission.state
        word = "upheld" if upheld else "dismissed"
        panel: list[Json] = [each.person_id for each in fit]
        closed = event_of(f"appeal.{word}", actor.person_id, submission, {"case": case.case_id, "panel": panel})
        case_store.close_case(
            change, case, CaseOutcome.ACCEPTED if upheld else CaseOutcome.REFUSED, at=now, event=closed
        )
        action = Action.UPHOLD_APPEAL if upheld else Action.DISMISS_APPEAL
        event = event_of(f"submission.appeal-{word}", actor.person_id, submission, {"case": case.case_id})
        moved = store.move(change, submission, action, at=now, event=event, new_round=upheld)
        desk.tell_author(change, moved, f"submission.appeal-{word}")
        if upheld:
            desk.tell_checkers(change, store.load(change.session, submission.submission_id))
        return moved.state
