"""Finds the word that was meant: one of the catalogue's own words, within an edit or two of what was typed."""

from __future__ import annotations

import tantivy

__all__ = ["distance", "nearest"]

_SHORTEST = 4
_LONG = 8
_RARE = 2
_FAR_MORE = 20
_BEGINNING = 2


def nearest(searcher: tantivy.Searcher, word: str) -> tuple[str, int]:
    """Return the catalogue's word nearest to ``word`` and in how many descriptions it is; ``("", 0)`` if none is near.

    Words of 4 to 7 letters may differ by one edit, longer ones by two; numbers and shorter words are taken as typed.
    The first two letters are believed, or one of them where they were exchanged: typing errors are rare there, and all
    words of the catalogue need not be looked at.
    """
    if len(word) < _SHORTEST or not word.isalpha():
        return "", 0
    most = 1 if len(word) < _LONG else 2
    best: tuple[int, int, str] | None = None
    for beginning in dict.fromkeys((word[:_BEGINNING], word[_BEGINNING - 1 :: -1])):
        for term, count in searcher.terms_with_prefix("spelt", beginning):
            if term == word or abs(len(term) - len(word)) > most:
                continue
            apart = distance(word, term, most)
            if apart <= most and (best is None or (apart, -count, term) < best):
                best = (apart, -count, term)
    return (best[2], -best[1]) if best else ("", 0)


def is_likelier(count: int, than: int) -> bool:
    """Say whether a word in ``count`` descriptions is worth offering for one that is in ``than``."""
    return than <= _RARE and count >= _FAR_MORE * max(1, than)


def distance(one: str, other: str, most: int) -> int:
    """Return how many letters must be changed, added, dropped or exchanged with a neighbour; ``most`` + 1 if more."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        earlier, before, row = before, row, [place, *([0] * len(other))]
        for column, candidate in enumerate(other, start=1):
            row[column] = min(before[column] + 1, row[column - 1] + 1, before[column - 1] + (letter != candidate))
            exchanged = place > 1 and column > 1 and letter == other[column - 2] and one[place - 2] == candidate
            if exchanged:
                row[column] = min(row[column], earlier[column - 2] + 1)
        if min(row) > most:
            return most + 1
    return row[-1]
