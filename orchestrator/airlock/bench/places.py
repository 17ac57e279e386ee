"""Where findings point to, read back from their words: “column “n”: row 7, row 9 and 3 more” names two cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.airlock.model import Finding

__all__ = ["Mark", "Marks", "Place", "lines_of", "places_of"]

_COLUMN = re.compile(r"(?i)\bcolumns?\s+[“\"](.+?)[”\"](?=\W|$)")
_COLUMN_NUMBER = re.compile(r"(?i)\bcolumn\s+(\d+)")
_ROWS = re.compile(r"(?i)\brows?\s+(\d[\d,]*)(?:\s*(?:–|-|to)\s*(\d[\d,]*))?")
_LINES = re.compile(r"(?i)\blines?\s+(\d[\d,]*)(?:\s*(?:–|-|to)\s*(\d[\d,]*))?")
_HEADING = re.compile(r"(?i)\bheading\s+(\d+)")
_LONGEST_RANGE = 500


@dataclass(frozen=True, kw_only=True)
class Place:
    """A cell, or all of a row where ``column`` is nothing, or of a column where ``row`` is; columns count from 0."""

    row: int | None = None
    column: int | None = None


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Why a place is marked: the finding’s number in the file, and its words."""

    number: int
    finding: Finding


@dataclass(frozen=True, kw_only=True)
class Marks:
    """Everything that the findings of one file point to in one table."""

    cells: dict[tuple[int, int], tuple[Mark, ...]] = field(default_factory=dict)
    rows: dict[int, tuple[Mark, ...]] = field(default_factory=dict)
    columns: dict[int, tuple[Mark, ...]] = field(default_factory=dict)
    first: dict[int, Place] = field(default_factory=dict)
    """Where each finding that points anywhere points to first, by its number."""

    def after(self, number: int) -> int | None:
        """Return the next finding that points somewhere, the first one again after the last."""
        later = [each for each in self.first if each > number]
        return min(later or self.first, default=None)

    @classmethod
    def of(cls, findings: Iterable[Finding], headings: Sequence[str]) -> Marks:
        """Read the places of all findings of a file back; those that point nowhere are left out."""
        marks = cls()
        for number, finding in enumerate(findings, start=1):
            mark = Mark(number=number, finding=finding)
            for place in places_of(finding.where, headings):
                marks.first.setdefault(number, place)
                marks._add(place, mark)
        return marks

    def _add(self, place: Place, mark: Mark) -> None:
        if place.row is not None and place.column is not None:
            key = (place.row, place.column)
            self.cells[key] = (*self.cells.get(key, ()), mark)
        elif place.row is not None:
            self.rows[place.row] = (*self.rows.get(place.row, ()), mark)
        elif place.column is not None:
            self.columns[place.column] = (*self.columns.get(place.column, ()), mark)


def places_of(where: str, headings: Sequence[str]) -> list[Place]:
    """Return the places that the words name; ``headings`` are the table’s, to know columns by."""
    names = {heading.strip().casefold(): index for index, heading in reversed(list(enumerate(headings)))}
    prefix, _, rest = where.rpartition(": ") if ": " in where else ("", "", where)
    common = _column(prefix, names, len(headings)) if prefix else None
    places: list[Place] = []
    for part in _parts(rest):
        rows = _ROWS.search(part)
        column = _column(part, names, len(headings))
        if rows is None:
            if column is not None and places and places[-1].column is None and not _HEADING.search(part):
                places[-1] = replace(places[-1], column=column)  # “row 7, column 3” is one cell
            elif column is not None:
                places.append(Place(row=1 if _HEADING.search(part) else None, column=column))
            continue
        if column is None:
            column = _known(part[rows.end() :].strip(" ,:"), names)
            column = common if column is None else column
        places += [Place(row=row, column=column) for row in _range(rows)]
    if not places and common is not None:
        places.append(Place(column=common))
    return list(dict.fromkeys(places))


def lines_of(where: str) -> list[int]:
    """Return the numbers of the lines that the words name, for files that are no tables."""
    return list(dict.fromkeys(line for found in _LINES.finditer(where) for line in _range(found)))


def _parts(words: str) -> list[str]:
    """Split at commas that begin a new place; a comma between a row and its column stays."""
    return [part for part in re.split(r",\s+(?=rows?\s+\d|columns?\s|heading\s)|\s+and\s+(?=rows?\s)", words) if part]


def _column(words: str, names: dict[str, int], columns: int) -> int | None:
    named = _COLUMN.search(words)
    if named is not None:
        known = _known(named[1], names)
        return _numbered(named[1], columns) if known is None else known
    return _numbered(words, columns)


def _known(words: str, names: dict[str, int]) -> int | None:
    """Return the column of a heading, which a finding may have shortened."""
    wanted = words.strip().casefold()
    if wanted.endswith("…"):
        return next((index for name, index in names.items() if name.startswith(wanted[:-1])), None)
    return names.get(wanted)


def _numbered(words: str, columns: int) -> int | None:
    found = _COLUMN_NUMBER.search(words) or _HEADING.search(words)
    if found is None or not 1 <= int(found[1][:9]) <= max(columns, 1_000):
        return None
    return int(found[1][:9]) - 1


def _range(found: re.Match[str]) -> range:
    first = int(found[1].replace(",", "")[:9])
    last = int(found[2].replace(",", "")[:9]) if found[2] else first
    return range(first, min(max(last, first), first + _LONGEST_RANGE) + 1)
