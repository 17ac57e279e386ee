"""A result is a small, regular table; thousands of rows look like data on individuals."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import Places, counted, shown
from orchestrator.airlock.reading.specimen import Specimen

__all__ = ["LONGEST_CELL", "LONGEST_LINE", "check"]

LONGEST_CELL = LONGEST_LINE = 2_000
"""What a checker is shown whole, in characters. Beyond it nobody would see what he approves, so it stays inside."""
_WRITE_SHORTER = "Nobody who checks could see all of it. Shorten it, or write it over several lines."
_IN_LINES = frozenset({"text", "markdown", "code"})


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Read every row of every table; report broken, ragged and too many rows, repeated headings and very long cells."""
    for table in file.tables:
        yield from _table(table, pack, ragged_counts=file.kind == "table")
    if file.kind in _IN_LINES:
        yield from _long_lines(file)


def _table(table: Table, pack: Pack, *, ragged_counts: bool) -> Iterator[Finding]:
    ragged, long, rows = Places(), Places(), 0
    for index, heading in enumerate(table.columns):
        if len(heading) > LONGEST_CELL:
            long.add(f"heading {index + 1}")
    try:
        for number, row in table.rows():
            rows += 1
            if len(row) != len(table.columns):
                ragged.add(f"row {number} has {len(row)} cells")
            for index, cell in enumerate(row):
                if len(cell) > LONGEST_CELL:
                    long.add(f"row {number} {shown(table.column(index))}")
    except csv.Error as error:
        yield Finding(
            rule="INSPECTION_INCOMPLETE",
            severity=Severity.FLAG,
            where=table.place(f"after row {rows + 1}"),
            message=f"The table is broken there and was not read to the end ({shown(str(error))}).",
            guidance="Write the table again with a CSV library.",
        )
    yield from _shape(table, rows, pack)
    if ragged and ragged_counts:
        words = (
            f"{counted(ragged.count, 'row has', 'rows have')} "
            f"another number of cells than the {len(table.columns)} of the first row."
        )
        yield ragged.finding("RAGGED_ROWS", Severity.FLAG, words, "Write one table to a file.", place=table.where)
    if long:
        words = f"{counted(long.count, 'cell holds', 'cells hold')} more than {LONGEST_CELL} characters."
        yield long.finding("LONG_CELLS", Severity.BLOCK, words, _WRITE_SHORTER, place=table.where)


def _long_lines(file: Specimen) -> Iterator[Finding]:
    """A preview ends a line where it becomes too long; what stands behind would leave unseen."""
    long = Places()
    for number, line in enumerate((file.text or "").split("\n"), start=1):
        if len(line) > LONGEST_LINE:
            long.add(f"line {number}")
    if long:
        words = f"{long.count} lines hold more than {LONGEST_LINE} characters."
        yield long.finding("LONG_LINES", Severity.BLOCK, words, _WRITE_SHORTER)


def _shape(table: Table, rows: int, pack: Pack) -> Iterator[Finding]:
    if rows > pack.maximum_rows:
        yield Finding(
            rule="MANY_ROWS",
            severity=Severity.FLAG,
            where=table.where or "whole table",
            message=f"{rows} rows are more than {pack.maximum_rows}: this looks like data on individuals.",
            guidance="Release aggregates.",
        )
    names = [name.strip().casefold() for name in table.columns if name.strip()]
    if len(set(names)) != len(names):
        yield Finding(
            rule="REPEATED_HEADINGS",
            severity=Severity.NOTE,
            where=table.place("row 1"),
            message="Two columns have the same heading.",
        )
