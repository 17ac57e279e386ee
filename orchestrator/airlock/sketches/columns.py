"""Finds single columns of the data in results: values in the data's own order, and lists of values that name people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidate, LoadedPart
from .chance import log_tail, tuple_keys
from .hashing import TEXT, Words

__all__ = ["Dump", "column_dump"]

_FEWEST = 20
_LONGEST = 12
_SPARE_BITS = 10.0
_COVERED = 0.5
_MOSTLY_ALONE = 0.5
_DENSE = 0.1
_FEWEST_NAMED = 10
_FEWEST_NUMBERS = 50
_FEWEST_COLUMNS = 3


@dataclass(frozen=True, eq=False)
class Dump:
    """One column of results that repeats one of the data. ``run``: how many values in a row were looked at together."""

    candidate: Candidate
    run: int
    """0 where their order was not needed."""
    seen: int
    compared: int
    expected: float

    @property
    def surprise(self) -> float:
        """How unlikely it is that chance gave so many (natural logarithm)."""
        return -log_tail(self.seen, self.expected)


def column_dump(loaded: LoadedPart, candidates: Sequence[Candidate]) -> Dump | None:
    """Return the column of results that repeats a column of the data most surely, if any does."""
    covering = [each for each in candidates if each.coverage >= _COVERED and each.plausible]
    found = [_in_order(loaded, each) for each in covering]
    if len({each.place for each in covering}) < _FEWEST_COLUMNS:
        found += [_named(loaded, each) for each in covering]
    # beside several columns of the data that do not belong to them, identifiers are invented: the join would have told
    return max((dump for dump in found if dump is not None), key=lambda dump: dump.surprise, default=None)


def _in_order(loaded: LoadedPart, candidate: Candidate) -> Dump | None:
    """Look for runs of values as they follow each other in the data; sorted columns follow each other anywhere."""
    bits = candidate.data_bits
    codes = candidate.codes
    if len(codes) < _FEWEST or bits < 1.0 or _sorted(codes):
        return None
    run = max(4, int(np.ceil((np.log2(max(2, candidate.rows)) + _SPARE_BITS) / bits)))
    data = loaded.codes(candidate.column, candidate.level)
    if run > _LONGEST or len(codes) < run + _FEWEST or len(data) < run + _FEWEST:
        return None
    runs, first = np.unique(_runs(codes, run), return_index=True)
    known = np.asarray(np.lib.stride_tricks.sliding_window_view(candidate.said, run).all(axis=1))[first]
    theirs = np.sort(_runs(data, run))
    place = np.minimum(np.searchsorted(theirs, runs), len(theirs) - 1)
    seen = int(((theirs[place] == runs) & known).sum())
    if seen < _FEWEST:
        return None
    again = float((theirs[1:] == theirs[:-1]).mean())
    shares = np.where(known, _runs_of_shares(candidate.frequencies / candidate.rows, run)[first], 0.0)
    independent = float(-np.expm1(-candidate.rows * shares).sum())
    return Dump(candidate, run, seen, len(runs), max(independent, again * len(runs), 0.5 * len(runs) / len(theirs)))


def _named(loaded: LoadedPart, candidate: Candidate) -> Dump | None:
    """Look for values that one person has each, such as identifiers, free text or amounts to the penny."""
    column = loaded.part.columns[candidate.column]
    if candidate.level is not None or column.kind == "date" or candidate.rows < 2 * _FEWEST_NUMBERS:
        return None
    alone = float((column.frequencies[:-1] == 1).sum()) / candidate.rows
    if alone < _MOSTLY_ALONE or (column.kind == "number" and column.density > _DENSE):
        return None
    told = candidate.said & (candidate.frequencies <= 2)
    values = len(np.unique(candidate.codes[told]))
    fewest = _FEWEST_NAMED if column.kind == "text" else _FEWEST_NUMBERS
    cells = candidate.result.cells
    if values < fewest or (column.kind == "text" and not (cells.kinds == TEXT).any() and not column.digits):
        return None
    distinct = len(np.unique(candidate.codes))
    chance = (1.0 - alone) if column.kind == "text" else column.density
    return Dump(candidate, 0, values, distinct, max(chance * distinct, 0.5))


def _sorted(codes: NDArray[np.int64]) -> bool:
    steps = np.diff(codes)
    return bool((steps >= 0).mean() > 0.95 or (steps <= 0).mean() > 0.95)


def _runs(codes: NDArray[np.integer[Any]], run: int) -> Words:
    count = len(codes) - run + 1
    return tuple_keys([codes[place : place + count] for place in range(run)])


def _runs_of_shares(shares: NDArray[np.float64], run: int) -> NDArray[np.float64]:
    product: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(shares, run).prod(axis=1)
    return product
