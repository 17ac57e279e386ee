"""Which columns of a dataset a column of results may be: by the values they share, at the precision of the results."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .hashing import NUMBER, ROUNDED, Hasher, Words
from .results import ResultColumn
from .sketch import Codes, Column, Part

__all__ = ["Candidate", "HashedColumn", "LoadedPart", "candidate_from", "candidates_of"]

_COVERED = 0.02
_FEWEST = 3
_BEST = 3
_ROOM_BYTES = 128 << 20
_FINEST = 6
_NEARLY = 0.02
"""Further decimals than the data have are noise when they are within this share of the last one."""


class LoadedPart:
    """One part of a sketch with what was computed from it while it is compared."""

    def __init__(self, part: Part, room: OrderedDict[tuple[int, int, int | None], Codes] | None = None) -> None:
        """``room`` holds what was computed last, of several parts together, so that memory is bounded."""
        self.part = part
        self.known: dict[Hashable, Any] = {}
        """Small things that were computed from this part once."""
        self._room: OrderedDict[tuple[int, int, int | None], Codes] = OrderedDict() if room is None else room

    def codes(self, column: int, level: int | None) -> Codes:
        """Return the code of every row in a column, exact or at one of its levels."""
        found = self.part.columns[column]
        if level is None:
            return found.codes
        name = (id(self.part), column, level)
        if name not in self._room:
            rounded = found.levels[level].rounded(found)
            self._room[name] = rounded.astype(np.min_scalar_type(len(rounded)))[found.codes]
            while sum(each.nbytes for each in self._room.values()) > _ROOM_BYTES and len(self._room) > 1:
                self._room.popitem(last=False)
        self._room.move_to_end(name)
        return self._room[name]

    def frequencies(self, column: int, level: int | None) -> tuple[NDArray[np.float64], float, float]:
        """Return how many rows have each value of a column, its entropy in bits, and how often two rows are alike."""
        name = ("frequencies", column, level)
        if name not in self.known:
            found = self.part.columns[column]
            exact = found.frequencies.astype(np.float64)
            frequencies = exact if level is None else found.levels[level].frequencies(found)
            shares = frequencies[frequencies > 0] / self.part.rows
            alike = float((frequencies * (frequencies - 1.0)).sum()) / (self.part.rows * max(1, self.part.rows - 1))
            self.known[name] = frequencies, float(-(shares * np.log2(shares)).sum()), alike
        frequencies, bits, alike = self.known[name]
        return frequencies, bits, alike


@dataclass(frozen=True, eq=False)
class Candidate:
    """One column of results taken for one column of the dataset."""

    result: ResultColumn
    column: int
    level: int | None
    name: str
    codes: NDArray[np.int64]
    """The data's code for every row of the results; −1 where the data have no such value."""
    frequencies: NDArray[np.float64]
    """How many rows of the data have the value, for every row of the results."""
    missing: int
    """The code of missing cells."""
    data_bits: float
    """The entropy of the data's column."""
    data_alike: float
    """How often two records have the same value in it."""
    rows: int

    @property
    def place(self) -> int:
        """The column of the results."""
        return self.result.place

    @cached_property
    def said(self) -> NDArray[np.bool_]:
        """Which rows of the results have a value that the data have."""
        said: NDArray[np.bool_] = (self.codes >= 0) & (self.codes != self.missing)
        return said

    @cached_property
    def coverage(self) -> float:
        """The share of the rows that have a value the data have."""
        return float(self.said.mean())

    @cached_property
    def bits(self) -> float:
        """How much a value tells on average, of those that the data have."""
        shares = self.frequencies[self.said] / self.rows
        return float(-np.log2(shares).mean()) if len(shares) else 0.0

    @cached_property
    def likeness(self) -> float:
        """How much the column of results looks like rows of the data's: its values are as rare as they should be."""
        named = 0.3 if self.name.lower() == self.result.name.strip().lower() else 0.0
        return self.coverage - 0.1 * abs(self.bits - self.data_bits) + named - (0.0 if self.plausible else 0.6)

    @cached_property
    def plausible(self) -> bool:
        """Whether values repeat about as seldom as in the data: “1, 2, 1, 3” are no numbers of records."""
        counts = np.bincount(self.codes[self.said])
        rows = float(counts.sum())
        return float((counts * (counts - 1.0)).sum()) / 2 <= 10 + 5 * self.data_alike * rows * rows / 2


def candidates_of(loaded: LoadedPart, columns: Iterable[HashedColumn]) -> list[Candidate]:
    """Return the likeliest columns of the data for each column of results, at most three of them each."""
    chosen: list[Candidate] = []
    by_place: dict[int, list[Candidate]] = {}
    for hashed in columns:
        for index, column in enumerate(loaded.part.columns):
            found = _candidate(loaded, index, column, hashed)
            if found is not None:
                by_place.setdefault(hashed.result.place, []).append(found)
    for found_here in by_place.values():
        found_here.sort(key=lambda each: each.likeness, reverse=True)
        chosen += found_here[:_BEST]
    return chosen


