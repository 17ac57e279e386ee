"""Where a turn ends otherwise: returned early by any checker, or settled by an SDC lead when checkers disagree."""

from __future__ import annotations

from orchestrator.airlock import store
from orchestrator.airlock.cases import store as case_store
from orchestrator.airlock.cases.model import Case, CaseKind, CaseOutcome
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import Outcome, Review, State, Submission
from orchestrator.airlock.rules import Stand, check_moves, check_words
from orchestrator.airlock.states import Action
from orchestrator.audit.record import Change
from orchestrator.core.errors import NotPossible
from orchestrator.core.events import Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import store as review_store
from .deciding import act_on, event_of, valid_reviews

__all__ = ["Consolidating"]


class Consolidating:
    """What ends a round without unanimity."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def return_early(self, actor: Actor, submission_id: str, *, reason: str, seen: int) -> None:
        """Send a submission back before all have reviewed it; the votes of this turn count no more."""
        reason = check_words(reason, field="reason", ask="Say what has to change, for the author.")
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "reviewSubmission", submission)
            check_moves(submission, Action.RETURN_EARLY)
            store.check_seen(submission, seen)
            wiped = event_of("review.turn-voided", actor.person_id, submission, {"round": submission.round})
            review_store.void_round(change, submission_id, submission.round, event=wiped)
            event = event_of("submission.returned-early", actor.person_id, submission, {"round": submission.round})
            now = self._desk.record.clock()
            moved = store.move(change, submission, Action.RETURN_EARLY, at=now, event=event, reason=reason)
            self._desk.tell_author(change, moved, "submission.returned")

    def settle(self, actor: Actor, submission_id: str, *, outcome: Outcome, reason: str, seen: int) -> Case:
        """Let an SDC lead decide where checkers disagree, in writing; whom he overrules is part of the record."""
        reason = check_words(reason, field="reason", ask="Say why you decide so, for the checkers and the record.")
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "settleConflict", submission)
            if submission.state is not State.CONSOLIDATING:
                raise NotPossible("There is no disagreement to settle: all who reviewed it agree, or are not done.")
            store.check_seen(submission, seen)
            reviews = valid_reviews(change, submission)
            case = self._case(actor, submission, outcome, reason)
            overruled: list[Json] = [each.person_id for each in reviews if each.outcome is not outcome]
            details: dict[str, Json] = {"outcome": outcome.value, "overruled": overruled, "case": case.case_id}
            settled = event_of("submission.settled", actor.person_id, submission, details)
            case_store.put_case(change, case, event=settled)
            self._check_possible(change, submission, outcome)
            people: list[Json] = [each.person_id for each in reviews]
            act_on(
                self._desk,
                change,
                actor.person_id,
                store.load(change.session, submission_id),
                Stand(outcome.value),
                people=people,
                reason=reason,
            )
            self._desk.tell(change, submission, "submission.settled", (each.person_id for each in reviews))
            return case

    def _case(self, actor: Actor, submission: Submission, outcome: Outcome, reason: str) -> Case:
        now = self._desk.record.clock()
        return Case(
            case_id=new_id(),
            submission_id=submission.submission_id,
            round=submission.round,
            kind=CaseKind.SETTLEMENT,
            asked_by=actor.person_id,
            asked_at=now,
            reason=reason,
            detail=outcome.value,
            covers=tuple(sorted(file.binding for file in submission.outputs)),
            outcome=CaseOutcome.ACCEPTED,
            closed_at=now,
        )

    def _check_possible(self, change: Change, submission: Submission, outcome: Outcome) -> None:
        """Raise where a lead would let out what nobody approved, or what the checks block without an override."""
        if outcome is not Outcome.APPROVE:
            return
        unlocked = case_store.overrides(case_store.cases(change.session, submission.submission_id))
        if any(file.verdict == "block" and file.binding not in unlocked for file in submission.outputs):
            raise NotPossible("The checks block a file of it; an override has to be accepted before it may leave.")
        reviews: list[Review] = valid_reviews(change, submission)
        for file in submission.outputs:
            approving = [
                vote
                for review in reviews
                for vote in review.votes
                if vote.file_id == file.file_id and vote.choice.value == "approve" and vote.binding == file.binding
            ]
            if not approving:
                raise NotPossible(
                    f"No checker approved file {file.position + 1}: a lead settles between checkers, not for them."
                )
