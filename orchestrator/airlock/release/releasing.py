"""Release of exactly the reviewed bytes with a signed record; each step may be repeated after a crash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestrator.airlock import file_store, store
from orchestrator.airlock.cases import signoffs
from orchestrator.airlock.cases import store as case_store
from orchestrator.airlock.cases.recalls import wanted
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.inspection.ledgering import Looked, attacked, known_outside, not_seen
from orchestrator.airlock.ledger import store as ledger_store
from orchestrator.airlock.model import File, Finding, Review, State, Submission
from orchestrator.airlock.ports import Inspector, RecordSigner
from orchestrator.airlock.review import store as review_store
from orchestrator.airlock.review.deciding import needed_for
from orchestrator.airlock.review.quorum import approval_stands
from orchestrator.airlock.rules import binding_of, verdict_of
from orchestrator.airlock.states import Action
from orchestrator.audit.record import Change
from orchestrator.core.events import Event, Json

from . import documents
from . import store as release_store

__all__ = ["Releasing"]

_ACTOR = "system:airlock"


class Releasing:
    """What the worker does after approval."""

    def __init__(self, desk: Desk, signer: RecordSigner, inspector: Inspector) -> None:
        self._desk, self._signer, self._inspector = desk, signer, inspector

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
        submission, ready = self._admit(submission_id)
        if not ready:
            return submission.state
        if not self._desk.frozen.copy_out(submission_id, wanted(submission)):
            return self._quarantine(submission)
        fresh = self._look_again(submission)
        if fresh:
            return self._void_for(submission, fresh)
        document = self._document(submission)
        digest = hashlib.sha256(document).hexdigest()
        with self._desk.record.change() as change:
            now = store.load(change.session, submission_id)
            if now.state is not State.RELEASING or not self._still_valid(change, now):
                return now.state
            at = self._desk.record.clock()
            event = self._event("submission.released", now, {"record": digest, "files": len(now.outputs)})
            moved = store.move(change, now, Action.FINISH_RELEASE, at=at, event=event)
            kept = self._event("release.recorded", now, {"record": digest})
            release_store.add_release(change, submission_id, document.decode(), digest, at=at, event=kept)
            known = self._event("ledger.known", now, {"files": len(now.outputs)})
            ledger_store.add(change, submission_id, at=at, event=known, files=[file.name for file in now.outputs])
            self._desk.tell_author(change, moved, "submission.released")
            return moved.state

    def _look_again(self, submission: Submission) -> dict[str, list[Finding]]:
        """Attack the tables once more with all that is out by now; return what the checkers have not seen."""
        desk = self._desk
        with desk.record.read() as session:
            kept = ledger_store.kept(session, submission.submission_id)
            released = known_outside(desk, session, submission)
        tables = {
            file.name: tuple(each.as_json() for each in kept if each.file == file.name) for file in submission.files
        }
        if not kept or not released:
            return {}
        looked = [Looked(file=file, tables=tables[file.name]) for file in submission.files]
        pack = desk.pack_for(submission.project_id)
        return not_seen(submission, attacked(desk, self._inspector, submission, looked, released=released, pack=pack))

    def _void_for(self, submission: Submission, fresh: Mapping[str, list[Finding]]) -> State:
        """Send it back to review with what another release has made of it; files without a finding keep their votes."""
        with self._desk.record.change() as change:
            now = store.load(change.session, submission.submission_id)
            if now.state is not State.RELEASING or now.round != submission.round:
                return now.state
            rules: list[Json] = [each.rule for found in fresh.values() for each in found]
            event = self._event("submission.approval-voided", now, {"rules": rules})
            again = store.move(change, now, Action.VOID, at=self._desk.record.clock(), event=event, new_round=True)
            judged = [_judged(again, file, fresh[file.file_id]) for file in again.files if file.file_id in fresh]
            found = self._event("files.found-anew", again, {"files": [each.file_id for each in judged]})
            file_store.put_findings(change, judged, event=found)
            again = store.load(change.session, again.submission_id)
            review_store.carry_over(change, again, event=self._event("votes.carried", again, {"round": again.round}))
            self._desk.tell_checkers(change, again)
            self._desk.tell_author(change, again, "submission.approval-voided")
            return again.state

    def _admit(self, submission_id: str) -> tuple[Submission, bool]:
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            ready = submission.state in (State.APPROVED, State.RELEASING) and self._still_valid(change, submission)
            if ready and submission.state is State.APPROVED:
                asked = signoffs.ask_where_needed(self._desk, change, submission)
                if asked.state is not State.APPROVED:
                    return asked, False
                event = self._event("submission.releasing", submission, {"round": submission.round})
                at = self._desk.record.clock()
                store.move(change, submission, Action.START_RELEASE, at=at, event=event)
            return store.load(change.session, submission_id), ready

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
        cases = case_store.cases(change.session, submission.submission_id)
        unfit = self._unfit(submission, reviews)
        if (
            not unfit
            and pack.sha256 == submission.pack_sha256
            and approval_stands(submission, reviews, cases, needed_for(desk, submission), may=self._may)
            and (submission.state is State.APPROVED or not signoffs.missing(desk, change.session, submission))
        ):
            return True
        self._void(change, submission, unfit)
        return False

    def _void(self, change: Change, submission: Submission, unfit: Sequence[str]) -> None:
        """Send it back to review: the reviews of people who may not judge it any more do not count."""
        people: list[Json] = list(unfit)
        event = self._event("submission.approval-voided", submission, {"checkers": people})
        if unfit:
            void = self._event("review.voided", submission, {"checkers": people})
            review_store.void_reviews(change, submission.submission_id, unfit, event=void)
        at = self._desk.record.clock()
        again = store.move(change, submission, Action.VOID, at=at, event=event, new_round=not unfit)
        if not unfit:
            review_store.carry_over(change, again, event=self._event("votes.carried", again, {"round": again.round}))
        self._desk.tell_checkers(change, again)

    def _unfit(self, submission: Submission, reviews: Sequence[Review]) -> list[str]:
        return [
            review.person_id
            for review in reviews
            if not review.void and not self._may(review.person_id, "reviewSubmission", submission)
        ]

    def _may(self, person_id: str, action: str, submission: Submission) -> bool:
        return self._desk.may(self._desk.governance.actor(person_id), action, submission)

    def _document(self, submission: Submission) -> bytes:
        desk = self._desk
        with desk.record.read() as session:
            reviews = review_store.reviews(session, submission.submission_id, round_number=submission.round)
            record = documents.build(
                submission,
                [review for review in reviews if not review.void],
                cases=case_store.cases(session, submission.submission_id),
                pack=desk.pack_for(submission.project_id),
                terms=desk.governance.terms(submission.project_id),
                access_rules=desk.policy.digest,
                audit=documents.audit_positions(session, submission.submission_id),
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


def _judged(submission: Submission, file: File, fresh: Sequence[Finding]) -> File:
    """Return a file with further findings, its verdict and everything a vote binds computed anew."""
    findings = (*file.findings, *fresh)
    judged = replace(file, findings=findings, verdict=verdict_of(findings))
    binding = binding_of(submission, judged, pack_version=submission.pack_version, pack_sha256=submission.pack_sha256)
    return replace(judged, binding=binding)
