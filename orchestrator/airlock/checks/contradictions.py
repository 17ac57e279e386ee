"""Headings that their columns contradict: counts under “mean”, totals that add up under “age”, shares above 100.

What the other checks ask of a column rests on what it is. A heading that says otherwise, by mistake or not, would lead
them and the checkers past small counts; so what cannot be true of a column’s own numbers is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.reading.places import shown
from orchestrator.airlock.reading.specimen import Specimen

from .columns import Column, Frame, frame
from .headings import Role, named, plain
from .roles import is_total, roles, statistic_column

__all__ = ["check"]

_FEWEST = 3
_COUNTS = re.compile(r"(?:n|no|num|number|counts?|freq(?:uency)?|cnt|n ?obs|obs)|(?:number|no|count) of .*")
_OF_HUNDRED = re.compile(r"%|\bper ?cent\b|\bpct\b|\bproportions?\b|\bprobabilit|\bsurvival\b")
_MAY_PASS = re.compile(
    r"\blog|\brates?\b|\bper 1|\bchange|\bincrease|\bdiff|\bweighted\b|\bratio\b|\bof baseline\b|\brelative\b"
)
_AGES = frozenset({"age", "ages", "age years", "mean age", "median age"})
_OLDEST = 130
_SPREADS = re.compile(r"\b(?:sd|std|stdev|stddev|variance|iqr|se|sem|stderr)\b")
_OF_WHAT = re.compile(r"\b(?:min|minimum|smallest|lowest|mean|average|avg|max|maximum|largest|highest)\b")
_MEANS = {Role.MEAN, Role.SPREAD, Role.STANDARD_ERROR}
_ESTIMATES = re.compile(r"\b(?:coefs?|coefficients?|estimates?|beta|hazard ratio|odds ratio|[oh]r)\b")
_NEVER_ADD = _MEANS | {Role.PERCENTILE, Role.COEFFICIENT, Role.P_VALUE, Role.MINIMUM, Role.MAXIMUM, Role.INDEX}
_NEVER_ADD |= {Role.IDENTIFIER, Role.YEAR, Role.TIME}


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report every heading that cannot be true of the numbers below it."""
    for table in file.tables:
        found = frame(table)
        if found.kept and len(found.rows) >= _FEWEST and statistic_column(table) is None:
            yield from _table(table, found, pack)


def _table(table: Table, found: Frame, pack: Pack) -> Iterator[Finding]:
    totals, believed = _totals(found), roles(table)
    for index, column in enumerate(found.columns):
        if column.numbers < _FEWEST or column.numbers * 10 < column.filled * 8:
            continue
        why = _impossible(column) or _whole(column, pack)
        if not why and believed[index] in _NEVER_ADD:
            why = _adds_up(found, index, totals)
        if why:
            yield _finding(table, column.heading, why)
    why = _out_of_order(found)
    if why:
        yield _finding(table, "", why)


def _finding(table: Table, heading: str, why: str) -> Finding:
    return Finding(
        rule="HEADING_CONTRADICTED",
        severity=Severity.FLAG,
        where=table.place(f"column “{shown(heading)}”") if heading else table.where or "whole table",
        message=f"The numbers are not what the heading says: {why}",
        guidance="Say in the heading what the column holds; if it counts people, every count is checked.",
    )


def _impossible(column: Column) -> str:
    """Say what no number of such a heading can be."""
    words, role = plain(column.heading), named(column.heading)
    if _MAY_PASS.search(words):
        return ""
    share = role is Role.SHARE and _OF_HUNDRED.search(words) is not None
    spread = role in {Role.SPREAD, Role.STANDARD_ERROR} and _SPREADS.search(words) is not None
    counts = _COUNTS.fullmatch(words) is not None
    year = words in {"year", "calendar year"} and column.all_whole
    reasons = (
        (role is Role.P_VALUE and (column.least < 0 or column.most > 1), "a p-value lies between 0 and 1."),
        (share and column.all_whole and column.least > 100, "every share is above 100 percent."),
        (
            counts and (column.negative or column.fractional * 2 > column.numbers),
            "a count is whole, and not below zero.",
        ),
        (year and (column.most < 1700 or column.least > 2200), "no year is among them."),
        (words in _AGES and column.most > _OLDEST, f"nobody is older than {_OLDEST} years."),
        (spread and column.negative, "a spread or an error is not below zero."),
    )
    return next((why for so, why in reasons if so), "")


def _whole(column: Column, pack: Pack) -> str:
    """Say that statistics are all whole and some of them small, as counts are and such statistics are not."""
    role, words = named(column.heading), plain(column.heading)
    statistic = role in _MEANS or (role is Role.COEFFICIENT and _ESTIMATES.search(words) is not None)
    small = any(1 <= value < pack.minimum_count for value in column.distinct)
    if statistic and column.all_whole and small and len(column.distinct) > 1:
        return f"all are whole, and some from 1 to {pack.minimum_count - 1}, as counts of people are."
    return ""


def _totals(found: Frame) -> list[int]:
    """Return the rows that are named as totals, if there is just one: of several, nobody knows what each adds up."""
    named_so = [place for place, (_, row) in enumerate(found.rows) if any(is_total(cell) for cell in row[:2])]
    return named_so if len(named_so) == 1 and len(found.rows) > _FEWEST else []


def _adds_up(found: Frame, index: int, totals: list[int]) -> str:
    """Say that a column adds up to its total row although its heading names what never adds up."""
    if not totals:
        return ""
    total = found.cell(totals[0], index).count
    parts = [found.cell(place, index).count for place in range(len(found.rows)) if place != totals[0]]
    whole = [part for part in parts if part is not None]
    if total and len(whole) >= _FEWEST and len(whole) == len(parts) and sum(whole) == total and min(whole) != total:
        return "they add up to their total, as counts do and such values do not."
    return ""


def _out_of_order(found: Frame) -> str:
    """Say that a least value is above a greatest one in the same row, or a mean outside both."""
    places = {
        role: [index for index, column in enumerate(found.columns) if named(column.heading) is role]
        for role in (Role.MINIMUM, Role.MEAN, Role.MAXIMUM)
    }
    if any(len(each) > 1 for each in places.values()) or not (places[Role.MINIMUM] and places[Role.MAXIMUM]):
        return ""
    order = [each[0] for each in places.values() if each]
    if len({_OF_WHAT.sub("", plain(found.columns[index].heading)).strip() for index in order}) > 1:
        return ""  # of different things
    for place in range(len(found.rows)):
        numbers = [found.cell(place, index).number for index in order]
        known = [number for number in numbers if number is not None]
        if known != sorted(known):
            return f"in row {found.rows[place][0]} minimum, mean and maximum are out of order."
    return ""
