"""What the airlock keeps: submissions, files, findings, votes and links, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .states import AIRLOCK_STATES, Action, State

__all__ = [
    "AIRLOCK_STATES",
    "Action",
    "Choice",
    "File",
    "Finding",
    "Link",
    "Outcome",
    "Review",
    "Severity",
    "State",
    "Submission",
    "Verdict",
    "View",
    "Vote",
]


class Severity(StrEnum):
    """What a finding asks for: nothing, a person's written answer, or that the file stays inside."""

    NOTE = "note"
    FLAG = "flag"
    BLOCK = "block"


class Verdict(StrEnum):
    """What the first checks say of one file. Only a scan that read every byte may say PASS."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    FLAG = "flag"
    BLOCK = "block"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing a check saw. ``where`` is a place inside the file; ``guidance`` says what to do about it."""

    rule: str
    severity: Severity
    where: str
    message: str
    guidance: str = ""


@dataclass(frozen=True, kw_only=True)
class File:
    """One frozen file of a submission. ``context`` is the author's words on why it is safe."""

    file_id: str
    position: int
    name: str
    size: int
    sha256: str
    context: str
    kind: str = ""
    verdict: Verdict | None = None
    findings: tuple[Finding, ...] = ()
    binding: str = ""
    """Digest over everything a vote approves; empty until the file was scanned."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One request to take results out. ``round`` grows each time that earlier votes became void."""

    submission_id: str
    project_id: str
    session_id: str
    author_id: str
    title: str
    state: State
    round: int
    submitted_at: datetime
    entered_at: datetime
    deadline: datetime | None
    held: tuple[str, ...] = ()
    """Why nothing may move now, in sentences; empty when it is not held."""
    replaces: str | None = None
    pack_version: str = ""
    pack_sha256: str = ""
    checkers_needed: int = 2
    files: tuple[File, ...] = ()

    @property
    def owner(self) -> str:
        """Say who has to act next: system, author, checkers, operator or nobody."""
        waiting = AIRLOCK_STATES.waiting.get(self.state)
        return "nobody" if waiting is None else waiting.owner


class Choice(StrEnum):
    """A checker's word on one file."""

    APPROVE = "approve"
    CHANGES = "changes"
    REJECT = "reject"


class Outcome(StrEnum):
    """What a submitted review, or all of them together, amounts to."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One checker's word on one file, bound to exactly what was looked at."""

    file_id: str
    person_id: str
    round: int
    choice: Choice
    comment: str
    binding: str
    voted_at: datetime


@dataclass(frozen=True, kw_only=True)
class Review:
    """One checker's submitted review of a round; it cannot be changed any more."""

    person_id: str
    round: int
    submitted_at: datetime
    outcome: Outcome
    void: bool = False
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Link:
    """One permission to collect a release: one person, one use, an end. The secret itself is never kept."""

    link_id: str
    submission_id: str
    person_id: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class View:
    """A submission as one person may see it: reviews of others appear only when blinding permits."""

    submission: Submission
    reviews: tuple[Review, ...] = ()
    own_votes: tuple[Vote, ...] = ()
    own_review_submitted: bool = False
    reviews_submitted: int = 0
    opened: frozenset[str] = field(default_factory=frozenset)
    """Identifiers of the files whose present bytes this person has opened."""
