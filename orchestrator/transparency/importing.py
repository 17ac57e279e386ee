"""Reads registers that custodians kept elsewhere: sheets with the specification's columns, as CSV or XLSX.

Two headings are in use, the specification's 32 and the Gateway's sheet of 31 (it lacks the field on new assets). Names
of people are left out: who stood in an older register has not agreed to stand in this one.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from orchestrator.core.errors import Invalid
from orchestrator.core.plain_language import MOST_WORDS
from orchestrator.core.register_fields import FIELDS, Field, Kind
from orchestrator.core.register_values import LONGEST, chosen

from .model import Refusal, Row

__all__ = ["LARGEST", "read_register"]

LARGEST = 10 * 1024 * 1024
"""Bytes of a file; the largest published registers have a tenth of it."""
_MOST_ROWS = 20_000
_MOST_UNPACKED = 200 * 1024 * 1024
_HEADINGS_WITHIN = 10
"""Rows in which the headings are looked for: sheets begin with titles and notes."""
_FEWEST_HEADINGS = 4
_ALIASES = {
    "organisationname": "organisation_name",
    "applicantname": "applicant_names",
    "applicantnames": "applicant_names",
    "funderssponsors": "funders",
    "projectidnumber": "project_id",
    "datasetname": "datasets",
    "datasetsname": "datasets",
    "linktoresearchoutput": "outputs",
    "sublicencearrangements": "sub_licence",
}
_EXCEL_BEGINS = date(1899, 12, 30)
_BRITISH = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


def read_register(content: bytes, *, name: str) -> tuple[list[Row], list[Refusal]]:
    """Return the lines that can be taken and, for every other, what is wrong with it.

    Raises ``Invalid`` when the file is no such register at all: too large, unreadable, without its headings.
    """
    if len(content) > LARGEST:
        raise Invalid(f"{name} is larger than {LARGEST // 1024 // 1024} MiB; split the register.", field="file")
    lines = _workbook(content, name) if content[:4] == b"PK\x03\x04" else _delimited(content, name)
    reading = _Reading()
    columns: Mapping[int, Field] | None = None
    for number, cells in enumerate(lines, 1):
        if number > _MOST_ROWS:
            raise Invalid(f"{name} has more than {_MOST_ROWS:,} lines; split the register.", field="file")
        if columns is None:
            columns = _columns(cells, number, name)
        elif any(str(cell).strip() for cell in cells if cell is not None):
            reading.take(number, *_row(number, cells, columns))
    if columns is None:
        raise Invalid(f"{name} is empty; a register begins with its headings.", field="file")
    return reading.rows, reading.refused


class _Reading:
    """What was taken of a file so far."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.refused: list[Refusal] = []
        self._seen: dict[str, int] = {}

    def take(self, number: int, row: Row | None, wrong: Sequence[Refusal]) -> None:
        """Keep a line, or what is wrong with it; the second line on one project is refused."""
        if row is None:
            self.refused.extend(wrong)
        elif row.key in self._seen:
            message = f"It is about the same project as line {self._seen[row.key]}; keep one of them."
            self.refused.append(Refusal(row=number, field="Project ID", message=message))
        else:
            self._seen[row.key] = number
            self.rows.append(row)


def _row(number: int, cells: Sequence[Any], columns: Mapping[int, Field]) -> tuple[Row | None, list[Refusal]]:
    fields: dict[str, str] = {}
    notes: list[str] = []
    wrong: list[Refusal] = []
    for place, field in columns.items():
        cell = cells[place] if place < len(cells) else None
        try:
            value = _value(field, cell)
        except Invalid as problem:
            wrong.append(Refusal(row=number, field=field.title, message=problem.message))
            continue
        if field.personal:
            notes += ["the names or numbers of people were left out"] if value else []
        elif value:
            fields[field.key] = value
    for field in FIELDS:
        said = any(each.field == field.title for each in wrong)
        if field.recommended and field.key not in fields and not said:
            wrong.append(Refusal(row=number, field=field.title, message=f"“{field.title}” is empty; fill it."))
    if wrong:
        return None, wrong
    words = len(fields["lay_summary"].split())
    if words > MOST_WORDS:
        notes.append(f"the lay summary has {words} words; the specification allows {MOST_WORDS}")
    return Row(number=number, key=_key(fields), fields=fields, notes=tuple(dict.fromkeys(notes))), []