class HashedColumn:
    """A column of results with the hashes of a column's distinct cells, at the precisions that are asked for."""

    def __init__(self, result: ResultColumn, hasher: Hasher) -> None:
        self.result = result
        self._hasher = hasher
        self._at: dict[str, Words] = {}
        self.decimals = result.decimals
        self.numbers = result.cells.kinds == NUMBER
        self.rows = np.bincount(result.codes, minlength=len(result.cells.kinds))
        self.few = int((result.cells.kinds != 0).sum())

    def exact(self, column: Column) -> Words:
        """Hash the cells as they are, but numbers to as many decimals as the data have."""
        if column.kind == "number" and self.decimals > column.decimals:
            return self._once(f"to {column.decimals}", lambda: self._rounded_to(column.decimals))
        if column.digits and self.numbers.any():
            return self._once(f"digits {column.digits}", lambda: self._padded(column.digits))
        return self._once("exact", lambda: self.result.cells.hashes(self._hasher))

    def level(self, places: int) -> Words:
        """Hash the numbers rounded to so many decimals; nothing else has a hash here."""
        return self._once(f"level {places}", lambda: self._level(places))

    def _once(self, name: str, make: Callable[[], Words]) -> Words:
        if name not in self._at:
            self._at[name] = make()
        return self._at[name]

    def _rounded_to(self, decimals: int) -> Words:
        cells = self.result.cells
        scaled = cells.numbers * 10.0**decimals
        near = np.abs(scaled - np.rint(scaled)) <= _NEARLY
        hashes = cells.hashes(self._hasher)
        rounded = self._hasher.numbers(np.rint(scaled) / 10.0**decimals)
        return np.where(self.numbers, np.where(near, rounded, np.uint64(0)), hashes)

    def _padded(self, digits: int) -> Words:
        cells = self.result.cells
        texts = [
            f"{int(number):0{digits}d}" if kind == NUMBER and number == int(number) and number >= 0 else ""
            for kind, number in zip(cells.kinds, cells.numbers, strict=True)
        ]
        return np.where(self.numbers, self._hasher.strings(texts), cells.hashes(self._hasher))

    def _level(self, places: int) -> Words:
        hashes = np.zeros(self.numbers.shape, np.uint64)
        numbers = self.result.cells.numbers[self.numbers]
        hashes[self.numbers] = self._hasher.numbers(np.rint(numbers * 10.0**places), ROUNDED + places)
        return hashes


def _candidate(loaded: LoadedPart, index: int, column: Column, hashed: HashedColumn) -> Candidate | None:
    """Return a column of results as one column of the data, at the finest precision both have; or nothing."""
    if column.distinct < 2 or hashed.few < min(2, len(hashed.result.codes)):
        return None
    best: Candidate | None = None
    for level in _levels(column, hashed):
        hashes = hashed.exact(column) if level is None else hashed.level(column.levels[level].places)
        found = _looked_up(loaded, index, level, hashed, hashes)
        if found is None:
            continue
        if best is None or found.coverage > best.coverage + 0.2:
            best = found
    return best


def _levels(column: Column, hashed: HashedColumn) -> list[int | None]:
    """Return the precisions to try, finest first."""
    if column.kind != "number" or not hashed.numbers.any():
        return [None]
    if hashed.decimals >= column.decimals and column.decimals <= _FINEST:
        return [None]  # more decimals than the data have are no rounding of them, unless they are nearly none
    coarser = [place for place, level in enumerate(column.levels) if level.places <= hashed.decimals]
    rounded: list[int | None] = [max(coarser, key=lambda place: column.levels[place].places)] if coarser else []
    return [*rounded, None] if hashed.decimals < column.decimals else [None, *rounded]


def _looked_up(
    loaded: LoadedPart, index: int, level: int | None, hashed: HashedColumn, hashes: Words
) -> Candidate | None:
    column = loaded.part.columns[index]
    at = column if level is None else column.levels[level]
    found = np.minimum(np.searchsorted(at.hashes, hashes), max(0, len(at.hashes) - 1))
    known = (at.hashes[found] == hashes) & (hashes != 0)
    matched = int(hashed.rows[known].sum())
    if matched < _FEWEST or matched < _COVERED * len(hashed.result.codes):
        return None
    return candidate_from(loaded, index, level, hashed.result, np.where(known, at.values[found].astype(np.int64), -1))


def candidate_from(
    loaded: LoadedPart, index: int, level: int | None, result: ResultColumn, codes: NDArray[np.int64]
) -> Candidate:
    """Return a column of results taken for a column of the data, given the code of each of its distinct cells."""
    frequencies, bits, alike = loaded.frequencies(index, level)
    missing = len(frequencies) - 1
    of_rows = np.where(result.cells.kinds == 0, np.int64(missing), codes)[result.codes]
    return Candidate(
        result=result,
        column=index,
        level=level,
        name=loaded.part.columns[index].name,
        codes=of_rows,
        frequencies=np.where(of_rows >= 0, frequencies[of_rows], 0.0),
        missing=missing,
        data_bits=bits,
        data_alike=alike,
        rows=loaded.part.rows,
    )
