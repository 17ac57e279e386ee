"""Datasets offered here stand in the catalogue too: their entries follow them in the same transaction."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.errors import Conflict

from . import store
from .model import EntryState, Origin
from .taking import Given, move, prepare, take

if TYPE_CHECKING:
    from orchestrator.discovery.store import DatasetRow

__all__ = ["check_edition", "follow", "follow_withdrawal", "standing_edition"]


def follow(change: Change, row: DatasetRow, *, actor: str, now: datetime) -> None:
    """Bring the entry of a dataset in step with its description."""
    take(change, _given(row), actor=actor, now=now)


def follow_withdrawal(change: Change, row: DatasetRow, *, actor: str, now: datetime) -> None:
    """Withdraw the entry of a dataset that is withdrawn; one that never had an entry is entered first."""
    follow(change, row, actor=actor, now=now)
    entry = store.entry_row(change.session, row.dataset_id)
    if entry.state != EntryState.WITHDRAWN:
        move(change, entry, "withdraw", actor=actor, now=now, reason=row.reason)


def standing_edition(session: Session, dataset_id: str) -> int:
    """Return the number of the edition that describes a dataset now."""
    return store.entry_row(session, dataset_id).edition


def check_edition(session: Session, dataset_id: str, edition: int | None) -> None:
    """Raise ``Conflict`` if somebody described the dataset since that edition, lest his words be lost unread."""
    standing = standing_edition(session, dataset_id)
    if edition is not None and edition != standing:
        raise Conflict(
            f"Somebody changed this description meanwhile: edition {standing} stands, and you wrote from "
            f"edition {edition}. Nothing was saved. Keep your words, open the description anew and put them in there."
        )


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
