"""One delimited table as people look through it: kept as its text and where each row begins, read a page at a time."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, zip_longest

from orchestrator.airlock.reading.limits import CELL_CHARACTERS

from .columns import Column, ColumnFigures
from .orders import sorted_places

__all__ = ["Look", "Page", "Row", "Sheet"]

_PIECE = 500
"""Rows taken at once: so many stay in the processor’s cache, which is twice as fast as more."""
_KEPT_ORDERS = 6
_MOST_COLUMNS = 16_384
"""As many as a spreadsheet has; what stands further right is counted, but gets no figures."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How somebody wants to see a table: which rows, in which order, from which on."""

    first: int = 0
    count: int = 100
    order: int | None = None
    """Column to sort by, numbers as numbers; the file's own order without one."""
    descending: bool = False
    find: str = ""
    """Rows with this text in any cell, or in the column ``within``; capitals do not matter."""
    within: int | None = None
    row: int | None = None
    """The row to be on the page, by its number: it overrides ``first``."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row with the number that findings use: the first line of the file is row 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows of a table. ``matching`` rows were left by the search; ``first`` counts among them."""

    rows: tuple[Row, ...]
    first: int
    matching: int
    row_found: bool = True


class Sheet:
    """A table that was read once to its end; ``broken`` is the row after which it could not be read, or 0."""

    def __init__(self, text: str, delimiter: str) -> None:
        csv.field_size_limit(CELL_CHARACTERS)
        self.delimiter = delimiter
        self.size = len(text)
        self.broken = 0
        self.widest = 0
        self._orders: dict[tuple[int, bool], Sequence[int]] = {}
        if "\r" in text and "\n" not in text:
            text = text.replace("\r", "\n")  # the checks read it so (``reading.delimited``)
        self._lines = list(io.StringIO(text, newline="\n"))
        self._begin = array("L")
        self._numbers = array("L")
        self.heading: tuple[str, ...] = ()
        self._scan()

    def __len__(self) -> int:
        return len(self._numbers)

    def name(self, index: int) -> str:
        """Return the heading of a column, or its number where there is none."""
        heading = self.heading[index].strip() if index < len(self.heading) else ""
        return heading or f"column {index + 1}"

    def _scan(self) -> None:
        """Note where every row that is not empty begins; nothing of the cells is kept."""
        note_begin, note_number = self._begin.append, self._numbers.append
        reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
        begin, counted, widest = 0, 0, 0
        try:
            for counted, row in enumerate(reader, start=1):
                if counted == 1:
                    self.heading = tuple(row)
                elif row:
                    note_begin(begin)
                    note_number(counted)
                widest = max(widest, len(row))
                begin = reader.line_num
        except csv.Error:
            self.broken = max(counted, 1)
        self.widest = widest

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Every column in figures; counted up when first asked for, which takes longer than a page of the table."""
        width = min(self.widest, _MOST_COLUMNS)
        figures = [ColumnFigures(self.name(index)) for index in range(width)]
        rows = self._rows()
        while piece := list(islice(rows, _PIECE)):
            columns = zip_longest(*piece, fillvalue="")
            for each, cells in zip_longest(figures, islice(columns, width), fillvalue=("",) * len(piece)):
                each.add(cells)  # type: ignore[union-attr]
        return tuple(each.result() for each in figures)

    @property
    def counted(self) -> bool:
        """Whether the columns were counted up already."""
        return "columns" in vars(self)

    def _rows(self) -> Iterator[list[str]]:
        """Read every row below the headings that is not empty, in one go."""
        if not len(self):
            return iter(())
        reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
        next(reader)
        return islice((row for row in reader if row), len(self))

    def _row(self, place: int) -> list[str]:
        begin = self._begin[place]
        end = self._begin[place + 1] if place + 1 < len(self._begin) else len(self._lines)
        return next(csv.reader(self._lines[begin:end], delimiter=self.delimiter, strict=True))

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every row below the headings that is not empty, with its number."""
        return zip(self._numbers, self._rows(), strict=True)

    def page(self, look: Look) -> Page:
        """Return the rows somebody wants to look at."""
        places: Sequence[int] = (
            range(len(self)) if look.order is None else self._order(look.order, descending=look.descending)
        )
        if look.order is None and look.descending:
            places = places[::-1]
        if look.find:
            kept = frozenset(self._found(look))
            places = [place for place in places if place in kept]
        first, found = self._beginning(places, look)
        taken = places[first : first + look.count]
        rows = tuple(Row(number=self._numbers[place], cells=tuple(self._row(place))) for place in taken)
        return Page(rows=rows, first=first, matching=len(places), row_found=found)

    def _beginning(self, places: Sequence[int], look: Look) -> tuple[int, bool]:
        last = max(0, (len(places) - 1) // look.count * look.count)
        if look.row is None:
            return min(look.first, last), True
        for index, place in enumerate(places):
            if self._numbers[place] == look.row:
                return index // look.count * look.count, True
        return min(look.first, last), look.row == 1

    def _found(self, look: Look) -> Sequence[int]:
        wanted = look.find.casefold()
        kept = array("L")
        for place, row in self._candidates(wanted):
            cells = row if look.within is None else row[look.within : look.within + 1]
            if any(wanted in cell.casefold() for cell in cells):
                kept.append(place)
        return kept

    def _candidates(self, wanted: str) -> Iterator[tuple[int, list[str]]]:
        """Leave rows aside without reading their cells where the raw line cannot hold the text."""
        raw = '"' not in wanted and self.delimiter not in wanted and "\n" not in wanted and "\r" not in wanted
        for place in range(len(self)):
            begin = self._begin[place]
            end = self._begin[place + 1] if place + 1 < len(self._begin) else len(self._lines)
            if not raw or end - begin > 1 or wanted in self._lines[begin].casefold():
                yield place, self._row(place)

    def _order(self, column: int, *, descending: bool) -> Sequence[int]:
        """Return the places of all rows in the order of a column; what was sorted once is kept."""
        key = (column, descending)
        if key not in self._orders:
            if len(self._orders) >= _KEPT_ORDERS:
                self._orders.pop(next(iter(self._orders)))
            self._orders[key] = sorted_places(self._cells(column), descending=descending)
        return self._orders[key]

    def _cells(self, column: int) -> list[str]:
        """Read one column from its first row to its last, in one go."""
        return [row[column] if column < len(row) else "" for row in self._rows()]
