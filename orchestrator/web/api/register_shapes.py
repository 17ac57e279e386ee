"""The documents of the public register: one entry as everybody reads it, and each of its states."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from .shapes import In, Out, Perhaps, Words

__all__ = [
    "DatasetUsedOut",
    "FeeLetOffOut",
    "NamedIn",
    "NamingOut",
    "PlanOut",
    "PlannedOut",
    "RegisterOut",
    "ReleaseOut",
    "RevisionOut",
    "RewordIn",
    "RewordedOut",
]


class DatasetUsedOut(BaseModel):
    """One dataset in a project. Days are written YYYY-MM-DD."""

    dataset: str
    title: str
    custodian: str
    since: str
    until: str
    withdrawn: bool


class ReleaseOut(BaseModel):
    """Checked files that left a project on one day."""

    day: str
    files: int
    recalled: bool


class FeeLetOffOut(BaseModel):
    """A part of a price that was let off, by whom and why."""

    by: str
    percent: int
    reason: str
    until: str


class RegisterOut(BaseModel):
    """One entry of the public register; the same document as ``/register/{project}/entry.json`` of the pages."""

    project: str
    origin: str = Field(description="`own`: written by the record; `imported`: from a register kept elsewhere before.")
    state: str
    revision: int
    sha256: str = Field(description="Of this revision, as the audit log has it.")
    first_recorded: str
    last_recorded: str
    title: str
    lay_summary: str
    organisation: str
    people: list[str] = Field(description="Those who agree at this moment to be named.")
    fields: dict[str, str] = Field(description="The 32 fields of the specification, by their titles.")
    told_by: dict[str, str] = Field(description="Of fields that the record does not fill: whose words stand there.")
    datasets: list[DatasetUsedOut]
    fees_let_off: list[FeeLetOffOut]
    releases: list[ReleaseOut]


class RevisionOut(BaseModel):
    """One state of an entry, as it was written and never changed since."""

    revision: int
    recorded_at: datetime
    state: str
    sha256: str


class RewordedOut(BaseModel):
    """Other words of a custodian for one field, and whether they count now."""

    custodian_id: str
    words: str
    reason: str
    by: str
    at: datetime
    counts: bool


class PlannedOut(BaseModel):
    """What one field will say, out of which answer."""

    field: str
    title: str
    custodian_id: str = Field(description="For whose data it is said; empty: of the whole project.")
    questions: list[str]
    answer: str
    shown: str
    rewordings: list[RewordedOut]


class PlanOut(BaseModel):
    """What the register will say of an application, as the caller may see it."""

    application_id: str
    fields: list[PlannedOut]
    recorded: dict[str, str] = Field(description="What the record itself writes, by the specification's titles.")
    lacking: list[str]


class NamingOut(Out):
    """One project in which the caller is or was a member."""

    project_id: str
    title: str
    state: str
    member: bool
    named: bool


class NamedIn(In):
    """Whether the register shall name the caller."""

    agree: bool


class RewordIn(In):
    """Other words for one field; the applicant reads them with the reason."""

    field: str = Field(pattern=r"^[a-z][a-z_0-9]{1,39}$")
    words: Words
    reason: Perhaps
