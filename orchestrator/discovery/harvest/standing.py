"""How an endpoint stands: entries, age, what waits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from orchestrator.discovery.catalogue.model import EntryState, Origin
from orchestrator.discovery.catalogue.store import EntryRow

from . import store
from .model import EndpointState, Standing
from .rules import STALE_AFTER
from .store import EndpointRow

__all__ = ["is_stale", "standing_of"]


def is_stale(row: EndpointRow, now: datetime) -> bool:
    """Say whether an endpoint that is to be pulled daily was not read for too long."""
    if row.state not in (EndpointState.ENABLED, EndpointState.PAUSED):
        return False
    since = row.last_success_at or row.tested_at or row.registered_at
    return now - since > STALE_AFTER


def standing_of(session: Session, row: EndpointRow, now: datetime) -> Standing:
    """Return an endpoint with its standing."""
    query = (
        select(EntryRow.state, func.count())
        .where(EntryRow.origin == Origin.HARVESTED.value, EntryRow.source == row.endpoint_id)
        .group_by(EntryRow.state)
    )
    counts = {state: count for state, count in session.execute(query)}  # noqa: C416 - rows are no pairs to dict()
    last = next(iter(store.pulls_of(session, row.endpoint_id, 1)), None)
    success = row.last_success_at
    return Standing(
        endpoint=store.to_endpoint(row),
        entries=counts.get(EntryState.LISTED, 0) + counts.get(EntryState.MISSING, 0),
        missing=counts.get(EntryState.MISSING, 0),
        last_pull=store.to_pull(session, last) if last else None,
        age_days=(now - success).days if success else None,
        stale=is_stale(row, now),
    )
