"""Text whose lines are rows: commas, tabs, semicolons or bars between the cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from . import limits
from .file import File
from .gathering import Gathering
from .grid import lay_out, mostly_numbers
from .parts import Row, Table

__all__ = ["delimiter_of", "read", "rows_of", "whole"]

_DELIMITERS = (",", "\t", ";", "|")
_SAMPLE = 50
_WHOLE_FILE = 1 << 30


def read(file: File, into: Gathering) -> None:
    """Read a text table: several tables under each other, titles and notes become parts of their own."""
    text = file.text or ""
    table = whole(text)
    if table is None:
        into.incomplete("", "its cells could not be told apart")
        return
    if len(text) > limits.SPREAD_BYTES:
        into.table(table)
        return
    try:
        rows = list(rows_of(text, delimiter_of(text) or ","))
    except csv.Error:
        into.table(table)  # broken: the check of its shape says where, and reads it up to there
        return
    lay_out(rows, into)


def whole(text: str) -> Table | None:
    """Return the text as one table whose first row gives the headings, or nothing when it is no table."""
    delimiter = delimiter_of(text)
    if delimiter is None:
        return None
    found = delimiter

    def below() -> Iterator[Row]:
        rows = rows_of(text, found)
        next(rows, None)
        return rows

    try:
        columns = tuple(next(rows_of(text, found), []))
    except csv.Error:
        columns = ()
    return Table(columns=columns, again=below)


def rows_of(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield every row from the first; raises ``csv.Error`` where the text is broken or a cell is huge."""
    csv.field_size_limit(limits.CELL_CHARACTERS)
    yield from csv.reader(_lines(text), delimiter=delimiter, strict=True)


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their ends. ``StringIO`` would hold four bytes for each character of a large file."""
    if "\r" in text and "\n" not in text:
        text = text.replace("\r", "\n")
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start : end + 1]
        start = end + 1
    if start < len(text):
        yield text[start:]


def delimiter_of(text: str, *, most_words: int = 12) -> str | None:
    """Return what stands between cells, or nothing when the text is not made of rows.

    Cells of a table hold fewer than ``most_words`` words on average; sentences with commas hold more.
    """
    sample: list[str] = []
    for line in _lines(text):
        if line.strip():
            sample.append(line)
        if len(sample) == _SAMPLE:
            break
    csv.field_size_limit(_WHOLE_FILE)  # which cells are too long is for the reading of the table to say
    for strict in (True, False):  # what divides a sound table comes before what divides a broken one
        likely = [(_likelihood(sample, each, most_words, strict=strict), each) for each in _DELIMITERS]
        best = max(likely, key=lambda one: one[0])
        if best[0] > 0:
            return best[1]
    return _one_column(sample)


def _likelihood(sample: Sequence[str], delimiter: str, most_words: int, *, strict: bool) -> float:
    """Return how many cells of a row a delimiter makes, times the share of rows that have so many; 0 for no table."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO("".join(sample), newline=""), delimiter=delimiter, strict=strict):
            rows += [row] if row else []
    except csv.Error as error:
        if "unexpected end" not in str(error):  # the sample may end within a cell
            return 0.0
    widths = [len(row) for row in rows if len(row) > 1]
    if not widths or not any(any(cell.strip() for cell in row) for row in rows):
        return 0.0
    usual = max(set(widths), key=widths.count)
    share = widths.count(usual) / len(rows)
    words = sum(len(cell.split()) for row in rows for cell in row) / max(1, sum(map(len, rows)))
    return share * usual if share >= 0.6 and words < most_words else 0.0


def _one_column(sample: Sequence[str]) -> str | None:
    """Take a list of short values, one a line, for a table of one column: most of its lines must be numbers."""
    return "," if mostly_numbers([line.strip() for line in sample[1:]]) else None
