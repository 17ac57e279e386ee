"""Normalised tables of full precision: proportions that are fractions of small whole numbers give every count back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from orchestrator.airlock.model import Finding
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places
from orchestrator.airlock.reading.specimen import Specimen

from .counts import asked
from .headings import Role
from .views import View, view

__all__ = ["check", "counts_behind"]

_LARGEST = 5_000
_EXACT = 1e-11
_SHORT = 10**6
_FEWEST = 20
"""Fewer people than this behind a line may be its fraction in lowest terms, of many more."""


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report rows and columns of proportions, summing to one, whose digits tell counts below the threshold."""
    for table in file.tables:
        seen = view(table)
        if not seen.frame.kept or len(seen.frame.rows) > _LARGEST:
            continue
        places = Places()
        for place, numbers in _lines(seen):
            small = sorted({count for count in counts_behind(numbers) if 1 <= count < pack.minimum_count})
            if small:
                places.add(f"{place}: {', '.join(map(str, small[:4]))} of {sum(counts_behind(numbers))}")
        if places:
            yield places.finding(
                "SHARE_GIVES_COUNT",
                asked(pack.small_counts),
                f"{places.count} lines of exact proportions give their counts back, some below {pack.minimum_count}.",
                "Round proportions to two digits, or work them out from rounded counts.",
                place=seen.table.where,
            )


def _lines(seen: View) -> Iterator[tuple[str, list[float]]]:
    columns = [index for index, role in enumerate(seen.roles) if role in {Role.OTHER, Role.SHARE}]
    for number, row in seen.rows():
        yield (
            seen.where(number, row),
            [value for index in columns if (value := seen.cell(row, index).number) is not None],
        )
    for index in columns:
        values = [seen.cell(row, index).number for _, row in seen.rows() if not seen.total_row(row)]
        yield seen.column(index), [value for value in values if value is not None]


def counts_behind(numbers: Sequence[float]) -> list[int]:
    """Return the counts whose exact shares of their sum these numbers are, or nothing when they are none.

    A number of sixteen digits is a fraction with a denominator up to 5,000 by chance in one case of some ten thousand;
    a whole line of them that also sums to one is none by chance.
    """
    if len(numbers) < 2 or not all(0 <= number <= 1 for number in numbers) or abs(sum(numbers) - 1) > 1e-9:
        return []
    if all(abs(number * _SHORT - round(number * _SHORT)) < 1e-6 for number in numbers):
        return []  # written with few digits: any total would do
    fractions = [Fraction(number).limit_denominator(_LARGEST) for number in numbers]
    if any(abs(float(each) - number) > _EXACT for each, number in zip(fractions, numbers, strict=True)):
        return []
    whole = math.lcm(*(each.denominator for each in fractions))
    if not _FEWEST <= whole <= _LARGEST * 20:
        return []
    return [int(each * whole) for each in fractions]
