"""How a table is laid out: which columns hold labels, which counts, and which group each count column stands for."""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from orchestrator.airlock.checks.cells import read
from orchestrator.airlock.checks.columns import Frame, frame
from orchestrator.airlock.checks.roles import Role, roles
from orchestrator.airlock.reading.parts import Table

from .labels import is_total, level, measure_and_level, name, span, stated_n

__all__ = ["CountColumn", "Layout", "layout", "readable"]

_LABELS = {Role.LABEL, Role.YEAR, Role.INDEX, Role.TIME, Role.IDENTIFIER}
_NEVER_COUNTS = {Role.LABEL, Role.PERCENTILE, Role.P_VALUE, Role.SHARE}
_HEADER_ROWS = 3
_KINDS_OF_PEOPLE = {
    "events", "event", "deaths", "died", "at risk", "at_risk", "observed", "censored", "removed", "entrance", "missing",
    "total", "excluded", "denominator", "numerator", "admissions", "episodes", "spells", "prescriptions", "visits",
}  # fmt: skip
_NAMED_PAIR = {"variable", "characteristic", "characteristics", "covariate", "question", "item", "factor", "domain"}


@dataclass(frozen=True, kw_only=True)
class CountColumn:
    """One column of counts: of everybody where it has no ``levels``."""

    index: int
    measure: str = ""
    levels: tuple[tuple[str, str], ...] = ()
    """Pairs of column dimension and group; a dimension that the column totals over is left out."""
    stated: int | None = None
    """The size of the group, where the heading states it: “Placebo (N=86)”."""
    share: int | None = None
    """The column of percentages that belongs to this one."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Label columns with their dimension names, count columns, and the number of the first row of the body."""

    labels: tuple[int, ...]
    names: tuple[str, ...]
    counts: tuple[CountColumn, ...]
    body: int
    column_dimensions: tuple[str, ...] = ()
    blocks: bool = False
    """The first label column names the dimension of the second: variable, level."""


def layout(table: Table) -> Layout | None:
    """Tell the layout of a table; nothing when it holds no counts."""
    found, kinds = frame(table), roles(table)
    headings = [*table.columns, *[""] * (len(kinds) - len(table.columns))]
    counted = [index for index, role in enumerate(kinds) if role is Role.COUNT]
    counted = _with_counts_beside(found, headings, kinds, counted)
    labels = [at for at, role in enumerate(kinds) if (role in _LABELS or at == 0) and at not in counted]
    labels = [index for index in labels if not counted or index < max(counted)]
    labels = _without_row_numbers(found, headings, labels)
    if not counted:
        return None
    body, stacked = _header_rows(table, counted)
    shares = [index for index, role in enumerate(kinds) if role is Role.SHARE and index not in counted]
    names = tuple(name(headings[index]) for index in labels)
    if stacked:
        return _stacked(list(headings), labels, counted, body, stacked)
    columns = _columns(found, headings, counted)
    return Layout(
        labels=tuple(labels),
        names=names,
        counts=tuple(_with_share(column, counted, shares) for column in columns),
        body=body,
        column_dimensions=("",) if any(column.levels for column in columns) else (),
        blocks=len(labels) == 2 and (names[0] in _NAMED_PAIR or names == ("", "")),
    )


def _with_counts_beside(found: Frame, headings: Sequence[str], kinds: Sequence[Role], counted: list[int]) -> list[int]:
    """Correct what single columns could not tell: beside counts, more columns are counts, and the first may be labels.

    Counts are columns of “40 (46.5%)”, of nothing but masks, and of whole numbers under a range (“6 or more”).
    """
    answer = {*counted, *(at for at, role in enumerate(kinds) if role is Role.SHARE and found.columns[at].beside)}
    for at, column in enumerate(found.columns):
        only_masks = column.marks and not column.words + column.numbers
        of_range = kinds[at] not in _NEVER_COUNTS and column.all_whole and span(headings[at]) is not None
        if at and answer and (only_masks or of_range):
            answer.add(at)
    if 0 in answer and len(answer) > 1 and found.columns[0].words:
        answer.discard(0)
    return sorted(answer)


def _without_row_numbers(found: Frame, headings: Sequence[str], labels: list[int]) -> list[int]:
    """Leave out a first column that only numbers the rows, as some programs write it."""
    if len(labels) < 2 or labels[0] != 0 or name(headings[0]) not in {"", "row"}:
        return labels
    column = found.columns[0]
    numbered = column.rising and column.numbers == found.count and column.least in (0, 1)
    return labels[1:] if numbered and column.most - column.least == found.count - 1 else labels


