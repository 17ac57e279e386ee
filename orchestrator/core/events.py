"""What is recorded of a change: who did what to which thing; and what people are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["Event", "Json", "Notice"]

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
"""What canonical JSON (RFC 8785) can carry without loss: no floating point numbers."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One change, as the audit log keeps it.

    ``kind`` is a noun and a past participle (``project.approved``). ``actor`` is a person's identifier or
    ``system:controller`` and the like. ``subject`` is ``noun:identifier``. ``details`` hold identifiers, states and
    hashes only: no personal data and none of a researcher's words, because the log can never be shortened.
    """

    kind: str
    actor: str
    subject: str
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Tell a person that something waits: identifiers and states only, sent from the outbox after the commit."""

    person: str
    kind: str
    subject: str
