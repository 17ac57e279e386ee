"""Values that carry more than a result says: long digits, long decimals, and words in base 16, 32, 36, 64 or 85.

A result is a few digits that somebody can judge. Whoever wants to take rows out unseen writes them into digits that
nobody reads: three values as one whole number, a record behind the sixth decimal, a column of coded words.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import Places, shown
from orchestrator.airlock.reading.specimen import Specimen

from .codes import coded, coded_shortly, is_concept, turns
from .headings import Role, named
from .hidden_decimals import hidden_decimals
from .long_numbers import DIGITS, READ, ROOM, long_decimals, read_number
from .packed_texts import packed_texts

__all__ = ["check"]

_MOST_PEOPLE = 10**8
"""No count of people of the United Kingdom is larger (67 million live there); sums of money may be."""
_MOST_MONEY = 10**13
_FEWEST = 5
_MANY = 10
"""So many different numbers of eight digits are no counts either: no region has ten million people ten times."""
_SHORT = 8
_SHORTEST = 4
_ENOUGH = 1000
_KEPT = 200
"""Characters of a cell that are looked at again: what a longer one is, these tell."""


@dataclass
class _Seen:
    """What one column holds, as far as it is long."""

    filled: int = 0
    whole: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    mixed: int = 0
    """Cells of four to seven letters and digits, both."""
    short: set[str] = field(default_factory=set)


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report digits and words, in tables and texts, that could carry rows; longer tables are asked about anyway."""
    for table in file.tables:
        yield from _table(table, pack)
    yield from packed_texts(file)


def _table(table: Table, pack: Pack) -> Iterator[Finding]:
    beyond, room, long, count = Places(), 0, 0, 0
    columns = [_Seen() for _ in table.columns]
    try:
        for number, row in islice(table.rows(), pack.maximum_rows):
            count += 1
            for index, cell in enumerate(row):
                if len(cell) < _SHORT:
                    if len(cell) >= _SHORTEST and cell.isalnum() and index < len(columns):
                        _note_short(columns[index], cell)
                    continue
                text, digits, fraction = read_number(cell.strip())
                if digits > DIGITS:
                    beyond.add(f"row {number} {shown(table.column(index))}")
                if fraction and digits > READ:
                    room, long = room + digits - READ, long + 1
                if index < len(columns) and not fraction:
                    _note(columns[index], text, digits)
    except csv.Error:
        pass  # the check of the table's shape reports that it could not be read to the end
    yield from _numbers(table, beyond, room, long)
    for index, seen in enumerate(columns):
        yield from _column(table, index, seen)
        if seen.mixed * 2 >= count and coded_shortly(seen.short):
            yield _coded(table, index, len(seen.short))


def _note(seen: _Seen, cell: str, digits: int) -> None:
    seen.filled += 1
    kept = seen.whole if digits else seen.words
    if len(kept) < _ENOUGH:
        kept.add((cell.lstrip("+-0") if digits else cell)[:_KEPT])


def _note_short(seen: _Seen, cell: str) -> None:
    if not cell.isdigit() and not cell.isalpha() and cell.isascii():
        seen.mixed += 1
        if len(seen.short) < _ENOUGH:
            seen.short.add(cell)


def _numbers(table: Table, beyond: Places, room: int, long: int) -> Iterator[Finding]:
    if beyond.count >= 3:
        yield beyond.finding(
            "PACKED_VALUES",
            Severity.FLAG,
            f"{beyond.count} numbers have more than {DIGITS} significant digits: no program computes so many, "
            "so they may be several values written as one.",
            "Give each value on its own, rounded; say in the context what these numbers are.",
            place=table.where,
        )
    elif room >= ROOM:
        yield long_decimals(table.where or "whole table", long, room)
    elif long and (places := hidden_decimals(table)):
        yield places.finding(
            "LONG_DECIMALS",
            Severity.FLAG,
            f"{places.count} numbers have decimals unlike those of a program: far more than their neighbours have, "
            "behind zeros, or all cut to one length. Rows could be written there.",
            "Round to the digits that the result needs.",
            place=table.where,
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
        yield _coded(table, index, len(seen.words))


def _coded(table: Table, index: int, many: int) -> Finding:
    heading = shown(table.column(index))
    return Finding(
        rule="PACKED_VALUES",
        severity=Severity.FLAG,
        where=table.place(heading),
        message=f"Column “{heading}” holds {many} different words of mixed letters and digits, as encoded data or "
        "pseudonyms look.",
        guidance="Remove them, or write what they stand for.",
    )


def _unrounded(text: str) -> str:
    """Return a rounded number without the zeros that rounding left: what it still says."""
    return text.rstrip("0") if text.endswith("000") else text


def _value(text: str) -> int:
    digits = re.sub(r"[^0-9]", "", text.partition(".")[0])
    return int(digits[:30] or "0")
