"""Whole numbers as people write them: in figures of any script, and in English words up to ninety-nine."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["NUMBER", "plain_figures", "value_of"]

_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_PHRASES = {"half a dozen": 6, "a half dozen": 6, "a dozen": 12, "a couple of": 2, "a pair of": 2, "a trio of": 3}
_WORDS = (
    {word: number for number, word in enumerate(_ONES + _TEENS)}
    | {word: number * 10 for number, word in enumerate(_TENS, 2)}
    | {f"{ten} {one}": 10 * i + j for i, ten in enumerate(_TENS, 2) for j, one in enumerate(_ONES) if j}
    | _PHRASES
)
_DOTS = {"\u0131": "i", "\u0130": "I"}
"""Turkish letters that a pattern in any case takes for “i”."""
_BLANKS = re.compile(r"[\s‐‑‒–—-]+")

NUMBER = (
    r"(?:(?!0\d)\d{1,7}|"
    rf"(?:{'|'.join(_TENS)})(?:[\s‐‑-](?:{'|'.join(_ONES[1:])}))?|"
    + "|".join(word.replace(" ", r"\s+") for word in sorted({*_PHRASES, *_ONES, *_TEENS}, key=len, reverse=True))
    + ")"
)
"""Pattern of a number after ``plain_figures``, any case; “000” is the end of one in groups, such as 3 000."""


def plain_figures(text: str) -> str:
    """Return ``text``, as long as it was, with the figures of every script written 0 to 9 and blanks as blanks.

    Raised and lowered figures stay: they are marks of notes, units and formulas.
    """
    if text.isascii():
        return text
    return "".join(_plain(character) for character in text)


def _plain(character: str) -> str:
    if character.isascii():
        return character
    digit = unicodedata.digit(character, None)
    if digit is not None and not unicodedata.decomposition(character).startswith(("<super>", "<sub>")):
        return str(digit)
    return _DOTS.get(character, character)


def value_of(number: str) -> int:
    """Return the number that a passage found by ``NUMBER`` says."""
    return int(number) if number.isdigit() else _WORDS[_BLANKS.sub(" ", number.casefold())]
