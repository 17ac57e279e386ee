"""What checkers see: the queue, one submission as far as blinding permits, the frozen bytes of one file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.airlock import store
from orchestrator.airlock.cases import store as case_store
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import Answer, File, Review, State, Submission, View
from orchestrator.airlock.replay.service import Replays
from orchestrator.airlock.rules import DECIDED, unanswered
from orchestrator.audit.record import Change
from orchestrator.core.errors import NotFound, NotPossible, Unavailable
from orchestrator.policy.model import Actor

from . import store as review_store
from .deciding import event_of

__all__ = ["Opened", "Reviews", "file_of", "hold_back"]

_OPENED = frozenset(
    {State.OVERRIDE_ASKED, State.IN_REVIEW, State.CONSOLIDATING, State.SIGN_OFF, State.APPEALED, State.RECALL_ASKED}
)
"""States in which somebody has to judge the files, so that they are shown."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One frozen file as a checker opened it; ``file.binding`` goes back with the vote."""

    file: File
    path: Path


class Reviews:
    """What each person may see of a submission under review."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def queue(self, actor: Actor) -> list[View]:
        """List what this checker may review now, oldest first; what he has to settle with others is among it."""
        with self._desk.record.read() as session:
            waiting = [
                store.load(session, each) for each in store.ids_in(session, State.IN_REVIEW, State.CONSOLIDATING)
            ]
        return [self.view(actor, each.submission_id) for each in waiting if self._waits_for(actor, each)]

    def _waits_for(self, actor: Actor, submission: Submission) -> bool:
        if submission.state is State.CONSOLIDATING and actor.person_id not in submission.reviewers:
            return False
        return self._desk.may(actor, "reviewSubmission", submission)

    def view(self, actor: Actor, submission_id: str) -> View:
        """Show one submission to somebody who may see it, with what blinding permits."""
        desk, me = self._desk, actor.person_id
        with desk.record.read() as session:
            submission = store.load(session, submission_id)
            desk.check(actor, "showSubmission", submission)
            reviews = review_store.reviews(session, submission_id, round_number=submission.round)
            own = review_store.votes(session, submission_id, round_number=submission.round, person_id=me)
            opened = review_store.opened(session, submission_id, me)
            answers = case_store.answers(session, submission_id)
            claims = case_store.claims(session, submission_id, now=desk.record.clock())
            unlocked = case_store.overrides(case_store.cases(session, submission_id))
            replay = Replays(desk).of(session, submission)
        done = any(review.person_id == me and not review.void for review in reviews)
        author = me == submission.author_id
        settles = submission.state is State.CONSOLIDATING and desk.may(actor, "settleConflict", submission)
        sees_all = done or settles or (submission.state in DECIDED and not author)
        return View(
            submission=_without_people(submission) if author else submission,
            reviews=hold_back(submission, reviews, author=author, sees_all=sees_all),
            own_votes=tuple(own),
            own_review_submitted=done,
            reviews_submitted=sum(not review.void for review in reviews),
            opened=opened,
            own_answers=_standing(submission, (each for each in answers if each.person_id == me)),
            answers=_standing(submission, answers) if sees_all else (),
            unanswered=len(unanswered(submission, answers, me)),
            claims=() if author else claims,
            unlocked=unlocked,
            runs_again=replay.program if replay and submission.state is State.FROZEN and replay.pending else "",
        )

    def open_file(self, actor: Actor, submission_id: str, file_id: str) -> Opened:
        """Record that a person who has to judge opened these bytes, and say where they lie."""
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "openFile", submission)
            if submission.state not in _OPENED:
                raise NotPossible(
                    f"This submission is {submission.state.value}; it can be reviewed while it is in review."
                )
            file = file_of(submission, file_id)
            self.note_opened(change, actor, submission, file)
        return Opened(file=file, path=self._desk.frozen.path(file.sha256))

    def note_opened(self, change: Change, actor: Actor, submission: Submission, file: File) -> None:
        """Record that somebody is shown these bytes; ``Unavailable`` when they are not what their name says."""
        if not self._desk.frozen.intact(file.sha256, file.size):
            raise Unavailable(
                "The frozen copy of this file was found altered, so it is not shown. Tell an operator.",
                system="airlock store",
                retry=False,
            )
        review_store.add_view(
            change,
            file.file_id,
            actor.person_id,
            file.sha256,
            at=self._desk.record.clock(),
            event=event_of("file.opened", actor.person_id, submission, {"file": file.file_id, "sha256": file.sha256}),
        )


def _standing(submission: Submission, answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """Return the answers that are about a file as it stands now."""
    bindings = {(file.file_id, file.binding) for file in submission.files}
    return tuple(each for each in answers if (each.file_id, each.binding) in bindings)


def _without_people(submission: Submission) -> Submission:
    """Leave out who checks: the author learns what was said, never by whom."""
    nobody: frozenset[str] = frozenset()
    return replace(
        submission, conflicted=nobody, reviewers=nobody, settlers=nobody, overriders=nobody, barred=nobody, asker=""
    )


def hold_back(submission: Submission, reviews: Iterable[Review], *, author: bool, sees_all: bool) -> tuple[Review, ...]:
    """Return the reviews a person may see: others' only after one's own; the author's without names, at the end."""
    if author:
        if submission.state not in DECIDED:
            return ()
        return tuple(
            replace(review, person_id="", votes=tuple(replace(vote, person_id="") for vote in review.votes))
            for review in reviews
            if not review.void
        )
    return tuple(reviews) if sees_all else ()


def file_of(submission: Submission, file_id: str) -> File:
    """Return one file under review; raises ``NotFound`` for any other."""
    for file in submission.files:
        if file.file_id == file_id:
            return file
    raise NotFound("There is no such file in this submission.")
