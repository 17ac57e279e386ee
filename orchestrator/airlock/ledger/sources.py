"""Which tables a disclosure needs: its own totals, its neighbours in the request, or an earlier release."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .attacker import Bounds
from .inference import Hidden, Inference
from .linking import Member
from .propagation import Contradiction
from .verdicts import Verdict

__all__ = ["Explanation", "explained"]

_TRIED = 60
"""Earlier releases that are joined with the new tables one by one to see whether it alone gives the cell."""
_NOTHING = Bounds(low=0, high=float("inf"))
Unsafe = tuple[Hidden, Bounds, Verdict]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A disclosive cell, what was known of it before, and the numbers of the tables that it is computed from."""

    hidden: Hidden
    bounds: Bounds
    verdict: Verdict
    before: Bounds
    tables: tuple[int, ...]


def explained(inference: Inference, unsafe: Sequence[Unsafe], releases: Sequence[str]) -> Iterator[Explanation]:
    """Explain disclosive cells; those that the new tables change nothing about, and do not hide, are left out.

    ``releases`` names the release of every table by its number.
    """
    if not unsafe:
        return
    members = inference.group.members
    new = [member for member in members if member.new]
    before = _before(inference, unsafe)
    together = _from(inference, new, unsafe)
    alone = {each.number: _from(inference, [each], unsafe) for each in new} if len(members) > 1 else {}
    for at, (each, earlier) in enumerate(zip(unsafe, before, strict=True)):
        hidden, bounds, said = each
        if not hidden.new and not _wider(each, earlier):
            continue
        own = hidden.table if hidden.new else None
        if own is not None and (not alone or not _wider(each, alone[own][at])):
            tables: tuple[int, ...] = (own,)
        elif not _wider(each, together[at]):
            tables = tuple(member.number for member in new)
        else:
            tables = _with_earlier(inference, each, releases)
        yield Explanation(hidden=hidden, bounds=bounds, verdict=said, before=earlier, tables=tables)


def _wider(unsafe: Unsafe, bounds: Bounds) -> bool:
    return bounds.low < unsafe[1].low or bounds.high > unsafe[1].high


def _before(inference: Inference, unsafe: Sequence[Unsafe]) -> list[Bounds]:
    """Bound the cells from earlier releases, where one of these names all the dimensions of the cell."""
    earlier = [member for member in inference.group.members if not member.new]
    named = [
        {frozenset(axis for axis, _ in cell) for cell in inference.group.facts[member.number]} for member in earlier
    ]
    asked = []
    for at, (hidden, _, _) in enumerate(unsafe):
        axes = frozenset(axis for axis, _ in hidden.groups)
        if not hidden.new or any(axes <= each for several in named for each in several):
            asked.append(at)
    answers = [_NOTHING] * len(unsafe)
    if earlier and asked:
        numbers = {member.number for member in earlier}
        try:
            columns = [unsafe[at][0] for at in asked]
            found = inference.computed(columns, lambda _, bounds: bounds.narrowest, lambda table: table in numbers)
        except Contradiction:
            return answers
        for at, bounds in zip(asked, found, strict=True):
            answers[at] = bounds if bounds.settled else _NOTHING
    return answers


def _from(inference: Inference, members: Sequence[Member], unsafe: Sequence[Unsafe]) -> list[Bounds]:
    """Bound the cells from some tables, as if there were no others; a cell that these cannot name is not bounded."""
    try:
        smaller = inference.of(members)
        by_name = {frozenset(hidden.groups): hidden for hidden in smaller.hidden}
        same = [by_name.get(frozenset(hidden.groups)) for hidden, _, _ in unsafe]
        asked = [each for each in same if each is not None]
        found = iter(smaller.computed(asked, lambda _, bounds: bounds.narrowest))
    except Contradiction:
        return [_NOTHING] * len(unsafe)
    answers = [next(found) if each is not None else _NOTHING for each in same]
    return [each if each.settled else _NOTHING for each in answers]


def _with_earlier(inference: Inference, unsafe: Unsafe, releases: Sequence[str]) -> tuple[int, ...]:
    """Return the new tables and those of the one earlier release that is enough; of all where none alone is."""
    members = inference.group.members
    new = [member for member in members if member.new]
    wanted = {axis for axis, _ in unsafe[0].groups}
    by_release: dict[str, list[Member]] = {}
    for member in members:
        if not member.new:
            by_release.setdefault(releases[member.number], []).append(member)
    ranked = sorted(by_release.values(), key=lambda each: -_shared(inference, each, wanted))
    for several in ranked[:_TRIED]:
        if time.monotonic() >= inference.deadline:
            break
        if not _wider(unsafe, _from(inference, [*new, *several], [unsafe])[0]):
            return tuple(member.number for member in (*new, *several))
    return tuple(member.number for member in members)


def _shared(inference: Inference, members: Sequence[Member], wanted: set[str]) -> int:
    return max(
        len(wanted & {axis for axis, _ in cell}) for member in members for cell in inference.group.facts[member.number]
    )
