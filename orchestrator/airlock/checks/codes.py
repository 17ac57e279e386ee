"""Tells words of an encoding (base 16, 32, 36, 64, 85) from words, and from codes that health data are full of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from itertools import pairwise

__all__ = ["coded", "coded_shortly", "dense", "is_concept", "turns"]

_FEWEST = 8
_WORD = re.compile(r"[A-Za-z0-9+/]{8,}=*")
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]{8,}=*")
_MIXED = 0.4
"""Changes from which a word with hyphens is base 64 for addresses (RFC 4648, section 5), and no name_of_a_column."""
_GROUPED = re.compile(r"[0-9A-Fa-f]{2,12}([:. -])[0-9A-Fa-f]{2,12}(?:\1[0-9A-Fa-f]{2,12})+")
"""Hexadecimal in groups: an address of hardware, a fingerprint of a key, a universally unique identifier."""
_RARE = frozenset("!#$%&;<>?@^`{|}~\"'\\")
"""Marks of base 85 (RFC 1924, Ascii85, Z85) of which names of variables and terms of models have few."""
_FEWEST_RARE = 5
_DENSE = 0.5
"""Changes between small letters, capitals, digits and marks, for each step, in base 85: 0.73 of them at random."""
_MANY_SHORT = 30
_SHORT_TURNS = 0.26
"""As ``_TURNS``, over all short words of a column together; names of genes have about as many."""
_SHORT_FORMS = 8
_STARTS = 0.08
"""Share of short words that begin with a digit, and with a letter. At random base 64 has 0.16 digits; names of genes,
districts of post and classes of diseases begin with a letter."""
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
    if _WORD.fullmatch(word) or (_GROUPED.fullmatch(word) and any(map(str.isalpha, word))):
        return True
    return _URL_SAFE.fullmatch(word) is not None and len(set(_kinds(word))) == 3 and turns(word, _MIXED)


def coded(words: Collection[str]) -> bool:
    """Say whether most of these different words are of an encoding: eight or more, mixed, and each in its own way.

    Codes of a system (a drug’s 0407010A0) have letters and digits in the same places, whichever the code.
    """
    if dense(words):
        return True
    shaped = [word for word in words if _shaped(word)]
    if len(shaped) < _FEWEST or len(shaped) * 10 < len(words) * 9:
        return False
    made_alike = len({_kinds(word) for word in shaped}) * 4 < len(shaped)
    digits = sum(any(map(str.isdigit, word)) for word in shaped) * 4 >= len(shaped)
    zeros = sum(_ZEROS.search(word) is not None for word in shaped) * 2 >= len(shaped)
    mixed = sum(turns(word) or _ZEROS.search(word) is not None for word in shaped) * 2 >= len(shaped)
    return (zeros or (digits and not made_alike)) and mixed


def dense(words: Collection[str]) -> bool:
    """Say whether most of these different words are of base 85: letters, digits and marks in no order."""
    shaped = [word for word in words if _is_dense(word[:_LOOKED_AT])]
    if len(shaped) < _FEWEST or len(shaped) * 10 < len(words) * 9:
        return False
    made_alike = len({"".join(map(_sort, word[:_LOOKED_AT])) for word in shaped}) * 4 < len(shaped)
    return not made_alike and len(_RARE.intersection("".join(shaped))) >= _FEWEST_RARE


def _is_dense(word: str) -> bool:
    if len(word) < _FEWEST or not word.isascii() or not word.isprintable() or " " in word:
        return False
    sorts = [_sort(letter) for letter in word]
    changes = sum(before != after for before, after in pairwise(sorts))
    return len(set(sorts)) >= 3 and changes >= _DENSE * (len(sorts) - 1)


def _sort(letter: str) -> str:
    return "0" if letter.isdigit() else "a" if letter.islower() else "A" if letter.isupper() else "."


def coded_shortly(words: Collection[str]) -> bool:
    """Say whether these different words of four to seven letters and digits, thirty or more, are of an encoding.

    One alone says nothing. Together they are told from codes of a system by where the digits stand: anywhere.
    """
    if len(words) < _MANY_SHORT:
        return False
    forms = Counter(_kinds(word) for word in words)
    changes = sum(before != after for word in words for before, after in pairwise(_kinds(word)))
    steps = sum(len(word) - 1 for word in words)
    digits = sum(word[0].isdigit() for word in words)
    mixed = changes >= _SHORT_TURNS * steps and len(forms) >= _SHORT_FORMS and max(forms.values()) * 2 <= len(words)
    return mixed and _STARTS * len(words) <= digits <= (1 - _STARTS) * len(words)


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
