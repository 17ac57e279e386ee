"""Begins a pull: one at a time for an endpoint; a held one lapses; what earlier ones listed is forgotten."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete

from orchestrator.audit.record import Change
from orchestrator.core.ids import new_id

from . import store
from .model import PULL_STATES, ItemState, PullKind, PullState
from .speaking import about_pull
from .store import EndpointRow, ItemRow, PullRow

__all__ = ["begin_pull"]


def begin_pull(change: Change, row: EndpointRow, kind: PullKind, *, asked_by: str, now: datetime) -> PullRow:
    """Begin a pull of an endpoint; the controller works on it from now on."""
    if kind is not PullKind.TEST:
        for held in store.pulls_in(change.session, row.endpoint_id, PullState.HELD):
            held.state, held.ended_at = PULL_STATES.after(PullState.HELD, "lapse").value, now
            change.tell(about_pull("lapsed", held))
        _forget_items(change, row.endpoint_id)
    pull = PullRow(
        pull_id=new_id(),
        endpoint_id=row.endpoint_id,
        number=store.next_number(change.session),
        kind=kind.value,
        state=PULL_STATES.start.value,
        asked_by=asked_by,
        started_at=now,
        due_at=now,
        worked_at=now,
    )
    change.session.add(pull)
    change.session.flush()
    change.tell(about_pull("begun", pull, actor=asked_by, why=kind.value))
    return pull


def _forget_items(change: Change, endpoint_id: str) -> None:
    """Drop what earlier pulls listed, but for what the last one could not take: that is shown until the next ends."""
    earlier = [row.pull_id for row in store.pulls_of(change.session, endpoint_id, 1000)]
    for place, pull_id in enumerate(earlier):
        gone = delete(ItemRow).where(ItemRow.pull_id == pull_id)
        if place == 0:
            gone = gone.where(ItemRow.state != ItemState.SKIPPED.value)
        change.session.execute(gone)
