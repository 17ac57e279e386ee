"""What a table says of everybody in a group: shares of nothing or all, and values that are the same for all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places, counted
from orchestrator.airlock.reading.specimen import Specimen

from .counts import asked
from .headings import Role, plain
from .roles import is_total
from .statistics import Group, groups
from .views import View, view

__all__ = ["check"]

_SPREAD = re.compile(r"(?<![a-z])(?:sd|s\.?d\.?|std|stdev|stddev|standard dev\w*|var|variance)(?![a-z])")
_NO_PROPORTION = re.compile(r"\bper \d|\brates?\b(?!.*%)|\bsurvival\b|\bkm\b|kaplan|\bs ?\(t\)|\brisk\b")
_KNOWN_OF_EACH = (
    "Who knows that a person is in the group then knows this of him. Merge the group, or say why it is no secret."
)


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report shares of 0 and 100 percent, and groups whose values are all the same."""
    for table in file.tables:
        seen = view(table)
        yield from _shares(seen, pack)
        yield from _alike(seen)


def _shares(seen: View, pack: Pack) -> Iterator[Finding]:
    survival = Role.TIME in seen.roles
    for index, role in enumerate(seen.roles):
        if role not in {Role.SHARE, Role.COUNT, Role.OTHER} or is_total(seen.heading(index)):
            continue
        if survival and role is Role.SHARE:
            continue
        every, nothing = Places(), Places()
        for number, row in seen.rows():
            says = None if seen.total_row(row) else _of_group(seen, row, index, role)
            if says is not None:
                (every if says else nothing).add(seen.where(number, row))
        if every and not _constant(seen, index, role):
            words = f"{counted(every.count, 'cell says', 'cells say')} that everybody in a group has something (100 %)."
            yield every.finding("ALL_OF_GROUP", asked(pack.zeros), words, _KNOWN_OF_EACH, place=seen.column(index))
        if nothing and role is Role.SHARE:
            words = f"{counted(nothing.count, 'cell says', 'cells say')} that nobody in a group has something (0 %)."
            yield nothing.finding("NONE_OF_GROUP", asked(pack.zeros), words, _KNOWN_OF_EACH, place=seen.column(index))


def _constant(seen: View, index: int, role: Role) -> bool:
    """Say whether a column of shares is 100 all the way down: what a column of totals is."""
    column = seen.frame.columns[index]
    return role is Role.SHARE and column.numbers > 1 and len(column.distinct) == 1


def _of_group(seen: View, row: Sequence[str], index: int, role: Role) -> bool | None:
    """Return whether a cell speaks of all (true) or of nobody (false); nothing when it does neither."""
    cell, text = seen.cell(row, index), row[index] if index < len(row) else ""
    share: float | None = None
    if cell.denominator and cell.count is not None:
        share = 100 * cell.count / cell.denominator
    elif "%" in text and cell.share is not None:
        share = cell.share
    elif role is Role.SHARE and cell.number is not None:
        share = _scaled(seen, index, cell.number)
    if share == 100:
        return True
    return False if share == 0 and (cell.count in {None, 0} or role is Role.SHARE) else None


def _scaled(seen: View, index: int, number: float) -> float | None:
    """Return a number of a column of shares in percent, or nothing where its heading speaks of no proportion."""
    column, heading = seen.frame.columns[index], plain(seen.heading(index))
    if _NO_PROPORTION.search(heading):
        return None
    if column.most > 1 or re.search(r"%|per ?cent|pct", heading):
        return number
    return 100 * number if column.fractional else None


def _alike(seen: View) -> Iterator[Finding]:
    alike = Places()
    for group in groups(seen):
        if _same_for_all(group):
            alike.add(group.place)
    if alike:
        yield alike.finding(
            "ALL_SAME_VALUES",
            Severity.FLAG,
            f"{counted(alike.count, 'group holds', 'groups hold')} "
            "one value for everybody (no spread, or minimum and maximum agree).",
            "Everybody in the group has this value, so it is known of each. Take it out, or merge the group.",
            place=seen.table.where,
        )


def _same_for_all(group: Group) -> bool:
    for value in group.values:
        if value.role is Role.SPREAD and value.cell.number == 0 and _SPREAD.search(plain(value.name)):
            return True
    least, most = group.first(Role.MINIMUM), group.first(Role.MAXIMUM)
    return least is not None and most is not None and least.number is not None and least.number == most.number
