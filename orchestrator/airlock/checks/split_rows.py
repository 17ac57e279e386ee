"""Rows divided over the files of one request: a column here, a column there, put side by side outside.

Each file alone is a harmless list. Rows of a result have names (a region, a month); rows of individuals have none, or
a number. So tables of different files that have as many rows, whose rows nothing names and no column counts, are asked
about: side by side they would be records. Tables of one shape, with the same headings, are results of several groups,
unless the headings say nothing or the rows of both have the same identifiers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise

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
_SAYS_NOTHING = re.compile(
    r"unnamed.*|(?:[a-z]|var|variable|col|column|field|data|val|values?|no|nr|num|number|id|item|results?)?[ _.:-]*\d*"
)
_IDENTIFIERS = 100
_SUMMARY = {Role.MEAN, Role.SPREAD, Role.STANDARD_ERROR, Role.P_VALUE, Role.SHARE, Role.INTERVAL}


@dataclass(frozen=True, kw_only=True)
class _Part:
    file: str
    table: Table
    key: tuple[float, ...]
    headings: frozenset[str]
    content: int
    comparable: bool
    """Whether tables with the same headings may hold other values of the same rows."""


_Held = dict[frozenset[str], set[int]]
"""The values of tables, by their headings."""


class _Kinds:
    """Which files hold tables of a kind, so that a table is compared with files (200 at most) and not with tables."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._every: dict[str, _Held] = {}
        self._keyed: dict[tuple[float, ...], dict[str, _Held]] = {}
        for part in parts:
            for files in (self._every, self._keyed.setdefault(part.key, {})):
                files.setdefault(part.file, {}).setdefault(part.headings, set()).add(part.content)

    def others(self, part: _Part) -> Iterator[str]:
        """Yield files whose table could be joined: by the same numbers of rows, or by position where one has none."""
        joined = [self._keyed[part.key], self._keyed.get((), {})] if part.key else [self._every]
        told = {part.file}
        for file, held in chain.from_iterable(files.items() for files in joined):
            if file not in told and _beside(part, held):
                told.add(file)
                yield file


def _beside(part: _Part, held: _Held) -> bool:
    if len(held) > 1 or part.headings not in held:
        return True
    return part.comparable and bool(held[part.headings] - {part.content})


def across(files: Mapping[str, Specimen]) -> dict[str, list[Finding]]:
    """Return findings, by file name, on tables that could be put side by side."""
    sizes: dict[int, list[_Part]] = defaultdict(list)
    for name, file in sorted(files.items()):
        for part in _parts(name, file.tables):
            sizes[len(frame(part.table).rows)].append(part)
    found: dict[str, list[Finding]] = {}
    for rows, parts in sizes.items():
        kinds = _Kinds(parts)
        for part in parts:
            if others := list(islice(kinds.others(part), _NAMED)):
                found.setdefault(part.file, []).append(_finding(part, rows, others))
    return found


def _parts(name: str, tables: Sequence[Table]) -> Iterator[_Part]:
    for table in tables:
        seen = frame(table)
        if seen.kept and len(seen.rows) >= _FEWEST and not _named_rows(seen):
            headings, key = frozenset(column.heading.strip().casefold() for column in seen.columns), _key(seen)
            comparable = _identifies(key) or (all(map(_SAYS_NOTHING.fullmatch, headings)) and not _on_a_grid(seen))
            content = hash(tuple(tuple(row) for _, row in seen.rows))
            yield _Part(file=name, table=table, key=key, headings=headings, content=content, comparable=comparable)


def _identifies(key: tuple[float, ...]) -> bool:
    """Say whether numbers are identifiers rather than 1, 2, 3, a grid, or bounds of classes: large, odd, irregular."""
    if not key or key[-1] < _IDENTIFIERS:
        return False
    steps = {after - before for before, after in pairwise(key)}
    return len(steps) * 2 > len(key) and sum(number % 5 != 0 for number in key) * 2 > len(key)


def _on_a_grid(seen: Frame) -> bool:
    """Say whether a column rises from row to row, as the axis of a curve does; numbers of rows do not count."""
    return any(column.rising and plain(column.heading) not in _NUMBERING for column in seen.columns)


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
