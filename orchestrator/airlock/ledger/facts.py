"""A table that was read becomes a published table: every cell a fact about the group it counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.airlock.checks.cells import read
from orchestrator.airlock.checks.columns import frame
from orchestrator.airlock.checks.headings import Role, named
from orchestrator.airlock.checks.roles import row_roles
from orchestrator.airlock.reading.parts import Table

from . import margins, rounding
from .labels import is_total, level, name, stated_n
from .layout import CountColumn, Layout, layout, readable
from .numbers import Numbers
from .population import restrictions
from .shares import bounds_from_shares
from .tables import Dimension, Fact, Kind, Labels, PublishedTable
from .values import Value, value

__all__ = ["FACTS_KEPT", "published"]

FACTS_KEPT = 20_000
"""Cells of one table that are remembered: the packs let 5,000 rows pass, so a longer table never leaves unflagged."""
_NO_DIMENSION = {"rows 1", "characteristic", "characteristics", "variable", "measure", "statistic"}
_SAID = re.compile(r"\b(?:mean|median|sd|iqr|range|quartiles?|min|max|average|std|se|ci)\b", re.IGNORECASE)
_STATISTICS = {Role.MEAN, Role.PERCENTILE, Role.SPREAD, Role.COEFFICIENT, Role.STANDARD_ERROR, Role.P_VALUE}


@dataclass
class _Place:
    """Where in the rows the reading is: the section, the parent row, the labels carried down."""

    section: str = ""
    parent: str = ""
    carried: dict[int, str] = field(default_factory=dict)


def published(
    table: Table, *, file: str, numbers: Numbers, where: str = "", titles: Sequence[str] = ()
) -> tuple[PublishedTable, ...]:
    """Return the facts of a table, one ``PublishedTable`` for each thing it counts; empty when it counts nothing.

    ``titles`` are words that say whom the table is about: its caption, a stated filter.
    """
    plan, found = layout(table), frame(table)
    if plan is None:
        return ()
    population = restrictions(file, where, *titles)
    if not found.kept or len(found.rows) * len(plan.counts) > FACTS_KEPT:
        reason = f"it has more than {FACTS_KEPT} counts"
        return (PublishedTable(file=file, where=where, population=population, incomplete=reason),)
    rows = list(readable(table))
    answer = []
    for measure in dict.fromkeys(column.measure for column in plan.counts):
        values = _values(table, rows, plan, measure)
        values = margins.with_unnamed_totals(values)
        if values:
            answer.append(_table(values, numbers, PublishedTable(
                file=file, where=where, measure=measure, population=population,
                incomplete="it could not be read to the end" if found.broken else "",
            )))  # fmt: skip
    return tuple(answer)


def _table(values: dict[Labels, Value], numbers: Numbers, empty: PublishedTable) -> PublishedTable:
    base = rounding.base([each.number for each in values.values() if each.number is not None], numbers.rounding)
    zeros = any(each.number == 0 for each in values.values()) or not numbers.zeros_masked
    bounded = bounds_from_shares(values)
    facts = []
    for labels, each in values.items():
        low, high = rounding.bounds(each.number, base) if each.number is not None else each.bounds(zeros_shown=zeros)
        kind = Kind.MASKED if each.number is None else Kind.EXACT if low == high else Kind.ROUNDED
        hides = None if kind is Kind.EXACT or high is None else high - low + 1
        if labels in bounded:
            least, most = bounded[labels]
            low, high = max(low, least), most if high is None else max(low, min(high, most))
        facts.append(Fact(labels=labels, low=low, high=high, kind=kind, place=each.place, hides=hides))
    facts = margins.over_shown_cells(facts)
    names = list(dict.fromkeys(dimension for fact in facts for dimension, _ in fact.labels))
    nested = margins.nesting(facts, names)
    dimensions = tuple(
        Dimension(
            name=each, partition=margins.partition(facts, each, nested=each in nested), within=nested.get(each, "")
        )
        for each in names
    )
    return replace(empty, dimensions=dimensions, facts=tuple(sorted(facts, key=lambda fact: fact.labels)))


def _values(table: Table, rows: Sequence[tuple[int, Sequence[str]]], plan: Layout, measure: str) -> dict[Labels, Value]:
    columns = [column for column in plan.counts if column.measure == measure]
    names = _free_names(plan)
    place, values = _Place(), dict[Labels, Value]()
    counting = {number for number, role in row_roles(table).items() if role is Role.COUNT}
    statistics = bool(row_roles(table))
    indented = any(_indented(row, plan) for number, row in rows if number >= plan.body)
    for number, row in rows:
        if number < plan.body or (statistics and number not in counting):
            continue
        labels = () if statistics else _row_labels(row, plan, names, columns, place, indented=indented)
        if labels is None:
            continue
        for column in columns:
            cell = value(row, column, f"row {number}, {_column(table, column)}")
            if cell is not None:
                values.setdefault(tuple(sorted((*labels, *column.levels))), cell)
    for column in columns:
        if column.stated is not None and column.levels:
            stated = Value(number=column.stated, place=f"the heading of {_column(table, column)}")
            values.setdefault(tuple(sorted(column.levels)), stated)
    return values


def _column(table: Table, column: CountColumn) -> str:
    return f"column “{table.column(column.index)}”"


def _free_names(plan: Layout) -> tuple[str, ...]:
    """Give label columns without a heading, or with the same one, names of their own."""
    names: list[str] = []
    for position, each in enumerate(plan.names, start=1):
        names.append(each if each and each not in names else f"{each or 'rows'} {position}".strip())
    return tuple(names)


def _indented(row: Sequence[str], plan: Layout) -> bool:
    index = plan.labels[0] if plan.labels else 0
    return len(plan.labels) == 1 and index < len(row) and row[index][:1] in (" ", "\t", "\u00a0")


def _row_labels(
    row: Sequence[str],
    plan: Layout,
    names: Sequence[str],
    columns: Sequence[CountColumn],
    place: _Place,
    *,
    indented: bool,
) -> Labels | None:
    """Return the groups that a row counts, or nothing when it counts none."""
    if len(plan.labels) == 1:
        return _sectioned(row, plan, names[0], columns, place, indented=indented)
    texts = list(_carried(row, plan.labels, place))
    if plan.blocks:
        return _block(texts[0], texts[1])
    return tuple((each, level(text)) for each, text in zip(names, texts, strict=True) if text and not is_total(text))


def _carried(row: Sequence[str], labels: Sequence[int], place: _Place) -> Iterator[str]:
    """Yield the row’s labels; an empty one outside the last column repeats the one above."""
    texts = [row[index].strip() if index < len(row) else "" for index in labels]
    for position, (index, text) in enumerate(zip(labels, texts, strict=True)):
        if text:
            place.carried[index] = text
            for later in labels[position + 1 :]:
                place.carried.pop(later, None)
        yield text or (place.carried.get(index, "") if any(texts[position + 1 :]) else "")


def _block(variable: str, group: str) -> Labels | None:
    if is_total(variable) or (not variable and is_total(group)):
        return ()
    if not group:
        return ((name(variable), "yes"),)
    return () if is_total(group) else ((name(variable), level(group)),)


def _sectioned(
    row: Sequence[str], plan: Layout, dimension: str, columns: Sequence[CountColumn], place: _Place, *, indented: bool
) -> Labels | None:
    """Read one label column in which a row without numbers, or a row before indented ones, opens a section."""
    text = row[plan.labels[0]] if plan.labels[0] < len(row) else ""
    label = text.strip()
    shown = [row[column.index].strip() for column in columns if column.index < len(row) and row[column.index].strip()]
    sections = indented or dimension in _NO_DIMENSION
    if not shown and label and sections:
        place.section, place.parent = name(label), ""
    if not label or (not shown and sections) or _statistic(label, shown):
        return None
    child = indented and _indented(row, plan)
    if is_total(label) or (dimension in _NO_DIMENSION and _counts_everybody(label)):
        return () if not child or place.section or not place.parent else ((dimension, place.parent),)
    if indented and not child:
        place.section, place.parent = "", level(label)
    if child and place.parent and not place.section:
        return tuple(sorted(((dimension, place.parent), (f"{dimension} within", level(label)))))
    return ((place.section or dimension, level(label)),)


def _statistic(label: str, shown: Sequence[str]) -> bool:
    """Say whether a row holds a mean, a median or the like instead of counts."""
    if named(label) not in _STATISTICS:
        return False
    cells = [read(each) for each in shown]
    return bool(_SAID.search(label)) or any(cell.number is not None and cell.count is None for cell in cells)


def _counts_everybody(label: str) -> bool:
    """Say whether a row label only says “how many”: “N”, “Number of patients”, “n (%)”."""
    words = level(label).replace("number of", "n").split()
    return (
        stated_n(label) is None
        and bool(words)
        and all(word in {"n", "patients", "people", "participants"} for word in words)
    )
