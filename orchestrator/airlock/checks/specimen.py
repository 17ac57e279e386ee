"""One frozen file as the checks see it: bytes read through one descriptor, its kind told from content alone."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from . import kinds

__all__ = ["CELL_CHARACTERS", "Specimen", "Table"]

CELL_CHARACTERS = 131_072
_HEAD = 65_536
_WHOLE_FILE = 1 << 30
_DELIMITERS = (",", "\t", ";", "|")


class Table:
    """A text table, read anew row by row each time; ``columns`` are the words of the first row."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._text = text
        self.delimiter = delimiter
        self.columns: tuple[str, ...] = tuple(next(self._rows(), []))

    def _rows(self) -> Iterator[list[str]]:
        csv.field_size_limit(CELL_CHARACTERS)
        return csv.reader(io.StringIO(self._text, newline=""), delimiter=self.delimiter, strict=True)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every row below the first with its number (the first row is 1); raises ``csv.Error`` when broken."""
        for number, row in enumerate(self._rows(), start=1):
            if number > 1 and row:
                yield number, row

    def column(self, index: int) -> str:
        """Return the heading of a column, or its number where there is none."""
        heading = self.columns[index].strip() if index < len(self.columns) else ""
        return heading or f"column {index + 1}"


class Specimen:
    """A file under inspection. ``name`` is data: it never decides what the file is."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self.name = name
        self.size = os.fstat(descriptor).st_size

    @cached_property
    def content(self) -> bytes:
        """Every byte of the file."""
        pieces, offset = [], 0
        while piece := os.pread(self._descriptor, 1 << 20, offset):
            pieces.append(piece)
            offset += len(piece)
        if offset != self.size:
            raise OSError("the file changed its size while it was read")
        return b"".join(pieces)

    @cached_property
    def text(self) -> str | None:
        """The file as UTF-8 text without its byte order mark, or nothing when it is not that."""
        if kinds.binary_kind(self.content[:_HEAD]) is not None or b"\x00" in self.content:
            return None
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None

    @cached_property
    def json(self) -> Any:
        """What the file says as JSON, or ``None`` when it does not."""
        if self.text is None or self.text.lstrip()[:1] not in ("{", "["):
            return None
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def table(self) -> Table | None:
        """The file as a table of at least two columns, or nothing when it is not one."""
        if self.text is None or self.json is not None or kinds.text_kind(self.text[:_HEAD]) is not None:
            return None
        delimiter = _delimiter(self.text)
        return None if delimiter is None else Table(self.text, delimiter)

    @cached_property
    def kind(self) -> str:
        """What the content is: one of the words that a pack allows, or what it never allows."""
        if self.size == 0:
            return "empty"
        binary = kinds.binary_kind(self.content[:_HEAD])
        if binary is not None:
            return binary
        if self.text is None:
            return "unknown-binary" if b"\x00" in self.content else "unknown-text"
        if self.json is not None:
            return "notebook" if isinstance(self.json, dict) and "nbformat" in self.json else "json"
        return kinds.text_kind(self.text[:_HEAD]) or ("table" if self.table is not None else "text")


def _delimiter(text: str) -> str | None:
    sample: list[str] = []
    for line in io.StringIO(text):
        if line.strip():
            sample.append(line)
        if len(sample) == 50:
            break
    best: tuple[float, str] | None = None
    csv.field_size_limit(_WHOLE_FILE)  # which cells are too long is for the reading of the table to say
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO("".join(sample), newline=""), delimiter=delimiter) if row]
        except csv.Error:
            continue
        widths = [len(row) for row in rows]
        if not widths or max(widths) < 2:
            continue
        usual = max(set(widths), key=widths.count)
        share = widths.count(usual) / len(widths)
        words = sum(len(cell.split()) for row in rows for cell in row) / max(1, sum(widths))
        if usual >= 2 and share >= 0.6 and words < 12:
            best = max(best or (0.0, ""), (share * usual, delimiter))
    if best is None:
        return _one_column(sample)
    return best[1]


def _one_column(sample: list[str]) -> str | None:
    """Take a list of short values, one a line, for a table of one column: most of its lines must be numbers."""
    values = [line.strip().replace(".", "", 1).lstrip("+-") for line in sample[1:]]
    numbers = sum(value.isdigit() for value in values)
    return "," if len(values) >= 3 and numbers >= len(values) * 0.8 else None
