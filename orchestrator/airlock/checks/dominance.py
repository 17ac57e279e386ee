"""Totals of money or the like that one or two contributors make up: the (n, k) rule and the p-ratio.

Formulae as in ACRO (acro/sdcchecks.py): (n, k) fails where the n largest hold k percent of the total or more; the
p-ratio fails where what all but the two largest hold is less than p percent of the largest.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places
from orchestrator.airlock.reading.specimen import Specimen

from .headings import Role, plain
from .views import View, view

__all__ = ["breaks_nk", "breaks_p", "check"]

_LARGEST = re.compile(r"\b(?:top ?1?|largest|biggest|max(?:imum)?)\b(?! ?2| two)")
_SECOND = re.compile(r"\b(?:top ?2|second|2nd|largest ?2)\b")
_TOTAL = re.compile(r"\b(?:sum|total)\b")
_TOP_SHARE = re.compile(
    r"\b(?:share|percent|pct|%|proportion)\b.*\b(?:top|largest|biggest)\b|\b(?:top|largest)\b.*(?:share|%|percent|pct)"
)
_CONTRIBUTOR = re.compile(
    r"\b(?:contributors?|firms?|compan(?:y|ies)|business(?:es)?|enterprises?|practices?|hospitals?|providers?|trusts?|"
    r"persons?|patients?|respondents?|units?|establishments?|suppliers?)\b"
)


def breaks_nk(largest: Sequence[float], total: float, n: int, k: int) -> bool:
    """Say whether the ``n`` largest of these contributions hold ``k`` percent of the total or more."""
    return total > 0 and sum(sorted(largest, reverse=True)[:n]) * 100 >= k * total - 1e-9 * total


def breaks_p(first: float, second: float, total: float, percent: int) -> bool:
    """Say whether what all others hold is less than ``percent`` of the largest contribution."""
    return first > 0 and (total - first - second) * 100 < percent * first


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report totals that one or two contributors make up, where a table gives their contributions."""
    for table in file.tables:
        seen = view(table)
        nk, p = Places(), Places()
        for place, largest, total, complete in (*_columns(seen), *_contributions(seen)):
            if any(breaks_nk(largest, total, n, k) for n, k in pack.dominance):
                nk.add(place)
            if complete and len(largest) > 1 and breaks_p(largest[0], largest[1], total, pack.p_percent):
                p.add(place)
        for place, share in _shares(seen):
            if any(share >= k for _, k in pack.dominance):
                nk.add(place)
        rules = ", ".join(f"{n} largest hold {k} %" for n, k in pack.dominance)
        if nk:
            words = f"{nk.count} totals are nearly all from one or two contributors (unsafe where the {rules} or more)."
            yield nk.finding("DOMINANCE", Severity.FLAG, words, _GUIDANCE, place=seen.table.where)
        if p:
            words = (
                f"In {p.count} totals what the others hold is less than {pack.p_percent} % of the largest contribution."
            )
            yield p.finding("P_RATIO", Severity.FLAG, words, _GUIDANCE, place=seen.table.where)


_GUIDANCE = "The second contributor can work out the first one’s value. Merge the group, or leave the total out."


def _columns(seen: View) -> Iterator[tuple[str, list[float], float, bool]]:
    """Yield totals whose largest contributions stand in the same row."""
    headings = [plain(seen.heading(index)) for index in range(len(seen.roles))]
    numeric = [index for index, role in enumerate(seen.roles) if role is not Role.LABEL and role is not Role.SHARE]
    first = [index for index in numeric if _LARGEST.search(headings[index]) and not _SECOND.search(headings[index])]
    second = [index for index in numeric if _SECOND.search(headings[index])]
    totals = [index for index in numeric if _TOTAL.search(headings[index]) and index not in {*first, *second}]
    if len(totals) != 1 or len(first) != 1 or len(second) > 1:
        return
    for number, row in seen.rows():
        total, largest = seen.cell(row, totals[0]).number, seen.cell(row, first[0]).number
        if total is None or largest is None or largest > total:
            continue
        other = seen.cell(row, second[0]).number if second else None
        if other is not None and other > largest:
            other -= largest  # the two together
        yield seen.where(number, row), [largest] + ([] if other is None else [other]), total, other is not None


def _shares(seen: View) -> Iterator[tuple[str, float]]:
    for index in seen.of(Role.SHARE):
        if _TOP_SHARE.search(plain(seen.heading(index))):
            scale = 1.0 if seen.frame.columns[index].most > 1 else 100.0
            for number, row in seen.rows():
                cell = seen.cell(row, index)
                share = cell.share if cell.share is not None else None if cell.number is None else cell.number * scale
                if share is not None:
                    yield seen.where(number, row), share


def _contributions(seen: View) -> Iterator[tuple[str, list[float], float, bool]]:
    """Yield groups of a table that lists each contributor with what he contributes."""
    sums = seen.of(Role.SUM)
    who = [
        index
        for index in range(len(seen.roles))
        if seen.names(index) and _CONTRIBUTOR.search(plain(seen.heading(index)))
    ]
    if len(sums) != 1 or len(who) != 1 or not seen.frame.kept:
        return
    found: dict[str, list[float]] = defaultdict(list)
    for _, row in seen.rows():
        value = seen.cell(row, sums[0]).number
        if value is not None and value >= 0 and not seen.total_row(row):
            labels = [row[index] for index in range(len(row)) if seen.names(index) and index != who[0]]
            found[" ".join(labels)].append(value)
    for group, values in found.items():
        yield f"contributions of {group or 'all rows'}", sorted(values, reverse=True), sum(values), True
