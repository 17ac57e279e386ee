"""What one cell of a table states: a number, a count in any digits or spelling, a share beside it, or a mask."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Cell", "read", "spelt", "whole_number"]

_SPACES = "    "
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[,'" + _SPACES + r"]\d{3})+(?:\.\d*)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d{1,2}")
_MIDDLE_DOT = re.compile(r"(?<=\d)·(?=\d)")
_BRACKETS = re.compile(r"(.{1,30}?)\s*[(\[]\s*([<>≤≥~]?\s*[^()\[\]]{1,30}?)\s*[)\]]\s*(%?)")
_OUT_OF = re.compile(r"(.{1,20}?)\s*(?:/|\bof\b|\bout of\b)\s*(.{1,20})", re.IGNORECASE)
_LABELLED = re.compile(r"(?:n|no\.?|count)\s*[=:]\s*(.{1,20})", re.IGNORECASE)
_PEOPLE = re.compile(
    r"(.{1,24}?)\s+(?:patients?|people|persons?|individuals?|subjects?|participants?|women|woman|men|man|children|child|"
    r"cases?|deaths?|events?)",
    re.IGNORECASE,
)
_BELOW = re.compile(r"(<|≤|<=|⩽|under|below|less than|fewer than|up to|at most)\s*(\d+)", re.IGNORECASE)
_BETWEEN = re.compile(r"(\d+)\s*(?:-|–|—|to)\s*(\d+)", re.IGNORECASE)
_MARK = re.compile(
    r"\*+|†+|[cszxu:#.]|\.\.+|-+|–|—|\[?\(?(?:redacted|suppressed|supp|masked|withheld|hidden|low|c|z|x|s|na|nan|n/a|null|none|"
    r"missing)\)?\]?",
    re.IGNORECASE,
)
_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_SMALL = (*_UNITS.split(" "), "seventeen", "eighteen", "nineteen")
_TENS = {
    f"{word}ty": 10 * tens
    for tens, word in enumerate(["twen", "thir", "for", "fif", "six", "seven", "eigh", "nine"], start=2)
}
_SPELT = {word: number for number, word in enumerate(_SMALL)} | _TENS | {"nil": 0}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as read. Every field is ``None`` or false where the cell does not say that."""

    number: float | None = None
    """The number that the whole cell states, or the first of two (“7 (3.1%)”)."""
    count: int | None = None
    """That number where it is whole and not negative: what could count people."""
    share: float | None = None
    """A percentage written in the cell, in percent: 3.1 for “7 (3.1%)” and for “3.1%”."""
    denominator: int | None = None
    """The second number of “7/226”."""
    least: int | None = None
    """The bounds that a mask states: “<10” is from 0 to 9, “1-4” from 1 to 4."""
    most: int | None = None
    mark: bool = False
    """A word or sign that stands where a number was taken out."""
    words: bool = False
    """Anything else: a label."""

    @property
    def masked(self) -> bool:
        """Say whether a number was taken out or replaced by bounds here."""
        return self.mark or self.most is not None


_EMPTY = Cell()
_WORDS = Cell(words=True)


@lru_cache(maxsize=65_536)
def read(text: str) -> Cell:
    """Read one cell; never raises. Digits of every script count as digits, and so do English number words."""
    text = text.strip()
    if not text:
        return _EMPTY
    found = _number(text)
    if found is not None:
        return _of(found)
    if len(text) > 80:
        return _WORDS
    if len(text) == 1 and (value := unicodedata.numeric(text, None)) is not None:
        return _of(value)
    plain = unicodedata.normalize("NFKC", _MIDDLE_DOT.sub(".", text)).strip().strip("'\"*†‡§~≈ ").replace("−", "-")
    if not plain or _MARK.fullmatch(plain):
        return Cell(mark=True)
    return _percent(plain) or _bounds(plain) or _composed(plain) or _WORDS


def _of(number: float, share: float | None = None, denominator: int | None = None) -> Cell:
    return Cell(number=number, count=_whole(number), share=share, denominator=denominator)


def _whole(number: float) -> int | None:
    if number < 0 or not math.isfinite(number) or number > 1e15:
        return None
    nearest = round(number)
    return nearest if abs(number - nearest) < 1e-6 else None


def _number(text: str) -> float | None:
    if _PLAIN.fullmatch(text):
        return float(text)
    if _GROUPED.fullmatch(text):
        return float(re.sub(r"[^\d.+-]", "", text))
    return float(text.replace(",", ".")) if _DECIMAL_COMMA.fullmatch(text) else None


def _percent(text: str) -> Cell | None:
    if not text.endswith("%"):
        return None
    share = _number(text[:-1].strip())
    return None if share is None else Cell(share=share)


def _bounds(text: str) -> Cell | None:
    found = _BELOW.fullmatch(text)
    if found:
        most = int(found.group(2)) - (found.group(1).casefold() not in {"≤", "<=", "⩽", "up to", "at most"})
        return Cell(least=0, most=most)
    found = _BETWEEN.fullmatch(text)
    if found and int(found.group(1)) < int(found.group(2)):
        return Cell(least=int(found.group(1)), most=int(found.group(2)), words=True)
    return None


def _composed(text: str) -> Cell | None:
    """Read a count with something beside it: “7 (3.1%)”, “3.1% (7)”, “7/226”, “n=7”, “7 patients”, “seven”."""
    simple = _simple(text)
    if simple is not None:
        return _of(simple)
    found = _BRACKETS.fullmatch(text)
    if found:
        return _bracketed(*found.groups())
    found = _OUT_OF.fullmatch(text)
    if found:
        part, whole = _simple(found.group(1)), _simple(found.group(2))
        if part is not None and whole is not None:
            return _of(part, denominator=_whole(whole))
    for pattern in (_LABELLED, _PEOPLE):
        found = pattern.fullmatch(text)
        value = _simple(found.group(1)) if found else None
        if value is not None:
            return _of(value)
    return None


def _simple(text: str) -> float | None:
    text = text.strip()
    if text[:1] in "([" and text[-1:] in ")]":
        text = text[1:-1].strip()
    found = _number(text)
    if found is not None:
        return found
    word = spelt(text)
    return None if word is None else float(word)


def _bracketed(outside: str, inside: str, sign: str) -> Cell | None:
    first, second = read(outside), read(inside + sign)
    beside = second.share if second.share is not None else second.number
    if first.number is not None and beside is not None:
        return _of(first.number, share=beside, denominator=second.denominator)
    if first.number is not None:
        if any(character.isdigit() for character in inside):
            return Cell(number=first.number)  # an interval beside an estimate: no count
        return _of(first.number)
    if first.share is not None and second.number is not None:
        return _of(second.number, share=first.share, denominator=second.denominator)
    if first.masked and not first.words:
        return Cell(mark=first.mark, least=first.least, most=first.most, share=beside)
    return None


def spelt(text: str) -> int | None:
    """Return the number that English words state, from zero to ninety-nine, or nothing."""
    words = re.split(r"[\s-]+", text.strip().casefold())
    if len(words) == 1:
        return _SPELT.get(words[0])
    if len(words) == 2 and words[0] in _TENS and 1 <= _SPELT.get(words[1], 0) <= 9:
        return _TENS[words[0]] + _SPELT[words[1]]
    return None


def whole_number(cell: str) -> int | None:
    """Return the count a cell states (``7``, ``1,204``, ``7.0``, ``7 (3.1%)``, ``seven``), or nothing."""
    return read(cell).count
