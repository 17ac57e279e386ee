"""Views, votes and reviews in the record. Every write hands its ``Event`` to the change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from orchestrator.airlock.model import Choice, Outcome, Review, Submission, Vote
from orchestrator.airlock.rows import FileRow, ReviewRow, ViewRow, VoteRow
from orchestrator.audit.record import Change
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id

__all__ = [
    "add_review",
    "add_view",
    "carry_over",
    "opened",
    "reviews",
    "set_outcome",
    "set_vote",
    "void_reviews",
    "void_round",
    "votes",
]


def add_view(change: Change, file_id: str, person_id: str, sha256: str, *, at: datetime, event: Event) -> None:
    """Note that a person opened these bytes; each opening is an event, the row is kept once."""
    seen = select(ViewRow.view_id).where(
        ViewRow.file_id == file_id, ViewRow.person_id == person_id, ViewRow.sha256 == sha256
    )
    if change.session.scalar(seen) is None:
        change.session.add(ViewRow(view_id=new_id(), file_id=file_id, person_id=person_id, sha256=sha256, viewed_at=at))
    change.tell(event)


def opened(session: Session, submission_id: str, person_id: str) -> frozenset[str]:
    """Return the files whose present bytes this person has opened."""
    return frozenset(
        session.scalars(
            select(ViewRow.file_id)
            .join(FileRow, FileRow.file_id == ViewRow.file_id)
            .where(
                FileRow.submission_id == submission_id,
                ViewRow.person_id == person_id,
                ViewRow.sha256 == FileRow.sha256,
            )
        )
    )


def set_vote(change: Change, submission_id: str, vote: Vote, *, event: Event) -> None:
    """Keep a checker's vote; an earlier one of the same round is replaced."""
    row = change.session.scalar(
        select(VoteRow).where(
            VoteRow.file_id == vote.file_id, VoteRow.person_id == vote.person_id, VoteRow.round == vote.round
        )
    )
    if row is None:
        row = VoteRow(vote_id=new_id(), submission_id=submission_id, file_id=vote.file_id, round=vote.round)
        row.person_id = vote.person_id
        change.session.add(row)
    row.choice, row.comment, row.binding = vote.choice.value, vote.comment, vote.binding
    row.voted_at, row.carried_from, row.void = vote.voted_at, vote.carried_from, False
    change.tell(event)


def votes(session: Session, submission_id: str, *, round_number: int, person_id: str | None = None) -> list[Vote]:
    """Return the votes of a round, of everybody or of one person."""
    query = (
        select(VoteRow)
        .join(FileRow, FileRow.file_id == VoteRow.file_id)
        .where(VoteRow.submission_id == submission_id, VoteRow.round == round_number, VoteRow.void.is_(False))
    )
    if person_id is not None:
        query = query.where(VoteRow.person_id == person_id)
    return [
        Vote(
            file_id=row.file_id,
            person_id=row.person_id,
            round=row.round,
            choice=Choice(row.choice),
            comment=row.comment,
            binding=row.binding,
            voted_at=row.voted_at,
            carried_from=row.carried_from,
        )
        for row in session.scalars(query.order_by(VoteRow.person_id, FileRow.position))
    ]


def carry_over(change: Change, submission: Submission, *, event: Event) -> int:
    """Let approvals of earlier rounds stand for files that are, in everything they cover, as they were.

    Only approvals of reviews that were handed in and count; the same checker may still vote otherwise, and has to
    hand in a review of this round in any case. Returns how many were carried; the event is told when there were some.
    """
    bindings = {file.file_id: file.binding for file in submission.files if file.binding}
    query = (
        select(VoteRow)
        .join(
            ReviewRow,
            (ReviewRow.submission_id == VoteRow.submission_id)
            & (ReviewRow.round == VoteRow.round)
            & (ReviewRow.person_id == VoteRow.person_id),
        )
        .where(
            VoteRow.submission_id == submission.submission_id,
            VoteRow.round < submission.round,
            VoteRow.void.is_(False),
            ReviewRow.void.is_(False),
        )
        .order_by(VoteRow.round)
    )
    last = {(row.file_id, row.person_id): row for row in change.session.scalars(query)}
    standing = [
        row
        for row in last.values()
        if row.choice == Choice.APPROVE.value
        and bindings.get(row.file_id) == row.binding
        and row.person_id not in submission.barred | submission.conflicted
    ]
    have = {
        (row.file_id, row.person_id)
        for row in change.session.scalars(
            select(VoteRow).where(VoteRow.submission_id == submission.submission_id, VoteRow.round == submission.round)
        )
    }
    carried = [row for row in standing if (row.file_id, row.person_id) not in have]
    change.session.add_all(
        VoteRow(
            vote_id=new_id(),
            submission_id=submission.submission_id,
            file_id=row.file_id,
            person_id=row.person_id,
            round=submission.round,
            choice=row.choice,
            comment=row.comment,
            binding=row.binding,
            voted_at=row.voted_at,
            carried_from=row.carried_from or row.round,
        )
        for row in carried
    )
    if carried:
        whose: list[Json] = [[row.file_id, row.person_id] for row in carried]
        change.tell(replace(event, details={**event.details, "votes": whose}))
        change.session.flush()
    return len(carried)


def add_review(change: Change, submission_id: str, review: Review, *, event: Event) -> None:
    """Keep a submitted review; a second one of the same person breaks a uniqueness rule."""
    change.session.add(
        ReviewRow(
            review_id=new_id(),
            submission_id=submission_id,
            round=review.round,
            person_id=review.person_id,
            submitted_at=review.submitted_at,
            outcome=review.outcome.value,
        )
    )
    change.tell(event)
    change.session.flush()


def reviews(session: Session, submission_id: str, *, round_number: int | None = None) -> list[Review]:
    """Return the submitted reviews with their votes, oldest first."""
    query = select(ReviewRow).where(ReviewRow.submission_id == submission_id)
    if round_number is not None:
        query = query.where(ReviewRow.round == round_number)
    return [
        Review(
            person_id=row.person_id,
            round=row.round,
            submitted_at=row.submitted_at,
            outcome=Outcome(row.outcome),
            void=row.void,
            votes=tuple(votes(session, submission_id, round_number=row.round, person_id=row.person_id)),
        )
        for row in session.scalars(query.order_by(ReviewRow.submitted_at, ReviewRow.review_id))
    ]


def void_reviews(change: Change, submission_id: str, people: Iterable[str], *, event: Event) -> None:
    """Void the reviews of these people; the rows stay."""
    change.session.execute(
        update(ReviewRow)
        .where(ReviewRow.submission_id == submission_id, ReviewRow.person_id.in_(list(people)))
        .values(void=True)
    )
    change.tell(event)


def void_round(change: Change, submission_id: str, round_number: int, *, event: Event) -> None:
    """Void every vote and review of a round: its rows stay for the record, and nothing counts them any more."""
    for row in (VoteRow, ReviewRow):
        change.session.execute(
            update(row).where(row.submission_id == submission_id, row.round == round_number).values(void=True)
        )
    change.tell(event)


def set_outcome(change: Change, submission_id: str, review: Review) -> None:
    """Let a handed-in review amount to something else, after its vote was changed; the caller's event says so."""
    change.session.execute(
        update(ReviewRow)
        .where(
            ReviewRow.submission_id == submission_id,
            ReviewRow.round == review.round,
            ReviewRow.person_id == review.person_id,
        )
        .values(outcome=review.outcome.value)
    )
