"""The ledger’s answer before a release: what these tables give away, together and with all that is known outside."""

from __future__ import annotations

import time
from collections.abc import Sequence

from orchestrator.airlock.model import Severity

from .differencing import Difference, differences
from .findings import Findings
from .inference import Inference, infer
from .linking import Linked, Member, in_shared_words, linked
from .numbers import Numbers
from .propagation import Contradiction
from .sources import explained
from .tables import PublishedTable, ReleasedTable
from .verdicts import Verdict, enough, verdict
from .wording import LedgerFinding, Speaker

__all__ = ["LEDGER_RULES", "attack", "members_of"]

LEDGER_RULES = {
    "LEDGER_CELL_PINNED": "A masked or unpublished count can be computed exactly from tables together",
    "LEDGER_CELL_NARROWED": "A masked or unpublished count can be narrowed to a few numbers below the threshold",
    "LEDGER_DIFFERENCE": "Two tables differ by a few people, who are what one shows and the other does not",
    "LEDGER_INCOMPLETE": "Not everything an outsider could compute was computed",
}


def attack(
    new: Sequence[PublishedTable],
    released: Sequence[ReleasedTable],
    numbers: Numbers,
    *,
    project: str = "",
    versions: frozenset[str] = frozenset(),
) -> list[LedgerFinding]:
    """Return what an outsider could compute once ``new`` tables join the ``released`` ones, worst first.

    ``project`` and ``versions`` (of datasets) are those of the new tables. Released tables must already be those of the
    same datasets; of other projects’ tables the findings tell nothing but the number of the release.
    """
    deadline = time.monotonic() + numbers.seconds
    members = members_of(new, released, versions)
    facts = in_shared_words(members)
    own = [each for each in members if each.new or released[each.number - len(new)].project == project]
    speaker = Speaker(project=project, known={pair for each in own for cell in facts[each.number] for pair in cell})
    found = Findings(new, released, speaker)
    for table in new:
        if table.incomplete:
            found.incomplete(f"This table is not among what is remembered, because {table.incomplete}.", table)
    for difference in differences(members, facts, numbers.threshold):
        found.difference(difference, severity=_weight(difference))
    for group in linked(members, facts):
        if any(member.new for member in group.members):
            _attack_group(group, numbers, deadline, found)
    return found.sorted()


def members_of(
    new: Sequence[PublishedTable], released: Sequence[ReleasedTable], versions: frozenset[str]
) -> list[Member]:
    """Number the tables: the new ones first, in their order, then the released ones in theirs."""
    fresh = [Member(number=at, table=table, new=True, versions=versions) for at, table in enumerate(new)]
    return fresh + [
        Member(number=len(new) + at, table=each.table, new=False, versions=each.versions)
        for at, each in enumerate(released)
    ]


def _weight(difference: Difference) -> Severity:
    """Block what is a table of a few people by subtraction; ask about what may be corrections or newer data."""
    sure = difference.nested and difference.same_versions and not difference.totals_only
    return Severity.BLOCK if sure else Severity.FLAG


def _attack_group(group: Linked, numbers: Numbers, deadline: float, found: Findings) -> None:
    try:
        inference = infer(group, numbers.threshold, lambda hidden, bounds: enough(hidden, bounds, numbers), deadline)
    except Contradiction:
        found.incomplete(
            "The numbers of these tables contradict each other, so nothing was computed from them together."
        )
        return
    judged = [
        (hidden, bounds, verdict(hidden, bounds, numbers))
        for hidden, bounds in zip(inference.hidden, inference.bounds, strict=True)
        if bounds.settled
    ]
    unsafe = [each for each in judged if each[2] is not Verdict.SAFE]
    for explanation in explained(inference, unsafe, found.releases):
        found.cell(explanation, numbers)
    _left_open(inference, numbers, found)


def _left_open(inference: Inference, numbers: Numbers, found: Findings) -> None:
    unsettled = [
        hidden for hidden, bounds in zip(inference.hidden, inference.bounds, strict=True) if not bounds.settled
    ]
    if unsettled:
        found.unsettled(unsettled, numbers.seconds)
    for member in inference.left_out:
        found.left_out(member)
    if inference.skipped:
        found.beyond("more cells than are computed at once are in no table by themselves")
    if not inference.system.cover.exact:
        found.beyond("the tables name too many groups to be crossed in full, so they were joined by shared totals only")
