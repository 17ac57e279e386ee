"""Rows written into the words of a text or a log: long numbers, and words of an encoding, whatever parts them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.reading.specimen import Specimen

from .codes import coded, dense, turns
from .long_numbers import DIGITS, READ, ROOM, long_decimals, read_number

__all__ = ["packed_texts"]

_FEWEST = 5
_SHORT = 8
_ENOUGH = 1000
_CUT = 10
_CUT_AT = 13
_LONG = re.compile(r"(?<![\w.])(?:\d{12,}|\d+\.\d{8,})(?![\w.])")
_WORD = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{12,}=*(?![A-Za-z0-9+/=])")
_TEXTS = frozenset({"text", "markdown", "code", "json", "notebook", "html"})
_MANY_WORDS = 8
_GROUPED = re.compile(r"(?<!\w)[0-9A-Fa-f]{2,4}([:. -])[0-9A-Fa-f]{2,4}(?:\1[0-9A-Fa-f]{2,4}){2,14}(?!\w)")
"""A longer run is several words of sixteen groups."""
_DENSE = re.compile(r"(?<!\S)[!-~]{12,200}")
"""In prose only: code and markup are full of marks."""
_PROSE = frozenset({"text", "markdown"})


def packed_texts(file: Specimen) -> Iterator[Finding]:
    """Report long numbers and words of an encoding in a text."""
    if file.kind not in _TEXTS:
        return
    texts = [file.text] if file.text is not None else [each.text for each in file.texts]
    yield from _numbers(texts)
    words = set() if file.kind == "code" else _words(file.kind, texts)
    if words:
        yield Finding(
            rule="PACKED_VALUES",
            severity=Severity.FLAG,
            where="whole file",
            message=f"{len(words)} different words of mixed letters and digits stand in the text, as encoded data do.",
            guidance="Remove them, or write what they stand for.",
        )


def _words(kind: str, texts: Sequence[str]) -> set[str]:
    """Return words of the first encoding of which there are enough."""
    plain = _matches(_WORD, texts)
    words = set(islice((word for word in plain if turns(word) or "AA" in word), _ENOUGH))
    if len(words) >= _MANY_WORDS and coded(words):
        return words
    words = set(islice(filter(turns, _matches(_GROUPED, texts)), _ENOUGH))
    if len(words) >= _MANY_WORDS and coded(words):
        return words
    if kind in _PROSE:
        words = set(islice((word for word in _matches(_DENSE, texts) if _all_sorts(word)), _ENOUGH))
        if len(words) >= _MANY_WORDS and dense(words):
            return words
    return set()


def _matches(pattern: re.Pattern[str], texts: Iterable[str]) -> Iterator[str]:
    return (match[0] for text in texts for match in pattern.finditer(text))


def _all_sorts(word: str) -> bool:
    tests = (str.isdigit, str.islower, str.isupper, lambda letter: not letter.isalnum())
    return all(any(map(test, word)) for test in tests)


def _cut(numbers: Collection[str]) -> bool:
    """Say whether decimals were cut to one length that no program prints of itself; ten of a loss are usual."""
    decimals = {len(number.partition(".")[2]) for number in numbers if "." in number}
    return len(decimals) == 1 and min(decimals) >= _CUT_AT and sum("." in number for number in numbers) >= _CUT


def _numbers(texts: Sequence[str]) -> Iterator[Finding]:
    numbers = {number for text in texts for number in _LONG.findall(text)}
    long = [read_number(number) for number in numbers]
    beyond = [number for number, digits, fraction in long if digits > DIGITS or (digits >= _SHORT and not fraction)]
    room = sum(digits - READ for _, digits, fraction in long if fraction and digits > READ)
    if len(beyond) >= _FEWEST or any(len(number) >= 3 * DIGITS for number in beyond):
        yield Finding(
            rule="PACKED_VALUES",
            severity=Severity.FLAG,
            where="whole file",
            message=f"{len(beyond)} different numbers of the text are longer than what a program counts or computes: "
            "they may be several values written as one.",
            guidance="Give each value on its own, rounded; say in the context what these numbers are.",
        )
    elif room >= ROOM or _cut(numbers):
        yield long_decimals("whole file", len(long), room)