def _header_rows(table: Table, counted: Sequence[int]) -> tuple[int, list[list[str]]]:
    """Return the number of the first row of the body, and the further rows of headings above it."""
    rows: list[list[str]] = []
    for number, row in islice(readable(table), _HEADER_ROWS):
        cells = [row[index].strip() if index < len(row) else "" for index in counted]
        words = [text for text in cells if text]
        if words and all(_is_word(text) for text in words):
            rows.append(list(row))
        elif rows and not words:
            return number + 1, [*rows, list(row)]  # the row that names the labels, as pandas writes it
        else:
            return number, rows
    return table.first, []


def _is_word(text: str) -> bool:
    cell = read(text)
    return cell.number is None and not cell.masked and re.match(r"[<>≥≤=]", text) is None


def readable(table: Table) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the rows of a table as far as it can be read."""
    try:
        yield from table.rows()
    except csv.Error:
        return


def _stacked(
    headings: Sequence[str], labels: list[int], counted: list[int], body: int, rows: list[list[str]]
) -> Layout:
    """Lay out columns whose headings take several rows: sex above, smoker below."""
    named_row = not any(rows[-1][index].strip() for index in counted if index < len(rows[-1]))
    last = rows[-1] if named_row else [""] * len(headings)
    levels = [list(headings), *(rows[:-1] if named_row else rows)]
    corner = labels[0] if labels else -1
    dimensions = tuple(name(row[corner]) if 0 <= corner < len(row) and named_row else "" for row in levels)
    dimensions = tuple(each or f"columns {position}" for position, each in enumerate(dimensions, start=1))
    columns = []
    for index in counted:
        pairs = []
        for dimension, row in zip(dimensions, levels, strict=True):
            text = _left_filled(row, index, counted)
            if text and not is_total(text):
                pairs.append((dimension, level(text)))
        columns.append(CountColumn(index=index, levels=tuple(pairs)))
    names = tuple(name((last if named_row else headings)[index]) for index in labels)
    return Layout(labels=tuple(labels), names=names, counts=tuple(columns), body=body, column_dimensions=dimensions)


def _left_filled(row: Sequence[str], index: int, counted: Sequence[int]) -> str:
    for at in range(index, min(counted) - 1, -1):
        if at < len(row) and row[at].strip() and not row[at].startswith("Unnamed:"):
            return row[at]
    return ""


def _columns(found: Frame, headings: Sequence[str], counted: Sequence[int]) -> list[CountColumn]:
    parted = {index: measure_and_level(headings[index]) for index in counted}
    answers = {index: level(headings[index]) for index in counted}
    if {"yes", "no"} <= set(answers.values()):  # here “no” is an answer and not short for “number”
        parted |= {index: ("", each) for index, each in answers.items() if each in {"yes", "no"}}
    groups = {index: words for index, (_, words) in parted.items() if words and not is_total(headings[index])}
    everybody = [index for index in counted if index not in groups]
    separate = _separate(found, groups, everybody)
    columns = []
    for index in counted:
        words = parted[index][1]
        stated = stated_n(headings[index])
        if index in groups and not separate:
            columns.append(CountColumn(index=index, levels=(("", words),), stated=stated))
        elif index in groups:
            columns.append(CountColumn(index=index, measure=words, stated=stated))
        else:
            columns.append(CountColumn(index=index, stated=stated))
    return columns


def _separate(found: Frame, groups: dict[int, str], everybody: Sequence[int]) -> bool:
    """Say whether the columns count different things (patients, deaths) rather than the groups of one dimension."""
    if len(groups) == 1 and not everybody:
        return True
    if any(words in _KINDS_OF_PEOPLE for words in groups.values()):
        return not (len(everybody) == 1 and _adds_up(found, list(groups), everybody[0]))
    return len(groups) == 1 and len(everybody) == 1


def _adds_up(found: Frame, parts: Sequence[int], total: int) -> bool:
    """Say whether ``parts`` add up to ``total`` in every row that shows them all."""
    seen = 0
    for row in range(len(found.rows)):
        shown = [found.cell(row, index).count for index in (*parts, total)]
        counts = [count for count in shown if count is not None]
        if len(counts) == len(shown):
            if sum(counts[:-1]) != counts[-1]:
                return False
            seen += 1
    return seen > 0 and len(parts) > 1


def _with_share(column: CountColumn, counted: Sequence[int], shares: Sequence[int]) -> CountColumn:
    """Give a column of counts the first column of shares between it and the next counts; both lists are sorted."""
    after = bisect_right(counted, column.index)
    end = counted[after] if after < len(counted) else float("inf")
    own = bisect_right(shares, column.index)
    return replace(column, share=shares[own]) if own < len(shares) and shares[own] < end else column
