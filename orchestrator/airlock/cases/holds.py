"""Holds by an operator: an incident stops a submission, whatever state it is in, until an operator lets it go on."""

from __future__ import annotations

from orchestrator.airlock import store
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.review.deciding import event_of
from orchestrator.airlock.rules import check_words
from orchestrator.airlock.states import AIRLOCK_STATES
from orchestrator.audit.record import Change
from orchestrator.core.errors import NotPossible
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import store as case_store
from .model import Case, CaseKind, CaseOutcome, Opinion

__all__ = ["Holds"]


class Holds:
    """The overlay that people lay over a state; the project's and the author's own holds come by themselves."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def hold(self, actor: Actor, submission_id: str, *, reason: str) -> None:
        """Stop a submission, its links too, because of an incident."""
        reason = " ".join(check_words(reason, field="reason", ask="Say what happened, in a sentence.").split())
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "holdSubmission", submission)
            if submission.state in AIRLOCK_STATES.final():
                raise NotPossible(f"This submission is {submission.state.value}; there is nothing left to hold.")
            if submission.incident:
                raise NotPossible("It is held already; let it go on first to give another reason.")
            case = Case(
                case_id=new_id(),
                submission_id=submission_id,
                round=submission.round,
                kind=CaseKind.HOLD,
                asked_by=actor.person_id,
                asked_at=self._desk.record.clock(),
                reason=reason,
            )
            held = event_of("submission.incident-held", actor.person_id, submission, {"case": case.case_id})
            case_store.put_case(change, case, event=held)
            store.set_incident(change, submission, reason, event=held)
            self._renew(change, submission_id, actor)
            self._desk.tell_author(change, submission, "submission.held")

    def let_go(self, actor: Actor, submission_id: str, *, reason: str) -> None:
        """Let a submission go on that was held because of an incident; what else holds it goes on holding it."""
        reason = check_words(reason, field="reason", ask="Say why it may go on.")
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "holdSubmission", submission)
            case = case_store.open_case(change.session, submission_id, CaseKind.HOLD)
            if case is None:
                raise NotPossible("No operator holds this submission.")
            now = self._desk.record.clock()
            opinion = Opinion(person_id=actor.person_id, yes=True, reason=reason, said_at=now)
            said = event_of("submission.incident-ended", actor.person_id, submission, {"case": case.case_id})
            case = case_store.add_opinion(change, case, opinion, event=said)
            case_store.close_case(change, case, CaseOutcome.ACCEPTED, at=now, event=said)
            store.set_incident(change, submission, "", event=said)
            self._renew(change, submission_id, actor)
            self._desk.tell_author(change, submission, "submission.resumed")

    def _renew(self, change: Change, submission_id: str, actor: Actor) -> None:
        submission = store.load(change.session, submission_id)
        reasons = self._desk.hold_reasons(submission)
        event = event_of("submission.held" if reasons else "submission.resumed", actor.person_id, submission)
        store.set_held(change, submission_id, reasons, event=event)
