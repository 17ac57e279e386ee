"""Rounded counts: the base a table was rounded to, and the numbers each rounded count may stand for."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["base", "bounds"]

_BASES = (10, 5)
_MIDPOINT_6 = 6
_ENOUGH = 10
"""Counts that must all fit a base that nobody announced: by chance ten counts are all fives once in ten million."""
_ENOUGH_ANNOUNCED = 3


def base(counts: Sequence[int], announced: int) -> int:
    """Return the base that every count of a table fits, 0 where there is none; −6 stands for midpoints of sixes.

    ``announced`` is the pack’s own base: fewer counts are enough to believe it. Midpoint rounding to 6 is OpenSAFELY’s
    (documentation, outputs/sdc): 1–6 become 3, 7–12 become 9.
    """
    seen = [count for count in counts if count]
    if len(seen) >= _ENOUGH_ANNOUNCED and announced > 1 and all(count % announced == 0 for count in seen):
        return announced
    if len(seen) < _ENOUGH:
        return 0
    for each in _BASES:
        if all(count % each == 0 for count in seen):
            return each
    return -_MIDPOINT_6 if all(count % _MIDPOINT_6 == _MIDPOINT_6 // 2 for count in seen) else 0


def bounds(count: int, rounded_to: int) -> tuple[int, int]:
    """Return the least and the greatest number that was rounded to ``count``, half a base at most away."""
    if rounded_to == -_MIDPOINT_6:
        return (count - 2, count + 3) if count else (0, 0)
    half = rounded_to // 2  # (base − 1) / 2 for an odd base; a tie may have gone either way for an even one
    return max(0, count - half), count + half
