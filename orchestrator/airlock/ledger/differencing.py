"""Two tables of nearly the same people: what one says minus what the other says is a few of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .linking import Cell, Member
from .tables import Fact
from .words import IN_WORDS

__all__ = ["Difference", "differences"]

_SHARE = 0.1
"""Tables that differ by a tenth of their people or more are about different people, unless one holds the other."""
_NESTED_CELLS = 4
"""Cells that must all be at most the other table’s, for one population to be taken to hold the other."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Cells of two tables that differ by a few people. ``nested``: no cell of one is above the other’s."""

    first: int
    second: int
    cells: tuple[tuple[Cell, Fact, Fact], ...]
    nested: bool
    same_versions: bool
    totals_only: bool


def differences(
    members: Sequence[Member], facts: Mapping[int, dict[Cell, Fact]], threshold: int
) -> Iterator[Difference]:
    """Compare every new table with every other: the new ones after it, and all that are released."""
    for at, member in enumerate(members):
        if not member.new:
            continue
        for other in members[at + 1 :]:
            if _measure(member) == _measure(other):
                found = _difference(member, other, facts, threshold)
                if found is not None:
                    yield found


def _difference(
    member: Member, other: Member, facts: Mapping[int, dict[Cell, Fact]], threshold: int
) -> Difference | None:
    own, others = facts[member.number], facts[other.number]
    small, large = (own, others) if len(own) <= len(others) else (others, own)
    shared = [cell for cell in small if cell in large and own[cell].exact and others[cell].exact]
    deltas = {cell: own[cell].low - others[cell].low for cell in shared}
    few = [cell for cell in shared if 1 <= abs(deltas[cell]) < threshold]
    near = [cell for cell in shared if abs(deltas[cell]) < threshold]
    if not few or 2 * len(near) < len(shared):
        return None
    nested = all(delta >= 0 for delta in deltas.values()) or all(delta <= 0 for delta in deltas.values())
    moved = sum(abs(delta) for delta in deltas.values())
    people = sum(max(own[cell].low, others[cell].low) for cell in shared)
    if moved >= _SHARE * people and not (nested and len(shared) >= _NESTED_CELLS):
        return None
    versions = member.versions, other.versions
    finest = sorted(few, key=lambda each: (-len(each), sorted(each)))
    return Difference(
        first=member.number,
        second=other.number,
        cells=tuple((cell, own[cell], others[cell]) for cell in finest),
        nested=nested,
        same_versions=not versions[0] or not versions[1] or bool(versions[0] & versions[1]),
        totals_only=not any(_grouped(cell) for cell in few),
    )


def _measure(member: Member) -> str:
    return "" if member.table.measure == IN_WORDS else member.table.measure


def _grouped(cell: Cell) -> bool:
    return any(not axis.startswith("population: ") for axis, _ in cell)
