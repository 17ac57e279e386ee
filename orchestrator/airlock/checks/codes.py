"""Tells words of an encoding (hexadecimal, base 32, 36, 64) from words, and from codes that health data are full of."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import pairwise

__all__ = ["coded", "is_concept", "turns"]

_FEWEST = 8
_WORD = re.compile(r"[A-Za-z0-9+/]{8,}=*")
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]{8,}=*")
_MIXED = 0.4
"""Changes from which a word with hyphens is base 64 for addresses (RFC 4648, section 5), and no name_of_a_column."""
_LOOKED_AT = 200
_ZEROS = re.compile(r"AA|([A-Z])\1\1")
"""How zeros look in base 32 and base 64; hardly any word has that."""
_TURNS = 0.15
"""Changes between small letters, capitals and digits, for each step. Drawn at random, base 32 has 0.30 of them, base 36
0.40, hexadecimal 0.47 and base 64 0.64, less where small numbers leave many zeros; an area code (E01000001) has 0.12,
a gene (ENSG00000141510) 0.07."""
_MULTIPLY = (
    *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
    *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
)
_SHIFT = (
    *("0123456789", "1576283094", "5803796142", "8916043527"),
    *("9453126870", "4286573901", "2793806415", "7046913258"),
)


def turns(word: str, share: float = _TURNS) -> bool:
    """Say whether letters and digits are mixed in a word as no language mixes them, as far as its start tells."""
    kinds = _kinds(word)
    steps = len(kinds) - 1
    return steps > 0 and sum(before != after for before, after in pairwise(kinds)) >= share * steps


def _kinds(word: str) -> str:
    start = word[:_LOOKED_AT]
    return "".join("0" if each.isdigit() else "a" if each.islower() else "A" for each in start if each.isalnum())


def _shaped(word: str) -> bool:
    if _WORD.fullmatch(word):
        return True
    return _URL_SAFE.fullmatch(word) is not None and len(set(_kinds(word))) == 3 and turns(word, _MIXED)


def coded(words: Collection[str]) -> bool:
    """Say whether most of these different words are of an encoding: eight or more, mixed, and each in its own way.

    Codes of a system (a drug’s 0407010A0) have letters and digits in the same places, whichever the code.
    """
    shaped = [word for word in words if _shaped(word)]
    if len(shaped) < _FEWEST or len(shaped) * 10 < len(words) * 9:
        return False
    made_alike = len({_kinds(word) for word in shaped}) * 4 < len(shaped)
    digits = sum(any(map(str.isdigit, word)) for word in shaped) * 4 >= len(shaped)
    zeros = sum(_ZEROS.search(word) is not None for word in shaped) * 2 >= len(shaped)
    mixed = sum(turns(word) or _ZEROS.search(word) is not None for word in shaped) * 2 >= len(shaped)
    return (zeros or (digits and not made_alike)) and mixed


def is_concept(text: str) -> bool:
    """Say whether a whole number is a SNOMED CT identifier: 6 to 18 digits of which the last is Verhoeff's check digit.

    One random number in ten passes. Source: SNOMED CT Release File Specifications, section 6, check-digit computation.
    """
    if not (text.isascii() and text.isdigit() and 6 <= len(text) <= 18):
        return False
    check = "0"
    for place, digit in enumerate(reversed(text)):
        check = _MULTIPLY[int(check)][int(_SHIFT[place % 8][int(digit)])]
    return check == "0"
