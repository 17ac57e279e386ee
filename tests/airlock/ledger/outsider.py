"""Tables as tests write them, and the attack on them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from orchestrator.airlock.ledger.facts import published
from orchestrator.airlock.ledger.knowledge import Known, outsider_view
from orchestrator.airlock.ledger.ledger import attack
from orchestrator.airlock.ledger.numbers import Numbers
from orchestrator.airlock.ledger.tables import PublishedTable, ReleasedTable
from orchestrator.airlock.ledger.wording import LedgerFinding
from orchestrator.airlock.reading.parts import Table

NUMBERS = Numbers(threshold=10)


def table(text: str) -> Table:
    rows = list(csv.reader(io.StringIO(text)))
    return Table(columns=tuple(rows[0]), again=lambda: iter(rows[1:]))


def tables(text: str, file: str = "table.csv", numbers: Numbers = NUMBERS, **more: object) -> list[PublishedTable]:
    return list(published(table(text), file=file, numbers=numbers, **more))


def released(
    these: Iterable[PublishedTable], project: str = "ours", release: str = "r1", **more: object
) -> list[ReleasedTable]:
    return [ReleasedTable(project=project, release=release, table=each, **more) for each in these]


def found(
    new: Sequence[PublishedTable],
    earlier: Sequence[ReleasedTable] = (),
    numbers: Numbers = NUMBERS,
    *,
    rule: str | None = None,
    **more: object,
) -> list[LedgerFinding]:
    answers = attack(new, earlier, numbers, project="ours", **more)
    return [each for each in answers if rule is None or each.rule == rule]


def known(
    new: Sequence[PublishedTable], earlier: Sequence[ReleasedTable] = (), numbers: Numbers = NUMBERS
) -> dict[tuple[str, frozenset[str]], Known]:
    """Return what is known of each hidden cell, by file and groups."""
    answers = outsider_view(new, earlier, numbers, project="ours")
    return {(each.file, frozenset(level for _, level in each.labels)): each for each in answers}
