"""A table or a text as one block of bytes, so that whole files are searched with arrays instead of cell by cell."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy
from numpy.typing import NDArray

from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import shown
from orchestrator.airlock.reading.specimen import Specimen

__all__ = ["Bytes", "Flat", "Piece", "Positions", "flats"]

Bytes = NDArray[numpy.uint8]
Positions = NDArray[numpy.int64]

_NEWLINE = 10
_BETWEEN_CELLS = "\x1f"
_PIECE = 1 << 19


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some whole lines of a ``Flat``; positions are counted from where the piece starts."""

    start: int
    array: Bytes
    delimiter: int | None

    def columns_of(self, positions: Positions) -> Positions:
        """Return the index of the column of each position; zero everywhere in a text."""
        if self.delimiter is None or not len(positions):
            return numpy.zeros(len(positions), dtype=numpy.int64)
        ends = numpy.flatnonzero(self.array == _NEWLINE)
        starts = numpy.concatenate(([0], ends + 1))[numpy.searchsorted(ends, positions)]
        between = numpy.flatnonzero(self.array == self.delimiter)
        return numpy.searchsorted(between, positions) - numpy.searchsorted(between, starts)


@dataclass(frozen=True, kw_only=True)
class Flat:
    """Bytes with line ends, and with ``delimiter`` between cells where they came from ``table``."""

    data: bytes
    table: Table | None = None
    delimiter: int | None = None
    where: str = ""
    first: int = 1
    """The number a person would give the first line or row."""

    @cached_property
    def array(self) -> Bytes:
        """The bytes as an array, without a copy."""
        return numpy.frombuffer(self.data, dtype=numpy.uint8)

    @cached_property
    def _line_ends(self) -> Positions:
        return numpy.flatnonzero(self.array == _NEWLINE)

    def lines_of(self, positions: Positions) -> Positions:
        """Return the number of the line or row of each position."""
        return numpy.searchsorted(self._line_ends, positions) + self.first

    def pieces(self) -> Iterator[Piece]:
        """Yield pieces that fit into a processor’s cache; each ends with a line unless one line is longer than that."""
        start, size = 0, len(self.data)
        while start < size:
            end = min(start + _PIECE, size)
            if end < size:
                line = self.data.rfind(b"\n", start, end)
                end = line + 1 if line > start else end
            yield Piece(start=start, array=self.array[start:end], delimiter=self.delimiter)
            start = end

    def place(self, position: int) -> str:
        """Return where a position is, in words: “row 7”, or “line 7” in a text."""
        number = int(self.lines_of(numpy.array([position]))[0])
        place = f"{'line' if self.table is None else 'row'} {number}"
        return f"{self.where}, {place}" if self.where else place

    def column(self, index: int) -> str:
        """Return what to call a column."""
        name = f"column “{shown(self.table.column(index))}”" if self.table is not None else "text"
        return f"{self.where}, {name}" if self.where else name


def flats(file: Specimen) -> Iterator[Flat]:
    """Yield everything in a file that can be searched: each table, each text."""
    whole = _raw(file)
    if whole is not None:
        yield whole
        return
    for table in file.tables:
        yield Flat(
            data=_joined(table), table=table, delimiter=ord(_BETWEEN_CELLS), where=table.where, first=table.first - 1
        )
    for text in file.texts:
        yield Flat(data=_encoded(text.text), where=text.where)


def _raw(file: Specimen) -> Flat | None:
    """Take a delimited file as it is, where no quotation mark could hide a delimiter or a line end."""
    if file.kind != "table" or file.text is None or '"' in file.text or len(file.tables) != 1 or "\r" in file.text:
        return None
    table = file.tables[0]
    head = file.text[: file.text.find("\n")]
    for delimiter in (",", "\t", ";", "|"):
        if tuple(head.split(delimiter)) == tuple(table.columns) and table.first == 2:
            return Flat(data=_encoded(file.text), table=table, delimiter=ord(delimiter))
    return None


def _encoded(text: str) -> bytes:
    """Return the text in UTF-8; digits and letters of other scripts and widths become the plain ones."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        digits = {ord(each): str(unicodedata.decimal(each)) for each in set(text) if each.isdecimal()}
        text = text.translate(digits)
    return text.encode("utf-8", "replace")


def _joined(table: Table) -> bytes:
    out = io.StringIO()
    _write(out, table.columns)
    at = table.first
    try:
        for number, row in table.rows():
            out.write("\n" * (number - at))  # rows that were left out keep their numbers
            at = number + 1
            _write(out, row)
    except csv.Error:
        pass  # the check of the table’s shape reports that it could not be read to the end
    return _encoded(out.getvalue())


def _write(out: io.StringIO, row: Any) -> None:
    out.write(_BETWEEN_CELLS.join(cell.replace("\n", " ").replace(_BETWEEN_CELLS, " ") for cell in row))
    out.write("\n")
