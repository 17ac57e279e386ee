"""The documents of the API. They name every field they give, so nothing new in a room leaks by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = [
    "AnswersIn",
    "ApplicationIn",
    "ApplicationOut",
    "ChoiceIn",
    "CollectIn",
    "CustodianOut",
    "DatasetOut",
    "DecisionIn",
    "EndIn",
    "EntriesOut",
    "HeadOut",
    "KeyOut",
    "Limit",
    "LinkOut",
    "MeOut",
    "MemberIn",
    "Offset",
    "Page",
    "PreviewOut",
    "Problem",
    "ProjectOut",
    "ReasonIn",
    "RegisterOut",
    "ReviewOut",
    "StandingOut",
    "SubmissionOut",
    "TermsOut",
    "TicketOut",
    "VerificationOut",
    "ViewOut",
    "WaitingPart",
    "WorkspaceOut",
    "page_of",
]

Item = TypeVar("Item")
Shape = TypeVar("Shape", bound=BaseModel)

Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Limit = Annotated[int, Query(ge=1, le=200)]


def _clean(text: str) -> str:
    if any(ord(character) < 32 and character not in "\n\r\t" for character in text):
        raise ValueError("control characters are not allowed")
    return text


_Clean = AfterValidator(_clean)
Line = Annotated[str, Field(min_length=1, max_length=200), _Clean]
Words = Annotated[str, Field(min_length=1, max_length=20_000), _Clean]
Perhaps = Annotated[str, Field(max_length=4000), _Clean]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z2-7]{15}$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    error: str
    reasons: list[str] = []
    field: str = ""


class Page(BaseModel, Generic[Item]):
    """One page of a list; ``next`` is the offset of the following one."""

    items: list[Item]
    total: int
    next: int | None


def page_of(shape: type[Shape], things: Sequence[Any], offset: int, limit: int) -> Page[Shape]:
    """Cut one page out of a list."""
    read: Callable[[Any], Shape] = shape.model_validate
    items = [read(thing) for thing in things[offset : offset + limit]]
    following = offset + limit
    return Page[Any](items=items, total=len(things), next=following if following < len(things) else None)


class CustodianOut(_Out):
    """A custodian."""

    custodian_id: str
    name: str


class TermsOut(_Out):
    """One version of a custodian's terms."""

    custodian_id: str
    version: int
    text: str
    text_sha256: str
    valid_until: datetime
    checkers_needed: int
    minimum_count: int
    custodian_signs_release: bool


class FileOfVersion(_Out):
    """One file of a dataset version."""

    path: str
    size: int
    sha256: str


class VersionOut(_Out):
    """One immutable version of a dataset."""

    version_id: str
    number: int
    delivery: str
    state: str
    added_at: datetime
    manifest: list[FileOfVersion]
    manifest_sha256: str
    views: list[str]


class DatasetOut(_Out):
    """A dataset as the catalogue describes it."""

    dataset_id: str
    custodian_id: str
    name: str
    title: str
    description: dict[str, Any]
    state: str
    registered_at: datetime
    versions: list[VersionOut] = []


class RegisteredDataset(_Out):
    """One dataset of a project in the public register."""

    title: str
    custodian: str
    since: datetime
    until: datetime
    withdrawn: bool


class RegisterOut(_Out):
    """One project in the public register."""

    project_id: str
    title: str
    lay_summary: str
    organisation: str
    state: str
    start: datetime
    end: datetime
    approved_at: datetime
    datasets: list[RegisteredDataset]
    people: list[str]


class MeOut(BaseModel):
    """Who calls, and what his access hangs on."""

    person_id: str
    name: str
    roles: list[str]
    custodians: list[str]
    standing_failures: list[str]


class AnswersIn(_In):
    """What is answered once for all custodians; days are inclusive."""

    title: Line
    lay_summary: Words
    purpose: Words
    organisation: Line
    ethics_reference: Line
    ethics_until: date
    start: date
    end: date
    members: list[Identifier] = Field(default=[], max_length=100)


class ApplicationIn(_In):
    """A draft: answers, datasets, and a justification per custodian."""

    answers: AnswersIn
    datasets: list[Identifier] = Field(max_length=200)
    justifications: dict[Identifier, Perhaps] = Field(default={}, max_length=100)


class AnswersOut(_Out):
    """The shared answers of an application."""

    title: str
    lay_summary: str
    purpose: str
    organisation: str
    ethics_reference: str
    ethics_until: date
    start: date
    end: date
    members: list[str]


