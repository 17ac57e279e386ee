"""Columns about single persons: dates of birth and death, names, addresses, record identifiers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import Places, shown
from orchestrator.airlock.reading.specimen import Specimen

__all__ = ["check"]

_BIRTH = re.compile(r"(?i)(^|[^a-z])(dob|d\.o\.b|birth|born|birthdate|birthday|dod|date[ _.]?of[ _.]?death)([^a-z]|$)")
_PERSON = re.compile(
    r"(?i)(^|[^a-z])(forename|surname|first[ _]?name|last[ _]?name|family[ _]?name|given[ _]?name|full[ _]?name|"
    r"patient[ _]?(id|name|number)|person[ _]?(id|source[ _]?value)|subject[ _]?id|usubjid|subjid|participant[ _]?id|"
    r"nhs[ _]?(no|num|number)|chi[ _]?number|hospital[ _]?number|mrn|address|phone|telephone|mobile|pseudo[ _]?id)"
    r"([^a-z]|$)"
)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    r"(?i)(?:(?:1[89]|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/. ](?:0?[1-9]|1[0-2]|(?:" + _MONTHS + r")[a-z]*)[-/. ](?:(?:1[89]|20)\d\d|\d\d)"
    r"|(?:1[89]|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?:[T ]\d\d:\d\d.*)?"
)
_YEAR = re.compile(r"(?:1[89]|20)\d\d(?:\.0)?")
_MANY = 20


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:  # noqa: ARG001 - one interface for all checks
    """Report columns that describe persons one by one: by their heading and by what they hold."""
    for table in file.tables:
        yield from _table(table)


def _table(table: Table) -> Iterator[Finding]:
    dates: list[set[str]] = [set() for _ in table.columns]
    birth = [Places() for _ in table.columns]
    held = [0 for _ in table.columns]
    years = [0 for _ in table.columns]
    try:
        for number, row in table.rows():
            for index, cell in enumerate(row[: len(table.columns)]):
                value = cell.strip()
                held[index] += bool(value)
                years[index] += _YEAR.fullmatch(value) is not None
                if value and _DATE.fullmatch(value):
                    birth[index].add(f"row {number}")
                    if len(dates[index]) < 1000:
                        dates[index].add(value)
    except csv.Error:
        pass  # the check of the table's shape reports that it could not be read to the end
    for index, heading in enumerate(table.columns):
        yield from _column(
            table, index, heading, birth[index], distinct=len(dates[index]), held=held[index], years=years[index]
        )


def _column(
    table: Table, index: int, heading: str, found: Places, *, distinct: int, held: int, years: int
) -> Iterator[Finding]:
    place = table.place(f"column “{shown(table.column(index))}”")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", heading)
    if _BIRTH.search(words) and held:
        only_years = not found and years == held
        yield Finding(
            rule="DATE_OF_BIRTH" if found else "BIRTH_COLUMN",
            severity=Severity.NOTE if only_years else Severity.FLAG,
            where=place,
            message=f"The column is about birth or death and holds {found.count} full dates.",
            guidance="Release ages in bands.",
        )
    elif found.count >= _MANY and distinct >= _MANY and found.count * 2 >= held:
        yield Finding(
            rule="DATE_COLUMN",
            severity=Severity.NOTE,
            where=place,
            message=f"{found.count} full dates, {distinct} of them different.",
            guidance="Dates of single events can point to persons.",
        )
    if _PERSON.search(words) and held:
        yield Finding(
            rule="PERSON_COLUMN",
            severity=Severity.FLAG,
            where=place,
            message="The heading names persons one by one.",
            guidance="Release aggregates, without identifiers or names.",
        )
