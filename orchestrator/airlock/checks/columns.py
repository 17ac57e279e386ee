"""One pass over a table: what each column holds over every row, and the rows themselves where they are few enough."""

from __future__ import annotations

import csv
import weakref
from dataclasses import dataclass, field

from orchestrator.airlock.reading.parts import Table

from .cells import Cell, read

__all__ = ["CELLS_KEPT", "Column", "Frame", "frame"]

CELLS_KEPT = 500_000
"""A longer table is no summary (the packs let 5,000 rows pass): its cells are read and counted, but not kept."""
_DISTINCT = 2_000


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

    def see(self, text: str, cell: Cell) -> None:
        """Note one cell."""
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
        self.least, self.most = min(self.least, number), max(self.most, number)
        self.rising = self.rising and (self.last is None or number > self.last)
        self.last = number
        if len(self.distinct) < _DISTINCT:
            self.distinct.add(number)

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
    kept = 0
    try:
        for number, row in table.rows():
            found.count += 1
            while len(row) > len(found.columns):
                found.columns.append(Column(heading=""))
            for index, text in enumerate(row):
                found.columns[index].see(text, read(text))
            kept += len(row)
            if kept <= CELLS_KEPT:
                found.rows.append((number, list(row)))
            elif found.kept:
                found.kept = False
                found.rows.clear()
    except csv.Error:
        found.broken = True
    _join_headings(found)
    return found


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
