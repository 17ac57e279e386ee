"""Rows divided over the files of one request: a column here, a column there, put side by side outside.

Each file alone is a harmless list. Rows of a result have names (a region, a month); rows of individuals have none, or
a number. So tables of different files that have as many rows, whose rows nothing names and no column counts, are asked
about: side by side they would be records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import shown
from orchestrator.airlock.reading.specimen import Specimen

from .columns import Column, Frame, frame
from .headings import Role, named, plain

__all__ = ["across"]

_FEWEST = 10
_TABLES = 20
_NAMING = {Role.YEAR, Role.TIME}
_NUMBERING = {"no", "no.", "nr", "num", "number"}
_SUMMARY = {Role.MEAN, Role.SPREAD, Role.STANDARD_ERROR, Role.P_VALUE, Role.SHARE, Role.INTERVAL}


@dataclass(frozen=True, kw_only=True)
class _Part:
    file: str
    table: Table
    key: tuple[float, ...]
    headings: frozenset[str]


def across(files: Mapping[str, Specimen]) -> dict[str, list[Finding]]:
    """Return findings, by file name, on tables that could be put side by side."""
    sizes: dict[int, list[_Part]] = defaultdict(list)
    for name, file in files.items():
        for part in _parts(name, file.tables[:_TABLES]):
            sizes[len(frame(part.table).rows)].append(part)
    found: dict[str, list[Finding]] = {}
    for rows, parts in sizes.items():
        for part in parts:
            others = sorted({each.file for each in parts if each.file != part.file and _beside(part, each)})
            if others:
                found.setdefault(part.file, []).append(_finding(part, rows, others))
    return found


def _parts(name: str, tables: Sequence[Table]) -> Iterator[_Part]:
    for table in tables:
        seen = frame(table)
        if seen.kept and len(seen.rows) >= _FEWEST and not _named_rows(seen):
            headings = frozenset(column.heading.strip().casefold() for column in seen.columns)
            yield _Part(file=name, table=table, key=_key(seen), headings=headings)


def _named_rows(seen: Frame) -> bool:
    """Say whether something names the rows, or a column says that they are groups or estimates."""
    roles = [named(column.heading) for column in seen.columns]
    for index, (role, column) in enumerate(zip(roles, seen.columns, strict=True)):
        numbers_rows = _distinct(column, seen)
        counts = role is Role.COUNT and not (numbers_rows and plain(column.heading) in _NUMBERING)
        if counts or role in _SUMMARY or (role in _NAMING and numbers_rows):
            return True
        if column.words * 2 > column.filled and len(set(_texts(seen, index))) * 2 > len(seen.rows):
            return True
    return False


def _texts(seen: Frame, index: int) -> list[str]:
    return [row[index] for _, row in seen.rows if index < len(row)]


def _distinct(column: Column, seen: Frame) -> bool:
    return column.numbers == len(seen.rows) == len(column.distinct)


def _key(seen: Frame) -> tuple[float, ...]:
    """Return the values of the first column that numbers the rows, sorted; empty where none does."""
    for column in seen.columns:
        if column.all_whole and _distinct(column, seen):
            return tuple(sorted(column.distinct))
    return ()


def _beside(one: _Part, other: _Part) -> bool:
    """Say whether two tables could be joined: by the same numbers of rows, or by position where one has none."""
    return one.headings != other.headings and (one.key == other.key or not (one.key and other.key))


def _finding(part: _Part, rows: int, others: Sequence[str]) -> Finding:
    names = ", ".join(shown(name) for name in others[:5])
    return Finding(
        rule="SPLIT_ROWS",
        severity=Severity.FLAG,
        where=part.table.where or "whole table",
        message=f"Its {rows} rows have no names, and as many stand in {names}: put side by side, they may be records "
        "of individuals.",
        guidance="Say in the context what a row is. Give grouped results, with the name and the size of each group.",
    )
