"""What a whole list names no more: missing first, archived after a week, and never many at once without a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.discovery.catalogue.model import EntryState, Origin
from orchestrator.discovery.catalogue.store import EntryRow
from orchestrator.discovery.catalogue.taking import move

from .rules import MISSING_FOR, needs_a_person
from .speaking import SYSTEM
from .store import ItemRow, KnownRow, PullRow

__all__ = ["archive_all", "archive_missing", "confirm_listed", "note_missing", "too_many_gone"]


def confirm_listed(change: Change, pull: PullRow, *, now: datetime) -> None:
    """Note that everything the list names is still there; what had disappeared and is named again is found.

    What a person withdrew has a reason and stays withdrawn.
    """
    gone = _of(pull.endpoint_id, EntryState.MISSING, EntryState.WITHDRAWN).where(EntryRow.reason == "")
    for row in change.session.scalars(gone.where(_named(pull))).all():
        move(change, row, "find", actor=SYSTEM, now=now)
    named = (
        select(KnownRow.entry_id)
        .join(ItemRow, (ItemRow.persistent_id == KnownRow.persistent_id) & (ItemRow.pull_id == pull.pull_id))
        .where(KnownRow.endpoint_id == pull.endpoint_id)
    )
    change.session.execute(
        update(EntryRow)
        .where(EntryRow.entry_id.in_(named))
        .values(confirmed_at=now)
        .execution_options(synchronize_session=False)
    )


def too_many_gone(session: Session, pull: PullRow, percent: int) -> tuple[int, bool]:
    """Return how many entries the list names no more, and whether a person has to decide on them.

    What is missing since earlier counts with it, so that a catalogue cannot trickle away unnoticed.
    """
    every = _of(pull.endpoint_id, *_STATES)
    known = session.scalar(select(func.count()).select_from(every.subquery())) or 0
    gone = session.scalar(select(func.count()).select_from(every.where(~_named(pull)).subquery())) or 0
    return gone, needs_a_person(known=known, gone=gone, percent=percent)


_STATES = (EntryState.LISTED, EntryState.MISSING)


def note_missing(change: Change, pull: PullRow, *, now: datetime) -> None:
    """Mark what the list names no more; what has been missing for a week is archived."""
    for row in change.session.scalars(_of(pull.endpoint_id, *_STATES).where(~_named(pull))).all():
        if row.state == EntryState.LISTED:
            move(change, row, "miss", actor=SYSTEM, now=now)
        elif now - row.changed_at >= MISSING_FOR:
            move(change, row, "archive", actor=SYSTEM, now=now)


def archive_missing(change: Change, pull: PullRow, *, actor: str, now: datetime) -> None:
    """Archive at once what the list of a held pull does not name: a person said that it is gone."""
    for row in change.session.scalars(_of(pull.endpoint_id, *_STATES).where(~_named(pull))).all():
        _archive(change, row, actor=actor, now=now)


def archive_all(change: Change, endpoint_id: str, *, actor: str, now: datetime, reason: str) -> int:
    """Archive everything that came from an endpoint; return how much that was."""
    rows = change.session.scalars(_of(endpoint_id, *_STATES)).all()
    for row in rows:
        _archive(change, row, actor=actor, now=now, reason=reason)
    return len(rows)


def _archive(change: Change, row: EntryRow, *, actor: str, now: datetime, reason: str = "") -> None:
    if row.state == EntryState.LISTED:
        move(change, row, "miss", actor=actor, now=now)
    move(change, row, "archive", actor=actor, now=now, reason=reason)


def _of(endpoint_id: str, *states: EntryState) -> Select[EntryRow]:
    return select(EntryRow).where(
        EntryRow.origin == Origin.HARVESTED.value,
        EntryRow.source == endpoint_id,
        EntryRow.state.in_([state.value for state in states]),
    )


def _named(pull: PullRow):  # type: ignore[no-untyped-def]  # noqa: ANN202 - SQLAlchemy's own type of an EXISTS
    return exists().where(ItemRow.pull_id == pull.pull_id, ItemRow.persistent_id == EntryRow.persistent_id)
