"""How the cells of one table hang together: totals over shown cells only, groups that overlap, groups within groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .tables import Fact, Kind, Labels, Partition
from .values import Value

__all__ = ["lines", "nesting", "over_shown_cells", "partition", "with_unnamed_totals"]

_FULL_LINES = 2
"""Lines that must add up before a group without a name for it is taken for a total."""


def lines(facts: Sequence[Fact], dimension: str) -> Iterator[tuple[Fact, list[Fact]]]:
    """Yield every total over a dimension that the table states, with the cells it should be the sum of."""
    by_labels = {fact.labels: fact for fact in facts}
    parts: dict[Labels, list[Fact]] = defaultdict(list)
    for fact in facts:
        rest = tuple(pair for pair in fact.labels if pair[0] != dimension)
        if rest != fact.labels:
            parts[rest].append(fact)
    for rest, cells in parts.items():
        if rest in by_labels:
            yield by_labels[rest], cells


def with_unnamed_totals(values: dict[Labels, Value]) -> dict[Labels, Value]:
    """Take the first or last group of a dimension for its total where it is the sum of the others on every line."""
    for dimension in dict.fromkeys(name for labels in values for name, _ in labels):
        lines_of: dict[Labels, dict[str, Value]] = defaultdict(dict)
        for labels, each in values.items():
            for pair in labels:
                if pair[0] == dimension:
                    lines_of[tuple(other for other in labels if other != pair)][pair[1]] = each
        levels = list(dict.fromkeys(level for line in lines_of.values() for level in line))
        if len(levels) < 3 or any(rest in values for rest in lines_of):
            continue
        for candidate in (levels[-1], levels[0]):
            if _is_sum(list(lines_of.values()), candidate):
                gone = (dimension, candidate)
                values = {tuple(pair for pair in labels if pair != gone): each for labels, each in values.items()}
                break
    return values


def _is_sum(lines_of: Sequence[dict[str, Value]], candidate: str) -> bool:
    """Two lines at least must be shown in full, and none may contradict."""
    fitting = 0
    for line in lines_of:
        if candidate not in line:
            continue
        total = line[candidate].number
        others = [each.number for level, each in line.items() if level != candidate]
        known = [number for number in others if number is not None]
        if total is None or sum(known) > total:
            return False
        if len(known) == len(others):
            if sum(known) != total or not total:
                return False
            fitting += 1
    return fitting >= _FULL_LINES


def over_shown_cells(facts: Sequence[Fact]) -> list[Fact]:
    """Loosen totals that were made after masking: they count the shown cells only, so the truth is that or more.

    ACRO’s suppression recomputes margins so. Taken at their word such totals would say that every masked cell is zero.
    """
    current = list(facts)
    for _ in range(2):  # a grand total is the sum of row totals that were loosened first
        for dimension in dict.fromkeys(name for fact in current for name, _ in fact.labels):
            loosened = _over_shown(current, dimension)
            current = [
                replace(fact, kind=Kind.SHOWN, high=None) if fact.labels in loosened else fact for fact in current
            ]
    return current


def _over_shown(facts: Sequence[Fact], dimension: str) -> set[Labels]:
    found: set[Labels] = set()
    for total, cells in lines(facts, dimension):
        hidden = [cell for cell in cells if cell.kind is Kind.MASKED]
        stated = sum(cell.low for cell in cells if cell.kind is not Kind.MASKED)
        if not hidden and not any(cell.kind is Kind.SHOWN for cell in cells):
            continue
        if total.kind is Kind.SHOWN:
            continue
        if not total.exact or stated != total.low:
            return set()  # a line whose total holds what is hidden: these totals are of everybody
        found.add(total.labels)
    return found


def partition(facts: Sequence[Fact], dimension: str, *, nested: bool = False) -> Partition:
    """Tell from the lines whose total is stated whether the groups of a dimension add up.

    Only a line that shows every group of the table can fall short; groups ``nested`` in others are never all in a line.
    """
    answer = Partition.UNKNOWN
    groups = {level for fact in facts for name, level in fact.labels if name == dimension}
    for total, cells in lines(facts, dimension):
        if total.kind is Kind.SHOWN:
            continue
        if total.high is not None and sum(cell.low for cell in cells) > total.high:
            return Partition.OVERLAPPING
        highs = [cell.high for cell in cells if cell.high is not None]
        if len(highs) == len(cells) and (nested or len(cells) == len(groups)):
            if sum(highs) < total.low:
                answer = Partition.PART
            elif answer is Partition.UNKNOWN:
                answer = Partition.WHOLE
    return answer


def nesting(facts: Sequence[Fact], dimensions: Sequence[str]) -> dict[str, str]:
    """Return, for dimensions whose every group lies in one group of another, that other: regions within counties."""
    found: dict[str, str] = {}
    groups: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for fact in facts:
        for inner, inside in fact.labels:
            for outer, group in fact.labels:
                if inner != outer:
                    groups[inner, outer][inside].add(group)
    for (inner, outer), arounds in sorted(groups.items()):
        if inner not in dimensions or inner in found or found.get(outer) == inner:
            continue
        around = {each for several in arounds.values() for each in several}
        if len(around) >= 2 and len(arounds) > len(around) and all(len(each) == 1 for each in arounds.values()):
            found[inner] = outer
    return found
