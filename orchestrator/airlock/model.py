"""What the airlock keeps: submissions, files, findings, votes and links, as plain values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .states import AIRLOCK_STATES, Action, State

__all__ = [
    "AIRLOCK_STATES",
    "Action",
    "Answer",
    "Choice",
    "Claim",
    "File",
    "FileRole",
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

    @classmethod
    def incomplete(cls, message: str) -> Finding:
        """Return the finding that stands for a check of the whole file that did not come to its end."""
        return cls(
            rule="INSPECTION_INCOMPLETE",
            severity=Severity.FLAG,
            where="whole file",
            message=message,
            guidance="Look at the whole file yourself, or ask for it in a simpler form.",
        )

    @property
    def key(self) -> str:
        """What names this finding within its file, whenever it is found again: 32 letters of a digest."""
        words = "\n".join((self.rule, self.severity.value, self.where, self.message, self.guidance))
        return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def needs_answer(self) -> bool:
        """Whether a checker has to say something on it before he hands his review in."""
        return self.severity is not Severity.NOTE


class FileRole(StrEnum):
    """What a file is sent for. Supporting files help people to judge; they never leave."""

    OUTPUT = "output"
    SUPPORTING = "supporting"


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
    role: FileRole = FileRole.OUTPUT
    original_sha256: str = ""
    """Hash of the bytes that were sent, where this file was made from them; empty where it is as it was sent."""
    original_name: str = ""
    recalled_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One request to take results out. ``round`` is the turn of the checkers: it grows when one is over."""

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
    incident: str = ""
    """Why an operator holds it; empty when none does."""
    conflicted: frozenset[str] = frozenset()
    """Checkers who declared a conflict of interest on this submission."""
    reviewers: frozenset[str] = frozenset()
    """Everybody who handed in a review of it, in any round."""
    settlers: frozenset[str] = frozenset()
    """SDC leads who decided where checkers disagreed, in any round."""
    overriders: frozenset[str] = frozenset()
    """SDC leads who let people look at what the checks block, in any round."""
    barred: frozenset[str] = frozenset()
    """Checkers whose rejection was appealed: they do not check it again."""
    asker: str = ""
    """Who asked for what is open now and needs somebody else's word."""
    version: int = 0
    """Grows with every change; what was done to an older version is a conflict."""
    files: tuple[File, ...] = ()
    """What is under review in this round."""

    @property
    def outputs(self) -> tuple[File, ...]:
        """The files that leave when it is released: without supporting and recalled ones."""
        return tuple(file for file in self.files if file.role is FileRole.OUTPUT and file.recalled_at is None)

    @property
    def owner(self) -> str:
        """Say who has to act next, in the words of the state table; nobody when it is at its end."""
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
    carried_from: int | None = None
    """The round in which it was given, where the file has not changed since and the approval stands."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """One checker's submitted review of a round; only while checkers disagree may he change a vote in it."""

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
class Claim:
    """A checker says that he is at it, until a moment: advice to others, never a lock."""

    person_id: str
    claimed_at: datetime
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A checker's words on one finding of one file, as it stood; ``finding`` is ``Finding.key``."""

    file_id: str
    person_id: str
    round: int
    finding: str
    comment: str
    binding: str
    answered_at: datetime


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
    own_answers: tuple[Answer, ...] = ()
    """This person's words on findings, of this round."""
    answers: tuple[Answer, ...] = ()
    """Everybody's words on findings, where blinding permits."""
    unanswered: int = 0
    """How many findings this person has still to answer before his review can be handed in."""
    claims: tuple[Claim, ...] = ()
    """Checkers who say that they are at it now; the author sees none."""
    unlocked: frozenset[str] = field(default_factory=frozenset)
    """Bindings of blocked files that an SDC lead let go to review with a written reason."""
    runs_again: str = ""
    """The program that is run again without its author, while the first checks wait for that."""
