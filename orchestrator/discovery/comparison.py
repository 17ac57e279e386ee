"""Puts datasets side by side: what descriptions say on the same fields, their columns, what speaks for linking.

What a description does not tell is unknown: it is never the same as another unknown, and never a “no”.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

from orchestrator.core.errors import Invalid

from .catalogue.model import Entry
from .linkability import Linkability, linkability
from .search.reading import PLACEHOLDERS, at, columns_of, texts
from .search.words import named

__all__ = ["MOST", "Agreement", "Column", "Compared", "Comparison", "Row", "Section", "check_number", "compare"]

MOST = 4
"""How many datasets can be compared at once."""

_MOST_COLUMNS = 300


class Agreement(StrEnum):
    """What the values of one row have in common."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    """At least one of them is not told."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One dataset with what other rooms know of it; ``None`` where they know nothing."""

    entry: Entry
    terms: str | None = None
    uses: str | None = None
    fees: str | None = None
    score: str | None = None
    usable: str | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One field: a value for each dataset, empty where it is not told."""

    label: str
    values: tuple[str, ...]
    agreement: Agreement


@dataclass(frozen=True, kw_only=True)
class Section:
    """Fields that belong together."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column that at least two of the datasets have under the same words; for each, its name there and its type."""

    words: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    agreement: Agreement


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything side by side, in the order in which the datasets were given."""

    entries: tuple[Entry, ...]
    sections: tuple[Section, ...]
    columns: tuple[Column, ...]
    columns_told: tuple[int, ...]
    """How many columns each description names; nought means that it names none, not that there are none."""
    links: tuple[Linkability, ...]


_FIELDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "What it is": (
        ("People", "summary.populationSize"),
        ("Kind of data", "provenance.origin.datasetType.name"),
        ("Collected for", "provenance.origin.purpose"),
        ("Collected in", "provenance.origin.source"),
        ("Setting", "provenance.origin.collectionSource"),
        ("Samples", "coverage.materialType"),
        ("Abstract", "summary.abstract"),
    ),
    "What it covers": (
        ("Place", "coverage.spatial"),
        ("From", "provenance.temporal.startDate"),
        ("To", "provenance.temporal.endDate"),
        ("Published", "provenance.temporal.publishingFrequency"),
        ("How late", "provenance.temporal.timeLag"),
        ("Follow-up", "coverage.followUp"),
        ("Youngest", "coverage.typicalAgeRangeMin"),
        ("Oldest", "coverage.typicalAgeRangeMax"),
        ("Pathway", "coverage.pathway"),
    ),
    "How it is written": (
        ("Data model", "accessibility.formatAndStandards.conformsTo"),
        ("Coding systems", "accessibility.formatAndStandards.vocabularyEncodingScheme"),
        ("Formats", "accessibility.formatAndStandards.format"),
        ("Languages", "accessibility.formatAndStandards.language"),
    ),
    "How to get it": (
        ("Way of access", "accessibility.access.accessServiceCategory"),
        ("Access service", "accessibility.access.accessService"),
        ("Rights", "accessibility.access.accessRights"),
        ("Time until delivery", "accessibility.access.deliveryLeadTime"),
        ("Jurisdiction", "accessibility.access.jurisdiction"),
        ("Controller", "accessibility.access.dataController"),
        ("Processor", "accessibility.access.dataProcessor"),
        ("Use is limited to", "accessibility.usage.dataUseLimitation"),
        ("Use requires", "accessibility.usage.dataUseRequirements"),
        ("Cost, as described", "accessibility.access.accessRequestCost"),
    ),
}


def check_number(number: int) -> None:
    """Refuse to compare fewer than two or more than four datasets."""
    if not 2 <= number <= MOST:
        raise Invalid(f"Choose two to {MOST} datasets to compare; {number} were chosen.", field="with")


def compare(compared: Sequence[Compared]) -> Comparison:
    """Put two to four datasets side by side."""
    check_number(len(compared))
    entries = tuple(each.entry for each in compared)
    told = [columns_of(entry.description) for entry in entries]
    sections = [_section(title, fields, entries) for title, fields in _FIELDS.items()]
    return Comparison(
        entries=entries,
        sections=tuple(section for section in (_known(compared), *sections) if section.rows),
        columns=tuple(_shared(entries)),
        columns_told=tuple(len(each) for each in told),
        links=tuple(linkability(one, other) for one, other in combinations(entries, 2)),
    )


def _known(compared: Sequence[Compared]) -> Section:
    """Return what other rooms know: who publishes it, on which terms, for which price, how well it is described."""
    rows = [
        _row("Custodian", [each.entry.publisher for each in compared]),
        _row("Known from", [each.entry.origin.value for each in compared]),
        _row("Last confirmed", [each.entry.confirmed_at.date().isoformat() for each in compared]),
        _row("Terms in force", [each.terms or "" for each in compared]),
        _row("May be used for", [each.uses or "" for each in compared]),
        _row("Price", [each.fees or "" for each in compared]),
        _row("Quality of the description", [each.score or "" for each in compared]),
        _row("Usable part of it", [each.usable or "" for each in compared]),
    ]
    return Section(title="At a glance", rows=tuple(row for row in rows if any(row.values)))


def _section(title: str, fields: Sequence[tuple[str, str]], entries: Sequence[Entry]) -> Section:
    rows = [_row(label, [_words(at(entry.description, path)) for entry in entries]) for label, path in fields]
    return Section(title=title, rows=tuple(row for row in rows if any(row.values)))


def _row(label: str, values: Sequence[str]) -> Row:
    return Row(label=label, values=tuple(values), agreement=_agreement(values))


def _agreement(values: Sequence[str]) -> Agreement:
    if not all(values):
        return Agreement.UNKNOWN
    return Agreement.SAME if len({value.casefold() for value in values}) == 1 else Agreement.DIFFERENT


def _words(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}" if value > 0 else ""
    return "; ".join(dict.fromkeys(text for text in texts(value) if text.casefold() not in PLACEHOLDERS))


def _shared(entries: Sequence[Entry]) -> list[Column]:
    """Return columns that two datasets or more name with the same words, whatever their spelling."""
    by_words = [_columns(entry) for entry in entries]
    every = dict.fromkeys(words for columns in by_words for words in columns)
    found = [words for words in every if sum(words in columns for columns in by_words) > 1]
    return [
        Column(
            words=words,
            names=tuple(columns[words][0] if words in columns else "" for columns in by_words),
            types=tuple(columns[words][1] if words in columns else "" for columns in by_words),
            agreement=_agreement([columns[words][1] for columns in by_words if words in columns]),
        )
        for words in sorted(found)[:_MOST_COLUMNS]
    ]


def _columns(entry: Entry) -> dict[str, tuple[str, str]]:
    columns: dict[str, tuple[str, str]] = {}
    for column in at(entry.description, "structuralMetadata.tables.columns") or ():
        for each in column if isinstance(column, list) else ():
            if isinstance(each, Mapping) and each.get("name") is not None:
                name, kind = str(each["name"]), each.get("dataType")
                words = named(name).casefold().rpartition(" ")[0] or name.casefold()
                columns.setdefault(words, (name, kind.casefold() if isinstance(kind, str) else ""))
    return columns
