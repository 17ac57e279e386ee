"""A page of a table as its template draws it: cells with the findings on them, headings that sort and hide."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.airlock.bench.columns import Column
from orchestrator.airlock.bench.places import Mark, Marks
from orchestrator.airlock.bench.sheets import Page, Sheet
from orchestrator.airlock.bench.texts import visible
from orchestrator.airlock.model import File

from .looking import COLUMNS, Asked

__all__ = ["Cell", "Heading", "Line", "TableView", "table_view"]

_SOON = 5_000
"""Rows whose columns are counted up in well under a tenth of a second."""
_FIGURES = 200


@dataclass(frozen=True, kw_only=True)
class Heading:
    """One column that is shown. ``sorted_`` is how it is sorted now, in the words of ARIA."""

    index: int
    name: str
    marks: tuple[Mark, ...]
    sort_to: str
    hide_to: str
    sorted_: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell; ``here`` is where a jump leads."""

    text: str
    marks: tuple[Mark, ...] = ()
    here: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row."""

    number: int
    marks: tuple[Mark, ...]
    cells: tuple[Cell, ...]
    here: bool = False


@dataclass(frozen=True, kw_only=True)
class TableView:
    """Everything the template of a table needs."""

    sheet: Sheet
    page: Page
    headings: tuple[Heading, ...]
    lines: tuple[Line, ...]
    hidden: tuple[tuple[str, str], ...]
    """Names of hidden columns, and the address that shows them again."""
    first_column: int
    columns_left: str
    columns_right: str
    previous: str
    following: str
    next_finding: str
    missing_row: int | None
    marks: Marks
    figures: tuple[Column, ...] | None
    """Columns in figures, where they are at hand or soon are; in a large table they come after the page."""


def table_view(sheet: Sheet, file: File, asked: Asked) -> TableView:
    """Lay one page of a table out as asked."""
    marks = Marks.of(file.findings, [sheet.name(index) for index in range(sheet.widest)])
    target = marks.first.get(asked.finding or 0)
    look = asked.look
    if target is not None and target.row is not None:
        look = replace(look, row=target.row, find="", within=None)
    page = sheet.page(look)
    left = _left(sheet, asked, target.column if target is not None else None)
    shown = [each for each in range(left, min(left + COLUMNS, sheet.widest)) if each not in asked.hidden]
    here = (target.row, target.column) if target is not None else (asked.row, None)
    return TableView(
        sheet=sheet,
        page=page,
        headings=tuple(_heading(sheet, index, marks, asked) for index in shown),
        lines=tuple(_line(row.number, row.cells, shown, marks, here) for row in page.rows),
        hidden=tuple(
            (sheet.name(index), asked.showing(index)) for index in sorted(asked.hidden) if index < sheet.widest
        ),
        first_column=left,
        columns_left=asked.to(left=max(0, left - COLUMNS)) if left else "",
        columns_right=asked.to(left=left + COLUMNS) if left + COLUMNS < sheet.widest else "",
        previous=asked.to(first=max(0, page.first - look.count)) if page.first else "",
        following=asked.to(first=page.first + look.count) if page.first + look.count < page.matching else "",
        next_finding=_next(asked, marks),
        missing_row=None if page.row_found else look.row,
        marks=marks,
        figures=sheet.columns[:_FIGURES] if sheet.counted or len(sheet) <= _SOON else None,
    )


def _next(asked: Asked, marks: Marks) -> str:
    number = marks.after(asked.finding or 0)
    return "" if number is None else asked.to(finding=number, view="content", first=0) + "#here"


def _left(sheet: Sheet, asked: Asked, wanted: int | None) -> int:
    left = asked.left if wanted is None or asked.left <= wanted < asked.left + COLUMNS else wanted // COLUMNS * COLUMNS
    return min(left, max(0, (sheet.widest - 1) // COLUMNS * COLUMNS))


def _heading(sheet: Sheet, index: int, marks: Marks, asked: Asked) -> Heading:
    mine = asked.order == index
    down = int(mine and not asked.down)
    return Heading(
        index=index,
        name=visible(sheet.name(index)),
        marks=marks.columns.get(index, ()) + marks.cells.get((1, index), ()),
        sort_to=asked.to(order=index, down=down, first=0)
        if not (mine and asked.down)
        else asked.to(order=None, down=0),
        hide_to=asked.hiding(index),
        sorted_=("descending" if asked.down else "ascending") if mine else "",
    )


def _line(
    number: int, cells: tuple[str, ...], shown: list[int], marks: Marks, here: tuple[int | None, int | None]
) -> Line:
    drawn = tuple(
        Cell(
            text=visible(cells[index]) if index < len(cells) else "",
            marks=marks.cells.get((number, index), ()),
            here=here == (number, index),
        )
        for index in shown
    )
    return Line(
        number=number,
        marks=marks.rows.get(number, ()),
        cells=drawn,
        here=here[0] == number and not any(c.here for c in drawn),
    )
