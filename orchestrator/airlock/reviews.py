"""Blinded review: who may review, what each person sees, votes bound to what was opened, and the decision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.audit.record import Change
from orchestrator.core.errors import NotFound, NotPossible, Unavailable
from orchestrator.core.events import Event, Json
from orchestrator.policy.model import Actor

from . import review_store, store
from .desk import Desk
from .model import Choice, File, Outcome, Review, State, Submission, View, Vote
from .previews import preview
from .rules import (
    DECIDED,
    check_moves,
    check_review_complete,
    check_vote,
    combined,
    outcome_of,
    text_sha256,
)
from .states import Action

__all__ = ["Opened", "Reviews"]

_DECISIONS = {
    Outcome.APPROVE: (Action.APPROVE, "submission.approved"),
    Outcome.RETURN: (Action.RETURN, "submission.returned"),
    Outcome.REJECT: (Action.REJECT, "submission.rejected"),
}


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One frozen file as a checker opened it; ``file.binding`` goes back with the vote."""

    file: File
    path: Path


class Reviews:
    """What checkers do, and what each person may see."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def queue(self, actor: Actor) -> list[View]:
        """List what this checker may review now, oldest first."""
        with self._desk.record.read() as session:
            waiting = [store.load(session, each) for each in store.ids_in(session, State.IN_REVIEW)]
        return [self.view(actor, each.submission_id) for each in waiting if self._may_review(actor, each)]

    def view(self, actor: Actor, submission_id: str) -> View:
        """Show one submission to somebody who may see it, with what blinding permits."""
        with self._desk.record.read() as session:
            submission = store.load(session, submission_id)
            self._desk.check(actor, "showSubmission", submission)
            reviews = review_store.reviews(session, submission_id, round_number=submission.round)
            own = review_store.votes(session, submission_id, round_number=submission.round, person_id=actor.person_id)
            opened = review_store.opened(session, submission_id, actor.person_id)
        done = any(review.person_id == actor.person_id and not review.void for review in reviews)
        return View(
            submission=submission,
            reviews=_visible(actor, submission, reviews, done=done),
            own_votes=tuple(own),
            own_review_submitted=done,
            reviews_submitted=sum(not review.void for review in reviews),
            opened=opened,
        )

    def open_file(self, actor: Actor, submission_id: str, file_id: str) -> Opened:
        """Record that a checker opened these bytes, and say where they lie."""
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "reviewSubmission", submission)
            _check_in_review(submission)
            file = _file(submission, file_id)
            if not self._desk.frozen.intact(file.sha256, file.size):
                raise Unavailable(
                    "The frozen copy of this file was found altered, so it is not shown. Tell an operator.",
                    system="airlock store",
                    retry=False,
                )
            review_store.add_view(
                change,
                file_id,
                actor.person_id,
                file.sha256,
                at=self._desk.record.clock(),
                event=_event("file.opened", actor, submission, {"file": file_id, "sha256": file.sha256}),
            )
        return Opened(file=file, path=self._desk.frozen.path(file.sha256))

    def vote(
        self, actor: Actor, submission_id: str, file_id: str, *, choice: Choice, comment: str, binding: str
    ) -> None:
        """Vote on one file; the vote may be changed until the review is submitted."""
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._check_open_review(change, actor, submission)
            file = _file(submission, file_id)
            comment = check_vote(submission, file, choice=choice, comment=comment, binding=binding)
            if file_id not in review_store.opened(change.session, submission_id, actor.person_id):
                raise NotPossible("Open the file first: a vote is about bytes that you have looked at.")
            if choice is Choice.APPROVE:
                self._check_shown(file)
            vote = Vote(
                file_id=file_id,
                person_id=actor.person_id,
                round=submission.round,
                choice=choice,
                comment=comment,
                binding=binding,
                voted_at=self._desk.record.clock(),
            )
            details: dict[str, Json] = {"file": file_id, "binding": binding, "round": submission.round}
            event = _event("file.voted", actor, submission, details | {"comment": text_sha256(comment)})
            review_store.set_vote(change, submission_id, vote, event=event)

    def _check_shown(self, file: File) -> None:
        """Raise ``NotPossible`` for a file of which no view exists: nobody approves what he cannot see."""
        seen = preview(self._desk.frozen.path(file.sha256), name=file.name, kind=file.kind, count=1)
        if seen.shape == "none":
            raise NotPossible(
                "This kind of file cannot be shown here, so it cannot be approved. "
                "Ask for its content as a table, a text or a picture."
            )

    def submit_review(self, actor: Actor, submission_id: str) -> Review:
        """Hand in this round's votes for good; the last review that is needed decides."""
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._check_open_review(change, actor, submission)
            votes = review_store.votes(
                change.session, submission_id, round_number=submission.round, person_id=actor.person_id
            )
            check_review_complete(submission, votes)
            review = Review(
                person_id=actor.person_id,
                round=submission.round,
                submitted_at=self._desk.record.clock(),
                outcome=outcome_of(votes),
                votes=tuple(votes),
            )
            bindings: list[Json] = [vote.binding for vote in votes]
            details: dict[str, Json] = {"round": submission.round, "bindings": bindings}
            review_store.add_review(
                change, submission_id, review, event=_event("review.submitted", actor, submission, details)
            )
            self._decide(change, actor, submission)
        return review

    def _decide(self, change: Change, actor: Actor, submission: Submission) -> None:
        reviews = review_store.reviews(change.session, submission.submission_id, round_number=submission.round)
        needed = max(submission.checkers_needed, self._desk.pack_for(submission.project_id).checkers_needed)
        outcome = combined(reviews, needed)
        if outcome is None:
            return
        action, kind = _DECISIONS[outcome]
        check_moves(submission, action)
        people: list[Json] = [review.person_id for review in reviews if not review.void]
        event = _event(kind, actor, submission, {"round": submission.round, "checkers": people})
        store.move(change, submission, action, at=self._desk.record.clock(), event=event)
        if outcome is not Outcome.APPROVE:
            self._desk.tell_author(change, submission, kind)

    def _check_open_review(self, change: Change, actor: Actor, submission: Submission) -> None:
        self._desk.check(actor, "reviewSubmission", submission)
        reviews = review_store.reviews(change.session, submission.submission_id, round_number=submission.round)
        if any(review.person_id == actor.person_id for review in reviews):
            raise NotPossible("You have submitted your review of this round; it cannot be changed or repeated.")
        _check_in_review(submission)
        if submission.held:
            raise NotPossible(f"This submission is held: {submission.held[0]}")

    def _may_review(self, actor: Actor, submission: Submission) -> bool:
        return self._desk.may(actor, "reviewSubmission", submission)


def _visible(actor: Actor, submission: Submission, reviews: Iterable[Review], *, done: bool) -> tuple[Review, ...]:
    """Return the reviews this person may see: others' only after one's own; the author's without names, at the end."""
    if actor.person_id == submission.author_id:
        if submission.state not in DECIDED:
            return ()
        return tuple(
            replace(review, person_id="", votes=tuple(replace(vote, person_id="") for vote in review.votes))
            for review in reviews
            if not review.void
        )
    if done or submission.state in DECIDED:
        return tuple(reviews)
    return ()


def _check_in_review(submission: Submission) -> None:
    if submission.state is not State.IN_REVIEW:
        raise NotPossible(f"This submission is {submission.state.value}; it can be reviewed while it is in review.")


def _file(submission: Submission, file_id: str) -> File:
    for file in submission.files:
        if file.file_id == file_id:
            return file
    raise NotFound("There is no such file in this submission.")


def _event(kind: str, actor: Actor, submission: Submission, details: dict[str, Json]) -> Event:
    return Event(kind=kind, actor=actor.person_id, subject=f"submission:{submission.submission_id}", details=details)
