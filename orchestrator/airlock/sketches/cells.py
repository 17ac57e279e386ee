"""What one cell says, however it is written: a number, a day, or a text without its case and outer blanks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from .hashing import DATE, NUMBER, TEXT, Hasher, Words

__all__ = ["MISSING", "MISSING_WORDS", "PLAIN_NUMBER", "Cells", "decimals_of", "read_cells", "text_of"]

MISSING = 0
"""The kind of a cell that says nothing."""
MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "nat", "<na>", "-", ".", "missing"})

PLAIN_NUMBER = r"^[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
"""A number as programs write it. A zero in front makes an identifier of it: “007” is a text."""
_PLAIN = re.compile(PLAIN_NUMBER)
_GROUPED = re.compile(r"^[+-]?[1-9][0-9]{0,2}([,  \u202f\u2009'’][0-9]{3})+(\.[0-9]+)?$")
_COMMA = re.compile(r"^[+-]?(0|[1-9][0-9]*),[0-9]{1,6}$")
_UNIT = re.compile(r"^[£$€]\s*|\s*%$")
_DAY = re.compile(r"^([0-9]{4})[-/.]?([0-9]{2})[-/.]?([0-9]{2})(?:[t ][0-9:.]+(?:z|[+-][0-9:]+)?)?$")
_SPOKEN = re.compile(r"^([0-9]{1,2})[-/. ]([0-9]{1,2}|[a-z]{3,9})[-/. ,]+([0-9]{4})(?: [0-9:.]+)?$")
_SAS = re.compile(r"^([0-9]{2})([a-z]{3})([0-9]{4})(?::[0-9:.]+)?$")
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_EPOCH = date(1970, 1, 1).toordinal()
_FINEST = 6


@dataclass(frozen=True, eq=False)
class Cells:
    """Distinct cells: what kind each is, its number (for a day, days since 1970), and its text."""

    kinds: NDArray[np.uint8]
    numbers: NDArray[np.float64]
    texts: list[str]

    def hashes(self, hasher: Hasher) -> Words:
        """Hash every cell; what is missing hashes to nought."""
        hashes = np.zeros(self.kinds.shape, np.uint64)
        for kind in (NUMBER, DATE):
            chosen = self.kinds == kind
            hashes[chosen] = hasher.numbers(self.numbers[chosen], kind)
        texts = np.flatnonzero(self.kinds == TEXT)
        hashes[texts] = hasher.strings([self.texts[place] for place in texts])
        return hashes


def text_of(cell: str) -> str:
    """Return a cell as it is compared: without outer blanks and quotes, in lower case."""
    return cell.strip().strip("\"'").strip().lower()


def read_cells(values: Sequence[str]) -> Cells:
    """Read distinct cells of one column; how its days are written is told from all of them."""
    texts = [text_of(value) for value in values]
    kinds = np.full(len(texts), TEXT, np.uint8)
    numbers = np.zeros(len(texts))
    spoken: list[tuple[int, int, str, int]] = []
    for place, text in enumerate(texts):
        if text in MISSING_WORDS:
            kinds[place] = MISSING
        elif (number := _number(text)) is not None:
            kinds[place], numbers[place] = NUMBER, number
        elif (day := _day(text)) is not None:
            kinds[place], numbers[place] = DATE, day
        elif found := _SPOKEN.match(text) or _SAS.match(text):
            spoken.append((place, int(found[1]), found[2], int(found[3])))
    month_first = any(second.isdigit() and int(second) > 12 for _, _, second, _ in spoken)
    for place, first, second, year in spoken:
        if second.isdigit():
            day = _ordinal(year, *((first, int(second)) if month_first else (int(second), first)))
        else:
            day = _ordinal(year, _MONTHS.get(second[:3], 0), first)
        if day is not None:
            kinds[place], numbers[place] = DATE, day
    return Cells(kinds, numbers, texts)


def _number(text: str) -> float | None:
    if not _PLAIN.match(text):
        text = _UNIT.sub("", text)
        if _GROUPED.match(text):
            text = re.sub(r"[^0-9.+-]", "", text)
        elif _COMMA.match(text):
            text = text.replace(",", ".")
        elif not _PLAIN.match(text):
            return None
    try:
        number = float(text)
    except ValueError:  # a sign or a point alone
        return None
    return number if abs(number) < 1e300 else None


def _day(text: str) -> int | None:
    found = _DAY.match(text)
    return None if found is None else _ordinal(int(found[1]), int(found[2]), int(found[3]))


def _ordinal(year: int, month: int, day: int) -> int | None:
    try:
        return date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None


def decimals_of(numbers: NDArray[np.float64], share: float = 0.99) -> int:
    """Return how many decimals ``share`` of the numbers have at most; 7 stands for more than six."""
    with np.errstate(over="ignore", invalid="ignore"):
        for places in range(_FINEST + 1):
            scaled = numbers * 10.0**places
            whole = np.abs(scaled - np.rint(scaled)) <= 1e-9 * np.maximum(1.0, np.abs(scaled))
            if whole.mean() >= share:
                return places
    return _FINEST + 1
