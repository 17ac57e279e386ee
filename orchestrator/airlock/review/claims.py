"""Claims and conflicts of interest: who is at it, and who had better not be."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.airlock import store
from orchestrator.airlock.cases import store as case_store
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import Claim, State
from orchestrator.airlock.rules import check_words
from orchestrator.core.errors import NotPossible
from orchestrator.policy.model import Actor

from . import store as review_store
from .deciding import decide, event_of

__all__ = ["CLAIM_LASTS", "Claims"]

CLAIM_LASTS = timedelta(days=2)
"""After this a claim says nothing any more; the submission's own deadline runs on regardless."""


class Claims:
    """Advice among checkers. A claim keeps nobody out: as many different people as are needed may review."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def claim(self, actor: Actor, submission_id: str) -> Claim:
        """Say that one is at it, for two days; saying it again renews it."""
        now = self._desk.record.clock()
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "reviewSubmission", submission)
            if submission.state is not State.IN_REVIEW:
                raise NotPossible(f"This submission is {submission.state.value}; only one in review is claimed.")
            claim = Claim(person_id=actor.person_id, claimed_at=now, until=now + CLAIM_LASTS)
            case_store.put_claim(
                change, submission_id, claim, event=event_of("claim.made", actor.person_id, submission)
            )
        return claim

    def unclaim(self, actor: Actor, submission_id: str) -> None:
        """Give one's claim up; without one nothing happens."""
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "showSubmission", submission)
            event = event_of("claim.ended", actor.person_id, submission)
            case_store.drop_claim(change, submission_id, actor.person_id, event=event)

    def declare_conflict(self, actor: Actor, submission_id: str, *, reason: str) -> None:
        """Say that one should not judge this submission; what one said on it already counts no more."""
        reason = check_words(reason, field="reason", ask="Say in a sentence what the conflict of interest is.")
        me = actor.person_id
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "declareConflict", submission)
            now = self._desk.record.clock()
            event = event_of("conflict.declared", me, submission)
            case_store.declare_conflict(change, submission_id, me, reason, at=now, event=event)
            case_store.drop_claim(change, submission_id, me, event=event_of("claim.ended", me, submission))
            own = [
                review
                for review in review_store.reviews(change.session, submission_id, round_number=submission.round)
                if review.person_id == me and not review.void
            ]
            if own and submission.state in (State.IN_REVIEW, State.CONSOLIDATING):
                void = event_of("review.voided", me, submission, {"checkers": [me]})
                review_store.void_reviews(change, submission_id, [me], event=void)
                decide(self._desk, change, me, store.load(change.session, submission_id))
