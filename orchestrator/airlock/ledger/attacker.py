"""What an outsider computes: the least and the greatest number each hidden cell can be, from every table together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy

from .part import Part
from .program import OutOfTime, Program
from .propagation import Contradiction, components
from .sparse import Indices, Mask, Vector
from .system import System

__all__ = ["Bounds", "Settled", "attacked", "possible", "reached"]

_SLACK = 1e-6
_WIDE = 50
"""Bounds wider than this are not asked of whole-number programs: what these cut off is a few people at the ends."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What is known of one target.

    The truth is certainly between ``low`` and ``high``. ``seen_low`` and ``seen_high`` are values that solutions of the
    linear programs had: where they meet the bounds, linear programs cannot narrow these. ``whole`` says that
    whole-number programs were asked as well, or need not be, because a solution in whole people has those values.
    """

    low: float
    high: float
    seen_low: float = float("inf")
    seen_high: float = float("-inf")
    whole: bool = False
    settled: bool = True
    """False where the time was over before the question was answered."""

    @property
    def tight(self) -> bool:
        """Say whether linear programs can narrow these bounds no more."""
        return self.seen_low <= self.low + _SLACK and self.seen_high >= self.high - _SLACK

    @property
    def narrowest(self) -> bool:
        """Say whether nobody can know more; of wide bounds linear programs say so."""
        return self.low == self.high or (self.tight and (self.whole or self.high - self.low > _WIDE))


Settled = Callable[[int, Bounds], bool]
"""Says of a target, by its position, whether enough is known to stop."""


def attacked(system: System, targets: Sequence[Indices], settled: Settled, deadline: float) -> list[Bounds]:
    """Bound every target, each a sum of variables; raises ``Contradiction`` where no people fit the tables.

    Targets are taken in their order; those still open at the ``deadline`` (of ``time.monotonic``) say so themselves.
    """
    low, high = system.tightened()
    free = low < high
    part_of, row_part = components(system.rows, free)
    answers: list[Bounds] = []
    parts: dict[int, list[int]] = {}
    for at, columns in enumerate(targets):
        open_ = columns[free[columns]]
        least, most = float(low[columns].sum()), float(high[columns].sum())
        known = Bounds(low=least, high=most)
        answers.append(known if len(open_) else replace(known, seen_low=least, seen_high=least, whole=True))
        if len(open_) and not settled(at, answers[at]):
            kept = int(part_of[open_[0]])
            for other in set(part_of[open_].tolist()) - {kept}:
                part_of[part_of == other] = kept  # a target that sums over two parts makes one of them
                row_part[row_part == other] = kept
                parts.setdefault(kept, []).extend(parts.pop(other, []))
            parts.setdefault(kept, []).append(at)
    for number, members in sorted(parts.items(), key=lambda each: min(each[1])):
        members.sort()
        part = Part(system.rows, (low, high), (part_of == number, row_part == number), [targets[at] for at in members])
        search = _Search(part, [answers[at] for at in members], members, settled)
        search.run(deadline)
        for at, bounds in zip(members, search.answers(), strict=True):
            answers[at] = bounds
    return answers


def possible(system: System, deadline: float) -> bool:
    """Say whether any people fit; where the time is over nobody knows, and it is taken to be so."""
    try:
        low, high = system.tightened()
        part_of, row_part = components(system.rows, low < high)
        for number in numpy.unique(part_of[part_of >= 0]):
            part = Part(system.rows, (low, high), (part_of == number, row_part == number), [])
            Program(part.rows, part.low, part.high, deadline).least(numpy.zeros(0, dtype=numpy.int64))
    except Contradiction:
        return False
    except OutOfTime:
        return True
    return True


def reached(system: System, earlier: System, fresh: Callable[[int], bool]) -> Mask:
    """Mark the variables of which tables that are ``fresh`` (by their number) may tell more than the ``earlier`` ones.

    What hangs together only with rows and bounds that were there before is as it was.
    """
    (low, high), (low_before, high_before) = system.tightened(), earlier.tightened()
    changed = (low != low_before) | (high != high_before)
    part_of, row_part = components(system.rows, low < high)
    numbers = numpy.array([each for each in set(system.rows.tables.tolist()) if each >= 0 and fresh(each)])
    rows = numpy.isin(system.rows.tables, numbers)
    rows |= numpy.bincount(system.rows.of_entries[changed[system.rows.columns]], minlength=len(system.rows)) > 0
    touched = numpy.unique(row_part[rows])
    return numpy.asarray(changed | (numpy.isin(part_of, touched[touched >= 0])))


class _Search:
    """The attack on one part: every solution found tells something of all its targets at once."""

    def __init__(self, part: Part, bounds: Sequence[Bounds], positions: Sequence[int], settled: Settled) -> None:
        self._part, self._positions, self._settled = part, positions, settled
        self._low = numpy.array([each.low for each in bounds])
        self._high = numpy.array([each.high for each in bounds])
        self._seen_low = numpy.full(len(bounds), numpy.inf)
        self._seen_high = numpy.full(len(bounds), -numpy.inf)
        self._whole_low = numpy.full(len(bounds), numpy.inf)
        self._whole_high = numpy.full(len(bounds), -numpy.inf)
        self._asked = numpy.zeros(len(bounds), dtype=bool)

    def run(self, deadline: float) -> None:
        """Bound the targets in turn until all are settled or the time is over."""
        part = self._part
        try:
            program = Program(part.rows, part.low, part.high, deadline, summed=max(len(each) for each in part.own))
            for solve in (program.least, program.greatest):
                _, solution, whole = solve(part.everything)
                self._see(program, solution, whole=whole)
            for target in range(len(self._positions)):
                if not self._enough(target):
                    self._bound(program, target)
                if not self._enough(target):
                    self._bound_in_whole(program, target)
        except OutOfTime:
            return  # each answer says itself that it is not settled

    def answers(self) -> list[Bounds]:
        """Return what is known now."""
        found = [self._bounds(target) for target in range(len(self._positions))]
        return [
            replace(each, settled=self._settled(position, each))
            for position, each in zip(self._positions, found, strict=True)
        ]

    def _bounds(self, target: int) -> Bounds:
        low, high = float(self._low[target]), float(self._high[target])
        whole = bool(self._whole_low[target] <= low and self._whole_high[target] >= high)
        return Bounds(
            low=low,
            high=high,
            seen_low=float(self._seen_low[target]),
            seen_high=float(self._seen_high[target]),
            whole=whole or bool(self._asked[target]),
        )

    def _enough(self, target: int) -> bool:
        return self._settled(self._positions[target], self._bounds(target))

    def _see(self, program: Program, solution: Vector, *, whole: bool) -> None:
        """Note what one solution shows to be possible."""
        values = program.opened(self._part.sums(solution)) + self._part.fixed
        numpy.minimum(self._seen_low, values, out=self._seen_low)
        numpy.maximum(self._seen_high, values, out=self._seen_high)
        if whole:
            numpy.minimum(self._whole_low, numpy.round(values), out=self._whole_low)
            numpy.maximum(self._whole_high, numpy.round(values), out=self._whole_high)

    def _bound(self, program: Program, target: int) -> None:
        """Narrow one target by linear programs."""
        own, fixed = self._part.own[target], self._part.fixed[target]
        if self._seen_low[target] > self._low[target] + _SLACK:
            value, solution, whole = program.least(own)
            self._low[target] = max(self._low[target], value + fixed)
            self._see(program, solution, whole=whole)
        if not self._enough(target) and self._seen_high[target] < self._high[target] - _SLACK:
            value, solution, whole = program.greatest(own)
            self._high[target] = min(self._high[target], value + fixed)
            self._see(program, solution, whole=whole)

    def _bound_in_whole(self, program: Program, target: int) -> None:
        """Narrow one target by whole-number programs where fractions of people were all that was seen at a bound."""
        own, fixed = self._part.own[target], self._part.fixed[target]
        asked = []
        if self._whole_low[target] > self._low[target]:
            value, solution = program.least_in_whole(own)
            self._low[target] = max(self._low[target], value + fixed)
            asked.append(solution)
        if self._whole_high[target] < self._high[target]:
            value, solution = program.greatest_in_whole(own)
            self._high[target] = min(self._high[target], value + fixed)
            asked.append(solution)
        for each in asked:
            if each is not None:
                self._see(program, each, whole=True)
        self._asked[target] = all(each is not None for each in asked)
