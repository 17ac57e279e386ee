"""Accreditations of ours that stand on a hub's word: they follow what it says, never outlast it, and fall with it.

Each ends, by its own date, when the hub's document does: if nobody hears the hub any more, or the controller is dead,
it lapses within days. A newer document that says the same moves the date on. What the hub says no more, and what a hub
said that is trusted no more, ends at once and for good: somebody has to take its word anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from orchestrator.audit.record import Change
from orchestrator.core.clock import iso
from orchestrator.core.events import Event, Notice
from orchestrator.identity import store as identity
from orchestrator.identity.model import Accreditation, Person

from . import store
from .contents import code_of
from .sealing import SYSTEM
from .shapes import Header, moment_of
from .store import BelievedRow

__all__ = ["fall", "follow", "holds_until", "lapse", "told"]


def holds_until(item: Mapping[str, Any]) -> datetime:
    """Return until when a hub says that everything holds for a person: its accreditation and its training."""
    return min(moment_of(item["accredited_until"]), moment_of(item["trained_until"]))


def follow(change: Change, hub_id: str, header: Header, *, now: datetime) -> None:
    """Bring everything that stands on a hub's word in step with its newest document of people."""
    said = {item["person"]: holds_until(item) for item in header.items}
    for row, held in _standing(change, hub_id):
        until = said.get(code_of(identity.load(change.session, Person, row.person_id)))
        if until is None or until <= now:
            _end(change, row, held, why="The hub does not say it any more.", by=SYSTEM, now=now)
        else:
            _move(change, held, min(until, row.at_most, header.ends))


def lapse(change: Change, hub_id: str, *, now: datetime) -> None:
    """Stop everything that stands on a hub's word until the hub says it again, signed by keys that count."""
    for _, held in _standing(change, hub_id):
        _move(change, held, min(held.valid_until, now))


def fall(change: Change, hub_id: str, *, by: str, now: datetime) -> None:
    """End everything that stands on the word of a hub that is trusted no more."""
    for row, held in _standing(change, hub_id):
        _end(change, row, held, why="The hub is trusted no more.", by=by, now=now)


def told(kind: str, held: Accreditation, hub_id: str, by: str, **details: str | int) -> Event:
    """Return what the log tells of an accreditation that stands on a hub's word."""
    said = {"person": held.person_id, "valid_until": iso(held.valid_until), "hub": hub_id, **details}
    return Event(kind=f"accreditation.{kind}", actor=by, subject=f"accreditation:{held.accreditation_id}", details=said)


def _standing(change: Change, hub_id: str) -> list[tuple[BelievedRow, Accreditation]]:
    """Return what did not fall and was not ended by an operator."""
    found = []
    for row in store.believed(change.session, hub_id):
        held = identity.load(change.session, Accreditation, row.accreditation_id)
        if held.ended_at is None:
            found.append((row, held))
    return found


def _move(change: Change, held: Accreditation, until: datetime) -> None:
    if until != held.valid_until:
        moved = replace(held, valid_until=until)
        row = change.session.get_one(BelievedRow, held.accreditation_id)
        identity.put(change, moved, event=told("followed", moved, row.hub_id, SYSTEM))


def _end(change: Change, row: BelievedRow, held: Accreditation, *, why: str, by: str, now: datetime) -> None:
    row.fell_at, row.fell = now, why
    ended = replace(held, ended_by=by, ended_at=now)
    event = told("ended", ended, row.hub_id, by, why=why)
    identity.put(change, ended, event=event)
    change.notify(Notice(person=held.person_id, kind=event.kind, subject=event.subject))
