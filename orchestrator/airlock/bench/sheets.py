"""One delimited table as people look through it: kept as its text and where each row begins, read a page at a time."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

from orchestrator.airlock.reading.limits import CELL_CHARACTERS

from .columns import Column, ColumnFigures, number

__all__ = ["Look", "Page", "Row", "Sheet"]

_PIECE = 500
"""Rows taken at once: so many stay in the processor’s cache, which is twice as fast as more."""
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
        if "\r" in text and "\n" not in text:
            text = text.replace("\r", "\n")  # the checks read it so (``reading.delimited``)
        self._lines = list(io.StringIO(text, newline="\n"))
        self._begin = array("L")
        self._numbers = array("L")
        self.heading: tuple[str, ...] = ()
        self.columns: tuple[Column, ...] = self._read()

    def __len__(self) -> int:
        return len(self._numbers)

    def name(self, index: int) -> str:
        """Return the heading of a column, or its number where there is none."""
        heading = self.heading[index].strip() if index < len(self.heading) else ""
        return heading or f"column {index + 1}"

    def _read(self) -> tuple[Column, ...]:
        figures: list[ColumnFigures] = []
        done = 0
        rows = self._scanned()
        self.heading = tuple(next(rows, ()))
        self.widest = len(self.heading)
        while piece := list(islice(rows, _PIECE)):
            columns = list(islice(zip_longest(*piece, fillvalue=""), _MOST_COLUMNS))
            self.widest = max(self.widest, *map(len, piece))
            while len(figures) < max(len(columns), min(len(self.heading), _MOST_COLUMNS)):
                figures.append(ColumnFigures(self.name(len(figures))))
                if done:
                    figures[-1].add([""] * done)
            for each, cells in zip_longest(figures, columns, fillvalue=[""] * len(piece)):
                each.add(cells)  # type: ignore[union-attr]
            done += len(piece)
        if not done:
            figures = [ColumnFigures(self.name(index)) for index in range(len(self.heading))]
        return tuple(each.result() for each in figures)

    def _scanned(self) -> Iterator[list[str]]:
        """Yield every row that is not empty, noting where those below the headings begin."""
        reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
        note_begin, note_number = self._begin.append, self._numbers.append
        begin, counted = 0, 0
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error:
                self.broken = max(counted, 1)
                return
            counted += 1
            if counted == 1:
                yield row
            elif row:
                note_begin(begin)
                note_number(counted)
                yield row
            begin = reader.line_num

    def _row(self, place: int) -> list[str]:
        begin = self._begin[place]
        end = self._begin[place + 1] if place + 1 < len(self._begin) else len(self._lines)
        return next(csv.reader(self._lines[begin:end], delimiter=self.delimiter, strict=True))

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every row below the headings that is not empty, with its number."""
        return ((self._numbers[place], self._row(place)) for place in range(len(self)))

    def page(self, look: Look) -> Page:
        """Return the rows somebody wants to look at."""
        places: Sequence[int] = self._found(look) if look.find else range(len(self))
        if look.order is not None:
            places = self._sorted(places, look.order, descending=look.descending)
        elif look.descending:
            places = places[::-1]
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

    def _sorted(self, places: Iterable[int], column: int, *, descending: bool) -> Sequence[int]:
        """Sort numbers by size before words by letter; empty cells are last either way."""
        numbers, words, empty = [], [], []
        for place in places:
            row = self._row(place)
            cell = row[column].strip() if column < len(row) else ""
            value = number(cell) if cell else None
            if not cell:
                empty.append(place)
            elif value is None:
                words.append((cell.casefold(), place))
            else:
                numbers.append((value, place))
        numbers.sort(key=lambda pair: pair[0], reverse=descending)
        words.sort(key=lambda pair: pair[0], reverse=descending)
        parts = (words, numbers) if descending else (numbers, words)
        return array("L", [*(place for part in parts for _, place in part), *empty])
