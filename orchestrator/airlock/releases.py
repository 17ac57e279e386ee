"""Release of exactly the reviewed bytes with a signed record, and the links by which the author collects them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from orchestrator.audit.record import Change
from orchestrator.core.errors import NotPossible, Refused, Unavailable
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import documents, release_store, review_store, store
from .desk import Desk
from .model import File, Link, Outcome, Review, State, Submission
from .ports import RecordSigner
from .rules import binding_of, check_moves, combined
from .states import Action

__all__ = ["Collected", "Releases"]

_ACTOR = "system:airlock"
_LINK_LASTS = timedelta(hours=72)


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What a link gives: the released files, where they lie, and the signed record."""

    submission: Submission
    files: tuple[tuple[File, Path], ...]
    document: bytes


class Releases:
    """What the worker does after approval, and what the author does after release."""

    def __init__(self, desk: Desk, signer: RecordSigner) -> None:
        self._desk = desk
        self._signer = signer

    # ---- the worker ---------------------------------------------------------------------------------------------

    def waiting(self) -> list[str]:
        """List what is to be released, oldest first; what a killed worker left half released comes again."""
        with self._desk.record.read() as session:
            ids = store.ids_in(session, State.APPROVED, State.RELEASING)
            known = [store.load(session, each) for each in ids]
        return [each.submission_id for each in known if not each.held]

    def release(self, submission_id: str) -> State:
        """Take a submission as far towards release as it may go; may be repeated after a crash at any point."""
        state = self._release(submission_id)
        if state is not State.RELEASED:
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
        store.move(change, submission, Action.VOID, at=at, event=event, new_round=not unfit)
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

    # ---- the author ---------------------------------------------------------------------------------------------

    def make_link(self, actor: Actor, submission_id: str) -> tuple[str, Link]:
        """Make a new link for the author; the secret is shown once and kept nowhere."""
        secret, now = secrets.token_urlsafe(32), self._desk.record.clock()
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "collectRelease", submission)
            self._check_free(submission)
            if submission.state is State.LAPSED:
                check_moves(submission, Action.ISSUE_AGAIN)
                again = self._event("submission.issued-again", submission, {}, actor=actor.person_id)
                store.move(change, submission, Action.ISSUE_AGAIN, at=now, event=again)
            elif submission.state is not State.RELEASED:
                raise NotPossible(f"This submission is {submission.state.value}; links are made once it is released.")
            release_store.end_links(change, submission_id, at=now)
            link = Link(
                link_id=new_id(),
                submission_id=submission_id,
                person_id=actor.person_id,
                made_at=now,
                expires_at=now + _LINK_LASTS,
            )
            event = self._event("link.made", submission, {"link": link.link_id}, actor=actor.person_id)
            release_store.add_link(change, link, _hashed(secret), event=event)
        return secret, link

    def collect(self, actor: Actor, secret: str) -> Collected:
        """Use a link once. Somebody else's attempt is refused and recorded, and does not use it up."""
        refusal: Refused | None = None
        with self._desk.record.change() as change:
            link = release_store.link_by_secret(change.session, _hashed(secret))
            if link is None:
                raise Refused("This link is not valid; ask for a new one on the submission’s page.")
            submission = store.load(change.session, link.submission_id)
            refusal = self._why_not(actor, link, submission)
            kind = "link.used" if refusal is None else "link.refused"
            event = self._event(kind, submission, {"link": link.link_id}, actor=actor.person_id)
            if refusal is None:
                release_store.mark_used(change, link.link_id, at=self._desk.record.clock(), event=event)
                document = release_store.release(change.session, submission.submission_id)
            else:
                change.tell(event)
        if refusal is not None:
            raise refusal
        directory = self._desk.frozen.released(submission.submission_id)
        files = tuple((file, directory / file.sha256) for file in submission.files)
        return Collected(submission=submission, files=files, document=document.encode())

    def _why_not(self, actor: Actor, link: Link, submission: Submission) -> Refused | None:
        decision = self._desk.policy.decide(actor, "collectRelease", self._desk.thing_of(submission))
        if not decision.allowed:
            return Refused(decision.reasons[0], reasons=decision.reasons)
        if link.person_id != actor.person_id:
            return Refused("This link was made for somebody else.")
        if link.used_at is not None:
            return Refused("This link was used already; ask for a new one on the submission’s page.")
        if self._desk.record.clock() >= link.expires_at or submission.state is not State.RELEASED:
            return Refused("This link has expired; ask for a new one on the submission’s page.")
        try:
            self._check_free(submission)
            self._check_intact(submission)
        except NotPossible as held:
            return Refused(held.message)
        return None

    def _check_free(self, submission: Submission) -> None:
        reasons = self._desk.hold_reasons(submission)
        if reasons:
            raise NotPossible(f"Nothing of this project may be collected now: {reasons[0]}")

    def _check_intact(self, submission: Submission) -> None:
        wanted = {(file.sha256, file.size) for file in submission.files}
        if not self._desk.frozen.release_intact(submission.submission_id, wanted):
            raise Unavailable(
                "The released files were found altered, so they are not handed out. Tell an operator.",
                system="airlock store",
                retry=False,
            )

    def signed_record(self, actor: Actor, submission_id: str) -> bytes:
        """Return the signed JSON record of a release."""
        with self._desk.record.read() as session:
            submission = store.load(session, submission_id)
            self._desk.check(actor, "showReleaseRecord", submission)
            return release_store.release(session, submission_id).encode()

    def _event(self, kind: str, submission: Submission, details: dict[str, Json], *, actor: str = _ACTOR) -> Event:
        return Event(kind=kind, actor=actor, subject=f"submission:{submission.submission_id}", details=details)


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


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
