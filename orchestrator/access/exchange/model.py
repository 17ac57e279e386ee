"""Answers, comments, requests for changes, a lay panel's advice and the steps of a part, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ..forms.model import Sheet, Value
from ..model import Application
from ..states import PartState

__all__ = [
    "CHANGEABLE",
    "Advice",
    "ChangeRequest",
    "Comment",
    "FilledSheet",
    "Opinion",
    "PanelMember",
    "PanelPart",
    "PartCourse",
    "PartStep",
    "Readings",
]

CHANGEABLE = {
    "title": "title",
    "lay_summary": "lay summary",
    "purpose": "purpose",
    "organisation": "organisation",
    "ethics_reference": "ethics reference",
    "ethics_until": "last day of the ethics approval",
    "start": "first day",
    "end": "last day",
    "justification": "why these data",
}
"""What a custodian may ask to be changed besides answers, with the words for it."""


class Opinion(StrEnum):
    """What a member of a lay panel says."""

    SUPPORT = "support"
    SUPPORT_WITH_CONCERNS = "support-with-concerns"
    DO_NOT_SUPPORT = "do-not-support"


@dataclass(frozen=True, kw_only=True)
class FilledSheet:
    """One application's questions with the answers as this person may see them."""

    application: Application
    sheet: Sheet
    answers: Mapping[str, Value] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    """Questions that still have to be answered before it can be submitted."""
    open: frozenset[str] = frozenset()
    """Questions that the applicant may answer now."""
    changed: frozenset[str] = frozenset()
    """Questions whose answer differs from what was submitted first."""
    revision: int = 0
    """How often it was submitted; 0 is a draft."""


@dataclass(frozen=True, kw_only=True)
class Comment:
    """Something said about one custodian's part, or about one question in it. ``internal``: for its officers only."""

    comment_id: str
    application_id: str
    custodian_id: str
    question_id: str = ""
    author_id: str
    internal: bool = False
    text: str
    written_at: datetime
    resolved_by: str | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeRequest:
    """What a custodian wants changed before it decides; its clock stands still until it is answered."""

    request_id: str
    application_id: str
    custodian_id: str
    questions: tuple[str, ...]
    fields: tuple[str, ...]
    words: str
    asked_by: str
    asked_at: datetime
    answer: str = ""
    answered_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PartStep:
    """A part came into a state. Steps are kept for ever; ``content`` is the hash of what could be read then."""

    number: int
    state: PartState
    by: str
    at: datetime
    content: str = ""


@dataclass(frozen=True, kw_only=True)
class PartCourse:
    """How a part went so far. ``used`` counts working days on which it waited for the custodian."""

    custodian_id: str
    steps: tuple[PartStep, ...]
    used: int
    allowed: int | None = None
    """Working days that the custodian's form gives itself; none: it has no form."""
    due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PanelMember:
    """A member of the public who advises one custodian."""

    custodian_id: str
    person_id: str
    added_by: str
    added_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What one member of a lay panel said of a part. ``current`` is false once what it is about was changed."""

    application_id: str
    custodian_id: str
    person_id: str
    opinion: Opinion
    words: str
    given_at: datetime
    current: bool = True


@dataclass(frozen=True, kw_only=True)
class PanelPart:
    """One part as a lay panel reads it."""

    filled: FilledSheet
    custodian_id: str
    own: Advice | None = None
    read: str = ""
    """The hash of all this: an advice carries it, so that nobody advises on what was changed meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Readings:
    """Hashes of what a person reads of an application now; a decision carries the one of what it is about."""

    whole: str = ""
    """Of everything, with every custodian's decision: for those who see all of it."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """Of each custodian's part, by the custodian's identifier."""
