"""Documents of the catalogue: entries, answers of a search, comparisons, kept searches, demand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from orchestrator.discovery.search.model import Asked, Facet, Results

from .shapes import In, Line, Out

__all__ = [
    "ComparisonOut",
    "DemandOut",
    "EntryOut",
    "HitOut",
    "KeepIn",
    "KeptOut",
    "KeptWithNews",
    "NewsOut",
    "Search",
    "SearchIn",
    "SearchOut",
    "answer_of",
]


class NoteOut(Out):
    """What is wrong with, or was done to, one field of a description."""

    path: str
    sentence: str


class EntryHead(Out):
    """One dataset in the catalogue, without its description."""

    entry_id: str
    title: str
    publisher: str
    origin: str
    state: str
    persistent_id: str
    version: str
    dataset_id: str | None
    custodian_id: str | None
    changed_at: datetime
    confirmed_at: datetime


class EntryOut(EntryHead):
    """One dataset in the catalogue with everything told of it."""

    source: str
    described_by: Annotated[str, Field(validation_alias="schema")]
    description: dict[str, Any]
    unplaced: dict[str, Any]
    findings: list[NoteOut]


class WhereOut(Out):
    """Where searched words stand in a description."""

    place: str
    text: str


class HitOut(Out):
    """One dataset that answers a search, and why."""

    entry: EntryHead
    score: float
    where: list[WhereOut]


class ReadOut(Out):
    """How one typed word was understood."""

    typed: str
    corrected: str
    also: list[str]
    likely: str
    unwanted: bool


class CountOut(Out):
    """One value of a facet and how many have it; ``label`` is the value for people, such as a hub's name."""

    value: str
    label: str
    count: int
    chosen: bool


class PopulationOut(BaseModel):
    """How many datasets have at least so many people, up to the next class."""

    least: int
    count: int


class SearchOut(BaseModel):
    """The answer to a search; ``behind`` counts changes of the catalogue that it does not know yet.

    ``at_least`` says that more may be found than ``total``: so where facets were not asked for and very much is found.
    """

    total: int
    at_least: bool
    loosened: bool
    behind: int
    read: list[ReadOut]
    items: list[HitOut]
    facets: dict[str, list[CountOut]]
    populations: list[PopulationOut]


class Search(In):
    """What to search for."""

    words: Annotated[str, Field(max_length=200)] = ""
    chosen: dict[Facet, Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=50)]] = (
        Field(default_factory=dict)
    )
    people: Annotated[int, Field(ge=0, le=10**12)] | None = None
    since: Annotated[int, Field(ge=1000, le=9999)] | None = None
    until: Annotated[int, Field(ge=1000, le=9999)] | None = None

    def asked(self, *, offset: int = 0, limit: int = 20, counted: bool = True) -> Asked:
        """Return it as the room takes it."""
        return Asked(
            words=" ".join("".join(c if c.isprintable() else " " for c in self.words).split()),
            chosen={facet: tuple(dict.fromkeys(values)) for facet, values in self.chosen.items() if values},
            people=self.people,
            since=self.since,
            until=self.until,
            offset=offset,
            limit=limit,
            counted=counted,
        )


class SearchIn(Search):
    """What to search for, and which part of the answer is wanted."""

    offset: Annotated[int, Field(ge=0, le=10_000)] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    facets: bool = True


class KeepIn(Search):
    """A search to keep, by a name."""

    name: Line


class KeptOut(Out):
    """A search that the caller keeps."""

    search_id: str
    name: str
    state: str
    made_at: datetime
    hits: int
    unseen: int


class NewsOut(Out):
    """One change in what a kept search finds."""

    number: int
    entry_id: str
    title: str
    kind: str
    found_at: datetime
    seen: bool


class KeptWithNews(KeptOut):
    """A kept search with its last news."""

    news: list[NewsOut] = Field(default_factory=list)


class RowOut(Out):
    """One field side by side."""

    label: str
    values: list[str]
    agreement: str


class SectionOut(Out):
    """Fields that belong together."""

    title: str
    rows: list[RowOut]


class ColumnOut(Out):
    """A column that two or more datasets name with the same words."""

    words: str
    names: list[str]
    types: list[str]
    agreement: str


class FactOut(Out):
    """One thing that linking hangs on."""

    name: str
    known: str
    words: str


class LinkOut(Out):
    """What two descriptions tell about linking."""

    one: str
    other: str
    facts: list[FactOut]


class ComparisonOut(Out):
    """Datasets side by side, in the order asked."""

    entries: list[EntryHead]
    sections: list[SectionOut]
    columns: list[ColumnOut]
    columns_told: list[int]
    links: list[LinkOut]


class MissedOut(Out):
    """Words looked for in vain by at least so many people in a month."""

    month: str
    words: str
    people: int


class UnmetOut(Out):
    """Searches in vain that may be told, and at least how many others there were."""

    missed: list[MissedOut]
    others: int


class DatasetDemandOut(Out):
    """How often a dataset was wanted; null where the number is too small to be told."""

    dataset_id: str
    title: str
    enquiries: int | None
    applications: int | None


class WishOut(Out):
    """Data that were asked for and do not exist here."""

    topic: str
    enquiries: int | None
    last_at: datetime


class DemandOut(Out):
    """Everything that is wanted."""

    unmet: UnmetOut
    datasets: list[DatasetDemandOut]
    wishes: list[WishOut]


def answer_of(results: Results, hubs: Mapping[str, str]) -> SearchOut:
    """Return results as a document; ``hubs`` are the names of hubs by their identifiers."""
    found = results.found
    return SearchOut(
        total=found.total,
        at_least=found.at_least,
        loosened=found.loosened,
        behind=results.behind,
        read=[ReadOut.model_validate(each) for each in found.read],
        items=[HitOut.model_validate(each) for each in results.listed],
        facets={
            facet.value: [
                CountOut(
                    value=each.value,
                    label=hubs.get(each.value, each.value) if facet is Facet.HUB else each.value,
                    count=each.count,
                    chosen=each.chosen,
                )
                for each in counts
            ]
            for facet, counts in found.facets.items()
        },
        populations=[PopulationOut(least=least, count=count) for least, count in found.populations],
    )
