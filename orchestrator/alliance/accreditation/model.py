"""Hubs, cases of accreditation, evidence, and what stands at a moment, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .checklist import Subject
from .states import CASE_STATES, CaseState

__all__ = ["CASE_STATES", "BodyStanding", "Case", "CaseState", "Evidence", "Hub", "Subject"]


@dataclass(frozen=True, kw_only=True)
class Hub:
    """A hub that people of this installation work with: this one, or another installation."""

    hub_id: str
    name: str
    address: str
    registered_by: str
    registered_at: datetime


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What shows one item of a checklist: a reference, the hash of a document that stays with the body, and its end.

    It counts once somebody else than its giver has verified it, and until ``valid_until``.
    """

    evidence_id: str
    case_id: str
    item: str
    reference: str
    sha256: str
    valid_until: datetime
    given_by: str
    given_at: datetime
    verified_by: str | None = None
    verified_at: datetime | None = None
    rejected: str = ""
    """Why it was not accepted; empty where nobody said no."""

    def counts(self, now: datetime) -> bool:
        """Whether it shows its item at ``now``."""
        return self.verified_by is not None and not self.rejected and now < self.valid_until


@dataclass(frozen=True, kw_only=True)
class Case:
    """One accreditation of one body, from the first evidence to its end."""

    case_id: str
    subject: Subject
    body_id: str
    checklist_version: int
    checklist_sha256: str
    state: CaseState
    state_since: datetime
    opened_by: str
    opened_at: datetime
    reason: str = ""
    recommended_by: str | None = None
    confirmed_by: str | None = None
    until: datetime | None = None
    """The first moment after an accreditation, however good its evidence."""
    deadline: datetime | None = None
    evidence: tuple[Evidence, ...] = ()

    def best(self, item: str, now: datetime) -> Evidence | None:
        """Return the evidence that shows an item longest, of those that count at ``now``."""
        counting = [each for each in self.evidence if each.item == item and each.counts(now)]
        return max(counting, key=lambda each: each.valid_until, default=None)


@dataclass(frozen=True, kw_only=True)
class BodyStanding:
    """Whether a body is accredited now. ``failures`` are sentences for it; ``until`` is the first end ahead."""

    accredited: bool
    until: datetime | None = None
    failures: tuple[str, ...] = ()
    ends: Mapping[str, datetime] = field(default_factory=dict)
    """When the evidence of each item ends."""
