"""Rounding is verified, never believed: do counts follow what the pack asks, or what the file says of them?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places
from orchestrator.airlock.reading.specimen import Specimen

from .headings import Role
from .roles import is_total
from .views import View, view

__all__ = ["check", "follows", "midpoints", "rounding_claimed"]

_CLAIM = re.compile(
    r"(?i)\bround(?:ed|ing)?:?(?:\s+\w+){0,4}?\s+(?:to\s+)?(?:the\s+)?(?:nearest|base|multiples? of)[\s_-]*(\d{1,2})"
)
_FEW = 8
"""Fewer counts than this may be divisible by five by chance; of eight, seven are in one case of ten thousand."""


def follows(count: int, scheme: str) -> bool:
    """Say whether a count could come from a way of rounding (``nearest-5``, ``midpoint-6``); zero always could."""
    way, _, base = scheme.partition("-")
    size = int(base)
    if way == "midpoint":
        return count == 0 or count % size == size // 2
    return count % size == 0


def midpoints(seen: View, index: int, pack: Pack) -> bool:
    """Say whether a column holds midpoints as every rounding of the pack allows: its small values stand for ranges."""
    counts = {count for _, count, _ in _counts(seen, [index])} if pack.rounding else set()
    allowed = [[scheme for scheme in group if scheme.startswith("midpoint")] for group in pack.rounding]
    return (
        bool(allowed)
        and len(counts) >= 3
        and all(any(all(follows(count, scheme) for count in counts) for scheme in group) for group in allowed)
    )


def rounding_claimed(texts: Iterable[str]) -> int | None:
    """Return the base that words promise (“rounded to the nearest 5”), or nothing."""
    for text in texts:
        found = _CLAIM.search(text)
        if found and int(found.group(1)) > 1:
            return int(found.group(1))
    return None


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report counts that are not rounded as the pack asks, as the file promises, or as the others around them are."""
    claimed = rounding_claimed(_words(file))
    for table in file.tables:
        seen = view(table)
        if not seen.frame.kept:
            continue  # data on individuals by its length, which other checks say
        counts = list(_counts(seen, range(len(seen.roles))))
        if not counts:
            continue
        asked = list(_asked(seen, counts, pack))
        yield from asked
        if claimed is not None:
            yield from _claim(seen, counts, claimed)
        elif not asked and not pack.rounding:
            yield from _mixed(seen, counts)


def _words(file: Specimen) -> Iterator[str]:
    yield from (text.text[:100_000] for text in file.texts)
    for table in file.tables:
        yield " ".join(table.columns)[:10_000]
        for _, row in view(table).frame.rows[-5:]:
            yield " ".join(row)[:2_000]


_Counted = tuple[str, int, bool]
"""A place, the count there, and whether it is a total."""


def _counts(seen: View, columns: Sequence[int]) -> Iterator[_Counted]:
    for number, row in seen.rows():
        total = seen.total_row(row)
        for index in columns:
            if index < len(row) and seen.role(number, row, index) is Role.COUNT:
                cell = seen.cell(row, index)
                if cell.count is not None:
                    yield seen.where(number, row), cell.count, total or is_total(seen.heading(index))


def _failing(counts: Sequence[_Counted], scheme: str) -> Places:
    failing = Places()
    for place, count, total in counts:
        if total and scheme.startswith("midpoint"):
            continue  # a sum of midpoints is none
        if not follows(count, scheme):
            failing.add(f"{place}: {count}")
    return failing


def _asked(seen: View, counts: Sequence[_Counted], pack: Pack) -> Iterator[Finding]:
    for group in pack.rounding:
        scheme = min(group, key=lambda each: _failing(counts, each).count)
        failing = _failing(counts, scheme)
        if failing:
            yield failing.finding(
                "NOT_ROUNDED",
                Severity.FLAG,
                f"{failing.count} of {len(counts)} counts are not rounded as {pack.setter('rounding')} asks "
                f"({' or '.join(group)}).",
                "Round every count, work out shares and totals from rounded counts, and hand it in again.",
                place=seen.table.where,
            )


def _claim(seen: View, counts: Sequence[_Counted], base: int) -> Iterator[Finding]:
    failing = _failing(counts, f"nearest-{base}")
    if failing and _failing(counts, f"midpoint-{base}"):
        yield failing.finding(
            "ROUNDING_CLAIM_NOT_KEPT",
            Severity.FLAG,
            f"The file says that counts are rounded to {base}, but {failing.count} of {len(counts)} are not.",
            "Round them all, or take the sentence out.",
            place=seen.table.where,
        )


def _mixed(seen: View, counts: Sequence[_Counted]) -> Iterator[Finding]:
    filled = [each for each in counts if each[1]]
    failing = _failing(filled, "nearest-5")
    if len(filled) >= _FEW and 0 < failing.count * 8 <= len(filled):
        yield failing.finding(
            "ROUNDING_MIXED",
            Severity.NOTE,
            f"{len(filled) - failing.count} of {len(filled)} counts are multiples of 5, and {failing.count} are not.",
            "An exact count among rounded ones gives back what rounding hid; round it too.",
            place=seen.table.where,
        )
