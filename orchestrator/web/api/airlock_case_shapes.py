"""The documents of what goes beyond votes: overrides, settlements, sign-offs, appeals, recalls, rounds, counts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from .airlock_shapes import ClaimOut, FileOut, ReviewOut, Seen, SubmissionOut
from .shapes import Identifier, In, Out, Perhaps

__all__ = [
    "AgreeIn",
    "CaseOut",
    "CountOut",
    "DecisionIn",
    "HistoryOut",
    "IncidentOut",
    "PrecedentOut",
    "ReasonIn",
    "RecallIn",
    "ReturnIn",
    "SettlementIn",
    "StateOut",
    "TaskOut",
]

_Reason = Annotated[Perhaps, Field(min_length=1)]


class ReasonIn(In):
    """Why something is asked for, in words for the people concerned."""

    reason: _Reason


class ReturnIn(ReasonIn):
    """What has to change; ``seen`` is the version of the submission that was looked at: another one is a conflict."""

    seen: Seen


class DecisionIn(In):
    """A yes or no with its reason; ``seen`` is the version that was looked at: another one is a conflict."""

    yes: bool
    reason: _Reason
    seen: Seen


class AgreeIn(In):
    """An officer's yes, or a no with its reason, for one of his custodians, on the version that was ``seen``."""

    yes: bool
    reason: Perhaps = ""
    custodian_id: Identifier | None = None
    seen: Seen


class SettlementIn(In):
    """An SDC lead's decision where checkers disagree, on the version that was ``seen``."""

    outcome: Annotated[str, Field(pattern="^(approve|return|reject)$")]
    reason: _Reason
    seen: Seen


class RecallIn(In):
    """What to take back: all files, or those named by identifier."""

    reason: _Reason
    gravity: Annotated[str, Field(pattern="^(low|medium|high)$")]
    files: Annotated[list[Identifier], Field(min_length=1, max_length=1000)] | None = None


class OpinionOut(Out):
    """One person's word; ``person_id`` is empty where the author reads it."""

    person_id: str
    yes: bool
    reason: str
    said_at: datetime


class CaseOut(Out):
    """One extraordinary act: who asked for what, who decided, how it stands."""

    case_id: str
    submission_id: str
    round: int
    kind: str
    asked_by: str
    asked_at: datetime
    reason: str
    detail: str
    covers: list[str]
    outcome: str
    closed_at: datetime | None
    opinions: list[OpinionOut]


class StateOut(BaseModel):
    """Where the submission stands now."""

    state: str


class RoundOut(Out):
    """One turn of the checkers."""

    number: int
    ended_at: datetime | None
    ended_by: str
    reason: str
    files: list[FileOut]
    reviews: list[ReviewOut]


class HistoryOut(Out):
    """All that became of a submission, as far as the caller may see it."""

    submission: SubmissionOut
    rounds: list[RoundOut]
    cases: list[CaseOut]
    recipients: list[tuple[str, datetime]]


class TaskOut(Out):
    """One thing that waits for the caller."""

    act: str
    submission: SubmissionOut
    claims: list[ClaimOut]
    highest: str | None


class PrecedentOut(Out):
    """An earlier decision in whose words the search was found."""

    submission_id: str
    title: str
    state: str
    file: str
    place: str
    text: str
    choice: str | None
    at: datetime


class IncidentOut(Out):
    """A recall, a hold, or altered bytes."""

    kind: str
    submission: SubmissionOut
    case: CaseOut | None
    recipients: list[tuple[str, datetime]]


class CountOut(Out):
    """How many checks a person made for a project in a month."""

    month: str
    person_id: str
    project_id: str
    custodians: list[str]
    checks: int
    void: int
    files: int
