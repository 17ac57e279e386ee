"""Release of exactly the reviewed bytes with a signed record; each step may be repeated after a crash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from orchestrator.audit.record import Change
from orchestrator.core.events import Event, Json

from . import documents, release_store, review_store, store
from .desk import Desk
from .model import Outcome, Review, State, Submission
from .ports import RecordSigner
from .rules import binding_of, combined
from .states import Action

__all__ = ["Releasing"]

_ACTOR = "system:airlock"


class Releasing:
    """What the worker does after approval."""

    def __init__(self, desk: Desk, signer: RecordSigner) -> None:
        self._desk = desk
        self._signer = signer

    def waiting(self) -> list[str]:
        """List what is to be released, oldest first; what a killed worker left half released comes again."""
        with self._desk.record.read() as session:
            ids = store.ids_in(session, State.APPROVED, State.RELEASING)
            known = [store.load(session, each) for each in ids]
        return [each.submission_id for each in known if not each.held]

    def release(self, submission_id: str) -> State:
        """Take a submission as far towards release as it may go; may be repeated after a crash at any point."""
        state = self._release(submission_id)
        if state not in (State.RELEASED, State.LAPSED):
            self._desk.frozen.remove_release(submission_id)
        return state

    def _release(self, submission_id: str) -> State:
        submission, reviews, ready = self._admit(submission_id)
        if not ready:
            return submission.state
        wanted = {(file.sha256, file.size) for file in submission.files}
        if not self._desk.frozen.copy_out(submission_id, wanted):
            return self._quarantine(submission)
        document = self._document(submission, reviews)
        digest = hashlib.sha256(document).hexdigest()
        with self._desk.record.change() as change:
            now = store.load(change.session, submission_id)
            if now.state is not State.RELEASING or not self._still_valid(change, now):
                return now.state
            at = self._desk.record.clock()
            event = self._event("submission.released", now, {"record": digest, "files": len(now.files)})
            moved = store.move(change, now, Action.FINISH_RELEASE, at=at, event=event)
            kept = self._event("release.recorded", now, {"record": digest})
            release_store.add_release(change, submission_id, document.decode(), digest, at=at, event=kept)
            self._desk.tell_author(change, moved, "submission.released")
            return moved.state

    def _admit(self, submission_id: str) -> tuple[Submission, list[Review], bool]:
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            ready = submission.state in (State.APPROVED, State.RELEASING) and self._still_valid(change, submission)
            if ready and submission.state is State.APPROVED:
                event = self._event("submission.releasing", submission, {"round": submission.round})
                at = self._desk.record.clock()
                store.move(change, submission, Action.START_RELEASE, at=at, event=event)
            submission = store.load(change.session, submission_id)
            reviews = review_store.reviews(change.session, submission_id, round_number=submission.round)
        return submission, [review for review in reviews if not review.void], ready

    def _still_valid(self, change: Change, submission: Submission) -> bool:
        """Say whether the approval holds at this moment; void or hold it where it does not."""
        desk = self._desk
        reasons = desk.hold_reasons(submission)
        if reasons or submission.held:
            if reasons != submission.held and reasons:
                event = self._event("submission.held", submission, {"reasons": len(reasons)})
                store.set_held(change, submission.submission_id, reasons, event=event)
            return False
        pack = desk.pack_for(submission.project_id)
        reviews = review_store.reviews(change.session, submission.submission_id, round_number=submission.round)
        unfit = self._unfit(submission, reviews)
        if not unfit and pack.sha256 == submission.pack_sha256:
            valid = combined(reviews, max(pack.checkers_needed, submission.checkers_needed))
            if valid is Outcome.APPROVE and _bound(submission, reviews):
                return True
        people: list[Json] = list(unfit)
        event = self._event("submission.approval-voided", submission, {"checkers": people})
        if unfit:
            void = self._event("review.voided", submission, {"checkers": people})
            review_store.void_reviews(change, submission.submission_id, unfit, event=void)
        at = desk.record.clock()
        again = store.move(change, submission, Action.VOID, at=at, event=event, new_round=not unfit)
        desk.tell_checkers(change, again)
        return False

    def _unfit(self, submission: Submission, reviews: Sequence[Review]) -> list[str]:
        governance = self._desk.governance
        return [
            review.person_id
            for review in reviews
            if not review.void
            and not self._desk.may(governance.actor(review.person_id), "reviewSubmission", submission)
        ]

    def _document(self, submission: Submission, reviews: Sequence[Review]) -> bytes:
        desk = self._desk
        with desk.record.read() as session:
            audit = documents.audit_positions(session, submission.submission_id)
        record = documents.build(
            submission,
            reviews,
            pack=desk.pack_for(submission.project_id),
            terms=desk.governance.terms(submission.project_id),
            access_rules=desk.policy.digest,
            audit=audit,
        )
        return documents.signed(record, self._signer)

    def _quarantine(self, submission: Submission) -> State:
        self._desk.frozen.remove_release(submission.submission_id)
        with self._desk.record.change() as change:
            now = store.load(change.session, submission.submission_id)
            event = self._event("submission.quarantined", now, {"round": now.round})
            at = self._desk.record.clock()
            return store.move(change, now, Action.QUARANTINE, at=at, event=event).state

    def _event(self, kind: str, submission: Submission, details: dict[str, Json]) -> Event:
        return Event(kind=kind, actor=_ACTOR, subject=f"submission:{submission.submission_id}", details=details)


def _bound(submission: Submission, reviews: Sequence[Review]) -> bool:
    """Say whether every vote approves exactly what would be released, computed anew from what is kept."""
    bindings = {
        file.file_id: binding_of(
            submission, file, pack_version=submission.pack_version, pack_sha256=submission.pack_sha256
        )
        for file in submission.files
    }
    for review in reviews:
        voted = {vote.file_id: vote.binding for vote in review.votes if vote.choice.value == "approve"}
        if not review.void and voted != bindings:
            return False
    return bool(bindings) and all(file.binding == bindings[file.file_id] for file in submission.files)