def _key(fields: Mapping[str, str]) -> str:
    """Return what stays the same when a line is written anew: the project's number, or its title and organisation."""
    named = fields.get("project_id") or f"{fields['title']}\n{fields['organisation_name']}"
    return hashlib.sha256(" ".join(named.casefold().split()).encode("utf-8", "surrogatepass")).hexdigest()


def _value(field: Field, cell: Any) -> str:
    if cell is None:
        return ""
    if field.kind is Kind.DAY:
        return _day(field, cell)
    text = _text(cell)
    if len(text) > LONGEST:
        raise Invalid(f"“{field.title}” is longer than {LONGEST:,} characters; shorten it.", field=field.key)
    if field.kind is Kind.CHOICE and text:
        found = chosen(field, text)
        if found is None:
            raise Invalid(
                f"“{text[:60]}” is no choice of “{field.title}”. Choose one of: {'; '.join(field.choices)}.",
                field=field.key,
            )
        return found
    return text


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).replace("\r\n", "\n").replace("\r", "\n").strip()
    return "".join(letter for letter in text if ord(letter) >= 32 or letter in "\n\t")


def _day(field: Field, cell: Any) -> str:
    """Return a day: ISO 8601, a British day, a date of a workbook, or the number that workbooks keep for one."""
    if isinstance(cell, datetime | date):
        return (cell.date() if isinstance(cell, datetime) else cell).isoformat()
    text = _text(cell)
    if not text:
        return ""
    try:
        if text.isdigit() and len(text) == 5:
            return (_EXCEL_BEGINS + timedelta(days=int(text))).isoformat()
        if british := _BRITISH.fullmatch(text):
            return date(int(british[3]), int(british[2]), int(british[1])).isoformat()
        return date.fromisoformat(text[:10] if text[10:11] in ("T", " ") else text).isoformat()
    except ValueError:
        message = f"“{text[:40]}” is no day; write it as 2027-03-31."
        raise Invalid(message, field=field.key) from None


def _columns(cells: Sequence[Any], number: int, name: str) -> Mapping[int, Field] | None:
    """Return which column holds which field, or nothing while this is not the line of headings."""
    found: dict[int, Field] = {}
    known = {_plain(field.title): field for field in FIELDS} | {
        alias: next(field for field in FIELDS if field.key == key) for alias, key in _ALIASES.items()
    }
    for place, cell in enumerate(cells):
        field = known.get(_plain(str(cell or "")))
        if field is None:
            continue
        if field in found.values():
            raise Invalid(f"{name} has two columns “{field.title}”; keep one of them.", field="file")
        found[place] = field
    if len(found) < _FEWEST_HEADINGS:
        if number >= _HEADINGS_WITHIN:
            raise Invalid(
                f"{name} has no line of headings as the register's specification names them (“Project title”, “Lay "
                "summary”, …) within its first lines; is it another table?",
                field="file",
            )
        return None
    missing = [field.title for field in FIELDS if field.recommended and field not in found.values()]
    if missing:
        raise Invalid(f"{name} lacks columns that every register has: {', '.join(missing)}.", field="file")
    return found


def _plain(heading: str) -> str:
    return re.sub(r"\([^)]*\)|[^a-z0-9]", "", heading.casefold().replace("(s)", "s"))


def _delimited(content: bytes, name: str) -> Iterator[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if "\x00" in text:
        raise Invalid(f"{name} is neither a CSV file nor an XLSX workbook.", field="file")
    first = text[:20_000]
    separator = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error as error:
        raise Invalid(f"{name} cannot be read as CSV: {error}.", field="file") from error


def _workbook(content: bytes, name: str) -> Iterator[Sequence[Any]]:
    """Return the rows of the sheet that holds a register: the Gateway's “Data Uses Template”, or else the first."""
    import openpyxl  # noqa: PLC0415 - heavy, and wanted by workbooks only

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(each.file_size for each in archive.infolist()) > _MOST_UNPACKED:
                raise Invalid(f"{name} unpacks to more than {_MOST_UNPACKED // 1024**2} MiB.", field="file")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        titles = {sheet.title.casefold(): sheet for sheet in book.worksheets}
        sheet = titles.get("data uses template") or book.worksheets[0]
        yield from sheet.iter_rows(values_only=True)
    except Invalid:
        raise
    except Exception as error:
        raise Invalid(f"{name} cannot be read as an XLSX workbook: {error}.", field="file") from error
