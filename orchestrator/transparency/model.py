"""Entries of the register, what is stated for them, and what came of an import, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from orchestrator.core.register_fields import BY_KEY, FIELDS, Field

from .planning import Planned, Reworded, digest

__all__ = [
    "DoneWith",
    "Entry",
    "Imported",
    "Origin",
    "Plan",
    "PlannedField",
    "Refusal",
    "Release",
    "Revision",
    "Row",
    "Statement",
    "Used",
    "Waived",
]


class Origin(StrEnum):
    """Where an entry comes from."""

    OWN = "own"
    """A project of this installation; the record writes it."""
    IMPORTED = "imported"
    """A line of a register that a custodian kept elsewhere before."""


@dataclass(frozen=True, kw_only=True)
class Used:
    """One dataset in one project: from when, until when, and whether its custodian took it away."""

    dataset_id: str
    title: str
    custodian_id: str
    custodian: str
    since: str
    """A day, YYYY-MM-DD."""
    until: str
    withdrawn: bool


@dataclass(frozen=True, kw_only=True)
class Release:
    """Results that left on one day: how many files, and whether they were recalled."""

    day: str
    files: int
    recalled: bool


@dataclass(frozen=True, kw_only=True)
class Waived:
    """A part of a custodian's price that was let off: whose, how much of it, why, and its last day."""

    issuer: str
    percent: int
    reason: str
    until: str


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One state of one entry, as it was written and never changed since."""

    register_id: str
    revision: int
    origin: Origin
    custodian_id: str | None
    """Whose register it was imported from; ``None`` for own projects."""
    recorded_at: datetime
    sha256: str
    state: str
    fields: Mapping[str, str]
    """The fields without those that name people; empty where nothing is known."""
    used: tuple[Used, ...] = ()
    releases: tuple[Release, ...] = ()
    waived: tuple[Waived, ...] = ()
    told_by: Mapping[str, str] = field(default_factory=dict)
    """Of fields that an application's answers fill: whose words stand there."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the public sees of an entry now: its newest revision, and who agrees to be named at this moment."""

    latest: Revision
    first_recorded_at: datetime
    people: tuple[str, ...] = ()
    applicant_id: str = ""

    @property
    def register_id(self) -> str:
        """The entry's identifier; that of the project where it is one of ours."""
        return self.latest.register_id

    def value(self, key: str) -> str:
        """Return one field as the public sees it."""
        if key == "applicant_names":
            return ", ".join(self.people)
        if key == "applicant_id":
            return self.applicant_id
        return self.latest.fields.get(key, "")

    def row(self) -> tuple[str, ...]:
        """Return the 32 fields in the order of the specification."""
        return tuple(self.value(field.key) for field in FIELDS)

    def gaps(self) -> tuple[Field, ...]:
        """Return the recommended fields that nobody has filled."""
        return tuple(field for field in FIELDS if field.recommended and not self.value(field.key))


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What somebody stated for one field of one project; a custodian's counts for its own data."""

    project_id: str
    custodian_id: str
    """Empty for what the lead or an operator stated."""
    key: str
    value: str
    stated_by: str
    stated_at: datetime
    application_id: str = ""
    """The approved application whose answer it is; empty for what was stated by hand."""
    of_sha256: str = ""
    """The SHA-256 of the applicant's own words; of nothing where it was stated by hand."""
    reworded_by: str = ""
    """Names of the custodians that put other words in the answer's place."""

    @property
    def field(self) -> Field:
        """The field it is about."""
        return BY_KEY[self.key]


@dataclass(frozen=True, kw_only=True)
class PlannedField:
    """One field as an application will fill it: ``shown`` is what everybody would read."""

    planned: Planned
    shown: str
    reworded_by: tuple[str, ...] = ()
    rewordings: tuple[Reworded, ...] = ()
    """Every rewording, oldest first, those too that count no more."""

    def counts(self, reworded: Reworded) -> bool:
        """Whether a rewording is its custodian's newest and about the answer as it stands."""
        newest = [each for each in self.rewordings if each.custodian_id == reworded.custodian_id][-1]
        return reworded == newest and reworded.of_sha256 == digest(self.planned.words_of(reworded.custodian_id))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the register will say of an application once it is approved, as one person may see it."""

    application_id: str
    title: str
    names: Mapping[str, str]
    """Of the custodians that this person may know of and that are still asked."""
    fields: tuple[PlannedField, ...]
    recorded: Mapping[str, str]
    """What the record writes itself, by field."""
    lacking: tuple[Field, ...]
    """Recommended fields that nothing fills yet; the project's lead states them later."""
    rewordable: tuple[str, ...] = ()
    """Custodians for which this person may put other words in the place of answers."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of an imported register that can be taken. ``number`` counts lines of the file from 1."""

    number: int
    key: str
    """What makes it the same entry in another import: 64 letters of a digest."""
    fields: Mapping[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why one line of a file was not taken."""

    row: int
    field: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of an import: how many entries are new, changed and as they were, and every line that was refused."""

    new: int
    changed: int
    unchanged: int
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class DoneWith:
    """What was done with one dataset, and what came out of the projects that hold or held it."""

    dataset_id: str
    entries: tuple[Entry, ...]
    released_files: int
    """Files that left these projects and were not recalled; a project's results may rest on its other data too."""
    outputs: tuple[str, ...]
    """Addresses that the projects' leads stated."""
