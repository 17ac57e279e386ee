"""Values that carry more than a result says: long digits, long decimals, and words in base 16, 32, 36 or 64.

A result is a few digits that somebody can judge. Whoever wants to take rows out unseen writes them into digits that
nobody reads: three values as one whole number, a record behind the sixth decimal, a column of coded words.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from unicodedata import decimal

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import Places, shown
from orchestrator.airlock.reading.specimen import Specimen

from .codes import coded, is_concept, turns
from .headings import Role, named

__all__ = ["check"]

_DIGITS = 17
"""No number that a program computed in 64 bits has more significant digits (IEEE 754, binary64)."""
_READ = 9
"""Significant digits up to here are taken as what a result says; those beyond could carry anything."""
_ROOM = 400
"""Digits beyond ``_READ`` in one table from which they hold some forty rows of 33 bits; tuned on the open corpus."""
_MOST_PEOPLE = 10**8
"""No count of people of the United Kingdom is larger (67 million live there); sums of money may be."""
_MOST_MONEY = 10**13
_FEWEST = 5
_MANY = 10
"""So many different numbers of eight digits are no counts either: no region has ten million people ten times."""
_SHORT = 8
_NUMBER = re.compile(r"[+-]?([0-9][0-9,]*)?(\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
_DRESSED = re.compile(
    r"[^\w.+-]{0,4}([+-]?(?:\d{1,3}([ '’_.\-\u00a0\u2009\u202f])\d{3}(?:\2\d{3})+|\d[\d,]*(?:\.\d*)?))"
    r"\s?[^\W\d_]{0,6}\W{0,4}"
)
"""A number with a sign of money, a unit or a mark around it, parted otherwise than by commas, or in other digits."""
_ENOUGH = 1000
_KEPT = 200
"""Characters of a cell that are looked at again: what a longer one is, these tell."""
_LONG = re.compile(r"(?<![\w.])(?:\d{12,}|\d+\.\d{8,})(?![\w.])")
_WORD = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{12,}=*(?![A-Za-z0-9+/=])")
_TEXTS = frozenset({"text", "markdown", "code", "json", "notebook", "html"})
_MANY_WORDS = 8


@dataclass
class _Seen:
    """What one column holds, as far as it is long."""

    filled: int = 0
    whole: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report digits and words, in tables and texts, that could carry rows; longer tables are asked about anyway."""
    for table in file.tables:
        yield from _table(table, pack)
    if file.kind in _TEXTS:
        yield from _texts(file)


def _table(table: Table, pack: Pack) -> Iterator[Finding]:
    beyond, room, long = Places(), 0, 0
    columns = [_Seen() for _ in table.columns]
    try:
        for number, row in islice(table.rows(), pack.maximum_rows):
            for index, cell in enumerate(row):
                if len(cell) < _SHORT:
                    continue
                text, digits, fraction = _read(cell.strip())
                if digits > _DIGITS:
                    beyond.add(f"row {number} {shown(table.column(index))}")
                if fraction and digits > _READ:
                    room, long = room + digits - _READ, long + 1
                if index < len(columns) and not fraction:
                    _note(columns[index], text, digits)
    except csv.Error:
        pass  # the check of the table's shape reports that it could not be read to the end
    yield from _numbers(table, beyond, room, long)
    for index, seen in enumerate(columns):
        yield from _column(table, index, seen)


def _note(seen: _Seen, cell: str, digits: int) -> None:
    seen.filled += 1
    kept = seen.whole if digits else seen.words
    if len(kept) < _ENOUGH:
        kept.add((cell.lstrip("+-0") if digits else cell)[:_KEPT])


def _read(text: str) -> tuple[str, int, bool]:
    """Return a text, as a plain number where it is one, with its significant digits and whether it has a fraction."""
    digits, fraction = _significant(text)
    if not digits and (found := _DRESSED.fullmatch(text)):
        text = found[1].replace(found[2], "") if found[2] else found[1]
        if not text.isascii():
            text = "".join(str(decimal(each)) if each.isdecimal() else each for each in text)
        digits, fraction = _significant(text)
    return text, digits, fraction


def _significant(text: str) -> tuple[int, bool]:
    """Return how many significant digits a number has, 0 for what is none, and whether it has a fraction."""
    found = _NUMBER.fullmatch(text)
    if found is None or not (found[1] or found[2]):
        return 0, False
    whole, fraction = (found[1] or "").replace(",", ""), (found[2] or ".")[1:].rstrip("0")
    digits = (whole + fraction).lstrip("0")
    return len(digits if fraction else digits.rstrip("0")), bool(fraction)


