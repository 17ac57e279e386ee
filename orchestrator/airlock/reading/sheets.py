"""Sheets of a spreadsheet as grids of text, with what is hidden in them; reading and canonical copies share it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import limits
from .gathering import Gathering
from .grid import lay_out
from .places import Places, counted

__all__ = ["Sheet", "column_name", "keep_sheets", "written"]

_ADVICE = "Delete it, or hand in the visible sheets as CSV."


@dataclass
class Sheet:
    """One sheet. Rows and columns are counted from 0; ``rows`` holds everything, hidden cells too."""

    name: str
    hidden: str = ""
    """How the sheet is hidden: “hidden”, “veryHidden”, or empty."""
    rows: list[list[str]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    formulas: Places = field(default_factory=Places)
    unworked: Places = field(default_factory=Places)
    """Formulas whose value is not kept."""
    masked: Places = field(default_factory=Places)
    """Cells with a number format that shows nothing."""
    whole: bool = True
    """Whether every cell was read."""

    def visible(self) -> list[list[str]]:
        """Return what a person sees of the sheet when it is opened."""
        return [
            [cell for column, cell in enumerate(row) if column not in self.hidden_columns]
            for number, row in enumerate(self.rows)
            if number not in self.hidden_rows
        ]

    def put(self, row: int, cells: Sequence[str]) -> None:
        """Put a row at its place."""
        while len(self.rows) < row:
            self.rows.append([])
        self.rows.append(list(cells))


def keep_sheets(sheets: Iterable[Sheet], into: Gathering) -> None:
    """Keep every sheet as tables and words, and report what of it is hidden."""
    for sheet in sheets:
        where = f"sheet “{sheet.name}”" if not sheet.hidden else f"hidden sheet “{sheet.name}”"
        filled = sum(1 for row in sheet.rows for cell in row if cell)
        if sheet.hidden:
            how = "so that no menu shows it (veryHidden)" if sheet.hidden == "veryHidden" else "from view"
            into.flag("HIDDEN_SHEET", where, f"The sheet is hidden {how} and holds {filled} cells.", _ADVICE)
        _hidden_lines(sheet, into, where)
        for places, rule, words in (
            (sheet.masked, "HIDDEN_VALUES", "cells have a number format that shows nothing, but hold a value"),
            (sheet.formulas, "WORKBOOK_FORMULAS", "cells are formulas; checkers see only the values kept with them"),
            (
                sheet.unworked,
                "INSPECTION_INCOMPLETE",
                "formulas have no value kept with them, so nobody saw what they show",
            ),
        ):
            if places:
                severity = into.note if rule == "WORKBOOK_FORMULAS" else into.flag
                severity(rule, f"{where}: {places}", f"{places.count} {words}.", "Keep values only.")
        if not sheet.whole:
            into.incomplete(where, f"it holds more than {limits.CELLS:,} cells")
        lay_out(sheet.rows, into, where)


def _hidden_lines(sheet: Sheet, into: Gathering, where: str) -> None:
    rows, columns = Places(), Places()
    for number in sorted(sheet.hidden_rows):
        if number < len(sheet.rows) and any(sheet.rows[number]):
            rows.add(f"row {number + 1}")
    filled = {index for row in sheet.rows for index, cell in enumerate(row) if cell}
    for index in sorted(sheet.hidden_columns & filled):
        columns.add(f"column {column_name(index)}")
    if rows:
        into.flag(
            "HIDDEN_ROWS",
            f"{where}: {rows}",
            f"{counted(rows.count, 'row with content is', 'rows with content are')} hidden.",
            _ADVICE,
        )
    if columns:
        into.flag(
            "HIDDEN_COLUMNS",
            f"{where}: {columns}",
            f"{counted(columns.count, 'column with content is', 'columns with content are')} hidden.",
            _ADVICE,
        )


def column_name(index: int) -> str:
    """Return the letters of a column."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def written(value: Any) -> str:
    """Return the value of a cell as text: whole numbers without a point, dates as in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time(0)
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)
