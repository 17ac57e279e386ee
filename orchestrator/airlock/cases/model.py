"""What goes beyond votes, as plain values: overrides, conflicts, sign-offs, appeals, recalls, claims and rounds.

Every extraordinary act is a *case*: somebody asks with a reason, and other people say yes or no, each with his own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.airlock.model import Choice, Claim, File, Outcome, Review, Severity, State, Submission

__all__ = [
    "Case",
    "CaseKind",
    "CaseOutcome",
    "Earlier",
    "Gravity",
    "History",
    "Incident",
    "Opinion",
    "Precedent",
    "Round",
    "Task",
]


class CaseKind(StrEnum):
    """What is asked for. A settlement is an SDC lead's word on checkers who disagree, or a voter's changed vote."""

    OVERRIDE = "override"
    SETTLEMENT = "settlement"
    CHANGED_VOTE = "changed-vote"
    SIGN_OFF = "sign-off"
    APPEAL = "appeal"
    RECALL = "recall"
    HOLD = "hold"


class CaseOutcome(StrEnum):
    """How a case stands: nobody may decide it twice."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LAPSED = "lapsed"


class Gravity(StrEnum):
    """How bad it is that something left: what a recall is reported with."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """One person's word on a case."""

    person_id: str
    yes: bool
    reason: str
    said_at: datetime


@dataclass(frozen=True, kw_only=True)
class Case:
    """One extraordinary act from the asking to its end.

    ``covers`` is what it is about: bindings of files for overrides, settlements and sign-offs, identifiers of files
    for recalls. ``detail`` is the custodian of a sign-off, the outcome of a settlement, the gravity of a recall.
    """

    case_id: str
    submission_id: str
    round: int
    kind: CaseKind
    asked_by: str
    asked_at: datetime
    reason: str
    detail: str = ""
    covers: tuple[str, ...] = ()
    outcome: CaseOutcome = CaseOutcome.OPEN
    closed_at: datetime | None = None
    opinions: tuple[Opinion, ...] = ()

    @property
    def people(self) -> frozenset[str]:
        """Everybody who asked or decided in this case."""
        return frozenset({self.asked_by, *(each.person_id for each in self.opinions)})


@dataclass(frozen=True, kw_only=True)
class Round:
    """One turn of the checkers: what they looked at, what they said, how and why it ended.

    ``ended_by`` is the step of the state table; empty while the round goes on.
    """

    number: int
    ended_at: datetime | None
    ended_by: str
    reason: str
    files: tuple[File, ...]
    reviews: tuple[Review, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """All that became of a submission, as far as one person may see it; the author reads no names."""

    submission: Submission
    rounds: tuple[Round, ...]
    cases: tuple[Case, ...]
    recipients: tuple[tuple[str, datetime], ...] = ()
    """Who collected the release, and when: from the receipts of used links."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One thing that waits for this person: ``act`` names the method of the service that answers it."""

    act: str
    submission: Submission
    claims: tuple[Claim, ...] = ()
    highest: Severity | None = None


@dataclass(frozen=True, kw_only=True)
class Precedent:
    """An earlier decision in whose words a search was found. ``place`` says where: context, comment, reason, rule."""

    submission_id: str
    title: str
    state: State
    file: str
    place: str
    text: str
    choice: Choice | Outcome | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Incident:
    """Something that went wrong, or was stopped because it might: a recall, a hold, altered bytes."""

    kind: str
    submission: Submission
    case: Case | None
    recipients: tuple[tuple[str, datetime], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """The same file as it was reviewed or released before: for a comparison cell by cell."""

    submission: Submission
    file: File
    sha256: str
    released: bool
    at: datetime
