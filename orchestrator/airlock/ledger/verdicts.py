"""When what can be computed of a cell is too much."""

from __future__ import annotations

from enum import StrEnum

from .attacker import Bounds
from .inference import Hidden
from .numbers import Numbers
from .tables import Kind

__all__ = ["Verdict", "enough", "verdict"]

_SURE = 1e-6


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
    """Say whether values already seen to be possible clear the cell, or its bounds cannot get narrower.

    A cell is cleared by solutions of linear programs. Whole-number programs are asked where the linear bounds alone
    leave open whether a masked cell is disclosed: where they lie below the threshold.
    """
    if bounds.low == bounds.high:
        return True
    low, high, fact = bounds.seen_low, bounds.seen_high, hidden.fact
    if low <= high and _cleared(low, high, hidden, numbers):
        return True
    if not bounds.tight:
        return False
    below = bounds.high < numbers.threshold and fact is not None
    return bounds.whole or not below


def _cleared(low: float, high: float, hidden: Hidden, numbers: Numbers) -> bool:
    nobody, many = low < _SURE, high > numbers.threshold - _SURE
    if hidden.fact is None:
        return nobody or many
    if hidden.fact.kind is Kind.ROUNDED and many:
        return True
    if high - low < 1 - _SURE:
        return False
    return nobody or many or (hidden.fact.hides is not None and 2 * (high - low + 1) > hidden.fact.hides + _SURE)
