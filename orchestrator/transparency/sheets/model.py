"""What a sheet says, as plain values; times are texts as the record writes them, because the sheet is signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Check", "Left", "Person", "Sheet", "SheetContent", "Use"]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who is or was a member of a project that holds the custodian's data."""

    person_id: str
    name: str
    role: str
    since: str
    until: str
    accepted_terms: int
    """The newest version of the custodian's terms that this person accepted; 0 for none."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """Results that left the project: checked by whom, agreed to by whom, under which signed record."""

    submission_id: str
    released_at: str
    files: int
    record_sha256: str
    """SHA-256 of the signed release record, which the custodian can ask for."""
    reviewers: tuple[str, ...]
    signed_off_by: str
    recalled_at: str
    log_position: int


@dataclass(frozen=True, kw_only=True)
class Use:
    """One grant: a version of a dataset in a project."""

    grant_id: str
    dataset_id: str
    dataset: str
    version_id: str
    version: int
    content_sha256: str
    project_id: str
    project: str
    organisation: str
    project_state: str
    state: str
    decided_by: str
    terms_version: int
    granted_at: str
    until: str
    """When it ended or will end."""
    reason: str
    sessions: int
    """How often a workspace was opened with these data."""
    first_used: str
    last_used: str
    people: tuple[Person, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that governance asks for, tried on every case the record has; ``failures`` are sentences."""

    check_id: str
    sentence: str
    cases: int
    failures: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing failed; with no case there was nothing to fail."""
        return not self.failures


@dataclass(frozen=True, kw_only=True)
class SheetContent:
    """A whole sheet."""

    custodian_id: str
    custodian: str
    installation: str
    """The name under which this installation signs its log."""
    made_at: str
    uses: tuple[Use, ...]
    checks: tuple[Check, ...]
    log_size: int
    log_root: str
    """SHA-256 tree hash of the whole log when the sheet was made."""

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One issued sheet."""

    sheet_id: str
    custodian_id: str
    issued_by: str
    issued_at: datetime
    sha256: str
    content: SheetContent
