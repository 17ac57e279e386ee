"""The tables as one system of linear constraints over unknown counts of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy
from numpy.typing import NDArray

from .cliques import Axes, Cover, cover
from .universe import Statement, Universe

__all__ = ["Block", "Rows", "System", "system"]

Indices = NDArray[numpy.int64]
Numbers = NDArray[numpy.float64]


@dataclass(kw_only=True)
class Rows:
    """Sparse rows: ``low`` ≤ Σ coefficient · variable ≤ ``high``."""

    starts: Indices
    columns: Indices
    values: Numbers
    low: Numbers
    high: Numbers

    def __len__(self) -> int:
        return len(self.low)


@dataclass(kw_only=True)
class Block:
    """The variables of one full cross-classification."""

    axes: tuple[str, ...]
    numbers: Indices
    """The number of the variable of each cell, in the shape of the axes."""

    def variables(self, named: Mapping[str, tuple[int, ...]]) -> Indices:
        """Return the variables whose sum counts the named groups, over everybody on every other axis."""
        picked = [named.get(axis, range(size)) for axis, size in zip(self.axes, self.numbers.shape, strict=True)]
        if not picked:
            return self.numbers.reshape(-1)
        return self.numbers[numpy.ix_(*(list(each) for each in picked))].reshape(-1)


@dataclass(kw_only=True)
class System:
    """Variables are counts of people, whole and not negative; ``low`` and ``high`` bound each of them."""

    low: Numbers
    high: Numbers
    rows: Rows
    blocks: list[Block]
    cover: Cover
    axes: dict[str, int] = field(default_factory=dict)

    def variables(self, groups: Iterable[tuple[str, tuple[int, ...]]]) -> Indices:
        """Return the variables whose sum is the count of these groups."""
        named = dict(groups)
        return self._smallest(frozenset(named)).variables(named)

    def _smallest(self, axes: Axes) -> Block:
        return min((block for block in self.blocks if axes <= set(block.axes)), key=lambda block: block.numbers.size)


def system(found: Universe, statements: Sequence[Statement] | None = None) -> System:
    """Build the system of a universe; ``statements`` restricts it to some of them over the same variables."""
    sizes = {name: len(axis) for name, axis in found.axes.items()}
    chosen = cover([each.axes for each in found.statements] + [frozenset(pair) for pair in found.within], sizes)
    blocks, count = [], 0
    for clique in chosen.cliques:
        axes = tuple(sorted(clique))
        shape = tuple(sizes[axis] for axis in axes)
        size = int(numpy.prod(shape, dtype=numpy.int64))
        blocks.append(Block(axes=axes, numbers=numpy.arange(count, count + size).reshape(shape)))
        count += size
    low, high = numpy.zeros(count), numpy.full(count, numpy.inf)
    _nobody(found, blocks, high)
    rows = _Gathered()
    for statement in found.statements if statements is None else statements:
        _state(statement, blocks, low, high, rows)
    for first, second, shared in chosen.links:
        _agree(blocks[first], blocks[second], sorted(shared), rows)
    return System(low=low, high=high, rows=rows.rows(), blocks=blocks, cover=chosen, axes=sizes)


class _Gathered:
    """Rows as they are found."""

    def __init__(self) -> None:
        self._columns: list[Indices] = []
        self._values: list[Numbers] = []
        self._low: list[float] = []
        self._high: list[float] = []

    def add(self, columns: Indices, values: Numbers, low: float, high: float) -> None:
        self._columns.append(columns)
        self._values.append(values)
        self._low.append(low)
        self._high.append(high)

    def rows(self) -> Rows:
        lengths = [len(each) for each in self._columns]
        return Rows(
            starts=numpy.concatenate(([0], numpy.cumsum(lengths, dtype=numpy.int64))),
            columns=numpy.concatenate(self._columns) if self._columns else numpy.zeros(0, dtype=numpy.int64),
            values=numpy.concatenate(self._values) if self._values else numpy.zeros(0),
            low=numpy.array(self._low),
            high=numpy.array(self._high),
        )


def _state(statement: Statement, blocks: list[Block], low: Numbers, high: Numbers, rows: _Gathered) -> None:
    """State a fact in every cross-classification that can: then those it settles no longer hang together."""
    named, axes = dict(statement.groups), statement.axes
    most = numpy.inf if statement.high is None else float(statement.high)
    for block in blocks:
        if not axes <= set(block.axes):
            continue
        columns = block.variables(named)
        if len(columns) == 1:
            low[columns[0]] = max(low[columns[0]], statement.low)
            high[columns[0]] = min(high[columns[0]], most)
        else:
            rows.add(columns, numpy.ones(len(columns)), statement.low, most)


def _agree(first: Block, second: Block, shared: list[str], rows: _Gathered) -> None:
    ones = [_margin(block, shared) for block in (first, second)]
    for left, right in zip(*ones, strict=True):
        values = numpy.concatenate((numpy.ones(len(left)), -numpy.ones(len(right))))
        rows.add(numpy.concatenate((left, right)), values, 0.0, 0.0)


def _margin(block: Block, shared: list[str]) -> Indices:
    """Return one row of variables for each cell of the margin over the shared axes."""
    kept = [block.axes.index(axis) for axis in shared]
    others = [at for at in range(len(block.axes)) if at not in kept]
    cells = int(numpy.prod([block.numbers.shape[at] for at in kept], dtype=numpy.int64))
    return block.numbers.transpose(kept + others).reshape(cells, -1)


def _nobody(found: Universe, blocks: list[Block], high: Numbers) -> None:
    """Hold at zero what nesting excludes: a region outside its own county."""
    for (inner, outer), around in found.within.items():
        for block in blocks:
            if inner not in block.axes or outer not in block.axes:
                continue
            for inside, outside in around.items():
                others = tuple(at for at in range(len(found.axes[outer])) if at != outside)
                if others:
                    high[block.variables({inner: (inside,), outer: others})] = 0.0
