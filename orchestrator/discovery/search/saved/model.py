"""Kept searches and their news, as plain values, with their state table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator.core.states import StateTable, Step
from orchestrator.discovery.search.model import Asked, Facet

__all__ = ["SEARCH_STATES", "News", "NewsKind", "SavedSearch", "SearchState", "read", "written"]


class SearchState(StrEnum):
    """Whether its keeper is told of changes."""

    KEPT = "kept"
    TOO_WIDE = "too-wide"
    """It finds more than can be watched; it says nothing until it finds less, or its keeper ends it."""
    ENDED = "ended"


class NewsKind(StrEnum):
    """What became of one dataset in a kept search."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class SavedSearch:
    """One search somebody keeps. ``unseen`` counts news that he has not looked at."""

    search_id: str
    person_id: str
    name: str
    asked: Asked
    state: SearchState
    made_at: datetime
    hits: int
    unseen: int = 0


@dataclass(frozen=True, kw_only=True)
class News:
    """One change in what a kept search finds; the title is that of the time."""

    search_id: str
    number: int
    entry_id: str
    title: str
    kind: NewsKind
    found_at: datetime
    seen: bool


SEARCH_STATES = StateTable(
    noun="saved search",
    start=SearchState.KEPT,
    steps=(
        Step(action="widen", source=SearchState.KEPT, target=SearchState.TOO_WIDE, by="controller"),
        Step(action="narrow", source=SearchState.TOO_WIDE, target=SearchState.KEPT, by="controller"),
        Step(action="end", source=SearchState.KEPT, target=SearchState.ENDED, by="keeper"),
        Step(action="end", source=SearchState.TOO_WIDE, target=SearchState.ENDED, by="keeper"),
    ),
    lasting={
        SearchState.KEPT: "its keeper ends it",
        SearchState.TOO_WIDE: "it finds less again, or its keeper ends it",
    },
)


def written(asked: Asked) -> dict[str, Any]:
    """Return what is kept of a search: what it asks, without page and counts."""
    return {
        "words": asked.words,
        "chosen": {facet.value: list(values) for facet, values in asked.chosen.items() if values},
        "people": asked.people,
        "since": asked.since,
        "until": asked.until,
    }


def read(kept: Mapping[str, Any]) -> Asked:
    """Return the search that was kept; a facet that no longer exists narrows it no more."""
    known = {facet.value: facet for facet in Facet}
    return Asked(
        words=str(kept["words"]),
        chosen={known[name]: tuple(values) for name, values in kept["chosen"].items() if name in known},
        people=kept["people"],
        since=kept["since"],
        until=kept["until"],
        counted=False,
    )
