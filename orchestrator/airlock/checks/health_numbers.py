"""Finds ten-digit numbers with the check digit of the United Kingdom’s health services, many at a time.

The NHS number of England and Wales, the CHI number of Scotland (its first six digits are a date of birth) and the
Health and Care number of Northern Ireland (320 to 399 at the front) share one form and one check digit, modulus 11.
Source: NHS Data Dictionary, “NHS NUMBER”; Information Services Division Scotland, “CHI number”.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from .flat import Bytes, Flat, Positions

__all__ = ["Found", "find", "valid_nhs_number"]

_ZERO, _DOT = 48, 46
_SEPARATORS = numpy.frombuffer(b" -", dtype=numpy.uint8)
_WEIGHTS = numpy.arange(10, 1, -1, dtype=numpy.int64)
_POWERS = 10 ** numpy.arange(9, -1, -1, dtype=numpy.int64)
_DAYS = 31


@dataclass(frozen=True, kw_only=True)
class Found:
    """Ten-digit values (or nine, of which a leading zero was lost), one entry each."""

    positions: Positions
    columns: Positions
    values: NDArray[numpy.int64]
    valid: NDArray[numpy.bool_]
    """Has the right check digit."""
    birth: NDArray[numpy.bool_]
    """Begins with a day and a month, as a CHI number does."""
    grouped: NDArray[numpy.bool_]
    """Was written in groups of three, three and four digits, as people write such numbers."""
    nine: NDArray[numpy.bool_]


def valid_nhs_number(digits: str) -> bool:
    """Say whether ten digits carry the right check digit (modulus 11)."""
    if len(digits) != 10 or not digits.isascii() or not digits.isdigit():
        return False
    return bool(_valid(numpy.array([[int(digit) for digit in digits]]))[0])


def find(flat: Flat) -> Iterator[Found]:
    """Yield every ten-digit value of every line, piece by piece."""
    for piece in flat.pieces():
        ten, grouped, nine = _places(piece.array)
        digits = numpy.concatenate(
            (
                _take(piece.array, ten, range(10)),
                _take(piece.array, grouped, (0, 1, 2, 4, 5, 6, 8, 9, 10, 11)),
                numpy.pad(_take(piece.array, nine, range(9)), ((0, 0), (1, 0))),
            )
        )
        if not len(digits):
            continue
        positions = numpy.concatenate((ten, grouped, nine))
        kinds = numpy.repeat([0, 1, 2], [len(ten), len(grouped), len(nine)])
        yield Found(
            positions=positions + piece.start,
            columns=piece.columns_of(positions),
            values=digits @ _POWERS,
            valid=_valid(digits),
            birth=_begins_with_birth(digits),
            grouped=kinds == 1,
            nine=kinds == 2,
        )


def _places(array: Bytes) -> tuple[Positions, Positions, Positions]:
    """Return where exactly ten digits begin, where three, three and four do, and where exactly nine do.

    Runs are told by laying the digits’ mask over itself, shifted: a few passes over bytes, whatever the file holds.
    """
    digit = numpy.zeros(len(array) + 16, dtype=bool)  # one before, for what precedes; fifteen behind, for the shifts
    digit[1 : len(array) + 1] = (array - _ZERO) < 10
    two = digit[:-1] & digit[1:]
    four = two[:-2] & two[2:]
    eight = four[:-4] & four[4:]
    end = len(array)
    first = ~digit[:end] & digit[1 : end + 1]  # a run of digits begins here
    nine_or_more = first & eight[1 : end + 1] & digit[9 : end + 9]
    runs = numpy.flatnonzero(nine_or_more)
    ten = runs[digit[runs + 10] & ~digit[runs + 11]]
    nine = runs[~digit[runs + 10]]
    three = first & two[1 : end + 1] & digit[3 : end + 3] & ~digit[4 : end + 4]
    grouped = _grouped(array, numpy.flatnonzero(three), digit)
    return _whole(array, ten, 10), grouped, _whole(array, nine, 9)


def _at(array: Bytes, positions: Positions) -> Bytes:
    """Return the bytes there; zero beyond either end."""
    inside = (positions >= 0) & (positions < len(array))
    return numpy.where(inside, array[numpy.clip(positions, 0, len(array) - 1)], 0).astype(numpy.uint8)


def _whole(array: Bytes, starts: Positions, length: int) -> Positions:
    """Leave out digits of a decimal fraction; “.0” behind a number is only how a program wrote it."""
    before = _at(array, starts - 1) == _DOT
    after = _at(array, starts + length) == _DOT
    second, third = _at(array, starts + length + 1), _at(array, starts + length + 2)
    only_zero = (second == _ZERO) & ((third - _ZERO) >= 10)
    goes_on = (second - _ZERO) < 10
    kept: Positions = starts[~before & ~(after & goes_on & ~only_zero)]
    return kept


def _grouped(array: Bytes, starts: Positions, digit: NDArray[numpy.bool_]) -> Positions:
    """Return which runs of three digits begin a number written as 3-3-4; ``digit`` is shifted by one."""
    found = starts[numpy.isin(_at(array, starts + 3), _SEPARATORS) & numpy.isin(_at(array, starts + 7), _SEPARATORS)]
    found = found[found + 13 < len(digit)]
    fits = ~digit[found + 13]
    for offset in (4, 5, 6, 8, 9, 10, 11):
        fits &= digit[found + 1 + offset]
    kept: Positions = found[fits]
    return kept


def _take(array: Bytes, starts: Positions, offsets: range | tuple[int, ...]) -> NDArray[numpy.int64]:
    taken: NDArray[numpy.int64] = array[starts[:, None] + numpy.array(offsets)].astype(numpy.int64) - _ZERO
    return taken.reshape(len(starts), len(offsets))


def _valid(digits: NDArray[numpy.int64]) -> NDArray[numpy.bool_]:
    check = (11 - digits[:, :9] @ _WEIGHTS % 11) % 11
    same = (digits == digits[:, :1]).all(axis=1)
    right: NDArray[numpy.bool_] = (check == digits[:, 9]) & ~same
    return right


def _begins_with_birth(digits: NDArray[numpy.int64]) -> NDArray[numpy.bool_]:
    day, month = digits[:, 0] * 10 + digits[:, 1], digits[:, 2] * 10 + digits[:, 3]
    fits: NDArray[numpy.bool_] = (day >= 1) & (day <= _DAYS) & (month >= 1) & (month <= 12)
    return fits
