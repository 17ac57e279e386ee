"""Which tables a disclosure needs: its own totals, its neighbours in the request, or an earlier release."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .attacker import Bounds
from .inference import Hidden, Inference
from .propagation import Contradiction
from .verdicts import Verdict

__all__ = ["Explanation", "explained"]

_TRIED = 24
"""Earlier tables left out one by one to see which of them a disclosure needs."""
Unsafe = tuple[Hidden, Bounds, Verdict]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A disclosive cell, what was known of it before, and the numbers of the tables that are needed to compute it."""

    hidden: Hidden
    bounds: Bounds
    verdict: Verdict
    before: Bounds
    tables: tuple[int, ...]


def explained(inference: Inference, unsafe: Sequence[Unsafe], new: int) -> Iterator[Explanation]:
    """Explain disclosive cells; those that the new tables change nothing about, and do not hide, are left out.

    ``new`` is how many tables are new: they have the first numbers.
    """
    if not unsafe:
        return
    before = _known(inference, unsafe, lambda table: table >= new)
    alone = _alone(inference, unsafe)
    together = _known(inference, unsafe, lambda table: table < new)
    fresh = tuple(member.number for member in inference.group.members if member.new)
    needed = _needed(inference, unsafe) if any(map(_wider, unsafe, together)) else {}
    for at, (each, earlier) in enumerate(zip(unsafe, before, strict=True)):
        hidden, bounds, said = each
        changed = _wider(each, earlier)
        if not changed and not hidden.new:
            continue
        if not _wider(each, alone[at]):
            tables: tuple[int, ...] = (hidden.table,) if hidden.table is not None else ()
        elif not _wider(each, together[at]):
            tables = fresh
        else:
            tables = (*fresh, *needed.get(at, ()))
        yield Explanation(hidden=hidden, bounds=bounds, verdict=said, before=earlier, tables=tables)


def _wider(unsafe: Unsafe, bounds: Bounds) -> bool:
    return bounds.low < unsafe[1].low or bounds.high > unsafe[1].high


def _known(inference: Inference, unsafe: Sequence[Unsafe], tables: Callable[[int], bool]) -> list[Bounds]:
    """Bound the cells from some tables alone, exactly; without the time for it, nothing counts as known from them."""
    try:
        found = inference.computed([hidden for hidden, _, _ in unsafe], lambda _, bounds: bounds.narrowest, tables)
    except Contradiction:
        found = []
    unknown = Bounds(low=0, high=float("inf"), settled=False)
    return [each if each.settled else unknown for each in found] or [unknown] * len(unsafe)


def _alone(inference: Inference, unsafe: Sequence[Unsafe]) -> list[Bounds]:
    """Bound each masked cell from its own table alone."""
    answers = [Bounds(low=0, high=float("inf"))] * len(unsafe)
    for table in {hidden.table for hidden, _, _ in unsafe if hidden.new}:
        own = [at for at, (hidden, _, _) in enumerate(unsafe) if hidden.table == table]
        known = _known(inference, [unsafe[at] for at in own], lambda other, of=table: other == of)  # type: ignore[misc]
        for at, bounds in zip(own, known, strict=True):
            answers[at] = bounds
    return answers


def _needed(inference: Inference, unsafe: Sequence[Unsafe]) -> dict[int, tuple[int, ...]]:
    """Return, for each cell, the earlier tables without which it could not be computed; all where any would do."""
    earlier = [member.number for member in inference.group.members if not member.new]
    needed: dict[int, list[int]] = {at: [] for at in range(len(unsafe))}
    for table in earlier[:_TRIED]:
        without = _known(inference, unsafe, lambda other, of=table: other != of)  # type: ignore[misc]
        for at, each in enumerate(unsafe):
            if _wider(each, without[at]):
                needed[at].append(table)
    return {at: tuple(tables or earlier[:_TRIED]) for at, tables in needed.items()}
