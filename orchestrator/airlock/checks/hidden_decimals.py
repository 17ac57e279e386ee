"""A few rows behind the decimals of a result: too few digits to be told by their room, but not as a program writes.

Unrounded numbers are long together, each as long as it happens to be. Digits that somebody put there stand in a few
numbers of a rounded column, behind zeros that end the result, or are cut to one length.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import Places, shown

from .columns import frame

__all__ = ["hidden_decimals"]

_EXACT = 15
"""Decimal digits that every binary64 number keeps; what differs behind them is how it is computed (0.1 + 0.2)."""
_READ = 9
_ROUNDED = range(2, 7)
_BEYOND = 4
_NEIGHBOURS = 5
_CUT = 10
_ZEROS = re.compile(r"\.\d*[1-9]\d*?000\d*[1-9]\d*")
"""A result, zeros that end it, and more: by chance in one unrounded number of eighty."""
_FRACTION = re.compile(r"[+-]?(\d*)\.(\d+)")


@dataclass(frozen=True, kw_only=True)
class _Number:
    row: int
    decimals: int
    exact: str
    long: bool


def hidden_decimals(table: Table) -> Places:
    """Return where numbers of a table, kept as a whole, have decimals that no program left there."""
    seen, places = frame(table), Places()
    columns: list[list[_Number]] = [[] for _ in seen.columns]
    for row, cells in seen.rows:
        for column, cell in zip(columns, cells, strict=False):
            if (number := _number(row, cell.strip())) is not None:
                column.append(number)
    behind = sum(_behind_zeros(each) for column in columns for each in column)
    long = sum(each.long for column in columns for each in column)
    put = behind >= 3 and behind * 5 >= long
    for index, column in enumerate(columns):
        for number in _unlike(column) or (filter(_behind_zeros, column) if put else ()):
            places.add(f"row {number.row} {shown(seen.columns[index].heading)}")
    return places


def _number(row: int, text: str) -> _Number | None:
    found = _FRACTION.fullmatch(text)
    if found is None or len(text) > 40:
        return None
    exact = f"{float(text):.{_EXACT}g}"
    digits = len((found[1] + found[2].rstrip("0")).lstrip("0"))
    long = digits > _READ and len(exact.replace(".", "").lstrip("-0")) > _READ and "e" not in exact
    return _Number(row=row, decimals=len(found[2]), exact=exact, long=long)


def _behind_zeros(number: _Number) -> bool:
    return number.long and _ZEROS.search(number.exact) is not None


def _unlike(column: Sequence[_Number]) -> Sequence[_Number]:
    """Return the long numbers among rounded ones, or all of a column whose long numbers were cut to one length."""
    long = [each for each in column if each.long]
    if len(long) >= _CUT and len(long) == len(column) and len({each.decimals for each in column}) == 1:
        return long
    rounded = Counter(each.decimals for each in column if not each.long)
    if not long or not rounded:
        return ()
    most, same = rounded.most_common(1)[0]
    alike = most in _ROUNDED and same >= _NEIGHBOURS and max(rounded) == most and same * 10 >= rounded.total() * 7
    few = len(long) * 5 <= len(column) * 2
    return [each for each in long if each.decimals >= most + _BEYOND] if alike and few else ()
