"""What changed between two versions of a table, cell by cell; small changes of counts are told apart.

A count that differs by 1 to 9 from one that was released tells of so few people: differencing (SDC Handbook, 2019).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .alike import MOST_ALIKE, paired
from .columns import number
from .sheets import Sheet

__all__ = ["Cell", "Difference", "How", "Line", "compare"]


class How(StrEnum):
    """What became of a row, cell or line."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell then and now. ``change`` is now less then where both are numbers."""

    then: str = ""
    now: str = ""
    change: float | None = None
    small: bool = False
    """Both are whole numbers that differ, by less than the threshold: so few people joined or left."""

    @property
    def changed(self) -> bool:
        """Whether it reads differently."""
        return self.then != self.now


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row that is not as it was, under its present number, or its former one if it is gone."""

    how: How
    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """All that differs. ``lines`` leaves out what is the same; ``columns`` names every column of either version."""

    columns: tuple[tuple[How, str], ...]
    lines: tuple[Line, ...]
    same_rows: int
    keyed_by: tuple[str, ...] = ()
    """Headings of the columns whose words tell rows apart; none where rows were matched by likeness or place."""

    @property
    def cells_changed(self) -> int:
        """How many cells of rows that were there before read differently."""
        return sum(cell.changed for line in self.lines if line.how is How.CHANGED for cell in line.cells)

    @property
    def cells_changed_little(self) -> int:
        """How many counts changed by less than the threshold."""
        return sum(cell.small for line in self.lines for cell in line.cells)

    def rows(self, how: How) -> int:
        """Count rows by what became of them."""
        return sum(line.how == how for line in self.lines)

    @property
    def nothing(self) -> bool:
        """Whether the two read the same."""
        return not self.lines and all(how is How.SAME for how, _ in self.columns)


def compare(then: Sheet, now: Sheet, *, threshold: int) -> Difference:
    """Compare two versions of a table. Columns are matched by heading, rows by their labels where these are unique."""
    columns = _columns(then, now)
    old, new = list(then.numbered()), list(now.numbered())
    both = [(one, other) for _, one, other in columns if one is not None and other is not None]
    key = _key(both, then, now, old, new)
    pairs = _by_key(key, old, new) if key else _by_likeness(old, new)
    lines, same = [], 0
    for before, after in pairs:
        line = _line(columns, before, after, threshold)
        same += line is None
        lines += [line] if line is not None else []
    return Difference(
        columns=tuple((_how(one, other), name) for name, one, other in columns),
        lines=tuple(lines),
        same_rows=same,
        keyed_by=tuple(now.name(other) for _, other in key),
    )


_Column = tuple[str, int | None, int | None]
_Numbered = tuple[int, Sequence[str]]
_Pair = tuple[_Numbered | None, _Numbered | None]


def _how(then: object, now: object) -> How:
    if then is None:
        return How.ADDED
    return How.REMOVED if now is None else How.SAME


def _columns(then: Sheet, now: Sheet) -> list[_Column]:
    """Match columns by heading; a heading that comes twice by its turn; one without words by its place."""
    earlier = {key: index for index, key in enumerate(_turns(then))}
    matched: list[_Column] = []
    for index, key in enumerate(_turns(now)):
        matched.append((now.name(index), earlier.pop(key, None), index))
    return matched + [(then.name(index), index, None) for index in earlier.values()]


def _turns(sheet: Sheet) -> Iterator[tuple[str, int]]:
    seen: Counter[str] = Counter()
    for index in range(sheet.widest):
        name = sheet.name(index).casefold()
        yield name, seen[name]
        seen[name] += 1


def _key(
    both: Sequence[tuple[int, int]], then: Sheet, now: Sheet, old: Sequence[_Numbered], new: Sequence[_Numbered]
) -> list[tuple[int, int]]:
    """Return the columns of words that name each row once in both versions, as few as do."""
    key: list[tuple[int, int]] = []
    for one, other in both:
        if not (_labels(then, one) and _labels(now, other)):
            continue
        key.append((one, other))
        if _unique(old, [place for place, _ in key]) and _unique(new, [place for _, place in key]):
            return key
    return []


def _labels(sheet: Sheet, index: int) -> bool:
    """Say whether a column may name rows: it holds words. Numbers do only where rows are too many to compare all."""
    return sheet.columns[index].words > 0 or (index == 0 and len(sheet) > MOST_ALIKE)


def _unique(rows: Sequence[_Numbered], places: Sequence[int]) -> bool:
    seen = {_at(row, places) for _, row in rows}
    return len(seen) == len(rows)


def _at(row: Sequence[str], places: Sequence[int]) -> tuple[str, ...]:
    return tuple(row[place].strip().casefold() if place < len(row) else "" for place in places)


def _by_key(key: Sequence[tuple[int, int]], old: Sequence[_Numbered], new: Sequence[_Numbered]) -> Iterator[_Pair]:
    earlier = {_at(each[1], [place for place, _ in key]): each for each in old}
    for each in new:
        yield earlier.pop(_at(each[1], [place for _, place in key]), None), each
    for gone in earlier.values():
        yield gone, None


def _by_likeness(old: Sequence[_Numbered], new: Sequence[_Numbered]) -> Iterator[_Pair]:
    for before, after in paired([tuple(row) for _, row in old], [tuple(row) for _, row in new]):
        yield (None if before is None else old[before]), (None if after is None else new[after])


def _line(columns: Sequence[_Column], before: _Numbered | None, after: _Numbered | None, threshold: int) -> Line | None:
    how = How.CHANGED if before and after else _how(before, after)
    then, now = (before or (0, ()))[1], (after or (0, ()))[1]
    cells = tuple(
        _cell(_one(then, place), _one(now, other), threshold, compared=how is How.CHANGED)
        for _, place, other in columns
    )
    if how is How.CHANGED and not any(cell.changed for cell in cells):
        return None
    return Line(how=how, number=(after or before or (0, ()))[0], cells=cells)


def _one(row: Sequence[str], place: int | None) -> str:
    return row[place] if place is not None and place < len(row) else ""


def _cell(then: str, now: str, threshold: int, *, compared: bool) -> Cell:
    if then == now or not compared:
        return Cell(then=then, now=now)
    one, other = number(then), number(now)
    if one is None or other is None:
        return Cell(then=then, now=now)
    change = other - one
    small = one.is_integer() and other.is_integer() and 0 < abs(change) < threshold
    return Cell(then=then, now=now, change=change, small=small)
