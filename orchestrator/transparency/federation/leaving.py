"""Takes a hub's datasets out of our catalogue when its word counts no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.events import Event
from orchestrator.discovery.catalogue.model import EntryState, Origin
from orchestrator.discovery.catalogue.store import EntryRow
from orchestrator.discovery.catalogue.taking import move

from . import store
from .model import Kind

__all__ = ["leave", "leave_all", "listed"]


def listed(session: Session, hub_id: str, most: int | None = None) -> list[EntryRow]:
    """Return what the catalogue shows as a hub's."""
    query = select(EntryRow).where(EntryRow.origin == Origin.HUB.value, EntryRow.source == hub_id)
    query = query.where(EntryRow.state == EntryState.LISTED.value).order_by(EntryRow.sequence)
    return list(session.scalars(query.limit(most)))


def leave(change: Change, entry_ids: Sequence[str], *, by: str, now: datetime) -> None:
    """Take entries out; they come back when their hub names them again and its word counts."""
    for entry_id in entry_ids:
        row = change.session.get_one(EntryRow, entry_id)
        if row.state == EntryState.LISTED:
            move(change, row, "leave", actor=by, now=now)


def leave_all(change: Change, hub_id: str, *, by: str, now: datetime) -> None:
    """Take everything of a hub out at once, in the very transaction in which its word ends."""
    leave(change, [row.entry_id for row in listed(change.session, hub_id)], by=by, now=now)
    feed = store.feed(change, hub_id, Kind.CATALOGUE)
    feed.entered = feed.left_out = 0
    details = {"hub": hub_id, "kind": Kind.CATALOGUE.value}
    change.tell(Event(kind="hub.hidden", actor=by, subject=f"hub:{hub_id}", details=details))