class PartOut(_Out):
    """One custodian's part of an application."""

    custodian_id: str
    dataset_ids: list[str]
    justification: str
    state: str
    decided_at: datetime | None
    reason: str
    agreement_until: datetime | None
    terms_version: int | None


class ApplicationOut(_Out):
    """An application with the parts that the caller may see."""

    application_id: str
    applicant_id: str
    answers: AnswersOut
    state: str
    state_since: datetime
    parts: list[PartOut]
    reason: str
    project_id: str | None
    deadline: datetime | None


class WaitingPart(BaseModel):
    """One part that waits for the caller's decision."""

    application: ApplicationOut
    custodian_id: str


class DecisionIn(_In):
    """A decision on one part; ``agreement_until`` is a last day and needed to approve, ``reason`` to refuse."""

    approve: bool
    reason: Perhaps = ""
    agreement_until: date | None = None


class ReasonIn(_In):
    """Why."""

    reason: Perhaps = ""


class EndIn(_In):
    """A new last day."""

    end: date


class MemberIn(_In):
    """A person to add to a project; ``until`` is a last day."""

    person_id: Identifier
    role: Annotated[str, Field(pattern="^(lead|researcher)$")] = "researcher"
    until: date | None = None


class MemberOut(_Out):
    """One membership."""

    person_id: str
    role: str
    since: datetime
    until: datetime | None


class GrantOut(_Out):
    """One grant."""

    grant_id: str
    dataset_id: str
    version_id: str
    custodian_id: str
    agreement_until: datetime
    state: str
    granted_at: datetime
    reason: str


class ProjectOut(_Out):
    """A project as the caller may see it."""

    project_id: str
    application_id: str
    title: str
    lay_summary: str
    organisation: str
    ethics_reference: str
    ethics_until: datetime
    start: datetime
    end: datetime
    state: str
    reason: str
    members: list[MemberOut]
    grants: list[GrantOut]


class GrantStandingOut(_Out):
    """Whether a grant holds now; ``own_reasons`` are failed conditions of the caller himself."""

    grant_id: str
    dataset_id: str
    until: datetime
    reasons: list[str]
    own_reasons: list[str] = []


class MemberStandingOut(_Out):
    """Whether a member may enter now."""

    person_id: str
    until: datetime
    reasons: list[str]


class StandingOut(BaseModel):
    """Every condition of a project at one moment, in sentences where it fails."""

    project_id: str
    at: datetime
    until: datetime
    reasons: list[str]
    members: list[MemberStandingOut]
    grants: list[GrantStandingOut]


class WorkspaceOut(_Out):
    """A workspace as its members see it."""

    project_id: str
    state: str
    url: str
    trouble: str
    sessions: list[str]
    bytes_today: int


class TicketOut(BaseModel):
    """The address that lets one browser in, once, within a minute."""

    url: str


class FindingOut(_Out):
    """One thing a check saw."""

    rule: str
    severity: str
    where: str
    message: str
    guidance: str


class FileOut(_Out):
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


class SubmissionOut(_Out):
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
    checkers_needed: int
    files: list[FileOut]


class VoteOut(_Out):
    """A word on one file; ``person_id`` is empty where blinding hides it."""

    file_id: str
    person_id: str
    choice: str
    comment: str


class ReviewOut(_Out):
    """One submitted review."""

    person_id: str
    round: int
    submitted_at: datetime
    outcome: str
    void: bool
    votes: list[VoteOut]


class ViewOut(_Out):
    """A submission as the caller may see it."""

    submission: SubmissionOut
    reviews: list[ReviewOut]
    own_votes: list[VoteOut]
    own_review_submitted: bool
    reviews_submitted: int


class PreviewOut(_Out):
    """One page of a file's content, every word of it foreign: escape it wherever it is shown."""

    shape: str
    columns: list[str]
    rows: list[tuple[int, list[str]]]
    lines: list[str]
    more: bool


class ChoiceIn(_In):
    """A vote on one file, bound to exactly what was shown by ``binding``."""

    choice: Annotated[str, Field(pattern="^(approve|changes|reject)$")]
    comment: Perhaps = ""
    binding: Annotated[str, Field(pattern="^[0-9a-f]{0,128}$")]


class LinkOut(BaseModel):
    """A permission to collect a release once; the secret is shown here only."""

    secret: str
    expires_at: datetime


class CollectIn(_In):
    """The secret of a link."""

    secret: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{16,128}$")]


class EntriesOut(BaseModel):
    """Entries of the log as canonical JSON texts, the bytes that are hashed; go on after ``next``."""

    entries: list[str]
    next: int | None


class LogFinding(_Out):
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
