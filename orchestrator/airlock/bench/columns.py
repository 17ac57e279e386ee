"""Columns in figures, which a person looks at before the cells: how full, of what kind, how small, how rounded.

The figures are those that OpenSAFELY's checkers asked for (opensafely-core/airlock pull requests 1071, 1136, 1142).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_DISTINCT", "Column", "ColumnFigures", "all_numbers", "is_redacted", "number"]

MOST_DISTINCT = 1_000
"""Up to so many different values are counted; a column with more of them is told as having more."""

_PLAIN = re.compile(r"[0-9.eE+\-\n]*")
_NUMBER = re.compile(
    r"([+\-−]?)((?:\d{1,3}(?:[, \u00a0\u202f]\d{3})+|\d+)(?:\.\d*)?|\.\d+)((?:[eE][+-]?\d{1,3})?)\s?%?"
)
_SEPARATORS = str.maketrans({",": None, " ": None, "\u00a0": None, "\u202f": None, "−": "-"})
_NULL = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "<na>", "missing"})
_REDACTED = re.compile(
    r"(?i)\[?\s*(?:redacted|suppressed|masked|withheld|confidential)\s*\]?|\[(?:c|x|z|low|r)\]|\*{1,3}|[:~#]"
    r"|(?:[<≤]=?|fewer than |less than |under )\s*\d+"
)
_REDACTED_BEGIN = frozenset("[*:~#<≤rsmwcfluRSMWCFLU ")
_LARGEST_WHOLE = 2.0**53

_Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table in figures. Of the last three, each counts whole numbers among ``whole``."""

    name: str
    rows: int
    numbers: int = 0
    null: int = 0
    redacted: int = 0
    words: int = 0
    distinct: int = 0
    whole: int = 0
    least: float | None = None
    least_above_zero: float | None = None
    most: float | None = None
    total: float | None = None
    by_5: int = 0
    by_6: int = 0
    midpoint_6: int = 0
    """Whole numbers that rounding to the middle of six leaves: 0, 3, 9, 15, …"""

    @property
    def kind(self) -> str:
        """Say in a word what the column holds; a mixture is a signal by itself."""
        if self.numbers and self.words:
            return "mixed"
        if self.numbers:
            return "whole numbers" if self.whole == self.numbers else "numbers"
        return "text" if self.words else "redacted" if self.redacted else "nothing"

    def smaller_than(self, threshold: int) -> bool:
        """Say whether whole numbers of this column go below ``threshold`` without being 0: they may be small counts."""
        low = self.least_above_zero
        return self.kind in ("whole numbers", "mixed") and low is not None and 1 <= low < threshold


class ColumnFigures:
    """Takes the cells of one column piece by piece, so that a table is never held as a whole."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rows = self._null = self._redacted = self._words = 0
        self._distinct: set[str] = set()
        self._numbers: list[_Numbers] = []

    def add(self, cells: Sequence[str]) -> None:
        """Take the next cells; a row that is too short gives an empty one."""
        self._rows += len(cells)
        if len(self._distinct) <= MOST_DISTINCT:
            self._distinct.update(cells)
        numbers = all_numbers(cells)
        self._numbers.append(self._sorted_out(cells) if numbers is None else numbers)

    def _sorted_out(self, cells: Sequence[str]) -> _Numbers:
        values, times = [], []
        for cell, count in Counter(cells).items():
            value = number(cell)
            if value is not None:
                values.append(value)
                times.append(count)
            elif cell.strip().casefold() in _NULL:
                self._null += count
            elif is_redacted(cell):
                self._redacted += count
            else:
                self._words += count
        return np.repeat(np.array(values, dtype=np.float64), np.array(times, dtype=np.intp))

    def result(self) -> Column:
        """Return the figures over everything that was taken."""
        values = np.concatenate(self._numbers) if self._numbers else np.empty(0)
        whole = values[(np.floor(values) == values) & (np.abs(values) < _LARGEST_WHOLE)]
        above = values[values > 0]
        return Column(
            name=self.name,
            rows=self._rows,
            null=self._null,
            redacted=self._redacted,
            words=self._words,
            distinct=len(self._distinct),
            numbers=len(values),
            whole=len(whole),
            least=float(values.min()) if len(values) else None,
            least_above_zero=float(above.min()) if len(above) else None,
            most=float(values.max()) if len(values) else None,
            total=float(values.sum()) if len(values) else None,
            by_5=int(np.count_nonzero(whole % 5 == 0)),
            by_6=int(np.count_nonzero(whole % 6 == 0)),
            midpoint_6=int(np.count_nonzero((whole % 6 == 3) | (whole == 0))),
        )


def number(cell: str) -> float | None:
    """Return the number a cell states (``7``, ``1,204``, ``-3.5e2``, ``12 %``), or nothing."""
    if cell[:1].isalpha():
        return None
    found = _NUMBER.fullmatch(cell.strip())
    if found is None:
        return None
    value = float((found[1] + found[2] + found[3]).translate(_SEPARATORS))
    return value if isfinite(value) else None


def is_redacted(cell: str) -> bool:
    """Say whether a cell shows that something was taken out: ``[REDACTED]``, ``*``, ``<10``, ``[c]``."""
    return cell[:1] in _REDACTED_BEGIN and _REDACTED.fullmatch(cell.strip()) is not None


def all_numbers(cells: Sequence[str]) -> _Numbers | None:
    """Return the cells as numbers where every one is a plain finite number, as in most columns of large tables."""
    if not cells or not _PLAIN.fullmatch("\n".join(cells)):
        return None
    try:
        values = np.array([float(cell) for cell in cells])
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None
