"""The documents of workspaces, submissions, reviews, releases and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from .shapes import In, Out, Perhaps

__all__ = [
    "AnswerOut",
    "ChoiceIn",
    "ClaimOut",
    "CollectIn",
    "ConditionOut",
    "ConditionsOut",
    "EntriesOut",
    "FileOut",
    "FindingKey",
    "FindingOut",
    "HandInIn",
    "HeadOut",
    "KeyOut",
    "LinkOut",
    "LogFinding",
    "PreviewOut",
    "ReviewOut",
    "Seen",
    "SubmissionOut",
    "TicketOut",
    "VerificationOut",
    "ViewOut",
    "VoteOut",
    "WorkspaceOut",
]

Seen = Annotated[int, Field(ge=0, le=2_000_000_000)]
"""A version of a submission, as its ``version`` says."""


FindingKey = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
"""What names a finding within its file."""


class WorkspaceOut(Out):
    """A workspace as its members see it."""

    project_id: str
    state: str
    url: str
    trouble: str
    sessions: list[str]
    bytes_today: int


class ConditionOut(Out):
    """One thing about a workspace: whether it holds, a word for programs, a sentence for people, since when."""

    kind: str
    state: str
    reason: str
    message: str
    since: datetime


class ConditionsOut(BaseModel):
    """How a workspace stands; empty where nothing was noted yet."""

    items: list[ConditionOut]


class TicketOut(BaseModel):
    """The address that lets one browser in, once, within a minute."""

    url: str


class FindingOut(Out):
    """One thing a check saw; ``key`` names it when it is answered."""

    key: str
    rule: str
    severity: str
    where: str
    message: str
    guidance: str


class FileOut(Out):
    """One frozen file of a submission."""

    file_id: str
    position: int
    name: str
    size: int
    sha256: str
    context: str
    kind: str
    verdict: str | None
    findings: list[FindingOut]
    binding: str
    role: str
    original_name: str
    original_sha256: str
    recalled_at: datetime | None


class SubmissionOut(Out):
    """One request to take results out."""

    submission_id: str
    project_id: str
    author_id: str
    title: str
    state: str
    owner: str
    round: int
    submitted_at: datetime
    entered_at: datetime
    deadline: datetime | None
    held: list[str]
    incident: str
    checkers_needed: int
    version: int
    files: list[FileOut]


class VoteOut(Out):
    """A word on one file; ``person_id`` is empty where blinding hides it."""

    file_id: str
    person_id: str
    choice: str
    comment: str
    carried_from: int | None


class AnswerOut(Out):
    """A checker's words on one finding, named by its key."""

    file_id: str
    person_id: str
    finding: str
    comment: str


class ClaimOut(Out):
    """A checker says that he is at it: advice, never a lock."""

    person_id: str
    claimed_at: datetime
    until: datetime


class ReviewOut(Out):
    """One submitted review."""

    person_id: str
    round: int
    submitted_at: datetime
    outcome: str
    void: bool
    votes: list[VoteOut]


class ViewOut(Out):
    """A submission as the caller may see it."""

    submission: SubmissionOut
    reviews: list[ReviewOut]
    own_votes: list[VoteOut]
    own_review_submitted: bool
    reviews_submitted: int
    own_answers: list[AnswerOut]
    answers: list[AnswerOut]
    unanswered: int
    claims: list[ClaimOut]


class PreviewOut(Out):
    """One page of a file's content, every word of it foreign: escape it wherever it is shown."""

    shape: str
    columns: list[str]
    rows: list[tuple[int, list[str]]]
    lines: list[str]
    more: bool


class ChoiceIn(In):
    """A vote on one file, bound to exactly what was shown by ``binding``."""

    choice: Annotated[str, Field(pattern="^(approve|changes|reject)$")]
    comment: Perhaps = ""
    binding: Annotated[str, Field(pattern="^[0-9a-f]{0,128}$")]
    acknowledged: Annotated[tuple[FindingKey, ...], Field(max_length=10_000)] = ()


class HandInIn(In):
    """Which version of the submission was looked at (``version`` of it): another one is a conflict."""

    seen: Seen


class LinkOut(BaseModel):
    """A permission to collect a release once; the secret is shown here only."""

    secret: str
    expires_at: datetime


class CollectIn(In):
    """The secret of a link."""

    secret: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{16,128}$")]


class EntriesOut(BaseModel):
    """Entries of the log as canonical JSON texts, the bytes that are hashed; go on after ``next``."""

    entries: list[str]
    next: int | None


class LogFinding(Out):
    """One thing wrong with the log."""

    rule: str
    position: int | None
    message: str


class VerificationOut(BaseModel):
    """What a whole reading of the log showed."""

    sound: bool
    size: int
    root: str
    heads: int
    unsigned: int
    findings: list[LogFinding]


class HeadOut(BaseModel):
    """A signed head of the log."""

    origin: str
    size: int
    root: str
    signed_at: datetime
    signature: str


class KeyOut(BaseModel):
    """The public half of one version of the record key, base 64 of 32 bytes (Ed25519)."""

    version: int
    public: str
