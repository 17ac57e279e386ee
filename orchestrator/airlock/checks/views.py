"""A table with its roles, as the disclosure checks look at it: what each cell counts or measures, and where it is."""

from __future__ import annotations

import csv
import re
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import shown

from .cells import Cell, read
from .columns import Frame, frame
from .headings import Role, named, plain
from .roles import is_total, roles, row_roles

__all__ = ["View", "view"]

_MEASURED = re.compile(
    r"\b(?:mean|median|average|sd|std|iqr|quartiles?|quantiles?|percentiles?|range|min|max|minimum|maximum|mode|variance|"
    r"deviation|standard error|ratio|coefficient|p value|df|degrees|dof|[ab]ic|likelihood|iterations|per ?cent(?:age)?|"
    r"proportion|rate)\b|%(?! ?\))"
)
_COUNTED = re.compile(r"\bn\b|\(n|\bno\b|\bnumber\b|\bcount")


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """One table, read to its end, with the role of every column and of every row that is a statistic."""

    table: Table
    frame: Frame
    roles: tuple[Role, ...]
    by_row: dict[int, Role]
    silent: tuple[bool, ...]
    """Whether a column’s heading says nothing of what its numbers are."""

    def rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield every row with its number, as far as the table can be read."""
        if self.frame.kept:
            yield from self.frame.rows
            return
        try:
            yield from (each for each in self.table.rows() if each[0] != self.frame.headed)
        except csv.Error:
            return  # the check of the table's shape reports that it could not be read to the end

    def role(self, number: int, row: Sequence[str], index: int) -> Role:
        """Return what one cell is: by its column, or by its row where rows are statistics."""
        column = self.roles[index] if index < len(self.roles) else Role.OTHER
        if column is Role.LABEL:
            return column
        if self.by_row:
            return self.by_row.get(number, Role.OTHER) if column is Role.OTHER else column
        if column in {Role.COUNT, Role.OTHER} and self.silent[index] and row and self.roles[0] is Role.LABEL:
            return _by_label(row[0], column)
        return column

    def of(self, wanted: Role) -> list[int]:
        """Return the positions of the columns with a role."""
        return [index for index, role in enumerate(self.roles) if role is wanted]

    @cached_property
    def naming(self) -> tuple[int, ...]:
        """The positions of the columns that name rows."""
        return tuple(index for index in range(len(self.roles)) if self.names(index))

    def label(self, row: Sequence[str]) -> str:
        """Return the words of a row that name it."""
        words = [row[index] for index in self.naming if index < len(row)]
        return " ".join(word.strip() for word in words if word.strip())

    def names(self, index: int) -> bool:
        """Say whether a column names its rows rather than measures something."""
        return self.roles[index] in {Role.LABEL, Role.INDEX, Role.YEAR, Role.IDENTIFIER}

    def total_row(self, row: Sequence[str]) -> bool:
        """Say whether a row holds totals."""
        return any(is_total(row[index]) for index in self.naming if index < len(row))

    def heading(self, index: int) -> str:
        """Return the heading of a column, its second line included, or its number."""
        known = self.frame.columns[index].heading.strip() if index < len(self.frame.columns) else ""
        return known or self.table.column(index)

    def column(self, index: int) -> str:
        """Return the place of a column in its file."""
        return self.table.place(f"column “{shown(self.heading(index))}”")

    def cell(self, row: Sequence[str], index: int) -> Cell:
        """Return one cell as read; an absent one is empty."""
        return read(row[index]) if index < len(row) else read("")

    def where(self, number: int, row: Sequence[str] = ()) -> str:
        """Return the place of a row in its file, with the words that name it."""
        words = shown(self.label(row), 40) if row else ""
        return f"row {number} ({words})" if words else f"row {number}"


def _by_label(label: str, column: Role) -> Role:
    """Return what a cell is in a table whose rows are of many kinds: “Age, mean (SD)” counts nobody, “n (%)” does."""
    words = plain(label)
    if _MEASURED.search(words) and not re.search(r"\bn ?\(%\)|\bno\.? ?\(%\)", words):
        return Role.OTHER
    return Role.COUNT if column is Role.COUNT or _COUNTED.search(words) else column


_VIEWS: weakref.WeakKeyDictionary[Table, View] = weakref.WeakKeyDictionary()


def view(table: Table) -> View:
    """Look at a table; it is read once, however many checks ask."""
    known = _VIEWS.get(table)
    if known is None:
        found = frame(table)
        known = _VIEWS[table] = View(
            table=table,
            frame=found,
            roles=roles(table),
            by_row=row_roles(table),
            silent=tuple(named(column.heading) is None for column in found.columns),
        )
    return known
