"""When what can be computed of a cell is too much."""

from __future__ import annotations

from enum import StrEnum

from .attacker import Bounds
from .inference import Hidden
from .numbers import Numbers
from .tables import Kind

__all__ = ["Verdict", "enough", "verdict"]


class Verdict(StrEnum):
    """What an outsider can do to a hidden cell."""

    SAFE = "safe"
    PINNED = "pinned"
    NARROWED = "narrowed"


def verdict(hidden: Hidden, bounds: Bounds, numbers: Numbers) -> Verdict:
    """Judge bounds that are proved.

    A masked cell that can be computed is pinned, whatever its size: it was masked for a reason. A cell that nobody
    masked is, below the threshold only. Narrowed is a cell that certainly holds people and certainly fewer than the
    threshold; where the mask itself says as much (“<10”), only when half of its numbers or more are excluded.
    """
    below = bounds.high < numbers.threshold
    if bounds.low == bounds.high:
        counts = bounds.low >= 1 or (hidden.fact is not None and numbers.zeros_disclosive)
        masked = hidden.fact is not None and hidden.fact.kind is Kind.MASKED
        return Verdict.PINNED if (masked and bounds.low > 0) or (below and counts) else Verdict.SAFE
    if not below or bounds.low < 1:
        return Verdict.SAFE
    hides = None if hidden.fact is None else hidden.fact.hides
    if hides is not None and 2 * (bounds.high - bounds.low + 1) > hides:
        return Verdict.SAFE
    return Verdict.NARROWED


def enough(hidden: Hidden, bounds: Bounds, numbers: Numbers) -> bool:
    """Say whether counts already seen to be possible prove the cell safe, or its bounds cannot get narrower."""
    if bounds.tight:
        return True
    low, high = bounds.seen_low, bounds.seen_high
    if low > high:
        return False
    fact = hidden.fact
    if fact is None:
        return low == 0 or high >= numbers.threshold
    if fact.kind is Kind.ROUNDED and high >= numbers.threshold:
        return True
    if low == high:
        return False
    wide = fact.hides is not None and 2 * (high - low + 1) > fact.hides
    return low == 0 or high >= numbers.threshold or wide
