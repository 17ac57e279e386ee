"""Entries of the catalogue and their editions, as plain values, with their state table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = [
    "ENTRY_STATES",
    "Difference",
    "Edition",
    "Entry",
    "EntryState",
    "Imported",
    "Note",
    "Origin",
    "Refusal",
]


class Origin(StrEnum):
    """How a dataset came into the catalogue."""

    OFFERED = "offered"
    """Registered here by its custodian: it can be granted here."""
    IMPORTED = "imported"
    """Read from a file of descriptions."""
    HARVESTED = "harvested"
    """Pulled from a custodian's endpoint, again and again."""
    HUB = "hub"
    """Offered at another hub that is trusted here, as it says itself; it is asked for there."""


class EntryState(StrEnum):
    """Whether an entry can be found: ``missing`` ones can, and say that their source names them no more."""

    LISTED = "listed"
    MISSING = "missing"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Note:
    """What is wrong with, or was done to, one field of a description: where, and a sentence for people."""

    path: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One dataset in the catalogue, as its newest edition describes it.

    ``description`` has the shape of HDR UK 4.0.0, as far as the original could be brought there; ``unplaced`` holds,
    by path, every value of the original that has no place in it. ``original`` is what was given, untouched.
    """

    entry_id: str
    """Of an offered dataset: the dataset's own identifier."""
    origin: Origin
    source: str
    """The name of the file, or the identifier of the endpoint or hub it came from; empty for what is offered here."""
    custodian_id: str | None
    """The custodian registered here who answers for it, if one does."""
    publisher: str
    persistent_id: str
    version: str
    schema: str
    """The schema the original was recognised as, such as ``HDRUK 2.1.2``; empty where none was."""
    title: str
    description: Mapping[str, Any]
    original: Mapping[str, Any]
    unplaced: Mapping[str, Any]
    findings: tuple[Note, ...]
    dataset_id: str | None
    state: EntryState
    first_seen: datetime
    changed_at: datetime
    """When its description or state last changed."""
    confirmed_at: datetime
    """When its source was last seen to name it: the age that is shown with it."""


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One description of an entry, as it was given at a time; never changed, only followed by the next."""

    entry_id: str
    number: int
    version: str
    schema: str
    original: Mapping[str, Any]
    content_sha256: str
    taken_at: datetime


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One value that differs between two editions; ``None`` where there was, or is, none."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A record that could not be taken: its place in the file, counted from 1, and why."""

    position: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of the records of one file."""

    new: int
    changed: int
    unchanged: int
    refused: tuple[Refusal, ...]


ENTRY_STATES = StateTable(
    noun="catalogue entry",
    start=EntryState.LISTED,
    steps=(
        Step(action="miss", source=EntryState.LISTED, target=EntryState.MISSING, by="controller"),
        Step(action="find", source=EntryState.MISSING, target=EntryState.LISTED, by="controller"),
        Step(action="find", source=EntryState.WITHDRAWN, target=EntryState.LISTED, by="controller"),
        Step(action="withdraw", source=EntryState.LISTED, target=EntryState.WITHDRAWN, by="custodian"),
        Step(action="withdraw", source=EntryState.MISSING, target=EntryState.WITHDRAWN, by="custodian"),
        Step(action="archive", source=EntryState.MISSING, target=EntryState.WITHDRAWN, by="controller"),
        Step(action="leave", source=EntryState.LISTED, target=EntryState.WITHDRAWN, by="controller"),
    ),
    waiting={
        EntryState.MISSING: Waiting(owner="controller", days=7, then="the next whole listing without it archives it"),
    },
    lasting={
        EntryState.LISTED: "its source names it no more, or its custodian withdraws it",
        EntryState.WITHDRAWN: "its endpoint or hub names it again; for good where it was offered or imported",
    },
)
