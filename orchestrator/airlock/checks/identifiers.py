"""Health service numbers: ten digits with a check digit, judged by their share so that chance alone raises no alarm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places
from orchestrator.airlock.reading.specimen import Specimen

from .flat import Flat, flats
from .health_numbers import Found, find, valid_nhs_number

__all__ = ["check", "valid_nhs_number"]

_NAMED = re.compile(
    r"(?i)(?:^|[^a-z])(?:nhs[\s_\-.]*(?:no|num|number|id)?|chi[\s_\-.]*(?:no|num|number|id)|h&?c[\s_\-.]*(?:no|num|number))(?:$|[^a-z])"
)
_CALLED = {
    "NHS_NUMBER": "NHS numbers",
    "CHI_NUMBER": "CHI numbers, which begin with a date of birth",
    "HC_NUMBER": "Health and Care numbers",
}
_HC = range(3_200_000_000, 4_000_000_000)
_KEPT = 10_000


@dataclass
class _Seen:
    """Values of one column, or of a whole text, that have ten digits (or nine, without a leading zero)."""

    count: int = 0
    valid: int = 0
    birth: int = 0
    care: int = 0
    grouped: bool = False
    distinct: set[int] = field(default_factory=set)
    places: Places = field(default_factory=Places)

    def see(self, flat: Flat, found: Found, mine: numpy.ndarray[tuple[int], numpy.dtype[numpy.bool_]]) -> None:
        """Count the values of this column in one piece."""
        good = mine & found.valid
        values = found.values[good]
        self.count += int(mine.sum())
        self.valid += len(values)
        self.birth += int((good & found.birth).sum())
        self.care += int(((values >= _HC.start) & (values < _HC.stop)).sum())
        self.grouped = self.grouped or bool((good & found.grouped).any())
        if len(self.distinct) < _KEPT:
            self.distinct.update(numpy.unique(values)[:_KEPT].tolist())
        self.places.add_many(len(values), (flat.place(each) for each in found.positions[good].tolist()))

    @property
    def rule(self) -> str:
        """Say which service’s numbers most of them are; of a few nothing can be told."""
        if len(self.distinct) < 3:
            return "NHS_NUMBER"
        if self.birth * 5 >= self.valid * 4:
            return "CHI_NUMBER"
        return "HC_NUMBER" if self.care * 5 >= self.valid * 4 else "NHS_NUMBER"


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report columns, or texts, in which ten-digit values are such numbers more often than chance makes them."""
    for flat in flats(file):
        ten: dict[int, _Seen] = {}
        nine: dict[int, _Seen] = {}
        for found in find(flat):
            for seen, kind in ((ten, ~found.nine), (nine, found.nine)):
                for column in numpy.unique(found.columns[kind]).tolist():
                    seen.setdefault(column, _Seen()).see(flat, found, kind & (found.columns == column))
        for column, what in sorted(ten.items()):
            heading = (
                flat.table.column(column) if flat.table is not None else flat.data[:100_000].decode(errors="replace")
            )
            yield from _judge(what, flat.column(column), pack, named=bool(_NAMED.search(heading)))
        for column, what in sorted(nine.items()):
            if what.birth == what.valid:
                yield from _judge(what, flat.column(column), pack, named=False, lost_zero=True)


def _judge(seen: _Seen, place: str, pack: Pack, *, named: bool, lost_zero: bool = False) -> Iterator[Finding]:
    if not seen.valid:
        return
    often = seen.valid * 100 >= seen.count * pack.identifiers_share_percent
    digits = "nine-digit values, read with the zero that a spreadsheet drops," if lost_zero else "ten-digit values"
    if often and len(seen.distinct) >= pack.identifiers_distinct:
        yield seen.places.finding(
            seen.rule,
            Severity.BLOCK,
            f"{seen.valid} of {seen.count} {digits} are valid {_CALLED[seen.rule]}.",
            "Identifiers of people never leave; remove the column.",
            place=place,
        )
    elif not lost_zero and (often or named or seen.grouped):
        yield seen.places.finding(
            seen.rule,
            Severity.FLAG,
            f"{seen.valid} of {seen.count} {digits} could be {_CALLED[seen.rule]}.",
            "Remove them, or say what they are.",
            place=place,
        )
