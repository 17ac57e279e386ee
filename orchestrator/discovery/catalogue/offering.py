"""Datasets offered here stand in the catalogue too: their entries follow them in the same transaction."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from orchestrator.audit.record import Change

from . import store
from .model import EntryState, Origin
from .taking import Given, move, prepare, take

if TYPE_CHECKING:
    from orchestrator.discovery.store import DatasetRow

__all__ = ["follow", "follow_withdrawal"]


def follow(change: Change, row: DatasetRow, *, actor: str, now: datetime) -> None:
    """Bring the entry of a dataset in step with its description."""
    take(change, _given(row), actor=actor, now=now)


def follow_withdrawal(change: Change, row: DatasetRow, *, actor: str, now: datetime) -> None:
    """Withdraw the entry of a dataset that is withdrawn; one that never had an entry is entered first."""
    follow(change, row, actor=actor, now=now)
    entry = store.entry_row(change.session, row.dataset_id)
    if entry.state != EntryState.WITHDRAWN:
        move(change, entry, "withdraw", actor=actor, now=now, reason=row.reason)


def _given(row: DatasetRow) -> Given:
    record = json.loads(row.description)
    return prepare(
        record,
        origin=Origin.OFFERED,
        source="",
        custodian_id=row.custodian_id,
        persistent_id=row.dataset_id,
        dataset_id=row.dataset_id,
    )
