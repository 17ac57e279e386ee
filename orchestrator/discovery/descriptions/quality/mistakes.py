"""Which of the fields that a profile counts have a mistake."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from ..checking import MOST_FINDINGS, check
from ..conversion.from_flat import FLAT_FIELDS, placed_flat
from ..versions import CATALOGUE_2020, FLAT, SCHEMAS
from .places import has_structure, places
from .profiles import FlagField, Profile
from .reading import tables_of

__all__ = ["mistaken"]

_CHECKED_AS = {CATALOGUE_2020: "2.0.2", FLAT: "2.0.2"}


def mistaken(record: Mapping[str, Any], profile: Profile, schema: str) -> dict[str, float | None]:
    """Return 1 for each field that breaks its schema, 0 for one that does not; a share for tables and columns."""
    outline = placed_flat(record) if schema == FLAT else record
    found = islice(check(SCHEMAS[_CHECKED_AS.get(schema, schema)], outline), MOST_FINDINGS)
    faults = [finding.path for finding in found]
    structure = _structure(record) if has_structure(record, schema) else {}
    made: dict[str, float | None] = {}
    for field in profile.fields:
        if field.place is not None and field.place.startswith("structuralMetadata."):
            made[field.name] = structure.get(field.place)
        else:
            made[field.name] = _fault(field, schema, faults)
    return made


def _fault(field: FlagField, schema: str, faults: list[str]) -> float | None:
    at = [FLAT_FIELDS.get(path, path) for path in places(field, schema)] if schema == FLAT else places(field, schema)
    if not at:
        return None
    return int(any(fault == path or fault.startswith(f"{path}.") for path in at for fault in faults))


def _structure(record: Mapping[str, Any]) -> dict[str, float]:
    """A share of tables or columns that miss something; without any table, the missing tables are the mistake."""
    tables = tables_of(record)
    names = (
        "dataClassesCount",
        "tableName",
        "tableDescription",
        "columnName",
        "columnDescription",
        "dataType",
        "sensitive",
    )
    if not tables.tables:
        return {f"structuralMetadata.{name}": 1.0 for name in names}
    return {f"structuralMetadata.{name}": 1 - tables.share(name) for name in names}
