"""A table of results as columns that can be compared: every row is read, in blocks, however the table was turned."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

import numpy as np
from numpy.typing import NDArray

from orchestrator.airlock.reading.parts import Points, Table

from .cells import Cells, decimals_of, read_cells
from .hashing import NUMBER, TEXT

__all__ = ["BLOCK_ROWS", "Block", "ResultColumn", "block_of", "blocks_of", "points_block", "stacked", "turned"]

BLOCK_ROWS = 50_000
_MOST_COLUMNS = 200
_SEPARATORS = ("|", ";", "\t", ",", "~", "&", ":", "/", "_", " ")
_LOOKED_AT = 60
_MOST_PIECES = 40


@dataclass(frozen=True, eq=False)
class ResultColumn:
    """One column of results: its distinct cells, and which of them each row has."""

    name: str
    place: int
    """The column of the table that it came from; pieces of one cell have places of their own."""
    cells: Cells
    codes: NDArray[np.int64]
    words: str = ""
    """How the cells were changed before they were compared, for people."""

    @property
    def decimals(self) -> int:
        """How many decimals its numbers have; −1 and −2 where all are tens or hundreds."""
        numbers = self.cells.numbers[self.cells.kinds == NUMBER]
        if not len(numbers):
            return 0
        for places in (-2, -1):
            if len(numbers) >= 3 and not np.any(np.mod(numbers, 10.0**-places)):
                return places
        return decimals_of(numbers)


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of a table of results. ``first`` is the number of the first of them, as people count."""

    where: str
    first: int
    rows: int
    columns: tuple[ResultColumn, ...]


def blocks_of(table: Table, rows: int = BLOCK_ROWS) -> Iterator[Block]:
    """Read a table to its end, block by block; a table that breaks off is compared up to there."""
    reading = _until_broken(table)
    begin: list[Sequence[str]] = [table.columns] if _looks_like_data(table.columns) else []
    first = table.first - len(begin)
    while block := begin + list(islice(reading, rows - len(begin))):
        names = [table.column(index) for index in range(max(map(len, block)))]
        yield block_of(block, names, where=table.where, first=first)
        first += len(block)
        begin = []


def stacked(tables: Sequence[Table], rows: int = BLOCK_ROWS) -> Iterator[Block]:
    """Read tables with the same headings one below the other."""
    reading = (row for table in tables for row in _until_broken(table))
    first = 1
    while block := list(islice(reading, rows)):
        names = [tables[0].column(index) for index in range(max(map(len, block)))]
        yield block_of(block, names, where="tables one below the other", first=first)
        first += len(block)


def turned(table: Table, *, most_rows: int = 60, fewest_columns: int = 8) -> Block | None:
    """Return a short and wide table with its rows for columns, or nothing when it is not one."""
    rows = list(islice(_until_broken(table), most_rows + 1))
    if not rows or len(rows) > most_rows or max(map(len, rows)) < fewest_columns:
        return None
    wide = [list(row) for row in ((table.columns, *rows) if _looks_like_data(table.columns) else rows)]
    names = [row[0] if row else "" for row in wide]
    body = list(zip_longest(*(row for row in wide), fillvalue=""))
    return block_of(body, names, where=table.where, first=1)


def points_block(points: Points) -> Block:
    """Return the marks of a plot as a table of two columns."""
    columns = []
    for place, (name, values) in enumerate((("x", points.xs), ("y", points.ys))):
        numbers, codes = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True)
        kinds = np.full(len(numbers), NUMBER, np.uint8)
        columns.append(ResultColumn(name, place, Cells(kinds, numbers, []), codes.astype(np.int64)))
    return Block(points.where, 1, len(points.xs), tuple(columns))


def block_of(rows: Sequence[Sequence[str]], names: Sequence[str], *, where: str, first: int) -> Block:
    """Return rows as columns; a column whose cells hold several values each also gives a column for each of them."""
    columns: list[ResultColumn] = []
    for place, values in enumerate(islice(zip_longest(*rows, fillvalue=""), _MOST_COLUMNS)):
        name = names[place] if place < len(names) else f"column {place + 1}"
        column = _column(name, place, values)
        pieces = _pieces(column, len(columns) + 1000 * (place + 1))
        columns += [column, *pieces]
    return Block(where, first, len(rows), tuple(columns))


def _column(name: str, place: int, values: Sequence[str]) -> ResultColumn:
    seen: defaultdict[str, int] = defaultdict()
    seen.default_factory = seen.__len__
    codes = np.fromiter(map(seen.__getitem__, values), np.int64, len(values))
    return ResultColumn(name, place, read_cells(list(seen)), codes)


def _pieces(column: ResultColumn, place: int) -> list[ResultColumn]:
    """Take cells such as “34|F|E11” apart; nothing where they do not all come apart alike."""
    texts = [column.cells.texts[code] for code in np.flatnonzero(column.cells.kinds == TEXT)]
    if len(texts) < 3 or len(texts) < 0.5 * len(column.cells.texts):
        return []
    sample = texts[:: max(1, len(texts) // _LOOKED_AT)][:_LOOKED_AT]
    for separator in _SEPARATORS:
        counts = Counter(text.count(separator) for text in sample)
        usual, times = counts.most_common(1)[0]
        if 1 <= usual < _MOST_PIECES and times >= 0.8 * len(sample):
            return _apart(column, place, separator, usual + 1)
    return []


def _apart(column: ResultColumn, place: int, separator: str, count: int) -> list[ResultColumn]:
    taken = [(text.split(separator) + [""] * count)[:count] for text in column.cells.texts]
    columns = []
    for number in range(count):
        values = [_value(piece[number]) for piece in taken]
        piece = _column(f"{column.name}, piece {number + 1}", place + number, values)
        columns.append(ResultColumn(piece.name, piece.place, piece.cells, piece.codes[column.codes]))
    return columns


def _value(piece: str) -> str:
    """Return what stands behind a name, as in “age: 34” or “"age"=34”."""
    return re.sub(r"^[\s{\[(\"']*(?:[A-Za-z_][\w ]*[\"']?\s*[:=])?[\s\"']*", "", piece).rstrip("\"'}]) \t")


def _until_broken(table: Table) -> Iterator[Sequence[str]]:
    try:
        for _, row in table.rows():
            yield row
    except (csv.Error, ValueError):  # the reader has said so in a finding of its own
        return


def _looks_like_data(headings: Sequence[str]) -> bool:
    said = [heading for heading in headings if heading.strip()]
    kinds = read_cells(said).kinds
    return len(said) > 1 and bool(np.mean((kinds != TEXT) & (kinds != 0)) >= 0.5)
