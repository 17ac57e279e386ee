"""Marks of a plot: which shapes are set one by one as data, and which are ticks of an axis or letters of a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from .gathering import Gathering, place

__all__ = ["LINE_VERTICES", "MANY_MARKS", "keep_line", "keep_marks"]

MANY_MARKS = 10
"""Marks up to which a plot shows a summary (ten deciles, twelve months are the usual cases at the border)."""
LINE_VERTICES = 50
"""Corners of one line from which it may follow single events or single people."""
_ADVICE = "Hand in the plot as PNG, or plot groups instead of people."

Place = tuple[float, float]


def keep_marks(groups: Mapping[object, Sequence[Place]], into: Gathering, where: str = "") -> int:
    """Keep every group of equal marks that is not a row of ticks; report it when there are many. Return how many."""
    total = 0
    for spots in groups.values():
        unique = list(dict.fromkeys(spots))
        if len(unique) < 2 or _are_ticks(unique):
            continue
        into.marks([x for x, _ in spots], [y for _, y in spots], where)
        total += len(spots)
    if total > MANY_MARKS:
        into.flag(
            "PLOTTED_POINTS",
            where,
            f"{total} marks are set one by one; their places can be read back as exact values, one person each.",
            _ADVICE,
        )
    return total


def keep_line(spots: Sequence[Place], into: Gathering, where: str = "") -> bool:
    """Keep a line with many corners and report it; say whether it was one."""
    if len(spots) <= LINE_VERTICES:
        return False
    into.marks([x for x, _ in spots], [y for _, y in spots], place(where, "line"))
    into.flag(
        "PLOTTED_LINE",
        where,
        f"A line has {len(spots)} corners; each can be read back as an exact value, such as one event of one person.",
        _ADVICE,
    )
    return True


def _are_ticks(spots: Sequence[Place]) -> bool:
    """Say whether marks stand on one line at equal distances."""
    xs, ys = sorted({x for x, _ in spots}), sorted({y for _, y in spots})
    if len(xs) > 1 and len(ys) > 1:
        return False
    along = xs if len(xs) > 1 else ys
    steps = [after - before for before, after in pairwise(along)]
    return bool(steps) and max(steps) - min(steps) <= 0.02 * max(steps)
