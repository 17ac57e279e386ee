"""The tables as one system of linear constraints over unknown counts of people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy

from .cliques import Axes, Cover, cover
from .propagation import tightened
from .sparse import Indices, Rows, Vector
from .universe import Statement, Universe

__all__ = ["Block", "System", "system"]

_NO_TABLE = -1


@dataclass(kw_only=True)
class Block:
    """The variables of one full cross-classification."""

    axes: tuple[str, ...]
    numbers: Indices
    """The number of the variable of each cell, in the shape of the axes."""

    def variables(self, named: Mapping[str, tuple[int, ...]]) -> Indices:
        """Return the variables whose sum counts the named groups, over everybody on every other axis."""
        found = self.numbers
        for at in range(len(self.axes) - 1, -1, -1):
            atoms = named.get(self.axes[at])
            if atoms is not None:
                picked = atoms[0] if len(atoms) == 1 else numpy.array(atoms)
                found = found[(slice(None),) * at + (picked,)]
        return numpy.asarray(found).reshape(-1)


@dataclass(kw_only=True)
class System:
    """Variables are counts of people, whole and not negative; ``low`` and ``high`` bound each of them."""

    low: Vector
    high: Vector
    rows: Rows
    blocks: list[Block]
    cover: Cover
    cells: tuple[Indices, Vector, Vector, Indices] = field(
        default_factory=lambda: (*(numpy.zeros(0, dtype=each) for each in (int, float, float, int)),)  # type: ignore[assignment]
    )
    """Statements about one variable: its number, the bounds, and whose statement it is."""
    possible: Vector | None = None
    """Upper bounds that hold whatever the tables say: nobody is in a region outside its county."""
    _holding: dict[Axes, list[Block]] = field(default_factory=dict)
    _tightened: tuple[Vector, Vector] | None = None

    def variables(self, groups: Iterable[tuple[str, tuple[int, ...]]]) -> Indices:
        """Return the variables whose sum is the count of these groups."""
        named = dict(groups)
        smallest = min(self.holding(frozenset(named)), key=lambda block: block.numbers.size)
        return smallest.variables(named)

    def holding(self, axes: Axes) -> list[Block]:
        """Return the cross-classifications that hold all of these axes."""
        if axes not in self._holding:
            self._holding[axes] = [block for block in self.blocks if axes <= set(block.axes)]
        return self._holding[axes]

    def tightened(self) -> tuple[Vector, Vector]:
        """Return the bounds of every variable that follow row by row; raises ``Contradiction``."""
        if self._tightened is None:
            self._tightened = tightened(self.rows, self.low, self.high)
        return self._tightened

    def only(self, tables: Callable[[int], bool]) -> System:
        """Return the system of some tables over the same variables."""
        known = {int(each) for each in numpy.unique(numpy.concatenate((self.rows.tables, self.cells[3])))}
        kept = numpy.array([each for each in known if each == _NO_TABLE or tables(each)], dtype=numpy.int64)
        rows = self.rows.chosen(numpy.flatnonzero(numpy.isin(self.rows.tables, kept)))
        of_them = numpy.isin(self.cells[3], kept)
        cells = tuple(each[of_them] for each in self.cells)
        low, high = self._bounded(cells)  # type: ignore[arg-type]
        return replace(self, rows=rows, low=low, high=high, cells=cells, _tightened=None)  # type: ignore[arg-type]

    def _bounded(self, cells: tuple[Indices, Vector, Vector, Indices]) -> tuple[Vector, Vector]:
        low = numpy.zeros(len(self.low))
        high = numpy.full(len(self.low), numpy.inf) if self.possible is None else self.possible.copy()
        numpy.maximum.at(low, cells[0], cells[1])
        numpy.minimum.at(high, cells[0], cells[2])
        return low, high


def system(found: Universe) -> System:
    """Build the system of a universe."""
    sizes = {name: len(axis) for name, axis in found.axes.items()}
    chosen = cover([each.axes for each in found.statements] + [frozenset(pair) for pair in found.within], sizes)
    blocks, count = [], 0
    for clique in chosen.cliques:
        axes = tuple(sorted(clique))
        shape = tuple(sizes[axis] for axis in axes)
        size = int(numpy.prod(shape, dtype=numpy.int64))
        blocks.append(Block(axes=axes, numbers=numpy.arange(count, count + size).reshape(shape)))
        count += size
    built = System(
        low=numpy.zeros(count),
        high=numpy.full(count, numpy.inf),
        rows=_Gathered().rows(),
        blocks=blocks,
        cover=chosen,
        possible=_possible(found, blocks, count),
    )
    rows, cells = _Gathered(), _Gathered()
    for statement in _distinct(found.statements):
        _state(statement, built, rows, cells)
    for first, second, shared in chosen.links:
        _agree(blocks[first], blocks[second], sorted(shared), rows)
    single = cells.rows()
    return replace(built, rows=rows.rows(), cells=(single.columns, single.low, single.high, single.tables)).only(
        lambda _: True
    )


def _distinct(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Yield what is stated once: by the table of the highest number, which is one released before, if any is."""
    seen: set[tuple[object, int, int | None]] = set()
    for statement in sorted(statements, key=lambda each: -each.table):
        said = (statement.groups, statement.low, statement.high)
        if said not in seen:
            seen.add(said)
            yield statement


