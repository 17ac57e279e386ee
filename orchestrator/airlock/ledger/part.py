"""A part of a system: variables that hang together, with everything that is settled moved out of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy

from .sparse import Indices, Mask, Rows, Vector

__all__ = ["Part"]


class Part:
    """Rows, bounds and targets in numbers of its own variables."""

    def __init__(
        self, rows: Rows, bounds: tuple[Vector, Vector], inside: tuple[Mask, Mask], targets: Sequence[Indices]
    ) -> None:
        """``inside`` marks the variables and the rows of the part."""
        columns = numpy.flatnonzero(inside[0])
        place = numpy.full(len(bounds[0]), -1, dtype=numpy.int64)
        place[columns] = numpy.arange(len(columns))
        self.low, self.high = bounds[0][columns], bounds[1][columns]
        settled = numpy.where(inside[0], 0.0, bounds[0])
        self.rows = _restricted(rows, numpy.flatnonzero(inside[1]), place, settled)
        self.own = [found[found >= 0] for found in (place[each] for each in targets)]
        self.fixed = numpy.array([settled[each].sum() for each in targets])

    @cached_property
    def everything(self) -> Indices:
        """The variables of all targets."""
        return numpy.unique(numpy.concatenate(self.own))

    @cached_property
    def _starts(self) -> Indices:
        return numpy.concatenate(([0], numpy.cumsum([len(each) for each in self.own])[:-1])).astype(numpy.int64)

    @cached_property
    def _all(self) -> Indices:
        return numpy.concatenate(self.own)

    def sums(self, solution: Vector) -> Vector:
        """Return every target’s count in a solution, without what is ``fixed``."""
        return numpy.asarray(numpy.add.reduceat(solution[self._all], self._starts))


def _restricted(rows: Rows, kept: Indices, place: Indices, settled: Vector) -> Rows:
    of_part = rows.chosen(kept)
    at = of_part.of_entries
    inside = place[of_part.columns] >= 0
    moved = numpy.bincount(at, weights=of_part.values * settled[of_part.columns], minlength=len(kept))
    counts = numpy.bincount(at[inside], minlength=len(kept))
    return Rows(
        starts=numpy.concatenate(([0], numpy.cumsum(counts))).astype(numpy.int64),
        columns=place[of_part.columns[inside]],
        values=of_part.values[inside],
        low=of_part.low - moved,
        high=of_part.high - moved,
    )
