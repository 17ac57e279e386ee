"""Says how strongly a word stands in a description, in grades: what of a common word's descriptions may be the best.

The score of a word in a text (BM25) grows with how often it stands there and falls with the text's length. A grade is
that ratio on a scale of quarter octaves. It is kept in the index for every word that stands strongly, so that the best
descriptions of a common word can be had without scoring all of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

__all__ = ["GRADES", "USUAL_LENGTH", "graded", "highest_below", "most", "rarity", "token"]

_SATURATION, _BY_LENGTH = 1.2, 0.75
"""Parameters k1 and b of the index's BM25; the library has them built in."""

USUAL_LENGTH = 250
"""Words of a description for which grades are made, about the mean of the national catalogue (246)."""

_STEPS = 4
"""Grades to a doubling."""

GRADES = range(2, 25)
"""Grades that are kept. The least is a ratio of 1.4, which one word in three of a description has; the highest, 64."""

_WHOLE = 24
"""Lengths up to this are kept whole by the index, of longer ones 4 binary digits of what goes beyond."""


def graded(terms: Sequence[str]) -> list[str]:
    """Return a token for each different term of a text that stands strongly in it, with its grade."""
    damping = _damping(_kept_length(len(terms)), USUAL_LENGTH)
    often = Counter(terms)
    grades = {count: _grade(count / damping) for count in set(often.values())}
    return [token(term, grades[count]) for term, count in often.items() if grades[count] >= GRADES[0]]


def _grade(ratio: float) -> int:
    return min(math.floor(_STEPS * math.log2(ratio)), GRADES[-1])


def token(term: str, grade: int) -> str:
    """Return how a term of a grade is kept."""
    return f"{grade:02d}{term}"


def highest_below(grade: int, mean_length: float) -> float:
    """Return a bound of what a word below ``grade`` adds to a score, as a share of the most it could ever add.

    ``mean_length`` is the mean length of the descriptions of the index, in words.
    """
    if grade > GRADES[-1]:
        return 1.0
    ratio = 2 ** (grade / _STEPS) * max(1.0, mean_length / USUAL_LENGTH)
    return ratio / (1 + ratio)


def most(rarity: float) -> float:
    """Return the most a word of a rarity (inverse document frequency) can add to a score."""
    return rarity * (_SATURATION + 1)


def rarity(having: int, of: int) -> float:
    """Return the inverse document frequency of a word that ``having`` of ``of`` descriptions have."""
    return math.log1p((max(0, of - having) + 0.5) / (having + 0.5))


def _damping(length: int, mean_length: float) -> float:
    return _SATURATION * (1 - _BY_LENGTH + _BY_LENGTH * length / mean_length)


def _kept_length(length: int) -> int:
    """Return a length as the index keeps it, rounded down so that it fits into one byte."""
    beyond = length - _WHOLE
    if beyond < 16:
        return length
    dropped = beyond.bit_length() - 4
    return _WHOLE + (beyond >> dropped << dropped)
