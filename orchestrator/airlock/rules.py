"""What states and votes permit: pure rules, each with a sentence for the person."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

import rfc8785

from orchestrator.core.errors import Conflict, Invalid, NotPossible
from orchestrator.core.events import Json

from .model import (
    Answer,
    Choice,
    File,
    FileRole,
    Finding,
    Outcome,
    Review,
    Severity,
    State,
    Submission,
    Verdict,
    Vote,
)
from .states import AIRLOCK_STATES, Action, may_while_held

__all__ = [
    "DECIDED",
    "OPEN",
    "Stand",
    "binding_of",
    "check_moves",
    "check_review_complete",
    "check_vote",
    "check_words",
    "outcome_of",
    "stand_of",
    "text_sha256",
    "unanswered",
    "verdict_of",
]

OPEN = frozenset(
    {
        State.FROZEN,
        State.SCANNING,
        State.BLOCKED,
        State.OVERRIDE_ASKED,
        State.IN_REVIEW,
        State.CONSOLIDATING,
        State.RETURNED,
        State.APPEALED,
        State.APPROVED,
        State.SIGN_OFF,
        State.RELEASING,
    }
)
"""States in which a submission still wants something of somebody."""

DECIDED = frozenset(
    {
        State.RETURNED,
        State.REJECTED,
        State.APPEALED,
        State.REJECTED_FINALLY,
        State.APPROVED,
        State.SIGN_OFF,
        State.RELEASING,
        State.RELEASED,
        State.LAPSED,
        State.RECALL_ASKED,
        State.RECALLED,
        State.QUARANTINED,
    }
)
"""States in which the author may read what the checkers wrote."""

_COMMENT = 4000


def text_sha256(text: str) -> str:
    """Return the digest that stands for a person's words where the words themselves must not appear."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def check_moves(submission: Submission, action: Action) -> None:
    """Raise ``NotPossible`` when this state, or the hold on the submission, does not permit the step."""
    AIRLOCK_STATES.after(submission.state, action)
    if submission.held and not may_while_held(submission.state, action):
        raise NotPossible(f"This submission is held: {submission.held[0]}")


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Return the worst that the findings ask for."""
    severities = {finding.severity for finding in findings}
    if Severity.BLOCK in severities:
        return Verdict.BLOCK
    return Verdict.FLAG if Severity.FLAG in severities else Verdict.PASS


def binding_of(submission: Submission, file: File, *, pack_version: str, pack_sha256: str) -> str:
    """Return the digest over everything an approval approves: change any of it and the approval is void.

    Notes on a file that was made anew are left out: they tell of what the original carried and the file does not.
    """
    findings: list[Json] = [
        {
            "rule": each.rule,
            "severity": each.severity.value,
            "where": each.where,
            "message": each.message,
            "guidance": each.guidance,
        }
        for each in file.findings
        if each.needs_answer or not file.original_sha256
    ]
    covered: dict[str, Json] = {
        "submission": submission.submission_id,
        "title": submission.title,
        "file": file.file_id,
        "name": file.name,
        "size": file.size,
        "sha256": file.sha256,
        "context": file.context,
        "kind": file.kind,
        "findings": findings,
        "pack_version": pack_version,
        "pack_sha256": pack_sha256,
        "destination": f"person:{submission.author_id}",
    }
    return hashlib.sha256(rfc8785.dumps(covered)).hexdigest()


def check_words(text: str, *, field: str, ask: str) -> str:
    """Return a person's words trimmed; raise ``Invalid`` with ``ask`` when there are none, or too many."""
    trimmed = text.strip()
    if not trimmed:
        raise Invalid(ask, field=field)
    if len(trimmed) > _COMMENT:
        raise Invalid(f"Write at most {_COMMENT} characters.", field=field)
    return trimmed


def check_vote(file: File, *, choice: Choice, comment: str, binding: str, unlocked: Collection[str] = ()) -> str:
    """Return the comment as kept; raise when the file is another version, or when words are missing.

    ``unlocked`` are the bindings of blocked files that an SDC lead let go to review.
    """
    if binding != file.binding or not file.binding:
        raise Conflict("This file, its context, findings or rules are not what you looked at; open it again.")
    comment = comment.strip()
    if len(comment) > _COMMENT:
        raise Invalid(f"A comment may have at most {_COMMENT} characters.", field="comment")
    if file.role is FileRole.SUPPORTING:
        raise NotPossible("A supporting file never leaves, so there is nothing to vote on.")
    if choice is not Choice.APPROVE and not comment:
        raise Invalid("Say what has to change, or why it is rejected.", field="comment")
    if choice is Choice.APPROVE and file.verdict is Verdict.BLOCK and binding not in unlocked:
        raise NotPossible("The checks block this file; it cannot be approved unless an SDC lead accepts an override.")
    if choice is Choice.APPROVE and file.verdict is not Verdict.PASS and not comment:
        raise Invalid("The checks flagged this file: say why it may leave nevertheless.", field="comment")
    return comment


def unanswered(submission: Submission, answers: Iterable[Answer], person_id: str) -> list[tuple[File, Finding]]:
    """List the findings of files that may leave on which this person has said nothing yet, as they stand now."""
    said = {(each.file_id, each.binding, each.finding) for each in answers if each.person_id == person_id}
    return [
        (file, finding)
        for file in submission.outputs
        for finding in file.findings
        if finding.needs_answer and (file.file_id, file.binding, finding.key) not in said
    ]


def check_review_complete(submission: Submission, votes: Sequence[Vote], answers: Iterable[Answer], me: str) -> None:
    """Raise when a file has no vote, or one for another version of it, or when a finding is not answered."""
    by_file = {vote.file_id: vote for vote in votes}
    for file in submission.outputs:
        vote = by_file.get(file.file_id)
        if vote is None:
            raise NotPossible(f"File {file.position + 1} has no vote of yours yet; vote on every file first.")
        if vote.binding != file.binding:
            raise Conflict(f"File {file.position + 1} is not what you voted on; open it again and vote again.")
    missing = unanswered(submission, answers, me)
    if missing:
        file, finding = missing[0]
        raise NotPossible(
            f"{len(missing)} finding(s) have no answer of yours; the first is {finding.rule} in file "
            f"{file.position + 1}. Say on each what you make of it."
        )


def outcome_of(votes: Iterable[Vote]) -> Outcome:
    """Return what one checker's votes amount to: one rejected file rejects all, one to change returns all."""
    choices = {vote.choice for vote in votes}
    if Choice.REJECT in choices:
        return Outcome.REJECT
    return Outcome.APPROVE if choices == {Choice.APPROVE} else Outcome.RETURN


class Stand(StrEnum):
    """How the reviews of a round stand together."""

    OPEN = "open"
    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    DISAGREE = "disagree"


def stand_of(reviews: Sequence[Review], needed: int) -> Stand:
    """Return what the reviews amount to: open while too few people have handed theirs in.

    Whatever is decided is unanimous: no majority outvotes a doubt, and none silences an approval.
    """
    valid = {review.person_id: review for review in reviews if not review.void}
    if len(valid) < max(2, needed):
        return Stand.OPEN
    outcomes = {review.outcome for review in valid.values()}
    return Stand(outcomes.pop().value) if len(outcomes) == 1 else Stand.DISAGREE