def _numbers(table: Table, beyond: Places, room: int, long: int) -> Iterator[Finding]:
    if beyond.count >= 3:
        yield beyond.finding(
            "PACKED_VALUES",
            Severity.FLAG,
            f"{beyond.count} numbers have more than {_DIGITS} significant digits: no program computes so many, "
            "so they may be several values written as one.",
            "Give each value on its own, rounded; say in the context what these numbers are.",
            place=table.where,
        )
    elif room >= _ROOM:
        yield _long_decimals(table.where or "whole table", long, room)


def _long_decimals(where: str, long: int, room: int) -> Finding:
    return Finding(
        rule="LONG_DECIMALS",
        severity=Severity.FLAG,
        where=where,
        message=f"{long:,} numbers have more than {_READ} significant digits, {room:,} digits in all that nobody "
        "reads: rows could be written there.",
        guidance="Round to the digits that the result needs.",
    )


def _column(table: Table, index: int, seen: _Seen) -> Iterator[Finding]:
    heading = shown(table.column(index))
    most = _MOST_MONEY if named(table.column(index)) is Role.SUM else _MOST_PEOPLE
    large = [each for each in seen.whole if _value(_unrounded(each)) >= most // 10]
    larger = sum(_value(each) >= most for each in large)
    numbered = named(table.column(index)) is Role.IDENTIFIER  # concepts of OMOP have eight digits, and no check digit
    enough = larger >= _FEWEST or (len(large) >= _MANY and not numbered)
    if enough and len(large) * 2 >= len(seen.whole) and not all(map(is_concept, large)):
        yield Finding(
            rule="PACKED_VALUES",
            severity=Severity.FLAG,
            where=table.place(heading),
            message=f"{len(large)} different whole numbers of column “{heading}” are larger than counts of people in "
            "one table are: they may be several values written as one, or numbers of persons.",
            guidance="Give each value on its own; say in the context what these numbers are.",
        )
    if coded(seen.words) or any(len(word) >= 100 and turns(word) for word in seen.words if word.isalnum()):
        yield Finding(
            rule="PACKED_VALUES",
            severity=Severity.FLAG,
            where=table.place(heading),
            message=f"Column “{heading}” holds {len(seen.words)} different words of mixed letters and digits, as "
            "encoded data or pseudonyms look.",
            guidance="Remove them, or write what they stand for.",
        )


def _unrounded(text: str) -> str:
    """Return a rounded number without the zeros that rounding left: what it still says."""
    return text.rstrip("0") if text.endswith("000") else text


def _value(text: str) -> int:
    digits = re.sub(r"[^0-9]", "", text.partition(".")[0])
    return int(digits[:30] or "0")


def _texts(file: Specimen) -> Iterator[Finding]:
    texts = [file.text] if file.text is not None else [each.text for each in file.texts]
    numbers = {number for text in texts for number in _LONG.findall(text)}
    long = [_read(number) for number in numbers]
    beyond = [number for number, digits, fraction in long if digits > _DIGITS or (digits >= _SHORT and not fraction)]
    room = sum(digits - _READ for _, digits, fraction in long if fraction and digits > _READ)
    if len(beyond) >= _FEWEST or any(len(number) >= 3 * _DIGITS for number in beyond):
        yield Finding(
            rule="PACKED_VALUES",
            severity=Severity.FLAG,
            where="whole file",
            message=f"{len(beyond)} different numbers of the text are longer than what a program counts or computes: "
            "they may be several values written as one.",
            guidance="Give each value on its own, rounded; say in the context what these numbers are.",
        )
    elif room >= _ROOM:
        yield _long_decimals("whole file", len(long), room)
    found = (match[0] for text in texts for match in _WORD.finditer(text))
    words = set(islice((word for word in found if turns(word) or "AA" in word), _ENOUGH))
    if file.kind != "code" and len(words) >= _MANY_WORDS and coded(words):
        yield Finding(
            rule="PACKED_VALUES",
            severity=Severity.FLAG,
            where="whole file",
            message=f"{len(words)} different words of mixed letters and digits stand in the text, as encoded data do.",
            guidance="Remove them, or write what they stand for.",
        )
