"""Shares that give counts back: a percentage times its denominator is a whole number that was hidden or rounded."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places
from orchestrator.airlock.reading.specimen import Specimen

from .cells import Cell
from .counts import asked
from .headings import Role, plain
from .roles import is_total
from .rounding import follows
from .statistics import groups
from .views import View, view

__all__ = ["Share", "check", "counts_within"]

_NO_PROPORTION = re.compile(
    r"\bper (?:1|10|100|\d{3,}|million)\b|\bsurvival\b|\bkm\b|kaplan|\bhazard|ratio|\bs ?\(t\)|cumulative"
)
_FEW = 3
_GUIDANCE = "Work out shares from the rounded counts, give fewer digits, or take the share out with its count."


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion as written: between ``low`` and ``high``, both shares of one."""

    low: float
    high: float


def counts_within(share: Share, denominator: int) -> range:
    """Return the whole numbers whose share of ``denominator`` would be written so."""
    low = math.ceil(max(0.0, share.low) * denominator - 1e-9)
    high = math.floor(min(1.0, share.high) * denominator + 1e-9)
    return range(low, high + 1)


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report shares from which a small, masked or rounded count follows."""
    for table in file.tables:
        seen = view(table)
        if seen.frame.kept and not seen.by_row and Role.TIME not in seen.roles:
            yield from _of_table(seen, pack)
            yield from _unrounded(seen)


def _of_table(seen: View, pack: Pack) -> Iterator[Finding]:
    places = Places()
    for index, role in enumerate(seen.roles):
        if role is Role.COUNT:
            for place, value in _beside(seen, index, pack.minimum_count):
                places.add(f"{place} column “{seen.heading(index)}” is {value}")
        elif role is Role.SHARE and not _NO_PROPORTION.search(plain(seen.heading(index))):
            for place, value in _alone(seen, index, pack.minimum_count):
                places.add(f"{place}: {value}")
    for place, value in _divided(seen, pack.minimum_count):
        places.add(f"{place}: {value}")
    if places:
        yield places.finding(
            "SHARE_GIVES_COUNT",
            asked(pack.small_counts),
            f"{places.count} shares and their denominators give a count back that the table does not show.",
            _GUIDANCE,
            place=seen.table.where,
        )


def _written(cell: Cell, text: str, *, percent: bool) -> Share | None:
    """Return the share a cell states, as wide as its last digit leaves open."""
    digits = re.search(r"(\d+(?:\.(\d+))?)\s*%", text) or re.search(r"[(\[]\s*(\d+(?:\.(\d+))?)\s*[)\]]", text)
    value = cell.share if cell.share is not None else cell.number
    if value is None or value < 0:
        return None
    if digits is None:
        digits = re.search(r"(\d+(?:\.(\d+))?)", text)
    decimals = len(digits.group(2) or "") if digits else 0
    scale = 100.0 if percent or "%" in text or cell.share is not None else 1.0
    half = 0.5 * 10.0**-decimals / scale
    return Share(value / scale - half, value / scale + half)


def _beside(seen: View, index: int, threshold: int) -> Iterator[tuple[str, str]]:
    """“<10 (3.1%)”, or a mask with its share in the column to the right: the other rows tell the denominator."""
    pairs = list(_pairs(seen, index))
    known = [(cell.count, share) for _, cell, share in pairs if cell.count]
    hidden = [(place, cell, share) for place, cell, share in pairs if cell.count is None and cell.masked]
    if not hidden or not known:
        return
    low = max(count / share.high for count, share in known if share.high > 0)
    high = min((count / share.low for count, share in known if share.low > 0), default=math.inf)
    if not low <= high < math.inf:
        return
    for place, cell, share in hidden:
        least = math.ceil(low * max(0.0, share.low) - 1e-9)
        most = math.floor(high * share.high + 1e-9)
        if share.low > 0 and max(1, least) <= most < threshold and (cell.most is None or least <= cell.most):
            told = max(1, least)
            yield place, str(most) if told == most else f"from {told} to {most}"


def _pairs(seen: View, index: int) -> Iterator[tuple[str, Cell, Share]]:
    beside = index + 1 if index + 1 < len(seen.roles) and seen.roles[index + 1] is Role.SHARE else None
    for number, row in seen.rows():
        if seen.role(number, row, index) is not Role.COUNT or index >= len(row):
            continue
        cell = seen.cell(row, index)
        if cell.share is not None:
            share = _written(cell, row[index], percent=True)
        elif beside is not None and beside < len(row):
            share = _written(seen.cell(row, beside), row[beside], percent=_in_percent(seen, beside))
        else:
            share = None
        if share is not None:
            yield seen.where(number, row), cell, share


def _divided(seen: View, threshold: int) -> Iterator[tuple[str, str]]:
    """A total over its mean is the number of people, hidden or not."""
    for group in groups(seen):
        total, mean = group.first(Role.SUM), group.first(Role.MEAN)
        if group.size is None or not group.size.masked or total is None or mean is None:
            continue
        if total.number and mean.number:
            size = total.number / mean.number
            if 0.5 < size < threshold - 0.5 and abs(size - round(size)) < 0.05:
                yield group.place, f"{total.number:g} over a mean of {mean.number:g} is {round(size)}"


def _in_percent(seen: View, index: int) -> bool:
    column = seen.frame.columns[index]
    return column.most > 1 or bool(re.search(r"%|per ?cent|pct", plain(seen.heading(index))))


def _alone(seen: View, index: int, threshold: int) -> Iterator[tuple[str, str]]:
    """A share in a row that states its denominator, but not the count itself."""
    denominators = [other for other in seen.of(Role.COUNT) if _denominator(seen, other)]
    if len(denominators) != 1:
        return
    percent, found = _in_percent(seen, index), []
    rows = shown = 0
    for number, row in seen.rows():
        whole = seen.cell(row, denominators[0]).count
        share = _written(seen.cell(row, index), row[index], percent=percent) if index < len(row) else None
        if not whole or share is None or share.high > 1.01:
            continue
        rows += 1
        possible = counts_within(share, whole)
        if not possible:
            return  # no share of this denominator
        if len(possible) == 1 and 1 <= possible[0] < threshold:
            shown += _stated(seen, row, possible[0])
            found.append((seen.where(number, row), f"{row[index].strip()} of {whole} is {possible[0]}"))
    if rows and shown < len(found):
        yield from found


def _unrounded(seen: View) -> Iterator[Finding]:
    """Rounded counts whose shares only fit the exact ones: share × denominator is another count than the one shown."""
    places = Places()
    for index in seen.of(Role.COUNT):
        values = [value for value in seen.frame.columns[index].distinct if value]
        totals = [row for _, row in seen.rows() if seen.total_row(row)]
        total = seen.cell(totals[-1], index).count if len(totals) == 1 else None
        if len(values) < _FEW or not total or not all(follows(round(value), "nearest-5") for value in values):
            continue
        for place, cell, share in _pairs(seen, index):
            if cell.count is None or cell.count == total:
                continue
            low, high = share.low * (total - 2.5), share.high * (total + 2.5)
            if (
                not share.low <= cell.count / total <= share.high
                and low <= cell.count + 2.5
                and high >= cell.count - 2.5
            ):
                places.add(f"{place} column “{seen.heading(index)}”")
    if places:
        yield places.finding(
            "UNROUNDED_SHARES",
            Severity.FLAG,
            f"{places.count} shares do not follow from the rounded counts beside them: they come from the exact ones.",
            "Work out shares from the rounded counts.",
            place=seen.table.where,
        )


def _denominator(seen: View, index: int) -> bool:
    heading = plain(seen.heading(index))
    return (
        is_total(heading)
        or re.fullmatch(r"n|number|denominator|size|sample size|population|patients|people|obs", heading) is not None
    )


def _stated(seen: View, row: Sequence[str], count: int) -> bool:
    return any(seen.cell(row, index).count == count for index in seen.of(Role.COUNT))
