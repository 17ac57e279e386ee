"""The documents of applications, decisions, projects, members and grants."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from .shapes import Identifier, In, Line, Out, Perhaps, Words

__all__ = [
    "AnswersIn",
    "AnswersOut",
    "ApplicationIn",
    "ApplicationOut",
    "DecisionIn",
    "EndIn",
    "GrantOut",
    "GrantStandingOut",
    "MemberIn",
    "MemberOut",
    "MemberStandingOut",
    "PartOut",
    "ProjectOut",
    "ReadApplicationOut",
    "ReadIn",
    "Reading",
    "ReasonIn",
    "RefusalIn",
    "StandingOut",
    "WaitingPart",
]

Reading = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""What `read` or `parts_read` of an application said when it was read; a decision on words changed since is refused."""


Member = Annotated[str, Field(min_length=1, max_length=600)]
"""Another member: the identifier of an account, or the e-mail address that it has here."""


class AnswersIn(In):
    """What is answered once for all custodians; days are inclusive."""

    title: Line
    lay_summary: Words
    purpose: Words
    organisation: Line
    ethics_reference: Line
    ethics_until: date
    start: date
    end: date
    members: list[Member] = Field(default=[], max_length=100)


class ApplicationIn(In):
    """A draft: answers, datasets, and a justification per custodian."""

    answers: AnswersIn
    datasets: list[Identifier] = Field(max_length=200)
    justifications: dict[Identifier, Perhaps] = Field(default={}, max_length=100)


class AnswersOut(Out):
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


class PartOut(Out):
    """One custodian's part of an application."""

    custodian_id: str
    dataset_ids: list[str]
    justification: str
    state: str
    decided_at: datetime | None
    reason: str
    agreement_until: datetime | None
    terms_version: int | None
    form_version: int | None
    due_at: datetime | None


class ApplicationOut(Out):
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
    kind: str
    amends: str | None


class ReadApplicationOut(ApplicationOut):
    """An application with the hashes of what was read: a decision carries one, and is refused where it is stale."""

    read: str = ""
    """Of all of it, to approve or refuse the whole; empty for those who see a part of it only."""
    parts_read: dict[str, str] = Field(default={})
    """Of each part, by the custodian's identifier."""
    member_names: dict[str, str] = Field(default={})
    """The name of each member, by identifier."""


class WaitingPart(BaseModel):
    """One part that waits for the caller's decision."""

    application: ApplicationOut
    custodian_id: str


class DecisionIn(In):
    """A decision on one part; ``agreement_until`` is a last day and needed to approve, ``reason`` to refuse."""

    approve: bool
    read: Reading
    reason: Perhaps = ""
    agreement_until: date | None = None


class ReadIn(In):
    """A step on an application after it was read."""

    read: Reading


class ReasonIn(In):
    """Why."""

    reason: Perhaps = ""


class RefusalIn(ReasonIn):
    """Why an application is refused."""

    read: Reading


class EndIn(In):
    """A new last day."""

    end: date


class MemberIn(In):
    """A person to add to a project; ``until`` is a last day."""

    person_id: Identifier
    role: Annotated[str, Field(pattern="^(lead|researcher)$")] = "researcher"
    until: date | None = None


class MemberOut(Out):
    """One membership."""

    person_id: str
    role: str
    since: datetime
    until: datetime | None


class GrantOut(Out):
    """One grant."""

    grant_id: str
    dataset_id: str
    version_id: str
    custodian_id: str
    agreement_until: datetime
    state: str
    granted_at: datetime
    reason: str


class ProjectOut(Out):
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


class GrantStandingOut(Out):
    """Whether a grant holds now; ``own_reasons`` are failed conditions of the caller himself."""

    grant_id: str
    dataset_id: str
    until: datetime
    reasons: list[str]
    own_reasons: list[str]


class MemberStandingOut(Out):
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
