"""What an outsider computes: the least and the greatest number each hidden cell can be, from every table together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from .part import Part
from .program import OutOfTime, Program
from .propagation import Contradiction, components, tightened
from .system import System

__all__ = ["Bounds", "Settled", "attacked", "possible"]

Vector = NDArray[numpy.float64]
Indices = NDArray[numpy.int64]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What is known of one target.

    The truth is certainly between ``low`` and ``high``; ``seen_low`` and ``seen_high`` are counts that people could
    really have, in whole numbers. Where they meet the bounds, the bounds are the best that anybody can compute.
    """

    low: float
    high: float
    seen_low: float = float("inf")
    seen_high: float = float("-inf")
    settled: bool = True
    """False where the time was over before the question was answered."""

    @property
    def tight(self) -> bool:
        """Say whether nobody can know more than these bounds."""
        return self.seen_low <= self.low and self.seen_high >= self.high


Settled = Callable[[int, Bounds], bool]
"""Says of a target, by its position, whether enough is known to stop."""


def attacked(system: System, targets: Sequence[Indices], settled: Settled, deadline: float) -> list[Bounds]:
    """Bound every target, each a sum of variables; raises ``Contradiction`` where no people fit the tables.

    Targets are taken in their order; those still open at the ``deadline`` (of ``time.monotonic``) say so themselves.
    """
    low, high = tightened(system.rows, system.low, system.high)
    free = low < high
    part_of, row_part = components(system.rows, free)
    answers: list[Bounds] = []
    parts: dict[int, list[int]] = {}
    for at, columns in enumerate(targets):
        open_ = columns[free[columns]]
        least, most = float(low[columns].sum()), float(high[columns].sum())
        seen = (float("inf"), float("-inf")) if len(open_) else (least, least)
        answers.append(Bounds(low=least, high=most, seen_low=seen[0], seen_high=seen[1]))
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
        low, high = tightened(system.rows, system.low, system.high)
        part_of, row_part = components(system.rows, low < high)
        for number in numpy.unique(part_of[part_of >= 0]):
            part = Part(system.rows, (low, high), (part_of == number, row_part == number), [])
            Program(part.rows, part.low, part.high, deadline).least(numpy.zeros(0, dtype=numpy.int64))
    except Contradiction:
        return False
    except OutOfTime:
        return True
    return True


class _Search:
    """The attack on one part: every solution found tells something of all its targets at once."""

    def __init__(self, part: Part, bounds: Sequence[Bounds], positions: Sequence[int], settled: Settled) -> None:
        self._part, self._positions, self._settled = part, positions, settled
        self._low = numpy.array([each.low for each in bounds])
        self._high = numpy.array([each.high for each in bounds])
        self._seen_low = numpy.full(len(bounds), numpy.inf)
        self._seen_high = numpy.full(len(bounds), -numpy.inf)

    def run(self, deadline: float) -> None:
        """Bound the targets in turn until all are settled or the time is over."""
        part = self._part
        try:
            program = Program(part.rows, part.low, part.high, deadline, summed=max(len(each) for each in part.own))
            for solve in (program.least, program.greatest):
                _, solution, whole = solve(part.everything)
                self._see(program, solution if whole else None)
            for target in range(len(self._positions)):
                if not self._enough(target):
                    self._bound(program, target)
        except OutOfTime:
            return  # each answer says itself that it is not settled

    def answers(self) -> list[Bounds]:
        """Return what is known now."""
        found = [self._bounds(target) for target in range(len(self._positions))]
        return [
            each if self._settled(position, each) else Bounds(**{**vars(each), "settled": False})
            for position, each in zip(self._positions, found, strict=True)
        ]

    def _bounds(self, target: int) -> Bounds:
        return Bounds(
            low=float(self._low[target]),
            high=float(self._high[target]),
            seen_low=float(self._seen_low[target]),
            seen_high=float(self._seen_high[target]),
        )

    def _enough(self, target: int) -> bool:
        return self._settled(self._positions[target], self._bounds(target))

    def _see(self, program: Program, solution: Vector | None) -> None:
        """Note what one solution in whole people shows to be possible."""
        if solution is None:
            return
        values = program.opened(self._part.sums(solution)) + self._part.fixed
        numpy.minimum(self._seen_low, values, out=self._seen_low)
        numpy.maximum(self._seen_high, values, out=self._seen_high)

    def _bound(self, program: Program, target: int) -> None:
        """Narrow one target: by linear programs first, by whole-number ones where those are not tight."""
        own, fixed = self._part.own[target], self._part.fixed[target]
        for whole_numbers in (False, True):
            if not self._enough(target) and self._seen_low[target] > self._low[target]:
                if whole_numbers:
                    value, solution = program.least_in_whole(own)
                else:
                    value, solution, whole = program.least(own)
                    solution = solution if whole else None
                self._low[target] = max(self._low[target], value + fixed)
                self._see(program, solution)
            if not self._enough(target) and self._seen_high[target] < self._high[target]:
                if whole_numbers:
                    value, solution = program.greatest_in_whole(own)
                else:
                    value, solution, whole = program.greatest(own)
                    solution = solution if whole else None
                self._high[target] = min(self._high[target], value + fixed)
                self._see(program, solution)
