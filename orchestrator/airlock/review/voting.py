"""Blinded review: votes bound to what was opened, an answer to each finding, and the review that is handed in."""

from __future__ import annotations

from collections.abc import Collection

from orchestrator.airlock import store
from orchestrator.airlock.cases import store as case_store
from orchestrator.airlock.cases.model import Case, CaseKind, CaseOutcome
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import Answer, Choice, File, Review, State, Submission, Vote
from orchestrator.airlock.rules import check_review_complete, check_vote, check_words, outcome_of, text_sha256
from orchestrator.audit.record import Change
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import store as review_store
from .deciding import decide, event_of
from .previews import preview
from .reviews import file_of

__all__ = ["Voting"]


class Voting:
    """What checkers do, each for himself until all have done it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def vote(
        self,
        actor: Actor,
        submission_id: str,
        file_id: str,
        *,
        choice: Choice,
        comment: str,
        binding: str,
        acknowledged: Collection[str] = (),
    ) -> None:
        """Vote on one file; the vote may be changed until the review is handed in, and while checkers disagree.

        ``acknowledged`` are keys of findings that the comment answers as well.
        """
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            changing = self._check_may_vote(change, actor, submission)
            file = file_of(submission, file_id)
            unlocked = case_store.overrides(case_store.cases(change.session, submission_id))
            comment = check_vote(file, choice=choice, comment=comment, binding=binding, unlocked=unlocked)
            if file_id not in review_store.opened(change.session, submission_id, actor.person_id):
                raise NotPossible("Open the file first: a vote is about bytes that you have looked at.")
            if choice is Choice.APPROVE:
                self._check_shown(file)
            if changing is not None:
                comment = check_words(comment, field="comment", ask="Say why you change your vote.")
            for key in acknowledged:
                self._answer(change, actor, submission, file, finding=key, comment=comment)
            vote = self._keep(change, actor, submission, file, choice=choice, comment=comment)
            if changing is not None:
                self._change(change, actor, submission, changing, vote)

    def _keep(
        self, change: Change, actor: Actor, submission: Submission, file: File, *, choice: Choice, comment: str
    ) -> Vote:
        vote = Vote(
            file_id=file.file_id,
            person_id=actor.person_id,
            round=submission.round,
            choice=choice,
            comment=comment,
            binding=file.binding,
            voted_at=self._desk.record.clock(),
        )
        details: dict[str, Json] = {"file": file.file_id, "binding": file.binding, "round": submission.round}
        event = event_of("file.voted", actor.person_id, submission, details | {"comment": text_sha256(comment)})
        review_store.set_vote(change, submission.submission_id, vote, event=event)
        return vote

    def _check_may_vote(self, change: Change, actor: Actor, submission: Submission) -> Review | None:
        """Return one's own handed-in review while checkers disagree; raise when this is no time to vote."""
        self._desk.check(actor, "reviewSubmission", submission)
        own = self._own(change, actor, submission)
        if submission.state is State.CONSOLIDATING and own is not None:
            _check_not_held(submission)
            return own
        if own is not None:
            raise NotPossible("You have submitted your review of this round; it cannot be changed or repeated.")
        if submission.state is not State.IN_REVIEW:
            raise NotPossible(f"This submission is {submission.state.value}; it can be voted on while it is in review.")
        _check_not_held(submission)
        return None

    def _own(self, change: Change, actor: Actor, submission: Submission) -> Review | None:
        found = review_store.reviews(change.session, submission.submission_id, round_number=submission.round)
        return next((review for review in found if review.person_id == actor.person_id), None)

    def _change(self, change: Change, actor: Actor, submission: Submission, earlier: Review, vote: Vote) -> None:
        """Let a changed vote change the review it was part of, keep both, and see whether all agree now."""
        before = {each.file_id: each.choice for each in earlier.votes}
        now = self._own(change, actor, submission)
        if now is None:
            raise NotFound("Your review is gone; look at the submission again.")
        after = Review(
            person_id=now.person_id,
            round=now.round,
            submitted_at=now.submitted_at,
            outcome=outcome_of(now.votes),
            votes=now.votes,
        )
        at = self._desk.record.clock()
        was = before.get(vote.file_id)
        case = Case(
            case_id=new_id(),
            submission_id=submission.submission_id,
            round=submission.round,
            kind=CaseKind.CHANGED_VOTE,
            asked_by=actor.person_id,
            asked_at=at,
            reason=vote.comment,
            detail=f"{was.value if was else 'none'} to {vote.choice.value}",
            covers=(vote.binding,),
            outcome=CaseOutcome.ACCEPTED,
            closed_at=at,
        )
        details: dict[str, Json] = {
            "file": vote.file_id,
            "case": case.case_id,
            "from": was.value if was else "none",
            "to": vote.choice.value,
        }
        case_store.put_case(change, case, event=event_of("file.vote-changed", actor.person_id, submission, details))
        review_store.set_outcome(change, submission.submission_id, after)
        decide(self._desk, change, actor.person_id, submission)

    def answer_finding(self, actor: Actor, submission_id: str, file_id: str, finding: str, *, comment: str) -> None:
        """Say what one makes of a finding (named by its key); every flag and block needs such an answer."""
        comment = check_words(comment, field="comment", ask="Say what you make of this finding.")
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._check_may_vote(change, actor, submission)
            file = file_of(submission, file_id)
            self._answer(change, actor, submission, file, finding=finding, comment=comment)

    def _answer(
        self, change: Change, actor: Actor, submission: Submission, file: File, *, finding: str, comment: str
    ) -> None:
        if finding not in {each.key for each in file.findings}:
            raise NotFound("There is no such finding in this file as it stands now.")
        answer = Answer(
            file_id=file.file_id,
            person_id=actor.person_id,
            round=submission.round,
            finding=finding,
            comment=comment or "Seen.",
            binding=file.binding,
            answered_at=self._desk.record.clock(),
        )
        details: dict[str, Json] = {"file": file.file_id, "finding": finding, "comment": text_sha256(answer.comment)}
        event = event_of("finding.answered", actor.person_id, submission, details)
        case_store.put_answer(change, submission.submission_id, answer, event=event)

    def _check_shown(self, file: File) -> None:
        """Raise ``NotPossible`` for a file of which no view exists: nobody approves what he cannot see."""
        seen = preview(self._desk.frozen.path(file.sha256), name=file.name, kind=file.kind, count=1)
        if seen.shape == "none":
            raise NotPossible(
                "This kind of file cannot be shown here, so it cannot be approved. "
                "Ask for its content as a table, a text or a picture."
            )

    def submit_review(self, actor: Actor, submission_id: str, *, seen: int) -> Review:
        """Hand in this round's votes; the last review that is needed decides, or shows that checkers disagree."""
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            if self._check_may_vote(change, actor, submission) is not None:
                raise NotPossible("You have submitted your review of this round; it cannot be changed or repeated.")
            store.check_seen(submission, seen)
            votes = review_store.votes(
                change.session, submission_id, round_number=submission.round, person_id=actor.person_id
            )
            answers = case_store.answers(change.session, submission_id)
            check_review_complete(submission, votes, answers, actor.person_id)
            review = Review(
                person_id=actor.person_id,
                round=submission.round,
                submitted_at=self._desk.record.clock(),
                outcome=outcome_of(votes),
                votes=tuple(votes),
            )
            bindings: list[Json] = [vote.binding for vote in votes]
            details: dict[str, Json] = {"round": submission.round, "bindings": bindings}
            event = event_of("review.submitted", actor.person_id, submission, details)
            review_store.add_review(change, submission_id, review, event=event)
            gone = event_of("claim.ended", actor.person_id, submission)
            case_store.drop_claim(change, submission_id, actor.person_id, event=gone)
            decide(self._desk, change, actor.person_id, submission)
        return review


def _check_not_held(submission: Submission) -> None:
    if submission.held:
        raise NotPossible(f"This submission is held: {submission.held[0]}")
