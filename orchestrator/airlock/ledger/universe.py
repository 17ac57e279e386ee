"""Tables that are about the same people, over the finest groups that any of them mentions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from .labels import span
from .linking import IN, Cell, Linked
from .tables import Fact, Kind, Partition

__all__ = ["OTHER", "Axis", "Statement", "Universe", "universe"]

OTHER = "people in none of the groups shown"
OUT = "the rest"


@dataclass(kw_only=True)
class Axis:
    """One dimension: its finest groups, and which of them every group named anywhere is made of."""

    name: str
    atoms: list[str]
    levels: dict[str, tuple[int, ...]]

    def __len__(self) -> int:
        return len(self.atoms)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A fact in numbers: for each axis it names the finest groups it sums; ``table`` is the number of its table."""

    table: int
    groups: tuple[tuple[str, tuple[int, ...]], ...]
    low: int
    high: int | None
    fact: Fact | None = None
    """The published cell, or nothing where the statement says that nobody is in groups a whole table leaves out."""

    @property
    def axes(self) -> frozenset[str]:
        return frozenset(axis for axis, _ in self.groups)


@dataclass(kw_only=True)
class Universe:
    """Axes, statements, and pairs of groups that nobody can be in together."""

    axes: dict[str, Axis]
    statements: list[Statement]
    within: dict[tuple[str, str], dict[int, int]] = field(default_factory=dict)
    """For an inner and an outer axis: the one outer group of every inner group."""


def universe(group: Linked, *, loose: bool = False) -> Universe:
    """Put linked tables over one set of axes. ``loose`` allows people in none of the groups shown, on every axis."""
    shown: dict[str, dict[str, None]] = defaultdict(dict)
    for facts in group.facts.values():
        for cell in facts:
            for axis, level in cell:
                shown[axis][level] = None
    partial = _partial(group)
    axes = {name: _axis(name, levels, open_=loose or name in partial) for name, levels in shown.items()}
    statements = [
        Statement(
            table=number,
            groups=tuple(sorted((axis, axes[axis].levels[level]) for axis, level in cell)),
            low=fact.low,
            high=fact.high,
            fact=fact,
        )
        for number, facts in group.facts.items()
        for cell, fact in facts.items()
    ]
    found = Universe(axes=axes, statements=statements, within=_within(group, axes))
    if not loose:
        statements.extend(_nobody_else(group, axes, partial))
    return found


def _axis(name: str, shown: Iterable[str], *, open_: bool) -> Axis:
    levels = list(shown)
    if levels == [IN]:
        return Axis(name=name, atoms=[IN, OUT], levels={IN: (0,)})
    spans = {level: bounds for level in levels if (bounds := span(level)) is not None}
    if len(spans) < 2:
        spans = {}
    ends = sorted({end for bounds in spans.values() for end in bounds})
    pieces = [
        piece for piece in pairwise(ends) if any(low <= piece[0] and piece[1] <= high for low, high in spans.values())
    ]
    by_bounds = {bounds: level for level, bounds in spans.items()}
    atoms = [by_bounds.get(piece, f"{piece[0]:g} to below {piece[1]:g}") for piece in pieces]
    made = {
        level: tuple(at for at, piece in enumerate(pieces) if low <= piece[0] and piece[1] <= high)
        for level, (low, high) in spans.items()
    }
    for level in levels:
        if level not in made:
            made[level] = (len(atoms),)
            atoms.append(level)
    return Axis(name=name, atoms=[*atoms, OTHER] if open_ else atoms, levels=made)


def _partial(group: Linked) -> set[str]:
    """Return the axes on which some line, shown in full, falls short of a total that any table states."""
    found: set[str] = set()
    for facts in group.facts.values():
        groups: dict[str, set[str]] = defaultdict(set)
        sums: dict[tuple[str, Cell], list[Fact]] = defaultdict(list)
        for cell, fact in facts.items():
            for axis, level in cell:
                groups[axis].add(level)
                if level != IN:
                    sums[axis, cell - {(axis, level)}].append(fact)
        for (axis, rest), parts in sums.items():
            total = group.stated.get(rest)
            if axis in found or total is None or total.kind is Kind.SHOWN:
                continue
            highs = [part.high for part in parts if part.high is not None]
            if len(highs) == len(parts) == len(groups[axis]) and sum(highs) < total.low:
                found.add(axis)
    return found


def _nobody_else(group: Linked, axes: Mapping[str, Axis], partial: set[str]) -> Iterable[Statement]:
    """A table with totals shows every group of its own: nobody is in a group that only another table names."""
    counted = {pair for cell, fact in group.stated.items() if fact.low > 0 for pair in cell}
    for number, facts in group.facts.items():
        own: dict[str, set[str]] = defaultdict(set)
        for cell in facts:
            for axis, level in cell:
                own[axis].add(level)
        for axis, levels in own.items():
            totals = any(cell - {pair} in facts for cell in facts for pair in cell if pair[0] == axis and pair[1] != IN)
            if axis in partial or not totals or IN in levels:
                continue
            covered = {atom for level in levels for atom in axes[axis].levels[level]}
            rest = tuple(atom for atom in range(len(axes[axis])) if atom not in covered)
            elsewhere = any(
                (axis, level) in counted for level, atoms in axes[axis].levels.items() if set(atoms) <= set(rest)
            )
            if rest and not elsewhere:
                held = [
                    (name, axes[name].levels[IN]) for name in own if IN in own[name] and name.startswith("population")
                ]
                yield Statement(table=number, groups=tuple(sorted([(axis, rest), *held])), low=0, high=0)


def _within(group: Linked, axes: Mapping[str, Axis]) -> dict[tuple[str, str], dict[int, int]]:
    """Return which group of an outer axis each group of an inner one lies in, where every table agrees."""
    around: dict[tuple[str, str], dict[int, set[int]]] = {}
    for member in group.members:
        nested = [
            each for each in member.table.dimensions if each.within and each.partition is not Partition.OVERLAPPING
        ]
        for cell, fact in group.facts[member.number].items():
            named = dict(zip((name for name, _ in fact.labels), fact.labels, strict=True))
            for dimension in nested:
                if dimension.name in named and dimension.within in named:
                    _note(around, cell, named[dimension.name][1], named[dimension.within][1], axes)
    return {
        pair: {inner: next(iter(outers)) for inner, outers in found.items()}
        for pair, found in around.items()
        if all(len(outers) == 1 for outers in found.values())
    }


def _note(
    around: dict[tuple[str, str], dict[int, set[int]]], cell: Cell, inner: str, outer: str, axes: Mapping[str, Axis]
) -> None:
    inner_axis = next((axis for axis, level in cell if level == inner), None)
    outer_axis = next((axis for axis, level in cell if level == outer and axis != inner_axis), None)
    if inner_axis is None or outer_axis is None:
        return
    inside, outside = axes[inner_axis].levels[inner], axes[outer_axis].levels[outer]
    if len(inside) == 1 and len(outside) == 1:
        around.setdefault((inner_axis, outer_axis), defaultdict(set))[inside[0]].add(outside[0])
