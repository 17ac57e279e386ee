"""What chance alone would give: how often rows that were not copied agree with a record of the data.

Two answers, of which the larger counts. *Independent*: given how common each value of the row is, as if columns had
nothing to do with each other. *Drawn anew*: a row drawn from the data's own joint distribution, with every dependence
that real columns have (Good 1953, after Turing: of records whose values occur r times, a new draw meets the same again
as often as values that occur r + 1 times). So simulated data that keep the correlations do not look copied.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidate, LoadedPart
from .hashing import Words

__all__ = ["Chance", "chance_of", "log_tail", "tuple_keys"]

_MIX = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Chance:
    """What to expect of some columns. ``unique_share``: how many of the data's records are alone with their values."""

    any: float
    """Rows of results that agree with a record."""
    one: float
    """Rows of results that agree with exactly one record."""
    unique_share: float
    repeats: float
    """Pairs of rows that would agree with each other if the rows were records."""


def tuple_keys(columns: Sequence[NDArray[np.integer[Any]]]) -> Words:
    """Return one word for the codes of several columns, row by row."""
    keys = np.zeros(columns[0].shape, np.uint64)
    for column in columns:
        keys ^= column.astype(np.uint64)
        keys *= np.uint64(_MIX)
        keys ^= keys >> np.uint64(29)
    return keys


def chance_of(loaded: LoadedPart, columns: Sequence[Candidate], asked: NDArray[np.bool_]) -> Chance:
    """Return what chance gives on ``columns`` for the rows of results that were ``asked`` about."""
    alike = _times(tuple_keys([loaded.codes(each.column, each.level) for each in columns]))
    records = len(alike)
    at_all = asked & np.all([each.codes >= 0 for each in columns], axis=0)
    shares = np.prod([each.frequencies / records for each in columns], axis=0)
    independent = np.where(at_all, -np.expm1(-records * shares), 0.0)
    alone, twice = alike == 1, alike == 2
    met = _drawn(loaded, columns, ~alone, at_all)
    met_one = _drawn(loaded, columns, twice, at_all)
    rows = int(at_all.sum())
    pairs = float((alike - 1).sum()) / (records * max(1, records - 1)) * rows * (rows - 1) / 2
    return Chance(
        any=float(max(independent.sum(), met)),
        one=float(max(min(independent.sum(), met), met_one)),
        unique_share=float(alone.mean()),
        repeats=pairs,
    )


def _drawn(
    loaded: LoadedPart, columns: Sequence[Candidate], chosen: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> float:
    """Return how many rows a new draw from the data would bring among the chosen records.

    Taken over all the data, and over records that share a value with the row, column by column: the most counts.
    """
    count = int(rows.sum())
    most = max(float(chosen.mean()), 0.5 / len(chosen)) * count
    for each in columns:
        codes = loaded.codes(each.column, each.level)
        size = each.missing + 1
        if size > 0.1 * len(chosen):
            continue  # too few records share a value to tell
        share = np.bincount(codes[chosen], minlength=size) / np.maximum(1, np.bincount(codes, minlength=size))
        most = max(most, float(share[each.codes[rows]].sum()))
    return most


def _times(keys: Words) -> NDArray[np.int64]:
    """Return for every record how many records have the same key."""
    order = np.argsort(keys)
    ranked = keys[order]
    new = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    counts = np.diff(np.append(new, len(keys)))
    times = np.empty(len(keys), np.int64)
    times[order] = np.repeat(counts, counts)
    return times


def log_tail(seen: int, expected: float) -> float:
    """Return the natural logarithm of the chance of ``seen`` or more where ``expected`` are expected (Poisson)."""
    if seen <= expected:
        return 0.0
    first = seen * math.log(max(expected, 1e-9)) - max(expected, 1e-9) - math.lgamma(seen + 1)
    ratio, term, total = max(expected, 1e-9), 1.0, 1.0
    for more in range(1, 200):
        term *= ratio / (seen + more)
        total += term
    return first + math.log(total)
