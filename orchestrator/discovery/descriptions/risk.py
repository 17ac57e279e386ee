"""Counts in a description that are so small that they may point at persons: they are published as typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .checking import Fault, Finding

__all__ = ["SMALLEST_COUNT", "small_counts"]

SMALLEST_COUNT = 10
"""Counts of people below this are pointed out; the custodians' own terms may ask for more."""

_PERSONS = frozenset({"persons"})


def small_counts(description: Mapping[str, Any], *, minimum: int = SMALLEST_COUNT) -> tuple[Finding, ...]:
    """Return a finding for each count of people from 1 to ``minimum`` − 1.

    Looks at demographic frequencies, observations of persons, the population, and the frequencies of values.
    """
    return (*_demography(description, minimum), *_observed(description, minimum), *_values(description, minimum))


def _demography(description: Mapping[str, Any], minimum: int) -> Iterator[Finding]:
    groups = description.get("demographicFrequency")
    for name, rows in groups.items() if isinstance(groups, Mapping) else ():
        for number, row in enumerate(_objects(rows), 1):
            if _small(row.get("count"), minimum):
                yield _risk(f"demographicFrequency.{name}.{number}.count", row["count"], minimum)


def _observed(description: Mapping[str, Any], minimum: int) -> Iterator[Finding]:
    for number, row in enumerate(_objects(description.get("observations")), 1):
        persons = str(row.get("observedNode")).casefold() in _PERSONS
        if persons and _small(row.get("measuredValue"), minimum):
            yield _risk(f"observations.{number}.measuredValue", row["measuredValue"], minimum)
    summary = description.get("summary")
    if isinstance(summary, Mapping) and _small(summary.get("populationSize"), minimum):
        yield _risk("summary.populationSize", summary["populationSize"], minimum)


def _values(description: Mapping[str, Any], minimum: int) -> Iterator[Finding]:
    structure = description.get("structuralMetadata")
    tables = structure.get("tables") if isinstance(structure, Mapping) else None
    for at, table in enumerate(_objects(tables), 1):
        for place, column in enumerate(_objects(table.get("columns")), 1):
            for number, value in enumerate(_objects(column.get("values")), 1):
                if _small(value.get("frequency"), minimum):
                    path = f"structuralMetadata.tables.{at}.columns.{place}.values.{number}.frequency"
                    yield _risk(path, value["frequency"], minimum)


def _small(value: Any, minimum: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < minimum


def _risk(path: str, value: Any, minimum: int) -> Finding:
    who = "person" if value == 1 else "people"
    what = f"so few may be recognised. Leave the count out, or put groups together until each has {minimum} or more"
    return Finding(path, f"“{path}” counts {value} {who}: {what}.", Fault.RISK)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
