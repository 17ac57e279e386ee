"""Takes one description into the catalogue within a change: a new entry, its next edition, or nothing new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator.audit.record import Change
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id

from . import store
from .model import ENTRY_STATES, EntryState, Origin
from .reading import Reading, read, read_kept
from .rules import content_hash, entry_key, json_text, publisher_of, title_of, version_of
from .store import EditionRow, EntryRow

__all__ = ["Given", "Outcome", "move", "prepare", "take"]


class Outcome(StrEnum):
    """What taking a description changed."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True)
class Given:
    """A description ready to be taken, read before the transaction begins, for reading one may take a while."""

    origin: Origin
    source: str
    custodian_id: str | None
    persistent_id: str
    publisher: str
    title: str
    version: str
    text: str
    content_sha256: str
    reading: Reading
    entry_id: str = ""
    """The identifier a new entry is to have; one is made where none is given."""
    dataset_id: str | None = None
    earlier_ids: tuple[str, ...] = ()
    """Identifiers that the same dataset had there before: an entry under one of them is this one's."""


def prepare(
    record: Mapping[str, Any],
    *,
    origin: Origin,
    source: str,
    custodian_id: str | None,
    persistent_id: str,
    publisher: str = "",
    dataset_id: str | None = None,
) -> Given:
    """Read a record; raises ``Invalid`` with a sentence where it cannot be kept.

    What a dataset here is described by is in the record already: it is taken even where it cannot be read any more.
    """
    text = json_text(record)
    return Given(
        origin=origin,
        source=source,
        custodian_id=custodian_id,
        persistent_id=persistent_id,
        publisher=publisher_of(record, publisher),
        title=title_of(record, persistent_id),
        version=version_of(record),
        text=text,
        content_sha256=content_hash(record),
        reading=read(record) if dataset_id is None else read_kept(record),
        entry_id=dataset_id or "",
        dataset_id=dataset_id,
    )


def take(change: Change, given: Given, *, actor: str, now: datetime) -> tuple[str, Outcome]:
    """Keep a description; returns the entry's identifier and what that changed. An unchanged one is confirmed only.

    What a person withdrew, which always has a reason, stays withdrawn although its source goes on naming it.
    """
    key = entry_key(given.origin, given.source, given.persistent_id)
    row = store.entry_by_key(change.session, key) or _renamed(change, given, key)
    if row is None:
        return _new(change, given, key, actor=actor, now=now), Outcome.NEW
    row.confirmed_at = now
    if row.state != EntryState.LISTED and not row.reason:
        move(change, row, "find", actor=actor, now=now)
    current = store.edition_row(change.session, row.entry_id, row.edition)
    if current.content_sha256 == given.content_sha256:
        return row.entry_id, Outcome.UNCHANGED
    row.edition, row.title, row.publisher = row.edition + 1, given.title, given.publisher
    row.sequence, row.changed_at = store.next_sequence(change.session), now
    _keep_edition(change, row, given, now)
    change.tell(_event("entry.changed", actor, row, content=given.content_sha256, edition=row.edition))
    return row.entry_id, Outcome.CHANGED


def _renamed(change: Change, given: Given, key: str) -> EntryRow | None:
    """Return the entry of a dataset that has a new identifier, under which it goes on."""
    for earlier in given.earlier_ids:
        row = store.entry_by_key(change.session, entry_key(given.origin, given.source, earlier))
        if row is not None:
            row.key, row.persistent_id = key, given.persistent_id
            return row
    return None


def move(change: Change, row: EntryRow, action: str, *, actor: str, now: datetime, reason: str = "") -> None:
    """Take an entry a step on in its states; the search index follows."""
    row.state = ENTRY_STATES.after(EntryState(row.state), action).value
    row.reason, row.changed_at, row.sequence = reason, now, store.next_sequence(change.session)
    change.session.flush()
    change.tell(_event(f"entry.{_TOLD[action]}", actor, row))


_TOLD = {"miss": "missed", "find": "found", "withdraw": "withdrawn", "archive": "archived", "leave": "left"}


def _new(change: Change, given: Given, key: str, *, actor: str, now: datetime) -> str:
    row = EntryRow(
        entry_id=given.entry_id or new_id(),
        key=key,
        origin=given.origin.value,
        source=given.source,
        custodian_id=given.custodian_id,
        publisher=given.publisher,
        persistent_id=given.persistent_id,
        title=given.title,
        dataset_id=given.dataset_id,
        state=ENTRY_STATES.start.value,
        edition=1,
        sequence=store.next_sequence(change.session),
        first_seen=now,
        changed_at=now,
        confirmed_at=now,
    )
    change.session.add(row)
    change.session.flush()
    _keep_edition(change, row, given, now)
    details = {"content": given.content_sha256, "origin": row.origin, "custodian": row.custodian_id}
    change.tell(_event("entry.listed", actor, row, **details))
    return row.entry_id


def _keep_edition(change: Change, row: EntryRow, given: Given, now: datetime) -> None:
    change.session.add(
        EditionRow(
            entry_id=row.entry_id,
            number=row.edition,
            version=given.version,
            original=given.text,
            content_sha256=given.content_sha256,
            taken_at=now,
            **given.reading.columns(),
        )
    )
    change.session.flush()


def _event(kind: str, actor: str, row: EntryRow, **details: str | int | None) -> Event:
    return Event(kind=kind, actor=actor, subject=f"entry:{row.entry_id}", details={**details})
