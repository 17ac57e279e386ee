"""Undoes what hides a column without losing its order: marks of a plot, standard scores, other units, logarithms.

A column that was moved and stretched still lies on a lattice, whose steps are the data's own (a year of age, a tenth of
a unit). Where on the data's lattice it begins is guessed: every place is tried, and the one at which the values are as
common as they should be is taken. No value of the data is needed for that, only hashes of guesses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidate, LoadedPart, candidate_from
from .cells import Cells, decimals_of
from .hashing import NUMBER, ROUNDED, Hasher
from .results import ResultColumn
from .sketch import Column

__all__ = ["lattice_of", "restored", "without_function"]

_FEWEST_VALUES = 8
_LONGEST = 4_000
_LOWEST, _HIGHEST = -300, 16_000
_SPECTRUM = 1 << 15
_FEWEST_ROWS = 40
_COVERED = 0.9
_BEST = 3
_FUNCTIONS: tuple[tuple[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]], ...] = (
    ("the exponential of", np.exp),
    ("ten to the power of", lambda values: np.power(10.0, values)),
    ("two to the power of", np.exp2),
    ("the exponential less one of", np.expm1),
    ("the square of", np.square),
)


def without_function(result: ResultColumn) -> ResultColumn | None:
    """Return the column before its logarithm or root was taken, if taking that back gives round numbers."""
    numbers = result.cells.numbers[result.cells.kinds == NUMBER]
    if len(numbers) < _FEWEST_VALUES or decimals_of(numbers) < 3:
        return None
    for words, function in _FUNCTIONS:
        with np.errstate(over="ignore"):
            undone = function(numbers)
        if not np.all(np.isfinite(undone)) or np.abs(undone).max() > 1e9:
            continue
        precision = np.maximum(1e-3, np.abs(undone) * 1e-4)
        for places in (0, 1, 2):
            scale = 10.0**places
            near = np.abs(undone * scale - np.rint(undone * scale)) < np.minimum(0.1, precision * scale)
            if near.mean() > 0.95:
                whole = result.cells.numbers.copy()
                whole[result.cells.kinds == NUMBER] = np.rint(undone * scale) / scale
                return replace(result, cells=Cells(result.cells.kinds, whole, result.cells.texts), words=words)
    return None


def restored(loaded: LoadedPart, result: ResultColumn, hasher: Hasher) -> list[Candidate]:
    """Return the number columns of the data that a column of results may be once it is moved and stretched back."""
    lattice = lattice_of(result) if len(result.codes) >= _FEWEST_ROWS else None
    if lattice is None:
        return []
    rows = np.bincount(result.codes, minlength=len(result.cells.kinds)).astype(np.float64)
    weights = np.bincount(lattice[lattice >= 0], weights=rows[lattice >= 0]).astype(np.float64)
    turns = [(turn, np.conj(np.fft.rfft(weights[::turn] / weights.sum(), _SPECTRUM))) for turn in (1, -1)]
    found = []
    for index, column in enumerate(loaded.part.columns):
        for level, places in _views(column):
            name = ("axis", index, level)
            if name not in loaded.known:
                loaded.known[name] = _axis(column, level, places, hasher)
            guessed = _placed(loaded.known[name], lattice, turns)
            if guessed is not None:
                fit, codes = guessed
                found.append((fit, candidate_from(loaded, index, level, result, codes)))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [candidate for _, candidate in found[:_BEST]]


def lattice_of(result: ResultColumn) -> NDArray[np.int64] | None:
    """Return which step of a regular lattice every distinct number lies on (−1: no number), or nothing."""
    is_number = result.cells.kinds == NUMBER
    values, where = np.unique(result.cells.numbers[is_number], return_inverse=True)
    if not _FEWEST_VALUES <= len(values) <= _LONGEST:
        return None
    span = values[-1] - values[0]
    gaps = np.diff(values)
    step = float(gaps[gaps > span * 1e-6].min(initial=np.inf))
    if not np.isfinite(step) or span / step > _LONGEST:
        return None
    steps = _fitted(values - values[0], step)
    if steps is None:
        return None
    lattice = np.full(len(is_number), -1, np.int64)
    lattice[is_number] = steps[where]
    return lattice


def _fitted(offsets: NDArray[np.float64], step: float) -> NDArray[np.int64] | None:
    """Number the values by steps; the step is measured ever more exactly on ever more of them."""
    reach = 10.0
    while True:
        near = offsets[offsets <= reach * step]
        steps = np.rint(near / step)
        if steps.any():
            step = float((steps * near).sum() / (steps * steps).sum())
        if reach * step >= offsets[-1]:
            break
        reach *= 4
    exact = offsets / step
    steps = np.rint(exact)
    return steps.astype(np.int64) if np.mean(np.abs(exact - steps) < 0.1) > 0.98 else None


def _views(column: Column) -> Iterator[tuple[int | None, int]]:
    if column.kind != "number" or column.distinct < _FEWEST_VALUES:
        return
    if column.decimals <= 2:
        yield None, column.decimals
    for place, level in enumerate(column.levels):
        if level.places in (0, 1):
            yield place, level.places


@dataclass(frozen=True, eq=False)
class _Axis:
    """Every step from the lowest to the highest that is guessed: its code, and spectra of what is known there."""

    codes: NDArray[np.int64]
    known: NDArray[np.complex128]
    logs: NDArray[np.complex128]


def _axis(column: Column, level: int | None, places: int, hasher: Hasher) -> _Axis:
    steps = np.arange(_LOWEST, _HIGHEST, dtype=np.float64)
    if level is None:
        hashes, known, values = hasher.numbers(steps / 10.0**places), column.hashes, column.values
        frequencies = column.frequencies.astype(np.float64)
    else:
        at = column.levels[level]
        hashes, known, values = hasher.numbers(steps, ROUNDED + places), at.hashes, at.values
        frequencies = at.frequencies(column)
    found = np.minimum(np.searchsorted(known, hashes), max(0, len(known) - 1))
    codes = np.where(known[found] == hashes, values[found].astype(np.int64), -1)
    there = np.where(codes >= 0, frequencies[codes], 0.0)
    logs = np.log(np.maximum(there, 0.01) / max(1.0, float(there.sum())))
    return _Axis(codes, np.fft.rfft(codes >= 0, _SPECTRUM), np.fft.rfft(logs, _SPECTRUM))


def _placed(
    axis: _Axis, lattice: NDArray[np.int64], turns: Sequence[tuple[int, NDArray[np.complex128]]]
) -> tuple[float, NDArray[np.int64]] | None:
    """Return how well the lattice fits an axis at its best place, and the code of every distinct cell there."""
    best: tuple[float, NDArray[np.int64]] | None = None
    length = int(lattice.max()) + 1
    places = len(axis.codes) - length + 1
    for turn, placed in turns:
        covered = np.fft.irfft(axis.known * placed, _SPECTRUM)[:places]
        if covered.max() < _COVERED:
            continue
        fits = np.where(covered >= _COVERED, np.fft.irfft(axis.logs * placed, _SPECTRUM)[:places], -np.inf)
        start = int(np.argmax(fits))
        if best is None or fits[start] > best[0]:
            steps = lattice if turn == 1 else length - 1 - lattice
            codes = axis.codes[np.clip(start + steps, 0, len(axis.codes) - 1)]
            best = float(fits[start]), np.where(lattice >= 0, codes, -1)
    return best
