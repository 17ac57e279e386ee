"""Rows that a file spells out in other ways than as a table: sentences, ``key=value`` lines, statements, lists.

A reader sees words there and the checks of tables nothing. For the comparison with the data alone, every line becomes
the row of its numbers and days, lines that repeat become records, and values that stand in turn are set side by side.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from orchestrator.airlock.reading.parts import Table, Text

__all__ = ["LINES", "spelled_out"]

LINES = 200_000
"""Lines of a text, or rows of a table, that are read so."""
_FEWEST = 5
_WIDEST = 40
_PERIODS = range(2, 13)
_TABLES = 40
_VALUE = re.compile(
    r"(?<!\d)(?:1[89]|20)\d\d-\d\d-\d\d(?!\d)|(?:(?<![^\s=:(\[{,;|<>'\"])[-\u2212])?(?:\d+(?:\.\d+)?|(?<!\w)\.\d+)"
)
Row = tuple[str, ...]


def spelled_out(tables: Sequence[Table], texts: Sequence[Text]) -> list[Table]:
    """Return what lines, cells and lists of a file say as tables of their values, for the comparison with the data."""
    found: list[Table] = []
    for text in texts:
        lines = list(islice(text.text.splitlines(), LINES))
        found += _by_width(map(_values, lines), text.where)
        found += _records(lines, text.where)
    for table in tables:
        found += _of_table(table)
    return found[:_TABLES]


def _values(line: str) -> Row:
    return tuple(_VALUE.findall(line)[:_WIDEST])


def _by_width(rows: Iterable[Row], where: str, *, fewest: int = 2) -> Iterator[Table]:
    """Yield the rows of each width as one table: lines of the same making hold as many values."""
    widths: dict[int, list[Row]] = {}
    for row in rows:
        if len(row) >= fewest:
            widths.setdefault(len(row), []).append(row)
    for width in sorted(widths):
        yield from _table(widths[width], where, "values of lines")


def _records(lines: Sequence[str], where: str) -> Iterator[Table]:
    """Yield records that take several lines: from one line to the next of its kind, or between empty lines."""
    kinds = [(_VALUE.sub("#", line).rstrip(), _values(line)) for line in lines]
    counted = Counter(kind for kind, values in kinds if values)
    often = [kind for kind, many in counted.items() if many >= _FEWEST]
    if not often:
        return
    starts = {""} if len(often) == 1 else {often[0]}
    for marks in [starts, {""}] if "" in {kind for kind, _ in kinds} and starts != {""} else [starts]:
        yield from _by_width(_between(kinds, marks), where)
    if len(often) == 1:
        flat = [values[0] for kind, values in kinds if kind == often[0] and len(values) == 1]
        yield from _in_turn(flat, where)


def _between(kinds: Sequence[tuple[str, Row]], marks: set[str]) -> list[Row]:
    records: list[list[str]] = [[]]
    for kind, values in kinds:
        if kind in marks:
            records.append([])
        if len(records[-1]) < _WIDEST:
            records[-1] += values
    return [tuple(record[:_WIDEST]) for record in records]


def _of_table(table: Table) -> Iterator[Table]:
    try:
        rows = [row for _, row in islice(table.rows(), LINES)]
    except csv.Error:
        return  # the check of the table's shape reports that it could not be read to the end
    yield from _by_width(map(_values, table.columns), table.where)
    if not rows:
        return
    width = max(map(len, rows))
    for index in range(min(width, _WIDEST)):
        column = [row[index] for row in rows if index < len(row)]
        if sum(len(_values(cell)) > 1 for cell in column) * 2 >= len(column):
            yield from _by_width(map(_values, column), table.where)
    if width == 1:
        yield from _in_turn([row[0] for row in rows], table.where)
    elif width <= 6:
        yield from _cycling(rows, table.where)


def _in_turn(values: Sequence[str], where: str) -> Iterator[Table]:
    """Yield one list as rows of two, three, … values: records whose values follow each other."""
    for period in _PERIODS:
        if len(values) % period == 0:
            rows = [tuple(values[at : at + period]) for at in range(0, len(values), period)]
            yield from _table(rows, where, f"each {period} values")


def _cycling(rows: Sequence[Sequence[str]], where: str) -> Iterator[Table]:
    """Yield a long table on its side, where a column names in turn what the values beside it are."""
    for index in range(min(map(len, rows))):
        names = [row[index] for row in rows]
        period = names.index(names[0], 1) if names[0] in names[1:] else 0
        if not 2 <= period <= _WIDEST or len(names) % period or names != names[:period] * (len(names) // period):
            continue
        for other in range(len(rows[0])):
            column = [row[other] if other < len(row) else "" for row in rows]
            if other != index and sum(map(str.isdigit, "".join(column[:50]))):
                wide = [tuple(column[at : at + period]) for at in range(0, len(column), period)]
                yield from _table(wide, where, f"values of each {period} rows")


def _table(rows: Sequence[Row], where: str, what: str) -> Iterator[Table]:
    if len(rows) >= _FEWEST:
        place = f"{where}, {what}" if where else what
        yield Table(where=place, columns=("",) * len(rows[0]), again=lambda: iter(rows), first=1)
