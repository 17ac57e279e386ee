"""Which cells of a table add up to which totals: families of lines, tried on the cells that are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .headings import Role, plain
from .roles import is_total
from .rounding import follows
from .views import View

__all__ = ["Family", "Grid", "Line", "families", "grid"]

Place = tuple[int, int]
_WHOLE = re.compile(r"n|number|denominator|size|sample size|population|n total")
_CELLS = 20_000
"""Larger tables are left to the ledger."""


@dataclass(frozen=True, slots=True)
class Line:
    """Cells that add up to a total, if the table means what its words say."""

    parts: tuple[Place, ...]
    total: Place


@dataclass
class Family:
    """Lines of one kind: every row with the same total column, or every column with the same total row."""

    lines: list[Line]
    holding: list[Line] = field(default_factory=list)
    failing: list[Line] = field(default_factory=list)

    @property
    def believed(self) -> bool:
        """Say whether what is known shows that these lines add up."""
        return len(self.holding) > len(self.failing)

    @property
    def possible(self) -> bool:
        """Say whether nothing that is known speaks against it."""
        return not self.failing


@dataclass
class Grid:
    """The counts of one table: known numbers, and cells whose number was taken out, with the bounds they state."""

    known: dict[Place, int]
    masked: dict[Place, tuple[int, int | None]]
    rows: list[int]
    columns: list[int]
    total_rows: list[int]
    rounded: bool


def grid(seen: View) -> Grid | None:
    """Return the counts of a table by position, or nothing where there are too few or too many of them."""
    if not seen.frame.kept or seen.by_row:
        return None
    columns = seen.of(Role.COUNT)
    if not columns or len(columns) * len(seen.frame.rows) > _CELLS:
        return None
    found = Grid(known={}, masked={}, rows=[], columns=columns, total_rows=[], rounded=False)
    for position, (_, row) in enumerate(seen.frame.rows):
        if not any(index < len(row) and row[index].strip() for index in columns):
            continue  # a line of words between blocks
        found.rows.append(position)
        if seen.total_row(row):
            found.total_rows.append(position)
        for index in columns:
            cell = seen.cell(row, index)
            if cell.count is not None:
                found.known[position, index] = cell.count
            elif cell.masked or index >= len(row) or not row[index].strip():
                found.masked[position, index] = (cell.least or 0, cell.most)
    values = [value for value in found.known.values() if value]
    found.rounded = len(values) >= 4 and all(follows(value, "nearest-5") for value in values)
    return found


def families(seen: View, cells: Grid) -> list[Family]:
    """Return every way in which rows and columns may add up, tried on what is known."""
    found = [*_across(seen, cells), *_down(cells)]
    for family in found:
        for line in family.lines:
            said = _adds(line, cells.known)
            if said is not None:
                (family.holding if said else family.failing).append(line)
    return found


def _adds(line: Line, known: Mapping[Place, int]) -> bool | None:
    values = [known.get(place) for place in line.parts]
    total = known.get(line.total)
    if total is None or any(value is None for value in values):
        return None
    return sum(value or 0 for value in values) == total


def _across(seen: View, cells: Grid) -> Iterator[Family]:
    for total in cells.columns:
        if not (is_total(seen.heading(total)) or _WHOLE.fullmatch(plain(seen.heading(total)))):
            continue
        parts = [index for index in cells.columns if index != total and not is_total(seen.heading(index))]
        if len(parts) > 1:
            yield Family([Line(tuple((row, index) for index in parts), (row, total)) for row in cells.rows])


def _down(cells: Grid) -> Iterator[Family]:
    """A total row may end its block, open it, or speak of all rows; blocks end at total rows."""
    plain_rows = [row for row in cells.rows if row not in set(cells.total_rows)]
    for total in cells.total_rows:
        before = [row for row in cells.total_rows if row < total]
        after = [row for row in cells.total_rows if row > total]
        since, until = max(before, default=-1), min(after, default=1 << 60)
        blocks = {
            tuple(row for row in plain_rows if since < row < total),
            tuple(row for row in plain_rows if total < row < until),
            tuple(plain_rows),
        }
        for block in sorted(blocks):
            if len(block) > 1:
                yield Family([Line(tuple((row, index) for row in block), (total, index)) for index in cells.columns])
