"""What is asked of the catalogue's search and what it answers, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.discovery.catalogue.model import Entry

__all__ = [
    "DEEPEST",
    "LARGEST_PAGE",
    "POPULATIONS",
    "Asked",
    "Facet",
    "FacetCount",
    "Found",
    "Hit",
    "Listed",
    "Read",
    "Results",
    "Searchable",
    "Where",
]

LARGEST_PAGE = 200
"""Most hits in one answer."""

DEEPEST = 10_000
"""How far one may page; who needs more narrows the search."""

POPULATIONS = (1_000, 10_000, 100_000, 1_000_000)
"""Where the classes of population size begin, in people."""


class Facet(StrEnum):
    """By what results can be counted and narrowed."""

    PUBLISHER = "publisher"
    KIND = "kind"
    PLACE = "place"
    SOURCE = "source"
    SAMPLE = "sample"
    STANDARD = "standard"
    CODING = "coding"
    FOLLOW_UP = "follow-up"
    FREQUENCY = "frequency"
    ACCESS = "access"
    LEAD_TIME = "lead-time"
    ORIGIN = "origin"
    HUB = "hub"
    """The hub that has a dataset which is not offered here, by its identifier."""

    @property
    def many(self) -> bool:
        """Whether a description may have several values of it."""
        return self in _MANY

    @property
    def small(self) -> bool:
        """Whether it has few different values, so that all such facets are counted together."""
        return self in _SMALL

    @property
    def heading(self) -> str:
        """How it is headed for people."""
        return _TITLES[self]


_TITLES = {
    Facet.PUBLISHER: "Custodian",
    Facet.KIND: "Kind of data",
    Facet.PLACE: "Place",
    Facet.SOURCE: "Collected in",
    Facet.SAMPLE: "Samples",
    Facet.STANDARD: "Data model",
    Facet.CODING: "Coding system",
    Facet.FOLLOW_UP: "Follow-up",
    Facet.FREQUENCY: "Published",
    Facet.ACCESS: "Way of access",
    Facet.LEAD_TIME: "Time until delivery",
    Facet.ORIGIN: "Known from",
    Facet.HUB: "Hub",
}


_MANY = frozenset((Facet.KIND, Facet.PLACE, Facet.SOURCE, Facet.SAMPLE, Facet.STANDARD, Facet.CODING))
_SMALL = frozenset((Facet.FOLLOW_UP, Facet.FREQUENCY, Facet.ACCESS, Facet.LEAD_TIME, Facet.ORIGIN, Facet.HUB))


@dataclass(frozen=True, kw_only=True)
class Searchable:
    """What the index keeps of one description."""

    entry_id: str
    title: str
    keywords: tuple[str, ...] = ()
    text: str = ""
    columns: tuple[str, ...] = ()
    """Names of tables and columns, each followed by its description where there is one."""
    facets: Mapping[Facet, tuple[str, ...]] = field(default_factory=dict)
    population: int | None = None
    first_year: int | None = None
    last_year: int | None = None
    """``OPEN_END`` of ``reading`` where data still arrive; nothing where it is not known."""
    changed: int = 0
    """When the description last changed, in seconds since 1970: orders what is equal otherwise."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One search. ``words`` may hold “phrases in quotes”, ``-word``, ``title:word`` and ``column:word``.

    ``chosen`` narrows: one of the values of each facet named. ``people`` is the least population size. ``since`` and
    ``until`` are years in which there must be data.
    """

    words: str = ""
    chosen: Mapping[Facet, tuple[str, ...]] = field(default_factory=dict)
    people: int | None = None
    since: int | None = None
    until: int | None = None
    offset: int = 0
    limit: int = 20
    counted: bool = True
    """Whether facets are counted."""
    loose: bool = False
    """Some of the words are enough, as for a question in whole sentences; the more of them, the better."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One description that answers the search; ``score`` compares hits of one search only."""

    entry_id: str
    score: float


@dataclass(frozen=True, kw_only=True)
class FacetCount:
    """One value of a facet and how many descriptions of the result have it; its own facet's choice does not narrow."""

    value: str
    count: int
    chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class Read:
    """How one typed word was understood: as it was corrected, and what else was searched for as meaning the same."""

    typed: str
    corrected: str = ""
    """The word that was searched for instead, because no description has the typed one; empty where it was not."""
    also: tuple[str, ...] = ()
    unwanted: bool = False
    likely: str = ""
    """A far more common word of nearly the same spelling, to offer."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The answer to one search."""

    hits: tuple[Hit, ...]
    total: int
    at_least: bool = False
    """``total`` is a lower bound: so much was found that counting it all would take longer than finding the best."""
    read: tuple[Read, ...] = ()
    loosened: bool = False
    """No description has all of the words; the hits have some of them."""
    facets: Mapping[Facet, tuple[FacetCount, ...]] = field(default_factory=dict)
    populations: tuple[tuple[int, int], ...] = ()
    """For each class of ``POPULATIONS``: its lower bound and how many descriptions lie in it."""


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where in a description words were found: ``title``, ``keyword``, ``column`` or ``text``, with what stands there.

    For a similar dataset, what both share: ``condition``, ``body site``, ``keyword``, ``title``, ``column``,
    ``custodian``.
    """

    place: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One hit with the entry it stands for and where the words were found."""

    entry: Entry
    score: float
    where: tuple[Where, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Results:
    """What a person gets: the answer with its entries, and how many changes of the catalogue it does not know yet."""

    found: Found
    listed: tuple[Listed, ...]
    behind: int = 0
