"""What a file holds, as the checks see it: every kind of file is read into the same few kinds of parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.airlock.model import Finding

__all__ = ["Picture", "Points", "Reading", "Table", "Text"]

Row = Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table, wherever it stood: a CSV file, a sheet, an output of a notebook, a frame in JSON.

    ``where`` names the place within the file (“sheet “Ages””), empty when the file is the table. ``again`` reads it
    anew from its first row below the headings; every cell is text as a person would see it.
    """

    where: str = ""
    columns: tuple[str, ...] = ()
    again: Callable[[], Iterator[Row]]
    """Yields every row below the headings."""
    first: int = 2
    """The number a person would give the first row below the headings."""

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Yield every row that is not empty with its number; raises ``csv.Error`` where the table is broken."""
        for number, row in enumerate(self.again(), start=self.first):
            if row:
                yield number, row

    def column(self, index: int) -> str:
        """Return the heading of a column, or its number where there is none."""
        heading = self.columns[index].strip() if index < len(self.columns) else ""
        return heading or f"column {index + 1}"

    def place(self, place: str) -> str:
        """Return a place in this table as a place in its file."""
        return f"{self.where}, {place}" if self.where else place


@dataclass(frozen=True, kw_only=True)
class Text:
    """Words that people would read: a text file, a paragraph of HTML, the text of a PDF page."""

    text: str
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Pixels: checks cannot read them, so people must."""

    where: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, kw_only=True)
class Points:
    """Marks that a vector plot or a chart places one by one: each may be one person’s values."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Everything a reader found in one file. What it could not read to the end is among ``findings``."""

    kind: str
    tables: tuple[Table, ...] = ()
    texts: tuple[Text, ...] = ()
    pictures: tuple[Picture, ...] = ()
    points: tuple[Points, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
