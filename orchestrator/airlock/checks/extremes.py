"""Values of single persons: minima, maxima and ranges; percentiles with few people behind; statistics of few."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places, counted
from orchestrator.airlock.reading.specimen import Specimen

from .counts import asked
from .headings import Role, plain
from .statistics import Group, groups
from .views import View, view

__all__ = ["check", "quantile"]

_RANGE_LABEL = re.compile(r"\brange\b|\bmin(?:imum)?\b.*\bmax(?:imum)?\b")
_BANDS = re.compile(
    r"\b(?:reference|normal|interquartile|iq|inter quartile|age|dose|salary|income) range\b|\bage range\b"
)
_SET = re.compile(r"\b(?:allowed|permitted|possible|reference|normal|recommended|limit|capacity|detectable)\b")
"""Words for bounds that people set, which are nobody’s value."""
_TWO_NUMBERS = re.compile(r"\d.*?(?:-|–|—|,|;|\bto\b|/).*?\d")
_PERCENT = re.compile(
    r"^p(\d{1,2})$|(\d{1,2}(?:\.\d)?) ?%|(\d{1,2})(?:st|nd|rd|th)\b|^q(\d\d)$|\bp(\d\d)\b|\bp([159])\b"
)


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report exact extremes, percentiles with too few people behind them, and statistics of small groups."""
    for table in file.tables:
        seen = view(table)
        found = list(groups(seen))
        yield from _extremes(seen, found)
        yield from _percentiles(seen, found, pack)
        yield from _few(seen, found, pack)


def _extremes(seen: View, found: list[Group]) -> Iterator[Finding]:
    places = Places()
    for group in found:
        for value in group.values:
            if (
                value.role in {Role.MINIMUM, Role.MAXIMUM}
                and value.cell.number not in {None, 0}
                and not _SET.search(plain(value.name))
            ):
                places.add(value.place)
    for place in _ranges(seen):
        places.add(place)
    if places:
        yield places.finding(
            "EXTREME_VALUE",
            Severity.FLAG,
            f"{counted(places.count, 'cell is', 'cells are')} "
            "a minimum, a maximum or a range: the exact value of one person.",
            "Give the 5th and 95th percentile of a large group, or say why many people share the value.",
            place=seen.table.where,
        )


def _ranges(seen: View) -> Iterator[str]:
    """Ranges written into one cell: “18–97” below “Range”, or beside “Age, median (range)”."""
    columns = [
        index
        for index in range(1, len(seen.roles))
        if _RANGE_LABEL.search(plain(seen.heading(index))) and not _BANDS.search(plain(seen.heading(index)))
    ]
    for number, row in seen.rows():
        by_label = bool(row) and _RANGE_LABEL.search(plain(row[0])) and not _BANDS.search(plain(row[0]))
        for index in range(1, len(row)):
            if (by_label or index in columns) and _TWO_NUMBERS.search(row[index]) and len(row[index]) < 60:
                yield f"{seen.where(number, row)} column “{seen.heading(index)}”"


def quantile(name: str) -> float | None:
    """Return which share of people lies below a percentile of this name: 0.5 for “median”, 0.25 for “q1” and “25%”."""
    words = plain(name)
    if re.search(r"\bmed(?:ian)?\b", words):
        return 0.5
    quartile = re.search(r"\bq([123])\b", words)
    if quartile:
        return int(quartile.group(1)) / 4
    found = _PERCENT.search(words)
    if found is None:
        return None
    return float(next(part for part in found.groups() if part is not None)) / 100


def _percentiles(seen: View, found: list[Group], pack: Pack) -> Iterator[Finding]:
    few, unknown = Places(), Places()
    for group in found:
        for value in group.values:
            below = quantile(value.name) if value.role is Role.PERCENTILE else None
            if below is None or value.cell.number is None:
                continue
            size = group.size.count if group.size is not None else None
            behind = None if size is None else _behind(size, below)
            if behind is None:
                unknown.add(value.place)
            elif behind < pack.minimum_count:
                few.add(value.place)
    if few:
        yield few.finding(
            "FEW_BEHIND_PERCENTILE",
            Severity.FLAG,
            f"{few.count} percentiles have fewer than {pack.minimum_count} people on one side.",
            "Use a percentile nearer to the middle, a larger group, or round the value.",
            place=seen.table.where,
        )
    if unknown:
        yield unknown.finding(
            "PERCENTILE_WITHOUT_N",
            Severity.NOTE,
            f"{unknown.count} percentiles stand without the number of people behind them.",
            "Ask how many people each group has.",
            place=seen.table.where,
        )


def _behind(size: int, below: float) -> float:
    """Return how many people keep a percentile from being one person’s value: fewer the nearer it is to an end."""
    side = size * min(below, 1 - below)
    return size if below == 0.5 else 2 * side if 0.2 <= below <= 0.8 else side


def _few(seen: View, found: list[Group], pack: Pack) -> Iterator[Finding]:
    places = Places()
    for group in found:
        if group.size is None:
            continue
        size = group.size
        small = (size.count is not None and 1 <= size.count < pack.minimum_count) or (
            size.count is None and size.masked
        )
        shown = [value for value in group.values if value.cell.number is not None and value.role is not Role.SPREAD]
        if small and shown:
            places.add(group.place)
    if places:
        yield places.finding(
            "SMALL_GROUP_STATISTIC",
            asked(pack.small_counts),
            f"{counted(places.count, 'group', 'groups')} of fewer than {pack.minimum_count} people, or of hidden size, "
            f"{'has' if places.count == 1 else 'have'} means, totals "
            "or percentiles.",
            "Take the statistics of these groups out with their counts.",
            place=seen.table.where,
        )
