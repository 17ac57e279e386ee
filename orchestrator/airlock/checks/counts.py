"""Small counts: a whole number from 1 to below the threshold, in anything that may count people."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places, counted
from orchestrator.airlock.reading.specimen import Specimen

from .cells import Cell, read, spelt, whole_number
from .headings import Role, plain
from .rounding import midpoints
from .views import View, view

__all__ = ["asked", "check", "whole_number"]

_WITH_N = re.compile(r"(?i)\bn\s*[=:]\s*(\d[\d,]*)(?!\d|\.\d)")
_NAMING = (
    r"patients?|people|persons?|individuals?|subjects?|participants?|women|woman|men|man|children|child|cases?|deaths?"
)
_SPELT = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
_IN_WORDS = re.compile(
    r"(?i)\bn\s*=\s*(\d[\d,]*)(?!\d|\.\d)|"
    rf"(?<![\d.,])(?<!\d )(\d[\d,]*|{_SPELT}|eighteen|nineteen)\s+(?:[^\W\d]\w*\s+)?(?:{_NAMING})\b|"
    r"(?<![\d./,])(\d{1,3})\s?(?:/|of|out of)\s?\d[\d,]*\s?\(\s?\d|(?<![\d.,-])(\d{1,3})\s?\(\s?\d[\d.]*\s?%\s?\)"
)
_HARMLESS = re.compile(r"\b(?:missing|excluded|removed|unknown|not (?:known|recorded|stated))\b")
_NOTHING = read("")
_GUIDANCE = "Suppress or merge these cells, and check that totals do not give them back."


def asked(answer: str) -> Severity:
    """Return the severity of what a pack lets stay, wants asked about, or refuses."""
    return {"stay": Severity.NOTE, "ask": Severity.FLAG, "refused": Severity.BLOCK}[answer]


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report small counts and zeros in tables, and small counts in words."""
    for table in file.tables:
        yield from _table(view(table), pack)
        if not view(table).frame.count:
            yield from _text(",".join(table.columns), table.place("row 1"), pack)  # a sentence with commas in it
    for text in file.texts:
        yield from _text(text.text, text.where, pack, code=file.kind == "code")


@dataclass
class _Column:
    """The cells of one column that say too much."""

    small: Places = field(default_factory=Places)
    totals: Places = field(default_factory=Places)
    below: Places = field(default_factory=Places)
    zeros: Places = field(default_factory=Places)

    def bucket(self, cell: Cell, pack: Pack, *, total_row: bool) -> Places | None:
        """Return where a cell that counts people belongs, or nothing when it says nothing wrong."""
        if cell.count is None:
            return self.below if cell.most is not None and 0 < cell.most < pack.minimum_count - 1 else None
        if cell.count >= pack.minimum_count:
            return None
        if cell.count == 0 and pack.zeros != "refused":
            return self.zeros
        return self.totals if total_row else self.small


def _table(seen: View, pack: Pack) -> Iterator[Finding]:
    columns: dict[int, _Column] = defaultdict(_Column)
    labels = Places()
    _labelled(labels, "row 1", seen.table.columns, pack.minimum_count)
    words = [index for index, column in enumerate(seen.frame.columns) if column.words]
    numbers = [
        index
        for index, column in enumerate(seen.frame.columns)
        if column.filled > column.words and (seen.frame.kept or column.beside or seen.roles[index] is Role.COUNT)
    ]
    for number, row in seen.rows():
        _labelled(labels, f"row {number}", (row[index] for index in words if index < len(row)), pack.minimum_count)
        for index in numbers:
            cell = read(row[index]) if index < len(row) else _NOTHING
            small = cell.count is not None and cell.count < pack.minimum_count
            if (small or cell.most is not None) and _counts(seen, number, row, index):
                bucket = columns[index].bucket(cell, pack, total_row=seen.total_row(row))
                if bucket is not None:
                    bucket.add(seen.where(number, row))
    if labels:
        yield labels.finding(
            "SMALL_COUNT",
            asked(pack.small_counts),
            f"{labels.count} labels state an n below {pack.minimum_count}.",
            _GUIDANCE,
            place=seen.table.place("labels"),
        )
    for index in sorted(columns):
        yield from _column(seen, index, columns[index], pack)


def _counts(seen: View, number: int, row: Sequence[str], index: int) -> bool:
    """Say whether a cell counts people: by its role, or because it stands with its share or denominator."""
    role = seen.role(number, row, index)
    if role is Role.COUNT:
        return True
    with_share = read(row[index]).denominator is not None or (role is Role.OTHER and "%" in row[index])
    return role in {Role.OTHER, Role.SHARE} and with_share


def _labelled(labels: Places, place: str, cells: Iterable[str], threshold: int) -> None:
    for cell in cells:
        if "=" not in cell and ":" not in cell:
            continue
        for match in _WITH_N.finditer(cell):
            if 1 <= int(match.group(1).replace(",", "")) < threshold and match.end() - match.start() < len(
                cell.strip()
            ):
                labels.add(place)


def _column(seen: View, index: int, column: _Column, pack: Pack) -> Iterator[Finding]:
    place, threshold = seen.column(index), pack.minimum_count
    if column.small and midpoints(seen, index, pack):
        yield column.small.finding(
            "MIDPOINT_COUNT",
            Severity.NOTE,
            f"{counted(column.small.count, 'cell stands', 'cells stand')} for small counts, as midpoints that "
            f"{pack.setter('rounding')} allows.",
            "Check that nothing else gives the counts themselves.",
            place=place,
        )
    elif column.small:
        yield column.small.finding(
            "SMALL_COUNT",
            asked(pack.small_counts),
            f"{counted(column.small.count, 'cell may be a count', 'cells may be counts')} "
            f"from {0 if pack.zeros == 'refused' else 1} to {threshold - 1}.",
            _GUIDANCE,
            place=place,
        )
    if column.totals:
        words = f"{column.totals.count} totals are below {threshold}."
        yield column.totals.finding("SMALL_TOTAL", asked(pack.small_counts), words, _GUIDANCE, place=place)
    if column.below:
        yield column.below.finding(
            "WEAK_MASK",
            asked(pack.small_counts),
            f"{counted(column.below.count, 'cell is', 'cells are')} masked at less than the threshold of {threshold}.",
            f"Write <{threshold}, or a mark without a number.",
            place=place,
        )
    if column.zeros:
        harmless = _HARMLESS.search(plain(seen.heading(index))) is not None
        yield column.zeros.finding(
            "ZERO_COUNT",
            Severity.NOTE if harmless else asked(pack.zeros),
            f"{counted(column.zeros.count, 'cell is', 'cells are')} zero.",
            "A zero can say something of everybody in a group: that nobody in it has what is counted. Say whether it "
            "is structural (nobody could), or merge the groups.",
            place=place,
        )


def _text(text: str, where: str, pack: Pack, *, code: bool = False) -> Iterator[Finding]:
    small = Places()
    for number, line in enumerate(text.split("\n"), start=1):
        for match in _IN_WORDS.finditer(line):
            if code and match.group(1):
                continue  # an assignment to n
            stated = next(part for part in match.groups() if part is not None)
            count = spelt(stated) if stated.isalpha() else int(stated.replace(",", "") or 0)
            if count is not None and 1 <= count < pack.minimum_count:
                small.add(f"line {number}")
    if small:
        yield small.finding(
            "SMALL_COUNT",
            asked(pack.small_counts),
            f"{small.count} passages state a count below {pack.minimum_count}.",
            _GUIDANCE,
            place=where,
        )
