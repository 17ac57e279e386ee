"""What an outsider would know of every hidden cell, before and after a release: for the page checkers decide on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .attacker import Bounds
from .inference import Hidden, Inference, infer
from .ledger import members_of
from .linking import in_shared_words, linked
from .numbers import Numbers
from .propagation import Contradiction
from .tables import Kind, PublishedTable, ReleasedTable
from .wording import Speaker

__all__ = ["Known", "outsider_view"]

SHOWN_CELLS = 2_000
"""Hidden cells that are bounded for one page."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """One hidden cell. ``before`` and ``after`` are the least and greatest count it can be (``None``: no bound)."""

    cell: str
    labels: tuple[tuple[str, str], ...]
    file: str
    """The new file that hides it; empty where an earlier release does."""
    place: str
    before: tuple[int, int | None]
    after: tuple[int, int | None]
    computed: bool = True
    """False where the time was over: the bounds are right, but an outsider may know more."""
    sources: tuple[str, ...] = ()
    """Releases whose tables were joined with the new ones."""

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "cell": self.cell,
            "labels": [list(pair) for pair in self.labels],
            "file": self.file,
            "place": self.place,
            "before": list(self.before),
            "after": list(self.after),
            "computed": self.computed,
            "sources": list(self.sources),
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Known:
        """Build one from what ``as_json`` gave."""
        before, after = plain["before"], plain["after"]
        return cls(
            cell=str(plain["cell"]),
            labels=tuple((str(axis), str(level)) for axis, level in plain["labels"]),
            file=str(plain["file"]),
            place=str(plain["place"]),
            before=(int(before[0]), None if before[1] is None else int(before[1])),
            after=(int(after[0]), None if after[1] is None else int(after[1])),
            computed=bool(plain["computed"]),
            sources=tuple(str(each) for each in plain["sources"]),
        )


def outsider_view(
    new: Sequence[PublishedTable],
    released: Sequence[ReleasedTable],
    numbers: Numbers,
    *,
    project: str = "",
    versions: frozenset[str] = frozenset(),
) -> tuple[Known, ...]:
    """Bound every masked cell of the new tables, and those of released ones that the new tables tell more about.

    Before means: from the released tables alone. A cell that only a new table names has no bound before.
    """
    deadline = time.monotonic() + numbers.seconds
    members = members_of(new, released, versions)
    facts = in_shared_words(members)
    own = [each for each in members if each.new or released[each.number - len(new)].project == project]
    speaker = Speaker(project=project, known={pair for each in own for cell in facts[each.number] for pair in cell})
    found: list[Known] = []
    for group in linked(members, facts):
        if not any(member.new for member in group.members):
            continue
        try:
            inference = infer(group, 0, lambda hidden, bounds: hidden.fact is None or bounds.narrowest, deadline)
        except Contradiction:
            continue  # the finding of the ledger says so
        found += _of_group(inference, new, released, speaker)
    return tuple(found)


def _of_group(
    inference: Inference, new: Sequence[PublishedTable], released: Sequence[ReleasedTable], speaker: Speaker
) -> list[Known]:
    masked = [
        (hidden, bounds)
        for hidden, bounds in zip(inference.hidden, inference.bounds, strict=True)
        if hidden.fact is not None and hidden.fact.kind is Kind.MASKED
    ][:SHOWN_CELLS]
    earlier = _before(inference, [hidden for hidden, _ in masked], len(new))
    sources = tuple(
        dict.fromkeys(
            released[member.number - len(new)].release for member in inference.group.members if not member.new
        )
    )
    answer = []
    for (hidden, after), before in zip(masked, earlier, strict=True):
        if not hidden.new and (before.low, before.high) == (after.low, after.high):
            continue
        fact = hidden.fact
        answer.append(
            Known(
                cell=speaker.cell(hidden.groups),
                labels=speaker.labels(hidden.groups),
                file=new[hidden.table].file if hidden.new and hidden.table is not None else "",
                place=fact.place if hidden.new and fact is not None else "",
                before=_pair(before),
                after=_pair(after),
                computed=after.settled,
                sources=sources,
            )
        )
    return answer


def _before(inference: Inference, hidden: Sequence[Hidden], new: int) -> list[Bounds]:
    try:
        return inference.computed(hidden, lambda _, bounds: bounds.narrowest, lambda table: table >= new)
    except Contradiction:
        return [Bounds(low=0, high=float("inf"), settled=False)] * len(hidden)


def _pair(bounds: Bounds) -> tuple[int, int | None]:
    return int(bounds.low), None if bounds.high == float("inf") else int(bounds.high)
