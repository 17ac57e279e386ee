"""Which dimensions are crossed in full: as few as keep every consequence of the tables, so that models stay small."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import prod

__all__ = ["CELLS_CROSSED", "Cover", "cover"]

CELLS_CROSSED = 3_000
"""Cells of full cross-classifications for tables that hang together in a circle. Beyond this they are linked by the
margins they share only: what that can miss follows from no two tables, but from three or more at once."""

Axes = frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Cover:
    """Sets of axes that are crossed in full, and pairs of them with the axes over which both must agree.

    Where the cover follows a junction tree the answer is that of the full cross-classification of all axes: tables that
    agree on the separators of a tree always have a common refinement in whole people. ``exact`` says whether it does.
    """

    cliques: tuple[Axes, ...]
    links: tuple[tuple[int, int, Axes], ...]
    exact: bool


def cover(scopes: Iterable[Axes], sizes: Mapping[str, int]) -> Cover:
    """Choose the cover for tables over these axes; ``sizes`` are the numbers of groups."""
    wanted = _largest(scopes)
    cliques: list[Axes] = []
    exact = True
    for part in _connected(wanted):
        crossed = _crossed(part, sizes)
        added = sum(_cells(each, sizes) for each in crossed) - sum(_cells(each, sizes) for each in part)
        if set(crossed) <= set(part) or added <= CELLS_CROSSED:
            cliques += crossed
        else:
            cliques += part
            exact = False
    cliques = sorted(_largest(cliques), key=sorted)
    links = _tree(cliques) if exact else _all_links(cliques)
    return Cover(cliques=tuple(cliques), links=tuple(links), exact=exact)


def _cells(axes: Axes, sizes: Mapping[str, int]) -> int:
    return prod(sizes[axis] for axis in axes)


def _largest(scopes: Iterable[Axes]) -> list[Axes]:
    """Leave out what lies within another."""
    kept: list[Axes] = []
    for scope in sorted(set(scopes), key=lambda each: (-len(each), sorted(each))):
        if not any(scope <= other for other in kept):
            kept.append(scope)
    return kept


def _crossed(scopes: list[Axes], sizes: Mapping[str, int]) -> list[Axes]:
    """Return the cliques of a triangulation, the smaller of two ways of finding one."""

    def added(beside: Mapping[str, set[str]], axis: str) -> float:
        return sum(second not in beside[first] for first, second in combinations(sorted(beside[axis]), 2))

    def crossed(beside: Mapping[str, set[str]], axis: str) -> float:
        return _cells(frozenset(beside[axis]) | {axis}, sizes)

    ways = [_largest(_eliminated(scopes, cost)) for cost in (added, crossed)]
    return min(ways, key=lambda cliques: sum(_cells(each, sizes) for each in cliques))


def _eliminated(scopes: Iterable[Axes], cost: Callable[[Mapping[str, set[str]], str], float]) -> list[Axes]:
    """Eliminate the cheapest axis until none is left; with its neighbours each is a clique."""
    beside: dict[str, set[str]] = {}
    for scope in scopes:
        for axis in scope:
            beside.setdefault(axis, set()).update(scope - {axis})
    cliques: list[Axes] = [frozenset()] if not beside else []
    while beside:
        axis = min(beside, key=lambda each: (cost(beside, each), each))
        near = beside.pop(axis)
        cliques.append(frozenset(near | {axis}))
        for other in near:
            beside[other] |= near - {other}
            beside[other].discard(axis)
    return cliques


def _connected(scopes: Iterable[Axes]) -> list[list[Axes]]:
    """Part tables into those that share axes, directly or through others."""
    parts: list[tuple[set[str], list[Axes]]] = []
    for scope in scopes:
        near = [part for part in parts if part[0] & scope]
        merged = (set(scope).union(*(part[0] for part in near)), [scope, *(each for part in near for each in part[1])])
        parts = [part for part in parts if not any(part is other for other in near)]
        parts.append(merged)
    return [part for _, part in parts]


def _tree(cliques: list[Axes]) -> list[tuple[int, int, Axes]]:
    """Return a tree of greatest overlaps; cliques that share nothing still agree on how many people there are."""
    links: list[tuple[int, int, Axes]] = []
    best = {index: (cliques[0] & cliques[index], 0) for index in range(1, len(cliques))}
    while best:
        index = max(best, key=lambda each: (len(best[each][0]), -each))
        shared, at = best.pop(index)
        links.append((at, index, shared))
        for other, (known, _) in best.items():
            if len(cliques[index] & cliques[other]) > len(known):
                best[other] = (cliques[index] & cliques[other], index)
    return links


def _all_links(cliques: list[Axes]) -> list[tuple[int, int, Axes]]:
    """Chain, for every set of axes that two cliques share, all cliques that hold it."""
    shared = {first & second for first, second in combinations(cliques, 2)} | {frozenset[str]()}
    links: list[tuple[int, int, Axes]] = []
    for axes in sorted(shared, key=lambda each: (-len(each), sorted(each))):
        holding = [index for index, clique in enumerate(cliques) if axes <= clique]
        links.extend((first, second, axes) for first, second in pairwise(holding))
    return links
