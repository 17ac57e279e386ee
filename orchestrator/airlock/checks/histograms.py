"""Histograms as tables: small outer bins, and edges that are the exact minimum and maximum."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places
from orchestrator.airlock.reading.specimen import Specimen

from .counts import asked
from .headings import Role, plain
from .views import View, view

__all__ = ["check"]

_EDGE = re.compile(r"\b(?:bins?|edges?|breaks?|intervals?|left|right|lower|upper|from|to|start|end|mids?|xmin|xmax)\b")
_INTERVAL = re.compile(r"[\[(]\s*(-?\d[\d.]*)\s*[,;]\s*(-?\d[\d.]*)\s*[\])]")
_FEW = 3


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report histograms whose outer bins hold few people, or whose outer edges are single persons’ values."""
    for table in file.tables:
        seen = view(table)
        counts, edges = seen.of(Role.COUNT), _edges(seen)
        if len(seen.frame.rows) < _FEW or not counts or not edges:
            continue
        yield from _tails(seen, counts, pack)
        yield from _exact(seen, edges)


def _edges(seen: View) -> list[tuple[float, float]]:
    """Return the bins from first to last, or nothing when the rows are none."""
    named = [index for index in range(min(3, len(seen.roles))) if _EDGE.search(plain(seen.heading(index)))]
    bins: list[tuple[float, float]] = []
    for _, row in seen.rows():
        found = _INTERVAL.search(row[0]) if row else None
        values = [value for index in named if (value := seen.cell(row, index).number) is not None]
        if found:
            bins.append((float(found.group(1)), float(found.group(2))))
        elif values and seen.roles[named[0]] is not Role.COUNT:
            bins.append((values[0], values[-1]))
    rising = all(later[0] > earlier[0] for earlier, later in itertools.pairwise(bins))
    return bins if rising and len(bins) >= _FEW and len(bins) >= len(seen.frame.rows) - 2 else []


def _tails(seen: View, counts: list[int], pack: Pack) -> Iterator[Finding]:
    places = Places()
    for index in counts:
        filled = [
            (number, row, count)
            for number, row in seen.rows()
            if (count := seen.cell(row, index).count) and not seen.total_row(row)
        ]
        for number, row, count in {position: filled[position] for position in (0, -1) if filled}.values():
            if count < pack.minimum_count:
                places.add(f"{seen.where(number, row)} {seen.heading(index)}")
    if places:
        yield places.finding(
            "HISTOGRAM_TAIL",
            asked(pack.small_counts),
            f"{places.count} outer bins of a histogram hold fewer than {pack.minimum_count} people.",
            "Merge the outer bins into open ones (“80 and over”).",
            place=seen.table.where,
        )


def _exact(seen: View, bins: list[tuple[float, float]]) -> Iterator[Finding]:
    """Plotting libraries cut from the smallest to the largest value; then the outer edges are those values."""
    low, high = bins[0][0], bins[-1][1] if bins[-1][1] > bins[-1][0] else bins[-1][0]
    width = (high - low) / len(bins)
    alike = all(abs((right - left) - width) < 0.02 * width for left, right in bins if right > left)
    if alike and _odd(width) and _odd(low) and all(right > left for left, right in bins):
        yield Finding(
            rule="EXTREME_VALUE",
            severity=Severity.FLAG,
            where=seen.table.place("outer edges of the bins"),
            message=f"The bins are cut evenly from {low:g} to {high:g}, an odd width: they look like the exact minimum "
            "and maximum, each the value of one person.",
            guidance="Cut bins at round numbers.",
        )


def _odd(number: float) -> bool:
    """Say whether a number has more than two digits that mean something, as no cut that a person chose."""
    return len(f"{abs(number):.6g}".replace(".", "").strip("0")) > 2
