"""Finds which row or line of one version became which of another, where no label tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher

__all__ = ["MOST_ALIKE", "changed_lines", "paired"]

MOST_ALIKE = 2_000
"""Up to so many rows or lines are matched by likeness, if few of them repeat; others by their place."""
_PAIRS = 4

_Pair = tuple[int | None, int | None]


def paired(then: Sequence[Hashable], now: Sequence[Hashable]) -> Iterator[_Pair]:
    """Yield pairs of places then and now; what has no counterpart stands alone."""
    if not _comparable(then, now):
        for place in range(max(len(then), len(now))):
            yield (place if place < len(then) else None), (place if place < len(now) else None)
        return
    for _, a, b, c, d in SequenceMatcher(None, then, now, autojunk=False).get_opcodes():
        for step in range(max(b - a, d - c)):
            yield (a + step if a + step < b else None), (c + step if c + step < d else None)


def _comparable(then: Sequence[Hashable], now: Sequence[Hashable]) -> bool:
    """Say whether matching ends soon: its time grows with the pairs of equal rows, which somebody may have planted."""
    if max(len(then), len(now)) > MOST_ALIKE:
        return False
    later = Counter(now)
    pairs = sum(times * later[row] for row, times in Counter(then).items())
    return pairs <= _PAIRS * MOST_ALIKE


def changed_lines(then: Sequence[str], now: Sequence[str]) -> list[tuple[str, int, str]]:
    """Return the lines that are not in both: “removed” or “added”, the number in its own version, the words."""
    found: list[tuple[str, int, str]] = []
    for before, after in paired(then, now):
        if before is not None and after is not None and then[before] == now[after]:
            continue
        if before is not None:
            found.append(("removed", before + 1, then[before]))
        if after is not None:
            found.append(("added", after + 1, now[after]))
    return found
