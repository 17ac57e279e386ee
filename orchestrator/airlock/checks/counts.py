"""Small counts: a whole number from 1 to below the threshold, in anything that may count people."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack

from .findings import Places, shown
from .specimen import Specimen, Table

__all__ = ["check", "whole_number"]

_WHOLE = re.compile(r"[+]?(\d{1,3}(?:[,   ]\d{3})+|\d+)(?:\.0*)?")
_WITH_SHARE = re.compile(r"(\S+)\s*[(\[]\s*[<>≤≥~]?\s*\d[\d.,]*\s*%?\s*[)\]]\s*%?")
_WITH_N = re.compile(r"(?i)\bn\s*=\s*(\d[\d,]*)")
_BELOW = re.compile(r"[<≤]\s*(\d+)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")
_COUNTING = re.compile(
    r"(?i)(^|[^a-z])(n|no|num|number|count|counts|freq|frequency|total|sum|all|cases|events|deaths|died|patients|people|"
    r"persons|subjects|participants|women|men|female|females|male|males|children|obs|observations|records|at[ _.]?risk|"
    r"admissions|denominator|numerator|size|missing|excluded|censored|observed|entrance|removed)([^a-z]|$)"
)
_NOT_COUNTING = re.compile(
    r"(?i)(^|[^a-z])(year|years|age|month|months|day|days|week|weeks|quarter|hour|id|index|rank|order|decile|quintile|"
    r"quartile|tertile|percentile|group|band|grade|stage|class|cluster|code|level|step|iteration|fold|seed|version|"
    r"lag|df|dof|model|visit|score|bin|from|to|lower|upper|min|max|duration|time)([^a-z]|$)"
)
_TOTAL = re.compile(r"(?i)\b(total|all|overall|sum|margin)\b")
_IN_WORDS = re.compile(
    r"(?i)\b(?:n\s*=\s*(\d[\d,]*)|(\d[\d,]*|one|two|three|four|five|six|seven|eight|nine)\s+(?:\w+\s+)?"
    r"(?:patients?|people|persons?|individuals?|subjects?|participants?|women|woman|men|man|children|child|cases?|deaths?))\b"
)
_DIGITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SPELT = {word: number for number, word in enumerate(_DIGITS, start=1)}
_GUIDANCE = "Suppress or merge these cells, and check that totals do not give them back."


def whole_number(cell: str) -> int | None:
    """Return the count a cell states (``7``, ``1,204``, ``7.0``, ``7 (3.1%)``), or nothing."""
    text = cell.strip().strip("*†‡ ")
    shared = _WITH_SHARE.fullmatch(text)
    found = _WHOLE.fullmatch(shared.group(1) if shared else text)
    return None if found is None else int(re.sub(r"\D", "", found.group(1)))


@dataclass
class _Column:
    """What one column holds, seen over every row."""

    whole: int = 0
    other_numbers: int = 0
    words: int = 0
    zeros: int = 0
    small: Places = field(default_factory=Places)
    below: Places = field(default_factory=Places)
    totals: Places = field(default_factory=Places)
    rising: bool = True
    last: int | None = None

    def see(self, place: str, cell: str, threshold: int, *, total_row: bool) -> None:
        """Note one cell."""
        count = whole_number(cell)
        if count is not None:
            self.whole += 1
            self.rising = self.rising and (self.last is None or count > self.last)
            self.last = count
            self.zeros += count == 0
            if 1 <= count < threshold:
                (self.totals if total_row else self.small).add(place)
        elif _NUMBER.fullmatch(cell.strip()):
            self.other_numbers += 1
        elif cell.strip():
            self.words += 1
        stated = _BELOW.fullmatch(cell.strip())
        if stated and int(stated.group(1)) < threshold:
            self.below.add(place)


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report small counts in tables, JSON and text; zeros are noted, because they can say something of everybody."""
    if file.table is not None:
        yield from _table(file.table, pack.minimum_count)
    elif file.json is not None:
        yield from _json(file.json, pack.minimum_count)
    elif file.text is not None:
        yield from _text(file.text, pack.minimum_count)


