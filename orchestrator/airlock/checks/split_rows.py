"""Rows divided over the files of one request: a column here, a column there, put side by side outside.

Each file alone is a harmless list. Rows of a result have names (a region, a month); rows of individuals have none, or
a number. So tables of different files that have as many rows, whose rows nothing names and no column counts, are asked
about: side by side they would be records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import shown
from orchestrator.airlock.reading.specimen import Specimen

from .columns import Column, Frame, frame
from .headings import Role, named, plain

__all__ = ["across"]

_FEWEST = 10
_NAMED = 5
"""So many other files are named; more of them say nothing new."""
_NAMING = {Role.YEAR, Role.TIME}
_NUMBERING = {"no", "no.", "nr", "num", "number"}
_SUMMARY = {Role.MEAN, Role.SPREAD, Role.STANDARD_ERROR, Role.P_VALUE, Role.SHARE, Role.INTERVAL}


@dataclass(frozen=True, kw_only=True)
class _Part:
    file: str
    table: Table
    key: tuple[float, ...]
    headings: frozenset[str]


_Kinds = dict[tuple[float, ...], dict[frozenset[str], dict[str, None]]]


def across(files: Mapping[str, Specimen]) -> dict[str, list[Finding]]:
    """Return findings, by file name, on tables that could be put side by side."""
    sizes: dict[int, list[_Part]] = defaultdict(list)
    for name, file in sorted(files.items()):
        for part in _parts(name, file.tables):
            sizes[len(frame(part.table).rows)].append(part)
    found: dict[str, list[Finding]] = {}
    for rows, parts in sizes.items():
        kinds = _by_kind(parts)
        for part in parts:
            if others := list(islice(_others(part, kinds), _NAMED)):
                found.setdefault(part.file, []).append(_finding(part, rows, others))
    return found


def _by_kind(parts: Sequence[_Part]) -> _Kinds:
    """Return the files in which tables of a kind stand, by the numbers of their rows, then by their headings."""
    kinds: _Kinds = {}
    for part in parts:
        kinds.setdefault(part.key, {}).setdefault(part.headings, {})[part.file] = None
    return kinds


def _others(part: _Part, kinds: _Kinds) -> Iterator[str]:
    """Yield other files whose table could be joined: by the same numbers of rows, or by position where one has none.

    Kinds are compared, not tables, so that a request of thousands of tables costs about as much as its tables are many.
    """
    joined = [kinds.get(part.key, {}), kinds.get((), {})] if part.key else list(kinds.values())
    told = {part.file}
    for headings, files in chain.from_iterable(each.items() for each in joined):
        if headings != part.headings:
            for file in files:
                if file not in told:
                    told.add(file)
                    yield file


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


def _finding(part: _Part, rows: int, others: Sequence[str]) -> Finding:
    names = ", ".join(shown(name) for name in others)
    return Finding(
        rule="SPLIT_ROWS",
        severity=Severity.FLAG,
        where=part.table.where or "whole table",
        message=f"Its {rows} rows have no names, and as many stand in {names}: put side by side, they may be records "
        "of individuals.",
        guidance="Say in the context what a row is. Give grouped results, with the name and the size of each group.",
    )
