"""A percentage beside a masked count gives the count back where the size of the whole is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

from .tables import Labels
from .values import Value

__all__ = ["bounds_from_shares"]

_AGREEING = 2
"""Unmasked cells whose percentage must fit a whole before masked ones are computed from it."""


def bounds_from_shares(values: Mapping[Labels, Value]) -> dict[Labels, tuple[int, int]]:
    """Return bounds of masked cells with a percentage, where the shown cells prove what the percentages are of."""
    dimensions = sorted({dimension for labels in values for dimension, _ in labels})
    masked = {labels: each for labels, each in values.items() if each.number is None and each.share is not None}
    if not masked:
        return {}
    for size in range(1, len(dimensions) + 1):
        for summed in combinations(dimensions, size):
            if _fits(values, frozenset(summed)):
                found = {labels: _bounds(labels, each, values, frozenset(summed)) for labels, each in masked.items()}
                return {labels: bounds for labels, bounds in found.items() if bounds is not None}
    return {}


def _whole(labels: Labels, values: Mapping[Labels, Value], summed: frozenset[str]) -> int | None:
    margin = tuple(pair for pair in labels if pair[0] not in summed)
    found = values.get(margin) if margin != labels else None
    return None if found is None else found.number


def _fits(values: Mapping[Labels, Value], summed: frozenset[str]) -> bool:
    agreeing = 0
    for labels, each in values.items():
        whole = _whole(labels, values, summed)
        if each.number is None or each.share is None or not whole:
            continue
        if abs(100 * each.number / whole - each.share) > 0.5 * 10.0**-each.decimals + 1e-9:
            return False
        agreeing += 1
    return agreeing >= _AGREEING


def _bounds(
    labels: Labels, each: Value, values: Mapping[Labels, Value], summed: frozenset[str]
) -> tuple[int, int] | None:
    whole = _whole(labels, values, summed)
    if not whole or each.share is None:
        return None
    half = 0.5 * 10.0**-each.decimals
    least = math.ceil((each.share - half) * whole / 100 - 1e-9)
    most = math.floor((each.share + half) * whole / 100 + 1e-9)
    return (max(0, least), most) if least <= most else None
