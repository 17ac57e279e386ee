"""Bounds that follow row by row, before any program is solved: most cells of real ledgers are settled here."""

from __future__ import annotations

import numpy
from numpy.typing import NDArray

from .sparse import Indices, Rows, Vector

__all__ = ["Contradiction", "components", "tightened"]

_ROUNDS = 30
_SLACK = 1e-6


class Contradiction(Exception):
    """The tables cannot all be about the same people."""


def tightened(rows: Rows, low: Vector, high: Vector) -> tuple[Vector, Vector]:
    """Return the bounds that follow from each row in turn until nothing changes; raises ``Contradiction``."""
    low, high = low.copy(), high.copy()
    at = rows.of_entries
    for _ in range(_ROUNDS):
        before_low, before_high = low.copy(), high.copy()
        _round(rows, at, low, high)
        numpy.ceil(low - _SLACK, out=low)
        numpy.floor(high + _SLACK, out=high)
        if (low > high).any():
            raise Contradiction
        if (low == before_low).all() and (high == before_high).all():
            break
    return low, high


def _round(rows: Rows, at: Indices, low: Vector, high: Vector) -> None:
    positive = rows.values > 0
    least = numpy.where(positive, low[rows.columns], -high[rows.columns])
    most = numpy.where(positive, high[rows.columns], -low[rows.columns])
    low_sum, low_open = _sums(at, least, len(rows))
    high_sum, high_open = _sums(at, most, len(rows))
    if ((low_sum > rows.high + _SLACK) & (low_open == 0)).any() or (
        (high_sum < rows.low - _SLACK) & (high_open == 0)
    ).any():
        raise Contradiction
    without_low = _without(low_sum, low_open, least, at)
    without_high = _without(high_sum, high_open, most, at)
    top, bottom = rows.high[at] - without_low, rows.low[at] - without_high
    numpy.minimum.at(high, rows.columns[positive], top[positive])
    numpy.maximum.at(low, rows.columns[positive], bottom[positive])
    numpy.maximum.at(low, rows.columns[~positive], -top[~positive])
    numpy.minimum.at(high, rows.columns[~positive], -bottom[~positive])


def _sums(at: Indices, terms: Vector, count: int) -> tuple[Vector, Indices]:
    """Return for each row the sum of its finite terms, and how many are not finite."""
    finite = numpy.isfinite(terms)
    sums = numpy.bincount(at, weights=numpy.where(finite, terms, 0.0), minlength=count).astype(numpy.float64)
    return sums, numpy.bincount(at[~finite], minlength=count)


def _without(sums: Vector, open_: Indices, terms: Vector, at: Indices) -> Vector:
    """Return each row’s sum without one term; infinite, with the terms’ sign, where another term has no bound."""
    finite = numpy.isfinite(terms)
    rest = sums[at] - numpy.where(finite, terms, 0.0)
    unbounded = open_[at] - ~finite > 0
    sign = numpy.where(numpy.isneginf(terms[~finite]), -1.0, 1.0)[0] if (~finite).any() else 1.0
    return numpy.where(unbounded, sign * numpy.inf, rest)


def components(rows: Rows, free: NDArray[numpy.bool_]) -> tuple[Indices, Indices]:
    """Part variables that are not settled into those that hang together; −1 for settled ones and settled rows."""
    part = numpy.where(free, numpy.arange(len(free)), -1)
    at = rows.of_entries
    used = free[rows.columns]
    columns, at = rows.columns[used], at[used]
    of_row = numpy.full(len(rows), len(free), dtype=numpy.int64)
    while len(columns):
        of_row[:] = len(free)
        numpy.minimum.at(of_row, at, part[columns])
        before = part.copy()
        numpy.minimum.at(part, columns, of_row[at])
        part = numpy.where(part >= 0, part[numpy.maximum(part, 0)], -1)
        if (part == before).all():
            break
    return part, numpy.where(of_row < len(free), of_row, -1)
