"""What becomes of the sources of a custodian that leaves: endpoints close, what they or files gave is withdrawn."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from orchestrator.audit.record import Change

from .catalogue.model import EntryState, Origin
from .catalogue.store import EntryRow
from .catalogue.taking import move
from .harvest import store
from .harvest.disappearing import archive_all
from .harvest.model import ENDPOINT_STATES, PULL_STATES, EndpointState, PullState
from .harvest.speaking import about_endpoint, about_pull
from .harvest.store import EndpointRow

__all__ = ["close_sources"]


def close_sources(change: Change, custodian_id: str, *, actor: str, now: datetime, reason: str) -> list[str]:
    """Close a custodian's endpoints and withdraw its imported entries, within a change; return the endpoints closed."""
    query = select(EndpointRow).where(
        EndpointRow.custodian_id == custodian_id, EndpointRow.state != EndpointState.CLOSED.value
    )
    rows = list(change.session.scalars(query.order_by(EndpointRow.endpoint_id)))
    for row in rows:
        _close(change, row, actor=actor, now=now, reason=reason)
    found = select(EntryRow).where(
        EntryRow.custodian_id == custodian_id,
        EntryRow.origin == Origin.IMPORTED.value,
        EntryRow.state != EntryState.WITHDRAWN.value,
    )
    for entry in list(change.session.scalars(found.order_by(EntryRow.entry_id))):
        move(change, entry, "withdraw", actor=actor, now=now, reason=reason)
    return [row.endpoint_id for row in rows]


def _close(change: Change, row: EndpointRow, *, actor: str, now: datetime, reason: str) -> None:
    row.state = ENDPOINT_STATES.after(EndpointState(row.state), "close").value
    row.due_at, row.reason = None, reason
    pull = store.open_pull(change.session, row.endpoint_id)
    if pull is not None:
        pull.state = PULL_STATES.after(PullState(pull.state), "fail").value
        pull.trouble, pull.ended_at = reason, now
        change.tell(about_pull("stopped", pull, actor=actor))
    gone = archive_all(change, row.endpoint_id, actor=actor, now=now, reason=reason)
    change.tell(about_endpoint("closed", actor, row, entries=gone))
