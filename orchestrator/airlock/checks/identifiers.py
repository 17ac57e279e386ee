"""NHS numbers: ten digits with a check digit, judged by their share so that chance alone raises no alarm."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack

from .findings import Places, shown
from .specimen import Specimen

__all__ = ["check", "valid_nhs_number"]

_TEN = re.compile(r"(?<![\d.])(\d{3})([ \-  ]?)(\d{3})([ \-  ]?)(\d{4})(?!\d)(?!\.\d)")
_NAMED = re.compile(r"(?i)nhs[\s_\-.]*(no|num|number|id)?\b")


def valid_nhs_number(digits: str) -> bool:
    """Say whether ten digits carry the right check digit (modulus 11)."""
    if len(digits) != 10 or not digits.isascii() or not digits.isdigit() or len(set(digits)) == 1:
        return False
    rest = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    return rest != 10 and rest % 11 == int(digits[9])


@dataclass
class _Seen:
    """Ten-digit values of one column, or of a whole text."""

    ten_digits: int = 0
    valid: set[str] = field(default_factory=set)
    valid_count: int = 0
    grouped: bool = False
    places: Places = field(default_factory=Places)

    def see(self, place: str, text: str) -> None:
        for match in _TEN.finditer(text):
            digits = match.group(1) + match.group(3) + match.group(5)
            self.ten_digits += 1
            if valid_nhs_number(digits):
                self.valid_count += 1
                if len(self.valid) < 10_000:
                    self.valid.add(digits)
                self.grouped = self.grouped or bool(match.group(2) and match.group(4))
                self.places.add(place)


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report columns, or texts, in which ten-digit values are NHS numbers more often than chance makes them."""
    if file.table is not None:
        seen = [_Seen() for _ in file.table.columns]
        for index, heading in enumerate(file.table.columns):
            seen[index].see("row 1", heading)
        try:
            for number, row in file.table.rows():
                for index, cell in enumerate(row):
                    while index >= len(seen):
                        seen.append(_Seen())
                    seen[index].see(f"row {number}", cell)
        except csv.Error:
            pass  # the check of the table's shape reports that it could not be read to the end
        for index, column in enumerate(seen):
            name = file.table.column(index)
            yield from _judge(column, f"column “{shown(name)}”", pack, named=bool(_NAMED.search(name)))
    elif file.text is not None:
        whole = _Seen()
        for number, line in enumerate(file.text.split("\n"), start=1):
            whole.see(f"line {number}", line)
        yield from _judge(whole, "text", pack, named=bool(_NAMED.search(file.text)))


def _judge(seen: _Seen, place: str, pack: Pack, *, named: bool) -> Iterator[Finding]:
    if not seen.valid:
        return
    often = seen.valid_count * 100 >= seen.ten_digits * pack.identifiers_share_percent
    if often and len(seen.valid) >= pack.identifiers_distinct:
        yield seen.places.finding(
            "NHS_NUMBER",
            Severity.BLOCK,
            f"{seen.valid_count} of {seen.ten_digits} ten-digit values are valid NHS numbers.",
            "Identifiers of people never leave; remove the column.",
            place=place,
        )
    elif often or named or seen.grouped:
        yield seen.places.finding(
            "NHS_NUMBER",
            Severity.FLAG,
            f"{seen.valid_count} of {seen.ten_digits} ten-digit values could be NHS numbers.",
            "Remove them, or say what they are.",
            place=place,
        )
