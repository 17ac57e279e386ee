"""Statistics of groups as tables state them: a row for each group, or a row for each statistic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .cells import Cell
from .headings import Role, named, plain
from .roles import statistic_column
from .views import View

__all__ = ["Group", "Value", "groups"]

_SIZE = re.compile(
    r"\bn\b|\bnobs\b|\bobs\b|^count$|\bcount$|^(?:number|size|patients|people|participants|denominator)$|sample size"
)
_STATISTICS = {Role.MEAN, Role.SUM, Role.PERCENTILE, Role.MINIMUM, Role.MAXIMUM, Role.SPREAD}


@dataclass(frozen=True, kw_only=True)
class Value:
    """One statistic of a group: its name as written, and its cell."""

    role: Role
    name: str
    cell: Cell
    place: str


@dataclass
class Group:
    """A group of people: how many they are, where the table says so, and what it says of them."""

    place: str
    size: Cell | None = None
    values: list[Value] = field(default_factory=list)

    def first(self, role: Role) -> Cell | None:
        """Return the cell of a statistic that stands once, or nothing."""
        found = [value.cell for value in self.values if value.role is role]
        return found[0] if len(found) == 1 else None


def groups(seen: View) -> Iterator[Group]:
    """Yield every group that a table gives statistics of."""
    if seen.by_row:
        yield from _by_row(seen)
    elif any(role in _STATISTICS for role in seen.roles):
        for number, row in seen.rows():
            yield _of_row(seen, number, row)


def _of_row(seen: View, number: int, row: Sequence[str]) -> Group:
    group = Group(place=seen.where(number, row))
    for index, role in enumerate(seen.roles):
        cell = seen.cell(row, index)
        if role is Role.COUNT and group.size is None and _SIZE.search(plain(seen.heading(index))):
            group.size = cell
        elif role in _STATISTICS and (cell.number is not None or cell.masked):
            name = seen.heading(index)
            group.values.append(Value(role=role, name=name, cell=cell, place=f"{group.place} column “{name}”"))
    return group


def _by_row(seen: View) -> Iterator[Group]:
    """Rows are statistics: a group is a column, within the rows that share their other labels."""
    statistic = statistic_column(seen.table)
    found: dict[tuple[str, int], Group] = {}
    for number, row in seen.rows():
        name = row[statistic] if statistic is not None and statistic < len(row) else ""
        role = named(name)
        labels = [row[index] for index in range(len(row)) if seen.names(index) and index != statistic]
        for index in seen.of(Role.OTHER):
            key = " ".join(labels)
            place = " ".join(filter(None, [key, f"column “{seen.heading(index)}”"]))
            group = found.setdefault((key, index), Group(place=place))
            cell = seen.cell(row, index)
            if role is Role.COUNT and group.size is None:
                group.size = cell
            elif role in _STATISTICS and (cell.number is not None or cell.masked):
                group.values.append(Value(role=role, name=name, cell=cell, place=f"row {number} {place}"))
    yield from found.values()
