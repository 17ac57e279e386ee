"""What one reader gathers from a file: parts for the checks, and findings on what hides or cannot be read."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.airlock.model import Finding, Severity

from . import limits
from .parts import Picture, Points, Reading, Row, Table, Text
from .places import Places, shown

__all__ = ["Gathering", "place"]

_FINDINGS = 400
_LOOK = "Look at the whole file yourself, or ask for it in a simpler form."


def place(outer: str, inner: str) -> str:
    """Return a place within a place as one: “cell 3, output 1”."""
    return f"{outer}, {inner}" if outer and inner else outer or inner


class Gathering:
    """Collects parts and findings of one file within the limits; what does not fit becomes a finding."""

    def __init__(self) -> None:
        self.tables: list[Table] = []
        self.texts: list[Text] = []
        self.pictures: list[Picture] = []
        self.points: list[Points] = []
        self.findings: list[Finding] = []
        self._cells = 0
        self._full = False

    def found(self, rule: str, severity: Severity, where: str, message: str, guidance: str = "") -> None:
        """Keep one finding, unless the very same is known already."""
        finding = Finding(
            rule=rule,
            severity=severity,
            where=shown(where or "whole file", 400),
            message=shown(message, 500),
            guidance=guidance,
        )
        if finding not in self.findings and len(self.findings) < _FINDINGS:
            self.findings.append(finding)

    def note(self, rule: str, where: str, message: str, guidance: str = "") -> None:
        """Keep something that a checker should know."""
        self.found(rule, Severity.NOTE, where, message, guidance)

    def flag(self, rule: str, where: str, message: str, guidance: str = "") -> None:
        """Keep something that a checker must answer."""
        self.found(rule, Severity.FLAG, where, message, guidance)

    def block(self, rule: str, where: str, message: str, guidance: str = "") -> None:
        """Keep something that stays inside."""
        self.found(rule, Severity.BLOCK, where, message, guidance)

    def at(self, rule: str, severity: Severity, places: Places, message: str, guidance: str = "") -> None:
        """Keep one finding for many places, if there are any."""
        if places:
            self.found(rule, severity, str(places), message, guidance)

    def incomplete(self, where: str, why: str) -> None:
        """Say what could not be read to the end."""
        self.flag("INSPECTION_INCOMPLETE", where, f"This was not read to the end: {why.rstrip('.')}.", _LOOK)

    def text(self, text: str, where: str = "") -> None:
        """Keep words that people would read."""
        if text.strip() and self._room():
            self.texts.append(Text(text=text, where=where))

    def table(self, table: Table) -> None:
        """Keep a table that is read anew from the file each time."""
        if self._room():
            self.tables.append(table)

    def rows(self, rows: Sequence[Row], *, columns: Sequence[str], where: str = "", first: int = 2) -> None:
        """Keep a table of rows held in memory."""
        self._cells += sum(map(len, rows)) + len(columns)
        if self._cells > limits.CELLS:
            self.incomplete(where, f"the tables hold more than {limits.CELLS:,} cells")
            return
        kept = tuple(rows)
        self.table(Table(where=where, columns=tuple(columns), again=lambda: iter(kept), first=first))

    def picture(self, where: str = "", width: int = 0, height: int = 0) -> None:
        """Keep a picture."""
        if self._room():
            self.pictures.append(Picture(where=where, width=width, height=height))

    def marks(self, xs: Sequence[float], ys: Sequence[float], where: str = "") -> None:
        """Keep the places of marks that were set one by one."""
        if len(xs) > limits.MARKS:
            self.incomplete(where, f"the plot has more than {limits.MARKS:,} marks")
        if xs and self._room():
            taken = slice(0, limits.MARKS)
            self.points.append(Points(xs=tuple(xs[taken]), ys=tuple(ys[taken]), where=where))

    def reading(self, kind: str) -> Reading:
        """Return everything."""
        return Reading(
            kind=kind,
            tables=tuple(self.tables),
            texts=tuple(self.texts),
            pictures=tuple(self.pictures),
            points=tuple(self.points),
            findings=tuple(self.findings),
        )

    def _room(self) -> bool:
        parts = len(self.tables) + len(self.texts) + len(self.pictures) + len(self.points)
        if parts >= limits.PARTS and not self._full:
            self._full = True
            self.incomplete("", f"it has more than {limits.PARTS:,} parts")
        return not self._full
