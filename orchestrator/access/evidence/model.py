"""One piece of evidence from being brought to its end, and what terms still ask for, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = ["EVIDENCE_STATES", "REMIND_DAYS", "Evidence", "EvidenceState", "Requirement"]

REMIND_DAYS = (90, 30, 7)
"""How many days before its end those concerned are reminded, each once."""


class EvidenceState(StrEnum):
    """Where a piece of evidence stands; whether it counts hangs on its dates as well."""

    WAITING = "waiting"
    VERIFIED = "verified"
    REJECTED = "rejected"
    REVOKED = "revoked"
    TAKEN_BACK = "taken back"


EVIDENCE_STATES = StateTable(
    noun="piece of evidence",
    start=EvidenceState.WAITING,
    steps=(
        Step(action="verify", source=EvidenceState.WAITING, target=EvidenceState.VERIFIED, by="operator or custodian"),
        Step(action="reject", source=EvidenceState.WAITING, target=EvidenceState.REJECTED, by="operator or custodian"),
        Step(action="take back", source=EvidenceState.WAITING, target=EvidenceState.TAKEN_BACK, by="recorder"),
        Step(action="revoke", source=EvidenceState.VERIFIED, target=EvidenceState.REVOKED, by="operator or custodian"),
    ),
    waiting={
        EvidenceState.WAITING: Waiting(
            owner="operator or custodian", days=10, then="those who can verify it are told again"
        )
    },
    lasting={EvidenceState.VERIFIED: "its last day"},
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A document, here or with its holder: its reference, the hash of its file, from when until when it holds.

    It belongs to a research (``application_id``, the one that its project was made from) or to an ``organisation``.
    With ``custodian_id`` it was made with one custodian and is nobody else's business.
    """

    evidence_id: str
    kind: str
    application_id: str | None
    organisation: str
    organisation_code: str
    """Such as its ODS code; empty where it has none."""
    custodian_id: str | None
    reference: str
    file_sha256: str
    """Of the document's file; empty where the reference is enough to look it up."""
    valid_from: datetime
    valid_until: datetime
    """The first moment it no longer holds."""
    state: EvidenceState
    recorded_by: str
    recorded_at: datetime
    verified_by: str | None = None
    verified_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None
    reason: str = ""

    def in_force(self, at: datetime) -> bool:
        """Whether it counts at ``at``."""
        return self.state is EvidenceState.VERIFIED and self.valid_from <= at < self.valid_until


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One kind that one custodian's terms ask for, and until when what is on record satisfies it."""

    custodian_id: str
    kind: str
    title: str
    holds: bool
    until: datetime | None
    sentence: str
    """What is so, or what to do."""
