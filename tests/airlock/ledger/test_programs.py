"""The programs beneath: covers, bounds row by row, linear and whole-number programs."""

from __future__ import annotations

import time

import numpy
import pytest

from orchestrator.airlock.ledger.attacker import attacked, possible
from orchestrator.airlock.ledger.cliques import CELLS_CROSSED, cover
from orchestrator.airlock.ledger.program import OutOfTime, Program
from orchestrator.airlock.ledger.propagation import Contradiction, components, tightened
from orchestrator.airlock.ledger.sparse import Rows
from orchestrator.airlock.ledger.system import System

FREE = float("inf")


def rows(*lines: tuple[dict[int, float], float, float]) -> Rows:
    lengths = [len(line[0]) for line in lines]
    return Rows(
        starts=numpy.concatenate(([0], numpy.cumsum(lengths))).astype(numpy.int64),
        columns=numpy.array([column for line in lines for column in line[0]], dtype=numpy.int64),
        values=numpy.array([value for line in lines for value in line[0].values()], dtype=float),
        low=numpy.array([line[1] for line in lines], dtype=float),
        high=numpy.array([line[2] for line in lines], dtype=float),
    )


def system(these: Rows, count: int, high: float = FREE) -> System:
    empty = cover([], {})
    return System(low=numpy.zeros(count), high=numpy.full(count, high), rows=these, blocks=[], cover=empty)


def soon() -> float:
    return time.monotonic() + 200


def one(*columns: int):
    return numpy.array(columns, dtype=numpy.int64)


ODD = rows(({0: 1, 1: 1}, 1, 1), ({1: 1, 2: 1}, 1, 1), ({0: 1, 2: 1}, 0, 1))
"""a + b = 1, b + c = 1, a + c ≤ 1: halves everywhere fit, in whole people b is 1 or a and c are, and they cannot be."""


def test_whole_people_are_narrower_than_fractions():
    low, high = numpy.zeros(3), numpy.full(3, 1.0)
    program = Program(ODD, low, high, soon())
    assert program.least(one(1))[0] == 1.0  # 0.5 at least, so 1 in whole people
    value, solution = program.least_in_whole(one(1))
    assert value == 1.0
    assert solution is not None
    assert solution.tolist() == [0.0, 1.0, 0.0]
    (bounds,) = attacked(system(ODD, 3, 1.0), [one(1)], lambda _, each: each.narrowest, soon())
    assert (bounds.low, bounds.high, bounds.settled) == (1, 1, True)


def test_only_the_whole_number_program_sees_parity():
    """Each pair of three cells sums to 1 or 3 or 5 by a doubled cell: 2·x = a + b has no odd sum in whole people."""
    parity = rows(({0: 1, 1: 1, 2: -2}, 0, 0), ({0: 1, 1: -1}, 0, 1), ({0: 1, 1: 1}, 3, 7))
    (bounds,) = attacked(system(parity, 3), [one(0, 1)], lambda _, each: each.narrowest, soon())
    assert (bounds.low, bounds.high) == (4, 6)


def test_what_nothing_bounds_is_unbounded():
    these = rows(({0: 1, 1: -1}, 0, 0), ({2: 1, 3: 1}, 10, 10))
    bounds = attacked(system(these, 4), [one(0), one(2), one(0, 2)], lambda _, each: each.narrowest, soon())
    assert [(each.low, each.high) for each in bounds] == [(0, FREE), (0, 10), (0, FREE)]


def test_people_who_fit_nothing_are_a_contradiction():
    too_many = rows(({0: 1, 1: 1}, 5, 5), ({0: 1, 1: 1}, 7, 9))
    with pytest.raises(Contradiction):
        tightened(too_many, numpy.zeros(2), numpy.full(2, FREE))
    circle = rows(({0: 1, 1: 1}, 1, 1), ({1: 1, 2: 1}, 1, 1), ({0: 1, 2: 1}, 3, 9))
    assert not possible(system(circle, 3), soon())
    assert possible(system(ODD, 3), soon())


def test_the_deadline_is_kept_and_told():
    (bounds,) = attacked(system(ODD, 3), [one(1)], lambda _, each: each.narrowest, time.monotonic() - 1)
    assert not bounds.settled
    assert bounds.low <= 1 <= bounds.high
    with pytest.raises(OutOfTime):
        Program(ODD, numpy.zeros(3), numpy.ones(3), time.monotonic() - 1).least(one(0))


def test_bounds_follow_row_by_row():
    these = rows(({0: 1, 1: 1, 2: 1}, 10, 10), ({0: 1, 3: -1}, 0, 0))
    low, high = tightened(these, numpy.array([4.0, 0, 0, 0]), numpy.array([FREE, 3.0, FREE, FREE]))
    assert low.tolist() == [4, 0, 0, 4]
    assert high.tolist() == [10, 3, 6, 10]


def test_parts_hang_together_by_their_rows_only():
    these = rows(({0: 1, 1: 1}, 0, 9), ({1: 1, 2: 1}, 0, 9), ({3: 1, 4: 1}, 0, 9))
    part, row_part = components(these, numpy.array([True, True, True, True, True, True]))
    assert part.tolist() == [0, 0, 0, 3, 3, 5]
    assert row_part.tolist() == [0, 0, 3]
    part, _ = components(these, numpy.array([True, False, True, True, True, False]))
    assert part.tolist() == [0, -1, 2, 3, 3, -1]


def test_a_cover_crosses_no_more_than_it_must():
    sizes = {"a": 10, "b": 10, "c": 10, "d": 10}

    def axes(*names: str):
        return [frozenset(each) for each in names]

    chain = cover(axes("ab", "bc", "cd", "d"), sizes)
    assert {"".join(sorted(each)) for each in chain.cliques} == {"ab", "bc", "cd"}
    assert {"".join(sorted(shared)) for _, _, shared in chain.links} == {"b", "c"}
    ring = cover(axes("ab", "bc", "ca"), sizes)
    assert [len(each) for each in ring.cliques] == [3]
    apart = cover(axes("ab", "cd"), sizes)
    assert apart.links == ((0, 1, frozenset()),)
    assert chain.exact
    assert ring.exact
    assert apart.exact


def test_a_cover_that_would_be_too_large_is_told():
    names = "abcdef"
    pairs = [frozenset((first, second)) for first in names for second in names if first < second]
    wide = cover(pairs, dict.fromkeys(names, 10))
    assert 10 ** len(names) > CELLS_CROSSED
    assert not wide.exact
    assert set(wide.cliques) == set(pairs)
    assert all(shared <= wide.cliques[first] & wide.cliques[second] for first, second, shared in wide.links)
