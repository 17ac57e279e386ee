"""Reads a description of the catalogue into what is searched: words, columns, facets, numbers.

Descriptions come in the shape of HDR UK 4.0.0 as far as they could be brought there; whatever has another shape at some
place is passed over there. Placeholders such as “not applicable” are no value of a facet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .model import Facet, Searchable

__all__ = [
    "OPEN_END",
    "PLACEHOLDERS",
    "at",
    "columns_of",
    "keywords_of",
    "running_text",
    "searchable",
    "texts",
    "years_of",
]

OPEN_END = 9999
"""The last year of data that still arrive."""

PLACEHOLDERS = frozenset(
    (
        "", "na", "n/a", "none", "null", "nil", "unknown", "unspecified", "not specified", "not applicable", "tbd",
        "not available", "not known", "other", "others", "tbc", "to be confirmed", "to be decided", "-", ".", "?",
        "yet to be decided",
    )
)  # fmt: skip

_FIELDS: Mapping[Facet, tuple[str, ...]] = {
    Facet.KIND: ("provenance.origin.datasetType.name",),
    Facet.PLACE: ("coverage.spatial",),
    Facet.SOURCE: ("provenance.origin.source", "provenance.origin.collectionSource"),
    Facet.SAMPLE: ("coverage.materialType",),
    Facet.STANDARD: ("accessibility.formatAndStandards.conformsTo",),
    Facet.CODING: ("accessibility.formatAndStandards.vocabularyEncodingScheme",),
    Facet.FOLLOW_UP: ("coverage.followUp",),
    Facet.FREQUENCY: ("provenance.temporal.publishingFrequency",),
    Facet.ACCESS: ("accessibility.access.accessServiceCategory",),
    Facet.LEAD_TIME: ("accessibility.access.deliveryLeadTime",),
}
_LONGEST_FACET = 60
_MOST_VALUES = 30
_YEAR = re.compile(r"(\d{4})-\d\d")
_APART = re.compile(r"\s*,\s*")


def searchable(
    entry_id: str,
    description: Mapping[str, Any],
    *,
    publisher: str = "",
    origin: str = "",
    hub: str = "",
    changed: int = 0,
    title: str = "",
) -> Searchable:
    """Return what the index keeps of a description."""
    facets = {facet: values for facet, paths in _FIELDS.items() if (values := _values(description, paths))}
    told = {Facet.PUBLISHER: publisher, Facet.ORIGIN: origin, Facet.HUB: hub}
    facets |= {facet: (value,) for facet, value in told.items() if value}
    first, last = years_of(description)
    population = at(description, "summary.populationSize")
    counted = isinstance(population, int) and not isinstance(population, bool) and population > 0
    return Searchable(
        entry_id=entry_id,
        title=title or " ".join(texts(at(description, "summary.title"))),
        keywords=keywords_of(description),
        text="\n".join(running_text(description)),
        columns=tuple(" ".join((name, words)).strip() for name, words in columns_of(description)),
        facets=facets,
        population=min(population, 2**62) if counted else None,
        first_year=first,
        last_year=last,
        changed=changed,
    )


def at(value: Any, path: str) -> Any:
    """Return what lies at a dotted path, gathered over lists; nothing where the path leads nowhere."""
    for name in path.split("."):
        if isinstance(value, list):
            value = [each[name] for each in value if isinstance(each, Mapping) and name in each]
        elif isinstance(value, Mapping):
            value = value.get(name)
        else:
            return None
    return value


def texts(value: Any) -> Iterator[str]:
    """Return every text within a value, wherever it is."""
    if isinstance(value, str):
        if value.strip():
            yield value.strip()
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from texts(inner)


def keywords_of(description: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keywords, each once."""
    found = [word for text in texts(at(description, "summary.keywords")) for word in _APART.split(text) if word]
    return tuple(dict.fromkeys(found))


def columns_of(description: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return every table and column by name, with its description."""
    tables = at(description, "structuralMetadata.tables")
    found: list[tuple[str, str]] = []
    for table in tables if isinstance(tables, list) else ():
        if isinstance(table, Mapping):
            found.append(_named(table))
            columns = table.get("columns")
            found += [
                _named(each) for each in (columns if isinstance(columns, list) else ()) if isinstance(each, Mapping)
            ]
    return tuple(pair for pair in found if pair[0])


def years_of(description: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return the first and last year of the data; the last is ``OPEN_END`` where they still arrive."""
    first = _year(at(description, "provenance.temporal.startDate"))
    ends = at(description, "provenance.temporal.endDate")
    last = _year(ends)
    frequency = at(description, "provenance.temporal.publishingFrequency")
    arriving = (isinstance(frequency, str) and frequency.casefold() == "continuous") or ends == "CONTINUOUS"
    return first, OPEN_END if last is None and arriving else last


def running_text(description: Mapping[str, Any]) -> Iterator[str]:
    """Return the texts of a description that are not title, keywords, tables, links or addresses."""
    for name, part in description.items():
        if name in ("identifier", "revisions", "structuralMetadata", "issued", "modified", "version", "@schema"):
            continue
        rest = (
            {key: value for key, value in part.items() if key not in ("title", "keywords")}
            if (name == "summary" and isinstance(part, Mapping))
            else part
        )
        yield from (text for text in texts(rest) if not text.startswith(("http://", "https://")) and "@" not in text)


def _values(description: Mapping[str, Any], paths: Sequence[str]) -> tuple[str, ...]:
    found = [
        value
        for path in paths
        for text in texts(at(description, path))
        for value in (_APART.split(text) if path == "coverage.spatial" else [text])
        if value.casefold() not in PLACEHOLDERS
        and len(value) <= _LONGEST_FACET
        and not value.casefold().startswith("http")
    ]
    return tuple(dict.fromkeys(found))[:_MOST_VALUES]


def _named(part: Mapping[str, Any]) -> tuple[str, str]:
    name, words = part.get("name"), part.get("description")
    return str(name).strip() if name is not None else "", words.strip() if isinstance(words, str) else ""


def _year(value: Any) -> int | None:
    found = _YEAR.match(value) if isinstance(value, str) else None
    return int(found[1]) if found and 1000 <= int(found[1]) < OPEN_END else None
