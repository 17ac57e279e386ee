"""Reads fields of a record by dotted path, as the scores count them: filled, or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ABSENT", "STRUCTURE", "Tables", "field_at", "filled", "tables_of"]

ABSENT = object()
"""The record has no such field."""


def field_at(record: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path, or ``ABSENT``."""
    here: Any = record
    for step in path.split("."):
        if not isinstance(here, Mapping) or step not in here:
            return ABSENT
        here = here[step]
    return here


def filled(value: Any) -> bool:
    """Tell whether a value says anything at all: not null, not empty, and not a list or object of such."""
    if isinstance(value, Mapping):
        return any(filled(inner) for inner in value.values())
    if isinstance(value, list):
        return any(filled(inner) for inner in value)
    return value is not ABSENT and value is not None and value != ""


STRUCTURE: dict[str, tuple[bool, tuple[str, ...]]] = {
    "dataClassesCount": (False, ()),
    "tableName": (False, ("name", "label")),
    "tableDescription": (False, ("description",)),
    "columnName": (True, ("name", "label")),
    "columnDescription": (True, ("description",)),
    "dataType": (True, ("dataType",)),
    "sensitive": (True, ("sensitive",)),
}
"""What is asked of the structure: of columns (or of tables), and the names a field for it may have."""


_COLUMNS = ("columns", "elements", "dataElements")


class Tables:
    """The tables and columns that a record describes, whatever its schema calls them.

    ``count`` is how many tables there are; ``told`` and ``columns_told`` whether the record itself describes them.
    """

    def __init__(self, tables: list[Mapping[str, Any]], count: object = None) -> None:
        self.tables = tables
        self.count = max(len(tables), _whole(count))
        listed: list[Any] = [next((table[name] for name in _COLUMNS if name in table), []) for table in tables]
        self.columns = [column for columns in listed for column in _objects(columns)]
        self.told = self.count == len(tables)
        self.columns_told = self.told and all(isinstance(columns, list) for columns in listed)

    def share(self, path: str) -> float:
        """Return the share of tables or columns (0 to 1) that fill what ``path`` asks for."""
        of_columns, names = STRUCTURE[path.rpartition(".")[2]]
        things = self.columns if of_columns else self.tables
        if not things:
            return 0.0
        if not names:
            return 1.0
        return sum(any(_says(thing.get(name), name) for name in names) for thing in things) / len(things)


_SHORTEST = {"name": 2, "label": 2, "description": 6}
"""Characters from which on the published reports counted a name or a description of a table or column."""


def _says(value: Any, name: str) -> bool:
    return filled(value) and len(str(value)) >= _SHORTEST.get(name, 0)


def tables_of(record: Mapping[str, Any]) -> Tables:
    """Return the tables of a record: an object with tables (3, 4), a list (2.x), or ``dataClasses`` (flat)."""
    structure = record.get("structuralMetadata")
    inner = structure.get("tables") if isinstance(structure, Mapping) else structure
    return Tables(_objects(inner or record.get("dataClasses")), record.get("dataClassesCount"))


def _whole(value: object) -> int:
    try:
        return int(value) if isinstance(value, str | int) else 0
    except ValueError:
        return 0


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
