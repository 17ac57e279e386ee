"""Which schemas there are, which one a record follows, and what in it does not fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from orchestrator.core.errors import Invalid

from .checking import MOST_FINDINGS, Fault, Finding, check
from .newest import V3_0_0, V4_0_0
from .older import V2_1_2, V2_1_3, V2_2_0, V2_2_1
from .oldest import V2_0_2, V2_1_0
from .shapes import Part

__all__ = [
    "CATALOGUE_2020",
    "FLAT",
    "NEWEST",
    "SCHEMAS",
    "beside_tables",
    "check_plain",
    "count_values",
    "detect",
    "validate",
]

NEWEST = "4.0.0"
"""The schema in which descriptions are kept here."""

CATALOGUE_2020 = "2.0.0"
"""What the national catalogue of 2020 declares; no schema of that number is published, its outline is that of 2.0.2."""

FLAT = "1.1.7"
"""The older catalogue format: all fields side by side, named as in the quality reports of 2020."""

SCHEMAS: dict[str, Part] = {
    "2.0.2": V2_0_2,
    "2.1.0": V2_1_0,
    "2.1.2": V2_1_2,
    "2.1.3": V2_1_3,
    "2.2.0": V2_2_0,
    "2.2.1": V2_2_1,
    "3.0.0": V3_0_0,
    NEWEST: V4_0_0,
}
"""The published schemas, oldest first."""

_ENOUGH_TO_TELL = 200
"""Faults after which a schema is counted as not meant."""

_LARGEST = 8 * 1024 * 1024
_DEEPEST = 60
_MOST_VALUES = 20_000
"""Beside tables and columns, where the fullest of the national catalogue has 236; holding more takes many seconds."""


def check_plain(record: Any) -> Mapping[str, Any]:
    """Return a record that is an object of plain JSON, not too large or deep to work on; else raise ``Invalid``."""
    if not isinstance(record, Mapping):
        raise Invalid("A description must be a JSON object with named fields.", field="description")
    try:
        size = len(json.dumps(record, ensure_ascii=False, allow_nan=False).encode())
        deep = _depth(record) > _DEEPEST
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError) as error:
        raise Invalid("The description holds something that plain JSON cannot carry.", field="description") from error
    if size > _LARGEST:
        raise Invalid("The description is larger than 8 MiB; shorten its tables and columns.", field="description")
    if deep:
        raise Invalid(f"The description is nested more than {_DEEPEST} deep; flatten it.", field="description")
    if count_values(beside_tables(record)) > _MOST_VALUES:
        raise Invalid(
            f"The description has more than {_MOST_VALUES:,} values beside its tables and columns; shorten its lists.",
            field="description",
        )
    return record


def count_values(value: Any) -> int:
    """Count the values of plain JSON, objects and lists themselves among them."""
    waiting, count = [value], 0
    while waiting:
        inner = waiting.pop()
        count += 1
        waiting += inner.values() if isinstance(inner, Mapping) else inner if isinstance(inner, list) else ()
    return count


def beside_tables(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description without its tables and columns, of which there may rightly be very many."""
    return {name: value for name, value in record.items() if name != "structuralMetadata"}


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def detect(record: Any) -> str | None:
    """Return the version of the schema that a record follows, or nothing if it is no description of a dataset.

    A version under which the record is valid comes first (the declared one, else the newest), then the declared one,
    then the one that finds the fewest faults.
    """
    if not isinstance(record, Mapping):
        return None
    if not isinstance(record.get("summary"), Mapping):
        return FLAT if isinstance(record.get("title"), str) and "id" in record else None
    declared = _declared(record)
    if declared == CATALOGUE_2020:
        return declared
    order = sorted(SCHEMAS, reverse=True)
    order.sort(key=lambda version: version != declared)
    faults = {}
    for version in order:
        faults[version] = sum(1 for _ in islice(check(SCHEMAS[version], record), _ENOUGH_TO_TELL))
        if not faults[version]:
            return version
    return declared if declared in SCHEMAS else min(order, key=lambda version: faults[version])


def _declared(record: Mapping[str, Any]) -> str | None:
    schema = record.get("@schema")
    version = schema.get("version") if isinstance(schema, Mapping) else None
    return version if isinstance(version, str) else None


def validate(record: Any, version: str | None = None) -> tuple[Finding, ...]:
    """Return what does not fit the schema of ``version`` (that of the record, if none is given); empty if valid.

    At most ``MOST_FINDINGS`` are returned. Raises ``Invalid`` for a version that is not known here, and for what is no
    plain JSON object.
    """
    check_plain(record)
    version = version or detect(record)
    if version is None:
        return (Finding("", "This is no description of a dataset: it has neither a “summary” nor a “title”."),)
    if version in {CATALOGUE_2020, FLAT}:
        note = f"The format {version} has no published schema; it was read as far as its fields are known here."
        return (Finding("", note, Fault.NOTE),)
    if version not in SCHEMAS:
        known = ", ".join(SCHEMAS)
        raise Invalid(f"HDR UK {version[:20]} is not known here; choose one of {known}.", field="version")
    return tuple(islice(check(SCHEMAS[version], record, schema=version), MOST_FINDINGS))
