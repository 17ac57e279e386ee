"""What an outsider would know of every hidden cell once a submission is out: the ledger's bounds, before and after."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from orchestrator.airlock.desk import Desk
from orchestrator.airlock.ledger import store as ledger_store
from orchestrator.airlock.ledger.knowledge import Known, outsider_view
from orchestrator.airlock.ledger.numbers import numbers_of
from orchestrator.airlock.model import Submission

__all__ = ["Outside", "Outsiders"]

_SECONDS = 4.0
"""How long a page may compute; bounds that were not reached by then are told as such."""
_KEPT = 16


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The bounds, with how many tables they were computed from."""

    known: tuple[Known, ...]
    new_tables: int
    released_tables: int
    threshold: int

    def disclosive(self, known: Known) -> bool:
        """Say whether an outsider knows that a hidden cell counts somebody, and fewer than may be known."""
        least, most = known.after
        return most is not None and 1 <= least <= most < self.threshold


class Outsiders:
    """Computes the view from what the record keeps, and keeps the last answers while nothing of it changes.

    Only facts that were read in isolation are used: whole numbers, and labels that a page escapes.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Outside] = OrderedDict()
        self._lock = threading.Lock()

    def view(self, desk: Desk, submission: Submission) -> Outside:
        """Return the bounds for one submission, for somebody who may open its files."""
        versions = desk.governance.versions(submission.project_id)
        with desk.record.read() as session:
            new = ledger_store.kept(session, submission.submission_id)
            released = ledger_store.released_tables(
                session, submission.project_id, set(versions.values()), but=submission.submission_id
            )
        pack = desk.pack_for(submission.project_id)
        key = (
            submission.submission_id,
            pack.sha256,
            tuple(table.sha256 for table in new),
            tuple(each.table.sha256 for each in released),
        )
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        found = Outside(
            known=outsider_view(
                new,
                released,
                numbers_of(pack, seconds=_SECONDS),
                project=submission.project_id,
                versions=frozenset(versions),
            ),
            new_tables=len(new),
            released_tables=len(released),
            threshold=pack.minimum_count,
        )
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found
