"""One pass over a table: what each column holds over every row, and the rows themselves where they are few enough."""

from __future__ import annotations

import csv
import math
import operator
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestrator.airlock.reading.parts import Table

from .cells import Cell, read
from .headings import Role, named

__all__ = ["CELLS_KEPT", "Column", "Frame", "frame"]

CELLS_KEPT = 500_000
"""A longer table is no summary (the packs let 5,000 rows pass): its cells are read and counted, but not kept."""
_DISTINCT = 2_000
_AT_ONCE = 4_096
_MANY = 64


@dataclass
class Column:
    """What one column holds, seen over every row."""

    heading: str
    filled: int = 0
    numbers: int = 0
    whole: int = 0
    shares: int = 0
    beside: int = 0
    """Cells with a share beside a number: “7 (3.1%)”."""
    words: int = 0
    marks: int = 0
    negative: int = 0
    zeros: int = 0
    padded: int = 0
    """Whole numbers with leading zeros."""
    least: float = float("inf")
    most: float = float("-inf")
    rising: bool = True
    last: float | None = None
    distinct: set[float] = field(default_factory=set)

    def see(self, texts: Sequence[str]) -> None:
        """Note the next cells of this column, in order."""
        if not self._see_plain(texts):
            for text in texts:
                self._see_one(text, read(text))

    def _see_plain(self, texts: Sequence[str]) -> bool:
        """Note many cells at once where all are plain numbers, as in long tables; say whether they were."""
        if len(texts) < _MANY or "_" in "".join(texts):
            return False
        try:
            values = list(map(float, texts))
        except ValueError:
            return False
        if not all(map(math.isfinite, values)):
            return False
        whole = sum(map(float.is_integer, values))
        negative = sum(value < 0 for value in values)
        below = sum(value < 0 and value.is_integer() for value in values) if negative else 0
        self.filled += len(values)
        self.numbers += len(values)
        self.whole += whole - below
        self.negative += negative
        self.zeros += values.count(0.0)
        self.padded += sum(text[0] == "0" and len(text) > 1 and text.isdigit() for text in texts) if whole else 0
        self._bounds(values)
        return True

    def _see_one(self, text: str, cell: Cell) -> None:
        if not text.strip():
            return
        self.filled += 1
        self.words += cell.words
        self.marks += cell.masked and not cell.words
        self.shares += cell.share is not None
        number = cell.number
        if number is None:
            return
        self.numbers += 1
        self.whole += cell.count is not None
        self.beside += cell.share is not None
        self.negative += number < 0
        self.zeros += number == 0
        self.padded += len(text) > 1 and text.lstrip()[0] == "0" and text.strip().isdigit()
        self._bounds([number])

    def _bounds(self, values: list[float]) -> None:
        self.least, self.most = min(self.least, *values), max(self.most, *values)
        if self.rising:
            before = values if self.last is None else [self.last, *values]
            self.rising = all(map(operator.lt, before, before[1:]))
        self.last = values[-1]
        if len(self.distinct) < _DISTINCT:
            self.distinct.update(values[:_DISTINCT])

    @property
    def fractional(self) -> int:
        """Numbers that are neither whole nor negative whole: what no count is."""
        return self.numbers - self.whole - self.negative

    @property
    def all_whole(self) -> bool:
        """Say whether every number here could be a count."""
        return self.whole > 0 and self.whole == self.numbers


@dataclass
class Frame:
    """A table as read: its columns, and its rows with their numbers unless there are too many to keep."""

    columns: list[Column]
    rows: list[tuple[int, list[str]]]
    count: int = 0
    kept: bool = True
    broken: bool = False
    headed: int | None = None
    """The number of a row that turned out to be the headings (“count, mean, 25%, 75%”), though its table has none."""

    def cell(self, row: int, index: int) -> Cell:
        """Return one cell as read, by position; an absent one is empty."""
        cells = self.rows[row][1]
        return read(cells[index]) if index < len(cells) else read("")


_FRAMES: weakref.WeakKeyDictionary[Table, Frame] = weakref.WeakKeyDictionary()


def frame(table: Table) -> Frame:
    """Read a table once to its end, or to where it is broken (the check of its shape reports that)."""
    known = _FRAMES.get(table)
    if known is None:
        known = _FRAMES[table] = _read(table)
    return known


def _read(table: Table) -> Frame:
    found = Frame(columns=[Column(heading=heading) for heading in table.columns], rows=[])
    waiting: list[tuple[int, Sequence[str]]] = []
    nameless = not any(heading.strip() for heading in table.columns)
    try:
        for numbered in table.rows():
            if nameless and found.headed is None and not waiting and not found.count and _names(numbered[1]):
                found.headed = numbered[0]
                found.columns = [Column(heading=heading) for heading in numbered[1]]
                continue
            waiting.append(numbered)
            if len(waiting) == _AT_ONCE:
                _take(found, waiting)
                waiting = []
    except csv.Error:
        found.broken = True
    _take(found, waiting)
    _join_headings(found)
    return found


def _names(row: Sequence[str]) -> bool:
    """Say whether a row names statistics, and holds no number but percentiles."""
    known = sum(named(text) not in {None, Role.INDEX, Role.LABEL} for text in row)
    return known >= 2 and all(read(text).number is None for text in row)


def _take(found: Frame, rows: list[tuple[int, Sequence[str]]]) -> None:
    width = max((len(row) for _, row in rows), default=0)
    while width > len(found.columns):
        found.columns.append(Column(heading=""))
    for index in range(width):
        found.columns[index].see([row[index] for _, row in rows if index < len(row)])
    found.count += len(rows)
    found.kept = found.kept and found.count * max(1, len(found.columns)) <= CELLS_KEPT
    if found.kept:
        found.rows += [(number, list(row)) for number, row in rows]
    else:
        found.rows.clear()


def _join_headings(found: Frame) -> None:
    """Add a second row of headings (as pandas writes them for several statistics) to the first."""
    if len(found.rows) < 2:
        return
    below = found.rows[0][1]
    under = [index for index, text in enumerate(below) if index and text.strip()]
    if not under or not all(read(below[index]).words and found.columns[index].numbers for index in under):
        return
    for index in under:
        column = found.columns[index]
        column.heading = f"{column.heading} {below[index]}".strip()
        column.words -= 1
        column.filled -= 1
    found.rows.pop(0)
    if not any(text.strip() for text in found.rows[0][1][1:]):
        found.rows.pop(0)  # the names of the index, on a line of their own
