"""Cells that a spreadsheet program would run instead of show."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import Places, counted, shown
from orchestrator.airlock.reading.specimen import Specimen

__all__ = ["check", "is_formula"]

_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_HARMLESS = re.compile(
    r"[+\-−]?\s*(?:[\d.,]+(?:[eE][+-]?\d+)?\s*%?|inf|nan|[-–]*)"  # a number, or dashes
    r"(?:\s*[(\[][^=@]*[)\]])?(?:\s*(?:to|[-–])\s*[-+]?[\d.]+)?"  # with an interval or a range
    r"|[-+–]\s+[^\W\d_]+(?:[ ,][^\W\d_]+)*"  # a dash before plain words
    r"|\+\d[\d ()]{6,20}"  # a telephone number
    r"|-log(?:2|10)?\((?:p|q)(?:[ -]?value)?\)",  # a heading of many programs; as a formula it names nothing
    re.IGNORECASE,
)


def is_formula(cell: str) -> bool:
    """Say whether a spreadsheet would run this cell; numbers, negative ones too, and dashes are not formulas."""
    text = cell.lstrip(" ")
    if not text.startswith(_STARTS):
        return False
    return text[0] in "\t\r=@＝＠" or _HARMLESS.fullmatch(text.strip()) is None


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:  # noqa: ARG001 - one interface for all checks
    """Report every cell that begins like a formula, headings included, in every table of the file."""
    found = Places()
    for table in file.tables:
        _look(table, found)
    if found:
        yield found.finding(
            "FORMULA",
            Severity.FLAG,
            f"{counted(found.count, 'cell begins', 'cells begin')} "
            "like a spreadsheet formula, which runs when the file is opened.",
            "Put an apostrophe or a word before it.",
        )


def _look(table: Table, found: Places) -> None:
    for heading in table.columns:
        if is_formula(heading):
            found.add(table.place(f"row {table.first - 1}"))
    try:
        for number, row in table.rows():
            for index, cell in enumerate(row):
                if is_formula(cell):
                    found.add(table.place(f"row {number} {shown(table.column(index), 30)}"))
    except csv.Error:
        pass  # the check of the table's shape reports that it could not be read to the end
