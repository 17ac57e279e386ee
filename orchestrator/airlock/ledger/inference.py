"""The attack on linked tables: which hidden cells there are, and what each of them can be."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy

from .attacker import Bounds, attacked, possible, reached
from .linking import Cell, Linked, Member
from .propagation import Contradiction
from .sparse import Indices
from .system import system
from .tables import Fact, Kind
from .universe import OTHER, Statement, universe

__all__ = ["NEVER_PUBLISHED", "Hidden", "Inference", "infer"]

NEVER_PUBLISHED = 20_000
"""Cells that no table states, attacked at most in one go; those beyond are named as not computed."""


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A cell whose count is not known: masked or rounded by ``fact`` of a table, or in no table at all."""

    groups: tuple[tuple[str, str], ...]
    columns: Indices
    fact: Fact | None = None
    table: int | None = None
    new: bool = False
    """Whether a table that asks to leave hides it."""


Enough = Callable[[Hidden, Bounds], bool]


class Inference:
    """Linked tables as one system. ``loose`` allows people who are in none of the groups shown."""

    def __init__(self, group: Linked, threshold: int, deadline: float, *, loose: bool) -> None:
        self.group, self.deadline = group, deadline
        self.universe = universe(group, loose=loose)
        self.system = system(self.universe)
        self._threshold, self._loose = threshold, loose
        self.hidden = self._published()
        never = self._never_published()
        self.hidden += never[:NEVER_PUBLISHED]
        self.skipped = len(never) > NEVER_PUBLISHED
        self.bounds: list[Bounds] = []
        """What each hidden cell can be, once ``infer`` computed it."""
        self.left_out: tuple[Member, ...] = ()
        """Tables that contradict the others together, though no single cell shows it."""

    def computed(
        self, hidden: Sequence[Hidden], enough: Enough, tables: Callable[[int], bool] | None = None
    ) -> list[Bounds]:
        """Bound hidden cells from all tables, or from those that ``tables`` accepts by their number."""
        chosen = self.system if tables is None else self.system.only(tables)
        columns = [each.columns for each in hidden]
        return attacked(chosen, columns, lambda at, bounds: enough(hidden[at], bounds), self.deadline)

    def of(self, members: Sequence[Member]) -> Inference:
        """Return the same question for some of the tables only."""
        return Inference(_of(self.group, members), self._threshold, self.deadline, loose=self._loose)

    def worth_asking(self) -> list[Hidden]:
        """Leave out what no new table tells anything of: of that, earlier releases were asked."""
        fresh = {member.number for member in self.group.members if member.new}
        if len(fresh) == len(self.group.members):
            return self.hidden
        mask = reached(self.system, self.system.only(lambda table: table not in fresh), lambda table: table in fresh)
        return [each for each in self.hidden if each.new or mask[each.columns].any()]

    def _published(self) -> list[Hidden]:
        """List masked cells, and rounded ones that may be small; those of new tables first."""
        new = {member.number for member in self.group.members if member.new}
        seen: set[Cell] = set()
        found: list[Hidden] = []
        for statement in sorted(self.universe.statements, key=lambda each: (each.table not in new, each.table)):
            fact = statement.fact
            if fact is None or fact.kind in (Kind.EXACT, Kind.SHOWN):
                continue
            cell = self._cell(statement)
            if frozenset(cell) in seen or (fact.kind is Kind.ROUNDED and fact.low >= self._threshold):
                continue
            seen.add(frozenset(cell))
            columns = self.system.variables(statement.groups)
            found.append(
                Hidden(groups=cell, columns=columns, fact=fact, table=statement.table, new=statement.table in new)
            )
        return found

    def _cell(self, statement: Statement) -> tuple[tuple[str, str], ...]:
        names = {
            name: {atoms: level for level, atoms in self.universe.axes[name].levels.items()}
            for name, _ in statement.groups
        }
        return tuple((name, names[name][atoms]) for name, atoms in statement.groups)

    def _never_published(self) -> list[Hidden]:
        """List single cells of full cross-classifications that no table states and no small published count holds."""
        known = self.system.high == 0
        for statement in self.universe.statements:
            small = statement.low == statement.high and statement.low < self._threshold
            for block in self.system.holding(statement.axes):
                if small or len(statement.axes) == len(block.axes):
                    columns = block.variables(dict(statement.groups))
                    known[columns] |= small or len(columns) == 1
        found: list[Hidden] = []
        for block in self.system.blocks:
            for position in numpy.argwhere(~known[block.numbers]):
                atoms = [self.universe.axes[axis].atoms[at] for axis, at in zip(block.axes, position, strict=True)]
                if OTHER not in atoms:
                    columns = block.numbers[tuple(position)].reshape(1)
                    found.append(Hidden(groups=tuple(zip(block.axes, atoms, strict=True)), columns=columns))
                if len(found) > NEVER_PUBLISHED:
                    return found
        return found


def infer(group: Linked, threshold: int, enough: Enough, deadline: float) -> Inference:
    """Attack linked tables. Groups are taken to be all there are, as long as people can fit the tables so."""
    for loose in (False, True):
        try:
            return _answered(Inference(group, threshold, deadline, loose=loose), enough)
        except Contradiction:
            continue
    left_out: list[Member] = []
    while True:
        last = _longest(group.members, lambda members, of=group: _fit(_of(of, members), deadline))  # type: ignore[misc]
        left_out.append(group.members[last])
        group = _of(group, [each for each in group.members if each is not group.members[last]])
        if not group.members:
            raise Contradiction
        try:
            found = _answered(Inference(group, threshold, deadline, loose=True), enough)
        except Contradiction:
            continue
        found.left_out = tuple(left_out)
        return found


def _answered(inference: Inference, enough: Enough) -> Inference:
    inference.hidden = inference.worth_asking()
    inference.bounds = inference.computed(inference.hidden, enough)
    return inference


def _fit(group: Linked, deadline: float) -> bool:
    """Say whether people fit these tables; when the time is over everything is left out."""
    return time.monotonic() < deadline and possible(system(universe(group, loose=True)), deadline)


def _longest(members: Sequence[Member], fit: Callable[[Sequence[Member]], bool]) -> int:
    """Return how many members from the first on fit together, by halving; at least the last one does not."""
    low, high = 0, len(members) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fit(members[:middle]) else (low, middle - 1)
    return low


def _of(group: Linked, members: Sequence[Member]) -> Linked:
    """Keep some of the linked tables."""
    found = Linked()
    for member in members:
        found.add(member, group.facts[member.number])
    return found