def _table(table: Table, threshold: int) -> Iterator[Finding]:
    columns = [_Column() for _ in table.columns]
    labels = Places()
    _labelled(labels, "row 1", table.columns, threshold)
    try:
        for number, row in table.rows():
            _labelled(labels, f"row {number}", row, threshold)
            total_row = bool(row and _TOTAL.search(row[0]))
            for index, cell in enumerate(row):
                while index >= len(columns):
                    columns.append(_Column())
                columns[index].see(f"row {number}", cell, threshold, total_row=total_row)
    except csv.Error:
        pass  # the check of the table's shape reports that it could not be read to the end
    if labels:
        yield labels.finding(
            "SMALL_COUNT", Severity.FLAG, f"{labels.count} labels state an n below {threshold}.", _GUIDANCE
        )
    for index, column in enumerate(columns):
        if _may_count(table, index, column):
            yield from _column(table.column(index), column, threshold)


def _labelled(labels: Places, place: str, cells: Iterable[str], threshold: int) -> None:
    for cell in cells:
        for match in _WITH_N.finditer(cell):
            if 1 <= int(match.group(1).replace(",", "")) < threshold:
                labels.add(place)


def _may_count(table: Table, index: int, column: _Column) -> bool:
    heading = table.columns[index] if index < len(table.columns) else ""
    if _COUNTING.search(heading):
        return column.whole > 0 or bool(column.below)
    if index == 0 and column.rising and column.whole and not column.words:
        return False  # row numbers, ages, years: each value once, in order
    if _NOT_COUNTING.search(heading):
        return False
    return (column.whole > 0 and column.other_numbers <= column.zeros) or bool(column.below)


def _column(name: str, column: _Column, threshold: int) -> Iterator[Finding]:
    place = f"column “{shown(name)}”"
    if column.small:
        yield column.small.finding(
            "SMALL_COUNT",
            Severity.FLAG,
            f"{column.small.count} cells may be counts from 1 to {threshold - 1}.",
            _GUIDANCE,
            place=place,
        )
    if column.totals:
        yield column.totals.finding(
            "SMALL_TOTAL", Severity.FLAG, f"{column.totals.count} totals are below {threshold}.", _GUIDANCE, place=place
        )
    if column.below:
        yield column.below.finding(
            "WEAK_MASK",
            Severity.FLAG,
            f"{column.below.count} cells are masked at less than the threshold of {threshold}.",
            _GUIDANCE,
            place=place,
        )
    if column.zeros:
        yield Finding(
            rule="ZERO_COUNT",
            severity=Severity.NOTE,
            where=place,
            message=f"{column.zeros} cells are zero.",
            guidance="A zero can say something of everybody in a group; ask whether it is structural.",
        )


def _json(value: Any, threshold: int) -> Iterator[Finding]:
    small = Places()
    waiting: list[tuple[str, str, Any]] = [("$", "", value)]
    while waiting:
        place, key, item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend((f"{place}.{shown(str(name), 30)}", str(name), inner) for name, inner in item.items())
        elif isinstance(item, list):
            waiting.extend((f"{place}[{index}]", key, inner) for index, inner in enumerate(item))
        elif not isinstance(item, bool) and not _NOT_COUNTING.search(key):
            count = int(item) if isinstance(item, int | float) and item == item // 1 else None
            count = whole_number(item) if isinstance(item, str) else count
            if count is not None and 1 <= count < threshold:
                small.add(place)
    if small:
        yield small.finding(
            "SMALL_COUNT", Severity.FLAG, f"{small.count} values may be counts from 1 to {threshold - 1}.", _GUIDANCE
        )


def _text(text: str, threshold: int) -> Iterator[Finding]:
    small = Places()
    for number, line in enumerate(text.split("\n"), start=1):
        for match in _IN_WORDS.finditer(line):
            stated = (match.group(1) or match.group(2)).casefold()
            count = _SPELT.get(stated) or int(stated.replace(",", "") or 0)
            if 1 <= count < threshold:
                small.add(f"line {number}")
    if small:
        yield small.finding(
            "SMALL_COUNT", Severity.FLAG, f"{small.count} passages state a count below {threshold}.", _GUIDANCE
        )
