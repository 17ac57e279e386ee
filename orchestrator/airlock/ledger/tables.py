"""A published table as an outsider has it: for each cell the groups it counts and the numbers it may be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["Dimension", "Fact", "Kind", "Labels", "Partition", "PublishedTable", "ReleasedTable"]

Labels = tuple[tuple[str, str], ...]
"""Pairs of dimension and group, sorted. A margin names fewer dimensions than the table has; the grand total none."""


class Kind(StrEnum):
    """How a cell was published."""

    EXACT = "exact"
    ROUNDED = "rounded"
    MASKED = "masked"
    SHOWN = "shown"
    """A total over the cells that are shown: at least this many."""


class Partition(StrEnum):
    """What is known of the groups of one dimension: do they add up to their total?"""

    UNKNOWN = "unknown"
    WHOLE = "whole"
    """A line shown in full adds up to its total."""
    PART = "part"
    """A line shown in full falls short of its total: some people are in none of the groups."""
    OVERLAPPING = "overlapping"
    """The groups exceed their total: one person may be in several."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One cell: between ``low`` and ``high`` people (no upper bound where ``high`` is ``None``), both included."""

    labels: Labels
    low: int
    high: int | None
    kind: Kind = Kind.EXACT
    place: str = ""
    hides: int | None = None
    """How many numbers a mask or the rounding alone leaves open: 9 for “<10” without zero; nothing without a bound."""

    @property
    def exact(self) -> bool:
        """Say whether the cell states one number."""
        return self.low == self.high


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One way of grouping: its name in plain words (empty where the table has none) and how its groups add up."""

    name: str
    partition: Partition = Partition.UNKNOWN
    within: str = ""
    """The dimension whose groups this one divides further: every region lies in one county."""


@dataclass(frozen=True, kw_only=True)
class PublishedTable:
    """One table of counts. ``population`` holds the restrictions its title states; ``measure`` what is counted.

    ``incomplete`` says in words what of the table is not among the facts; empty where everything is.
    """

    file: str
    where: str = ""
    dimensions: tuple[Dimension, ...] = ()
    measure: str = ""
    population: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    incomplete: str = ""

    @property
    def place(self) -> str:
        """Return the table’s file and its place in it."""
        return f"{self.file}, {self.where}" if self.where else self.file

    def as_json(self) -> dict[str, Any]:
        """Return the table as plain JSON; the same table always gives the same."""
        return {
            "file": self.file,
            "where": self.where,
            "dimensions": [[each.name, each.partition.value, each.within] for each in self.dimensions],
            "measure": self.measure,
            "population": list(self.population),
            "facts": [
                [[list(pair) for pair in fact.labels], fact.low, fact.high, fact.kind.value, fact.place, fact.hides]
                for fact in self.facts
            ],
            "incomplete": self.incomplete,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> PublishedTable:
        """Build a table from what ``as_json`` gave; ``ValueError`` or ``KeyError`` where it is something else."""
        return cls(
            file=str(plain["file"]),
            where=str(plain["where"]),
            dimensions=tuple(
                Dimension(name=str(name), partition=Partition(partition), within=str(within))
                for name, partition, within in plain["dimensions"]
            ),
            measure=str(plain["measure"]),
            population=tuple(str(each) for each in plain["population"]),
            facts=tuple(_fact(each) for each in plain["facts"]),
            incomplete=str(plain["incomplete"]),
        )

    @property
    def canonical(self) -> str:
        """Return the table as the text that is kept: keys sorted, no spaces."""
        return json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def sha256(self) -> str:
        """Return the digest of the canonical text."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()


def _fact(plain: Sequence[Any]) -> Fact:
    labels, low, high, kind, place, hides = plain
    if not isinstance(low, int) or low < 0 or not (high is None or (isinstance(high, int) and high >= low)):
        raise ValueError("a cell of a published table has bounds that no count can have")
    pairs = tuple(sorted((str(dimension), str(level)) for dimension, level in labels))
    return Fact(labels=pairs, low=low, high=high, kind=Kind(kind), place=str(place), hides=hides)


@dataclass(frozen=True, kw_only=True)
class ReleasedTable:
    """A table that is known outside, with whose it was. A recall changes nothing about what is known."""

    project: str
    release: str
    versions: frozenset[str] = field(default_factory=frozenset)
    """Versions of datasets it was made from; empty where nobody knows, then it is compared with everything."""
    recalled: bool = False
    table: PublishedTable

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "project": self.project,
            "release": self.release,
            "versions": sorted(self.versions),
            "recalled": self.recalled,
            "table": self.table.as_json(),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> ReleasedTable:
        """Build one from what ``as_json`` gave."""
        return cls(
            project=str(plain["project"]),
            release=str(plain["release"]),
            versions=frozenset(str(each) for each in plain["versions"]),
            recalled=bool(plain["recalled"]),
            table=PublishedTable.from_json(plain["table"]),
        )
