"""Compares results with the data they came from, and says with figures what agrees beyond chance."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.reading.parts import Points, Table
from orchestrator.airlock.reading.places import shown

from .candidates import Candidate, HashedColumn, LoadedPart, candidates_of
from .columns import Dump, column_dump
from .deciding import severity_of_dump, severity_of_match
from .hashing import Hasher
from .joining import Match, best_match
from .restoring import restored, without_function
from .results import BLOCK_ROWS, Block, ResultColumn, blocks_of, points_block, stacked, turned
from .sketch import Codes, Part, Sketch

__all__ = ["compare"]

_PEOPLE = re.compile(
    r"(?:^|[^a-z])(?:patient|person|people|subject|usubjid|subjid|participant|individual|member|client|pseudo\w*|nhs|chi|mrn|"
    r"ssn|pat|dob|birth\w*|death\w*|surname|forename|lastname|firstname|lsoa|postcode|alf)(?:[^a-z]|$|id)",
)
_NAMED_COLUMNS = 4
_WIDEST = 64
_COVERED = 0.98
_MOST_TOGETHER = 40
_ADVICE = "Give grouped results instead; the rows of individuals stay inside."
_ASK = "Say in the context what these rows are; checkers compare them with the data before anything leaves."


def compare(tables: Sequence[Table], points: Sequence[Points], sketch: Sketch, *, key: bytes) -> list[Finding]:
    """Return what the tables and plots of one request share with one dataset version beyond chance.

    Tables are compared one by one, turned on their side, and together: one below the other where their columns are
    alike, side by side where they have as many rows. ``key`` is the one that the sketch was made with.
    """
    comparison = _Comparison(sketch, key)
    findings = []
    clean: list[Table] = []
    for table in tables:
        found = comparison.table(table)
        findings += found
        if not any(finding.severity is Severity.BLOCK for finding in found):
            clean.append(table)
    for block in _together(clean):
        findings += comparison.block(block)
    for plot in points:
        findings += comparison.plot(plot)
    if sketch.skipped:
        findings.append(_not_compared(sketch))
    return findings


class _Comparison:
    """One sketch while results are compared with it."""

    def __init__(self, sketch: Sketch, key: bytes) -> None:
        self._dataset = sketch.dataset
        self._hasher = Hasher(key)
        room: OrderedDict[tuple[int, int, int | None], Codes] = OrderedDict()
        self._parts = [LoadedPart(part, room) for part in _about_people(sketch.parts)]

    def table(self, table: Table) -> list[Finding]:
        """Compare one table; stop at the first block of rows that must stay inside."""
        findings: list[Finding] = []
        for block in blocks_of(table):
            for finding in self.block(block):
                if finding.rule not in {each.rule for each in findings}:
                    findings.append(finding)
            if any(finding.severity is Severity.BLOCK for finding in findings):
                return findings
        on_its_side = None if findings else turned(table)
        return findings if on_its_side is None else self.block(on_its_side)

    def block(self, block: Block) -> list[Finding]:
        """Compare some rows with every part; the worst of each kind counts."""
        findings: dict[str, tuple[Severity, float, Finding]] = {}
        columns = self._hashed(block)
        for loaded in self._parts:
            for surprise, finding in self._with_part(block, columns, loaded):
                known = findings.get(finding.rule)
                if known is None or (_worse(finding.severity), surprise) > (_worse(known[0]), known[1]):
                    findings[finding.rule] = (finding.severity, surprise, finding)
        return [finding for _, _, finding in findings.values()]

    def plot(self, points: Points) -> list[Finding]:
        """Compare the marks of a plot, in whatever units its page has."""
        block = points_block(points)
        found = []
        columns = self._hashed(block)
        for loaded in self._parts:
            match = best_match(loaded, self._candidates(columns, loaded), block.rows)
            if match is not None and severity_of_match(loaded, match) is not None:
                found.append((match.surprise, self._plotted(block, loaded, match)))
        return [max(found, key=lambda pair: pair[0])[1]] if found else []

    def _with_part(
        self, block: Block, columns: Sequence[HashedColumn], loaded: LoadedPart
    ) -> Iterator[tuple[float, Finding]]:
        candidates = self._candidates(columns, loaded)
        match = best_match(loaded, candidates, block.rows)
        severity = None if match is None else severity_of_match(loaded, match)
        if match is not None and severity is not None:
            yield match.surprise, self._rows(block, loaded, match, severity)
            if severity is Severity.BLOCK:
                return
        dump = column_dump(loaded, candidates)
        of_dump = None if dump is None else severity_of_dump(dump)
        if dump is not None and of_dump is not None:
            yield dump.surprise, self._column(block, loaded, dump, of_dump)

    def _hashed(self, block: Block) -> list[HashedColumn]:
        return [HashedColumn(column, self._hasher) for column in islice(_with_undone(block.columns), _WIDEST)]

    def _candidates(self, columns: Sequence[HashedColumn], loaded: LoadedPart) -> list[Candidate]:
        candidates = candidates_of(loaded, columns)
        known = {each.place for each in candidates if each.coverage > _COVERED and each.plausible}
        for column in columns:
            if column.result.place not in known and not column.result.words:
                candidates += restored(loaded, column.result, self._hasher)
        return candidates

    def _rows(self, block: Block, loaded: LoadedPart, match: Match, severity: Severity) -> Finding:
        sure = severity is Severity.BLOCK
        return Finding(
            rule="ROW_OVERLAP" if sure else "ROWS_MAYBE",
            severity=severity,
            where=_where(block, match),
            message=self._sentence(loaded, match, "rows"),
            guidance=_ADVICE if sure else _ASK,
        )

    def _plotted(self, block: Block, loaded: LoadedPart, match: Match) -> Finding:
        return Finding(
            rule="PLOTTED_POINTS_MATCH",
            severity=Severity.BLOCK,
            where=block.where or "plot",
            message=self._sentence(loaded, match, "marks"),
            guidance="Draw grouped values, or a picture in which no single mark can be told.",
        )

    def _column(self, block: Block, loaded: LoadedPart, dump: Dump, severity: Severity) -> Finding:
        name = shown(dump.candidate.result.name)
        what = (
            f"{dump.seen:,} of {dump.compared:,} runs of {dump.run} values follow each other as in"
            if dump.run
            else f"{dump.seen:,} of {dump.compared:,} distinct values are each found with one or two records only in"
        )
        return Finding(
            rule="COLUMN_DUMP",
            severity=severity,
            where=_place(block, f"column “{name}”"),
            message=(
                f"{what} {self._of(loaded)}, column “{shown(dump.candidate.name)}”; "
                f"expected by chance {_figure(dump.expected)}."
            ),
            guidance=_ADVICE if severity is Severity.BLOCK else _ASK,
        )

    def _sentence(self, loaded: LoadedPart, match: Match, what: str) -> str:
        on = " + ".join(_told(each) for each in match.columns[:_NAMED_COLUMNS])
        more = len(match.columns) - _NAMED_COLUMNS + len(match.also)
        if len(match.columns) > _NAMED_COLUMNS or match.also:
            on += f" (and {max(1, more) if more > 0 else len(match.also)} more)"
        alone = len(match.unique)
        seen, chance, how = (
            (alone, match.chance.one, "match exactly one record of")
            if alone >= 0.5 * len(match.rows)
            else (len(match.rows), match.chance.any, "match records of")
        )
        return (
            f"{seen:,} of {match.compared:,} {what} {how} {self._of(loaded)} on {on}; "
            f"expected by chance {_figure(chance)}."
        )

    def _of(self, loaded: LoadedPart) -> str:
        return f"“{shown(self._dataset)}” ({shown(loaded.part.table, 80)})"


def _told(candidate: Candidate) -> str:
    name = shown(candidate.name, 40)
    if candidate.result.words:
        return f"{name} (from {candidate.result.words} the results)"
    return name


def _with_undone(columns: Iterable[ResultColumn]) -> Iterator[ResultColumn]:
    for column in columns:
        yield column
        undone = without_function(column)
        if undone is not None:
            yield undone


def _about_people(parts: Sequence[Part]) -> list[Part]:
    """Return the parts that hold rows about people: of many tables some explain codes or name hospitals."""
    people = [part for part in parts if any(_PEOPLE.search(_words(column.name)) for column in part.columns)]
    tables = {part.table.split(", rows from")[0] for part in parts}
    return people if people and len(tables) > 1 else list(parts)


def _words(name: str) -> str:
    """Return a heading with blanks between its words: “PatientID” is “patient id”."""
    return re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower().replace("_", " ")


def _together(tables: Sequence[Table]) -> Iterator[Block]:
    """Yield tables as one: below each other where their headings are alike, side by side where they are as long."""
    few = list(tables[:_MOST_TOGETHER])
    alike: dict[tuple[str, ...], list[Table]] = {}
    for table in few:
        alike.setdefault(tuple(heading.strip().lower() for heading in table.columns), []).append(table)
    for group in alike.values():
        if len(group) > 1:
            yield from stacked(group)
    by_rows: dict[int, list[Block]] = {}
    for table in few:
        block = next(blocks_of(table), None)
        if block is not None and 3 <= block.rows < BLOCK_ROWS:
            by_rows.setdefault(block.rows, []).append(block)
    for blocks in by_rows.values():
        if len(blocks) > 1:
            yield _beside(blocks)


def _beside(blocks: Sequence[Block]) -> Block:
    columns = [
        replace(column, place=column.place + 100_000 * number, name=column.name)
        for number, block in enumerate(blocks)
        for column in block.columns
    ]
    return Block("tables side by side", 1, blocks[0].rows, tuple(columns))


def _where(block: Block, match: Match) -> str:
    rows = [int(row) + block.first for row in (match.unique if len(match.unique) else match.rows)[:8]]
    more = max(len(match.unique), 1) - len(rows)
    return _place(block, "rows " + ", ".join(map(str, rows)) + (f" and {more} more" if more > 0 else ""))


def _place(block: Block, place: str) -> str:
    return f"{block.where}, {place}" if block.where else place


def _figure(expected: float) -> str:
    return f"{expected:.1f}" if expected < 100 else f"{expected:,.0f}"


def _worse(severity: Severity) -> int:
    return [Severity.NOTE, Severity.FLAG, Severity.BLOCK].index(severity)


def _not_compared(sketch: Sketch) -> Finding:
    names = ", ".join(f"{shown(path)} ({why})" for path, why in sketch.skipped[:4])
    more = f" and {len(sketch.skipped) - 4} more" if len(sketch.skipped) > 4 else ""
    return Finding(
        rule="NOT_COMPARED",
        severity=Severity.NOTE,
        where="whole file",
        message=f"Not compared with all of “{shown(sketch.dataset)}”: {names}{more}.",
        guidance="Look yourself for rows of these files.",
    )
