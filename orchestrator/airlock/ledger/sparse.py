"""Sparse rows of linear constraints."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy
from numpy.typing import NDArray

__all__ = ["Indices", "Mask", "Rows", "Vector"]

Indices = NDArray[numpy.int64]
Vector = NDArray[numpy.float64]
Mask = NDArray[numpy.bool_]


@dataclass(kw_only=True)
class Rows:
    """Sparse rows: ``low`` ≤ Σ coefficient · variable ≤ ``high``. ``tables`` says whose each row is, −1 nobody’s."""

    starts: Indices
    columns: Indices
    values: Vector
    low: Vector
    high: Vector
    tables: Indices = field(default_factory=lambda: numpy.zeros(0, dtype=numpy.int64))

    def __len__(self) -> int:
        return len(self.low)

    @property
    def of_entries(self) -> Indices:
        """The row of every coefficient."""
        return numpy.repeat(numpy.arange(len(self)), numpy.diff(self.starts))

    def chosen(self, kept: Indices) -> Rows:
        """Return some of the rows."""
        lengths = numpy.diff(self.starts)[kept]
        starts = numpy.concatenate(([0], numpy.cumsum(lengths))).astype(numpy.int64)
        flat = numpy.arange(starts[-1]) + numpy.repeat(self.starts[kept] - starts[:-1], lengths)
        return Rows(
            starts=starts,
            columns=self.columns[flat],
            values=self.values[flat],
            low=self.low[kept],
            high=self.high[kept],
            tables=self.tables[kept] if len(self.tables) else self.tables,
        )