class _Gathered:
    """Rows as they are found."""

    def __init__(self) -> None:
        self._columns: list[Indices] = []
        self._values: list[Vector] = []
        self._bounds: list[tuple[float, float, int]] = []

    def add(self, columns: Indices, values: Vector, bounds: tuple[float, float], table: int) -> None:
        self._columns.append(columns)
        self._values.append(values)
        self._bounds.append((*bounds, table))

    def rows(self) -> Rows:
        lengths = [len(each) for each in self._columns]
        bounds = numpy.array(self._bounds, dtype=float).reshape(-1, 3)
        return Rows(
            starts=numpy.concatenate(([0], numpy.cumsum(lengths))).astype(numpy.int64),
            columns=numpy.concatenate(self._columns) if self._columns else numpy.zeros(0, dtype=numpy.int64),
            values=numpy.concatenate(self._values) if self._values else numpy.zeros(0),
            low=bounds[:, 0],
            high=bounds[:, 1],
            tables=bounds[:, 2].astype(numpy.int64),
        )


def _state(statement: Statement, built: System, rows: _Gathered, cells: _Gathered) -> None:
    """State a fact in every cross-classification that can: then those it settles no longer hang together."""
    named = dict(statement.groups)
    bounds = (float(statement.low), numpy.inf if statement.high is None else float(statement.high))
    for block in built.holding(statement.axes):
        columns = block.variables(named)
        into = cells if len(columns) == 1 else rows
        into.add(columns, numpy.ones(len(columns)), bounds, statement.table)


def _agree(first: Block, second: Block, shared: list[str], rows: _Gathered) -> None:
    for left, right in zip(_margin(first, shared), _margin(second, shared), strict=True):
        values = numpy.concatenate((numpy.ones(len(left)), -numpy.ones(len(right))))
        rows.add(numpy.concatenate((left, right)), values, (0.0, 0.0), _NO_TABLE)


def _margin(block: Block, shared: list[str]) -> Indices:
    """Return one row of variables for each cell of the margin over the shared axes."""
    kept = [block.axes.index(axis) for axis in shared]
    others = [at for at in range(len(block.axes)) if at not in kept]
    cells = int(numpy.prod([block.numbers.shape[at] for at in kept], dtype=numpy.int64))
    return block.numbers.transpose(kept + others).reshape(cells, -1)


def _possible(found: Universe, blocks: list[Block], count: int) -> Vector:
    """Hold at zero what nesting excludes: a region outside its own county."""
    high = numpy.full(count, numpy.inf)
    for (inner, outer), around in found.within.items():
        for block in blocks:
            if inner not in block.axes or outer not in block.axes:
                continue
            for inside, outside in around.items():
                others = tuple(at for at in range(len(found.axes[outer])) if at != outside)
                if others:
                    high[block.variables({inner: (inside,), outer: others})] = 0.0
    return high
