"""Shows other hubs' datasets in the catalogue, as theirs, for as long as their word counts here.

The catalogue follows the newest document that counts. Each batch is one transaction, and the document is noted as shown
only after the last: whoever is killed on the way begins again, and what is there already changes nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from orchestrator.audit.record import Record
from orchestrator.core.errors import Invalid
from orchestrator.core.events import Event, Json
from orchestrator.discovery.catalogue.model import Origin
from orchestrator.discovery.catalogue.taking import Given, prepare, take

from . import store
from .leaving import leave, leave_all, listed
from .model import Hub, Kind
from .sealing import SYSTEM
from .store import TakenRow

__all__ = ["AT_ONCE", "Counting", "Entering"]

_log = logging.getLogger(__name__)

Counting = Callable[[Session, Hub, Kind], TakenRow | None]
"""Tells which document of a kind counts of a hub, if one does."""

AT_ONCE = 200
"""Datasets in one transaction: others who write wait for no more than these."""


class Entering:
    """Brings the catalogue in step with what hubs say."""

    def __init__(self, record: Record, counting: Counting) -> None:
        self._record = record
        self._counting = counting

    def work(self) -> int:
        """Bring every hub's entries in step; return how many datasets were looked at. Repeatable."""
        with self._record.read() as session:
            hubs = [store.to_hub(row) for row in store.hubs(session)]
        return sum(self._safely(hub) for hub in hubs)

    def _safely(self, hub: Hub) -> int:
        try:
            return self._hub(hub)
        except Exception:  # noqa: BLE001 - whatever one hub says, the others' datasets are shown
            _log.exception("the datasets of hub %s could not be taken into the catalogue", hub.hub_id)
            return 0

    def _hub(self, hub: Hub) -> int:
        with self._record.read() as session:
            said = self._counting(session, hub, Kind.CATALOGUE)
            feed = store.feeds(session, hub.hub_id).get(Kind.CATALOGUE)
            shown = feed.entered if feed else 0
            text = said.items if said is not None and said.sequence != shown else "[]"
        if said is None:
            if shown or self._any(hub):
                with self._record.change() as change:
                    leave_all(change, hub.hub_id, by=SYSTEM, now=self._record.clock())
            return 0
        if shown == said.sequence:
            return 0
        items = json.loads(text)
        left_out = 0
        for first in range(0, len(items), AT_ONCE):
            batch, refused = _readable(hub, items[first : first + AT_ONCE])
            left_out += refused
            if not self._enter(hub, said.sequence, batch):
                return first
        self._finish(hub, said.sequence, [str(item["dataset"]) for item in items], left_out)
        return len(items)

    def _any(self, hub: Hub) -> bool:
        with self._record.read() as session:
            return bool(listed(session, hub.hub_id, most=1))

    def _enter(self, hub: Hub, sequence: int, batch: Sequence[Given]) -> bool:
        """Take a batch over unless the document was replaced, or the hub revoked, since it was read."""
        with self._record.change() as change:
            if not self._still_said(change.session, hub, sequence):
                return False
            now = self._record.clock()
            entries: list[Json] = [take(change, given, actor=SYSTEM, now=now)[0] for given in batch]
            change.tell(_about("entered", hub.hub_id, SYSTEM, document=sequence, entries=entries))
        return True

    def _finish(self, hub: Hub, sequence: int, named: Sequence[str], left_out: int) -> None:
        """Take out what the document names no more, in batches, and note that it is shown."""
        kept = frozenset(named)
        with self._record.read() as session:
            gone = [row.entry_id for row in listed(session, hub.hub_id) if row.persistent_id not in kept]
        for first in range(0, len(gone), AT_ONCE):
            with self._record.change() as change:
                if not self._still_said(change.session, hub, sequence):
                    return
                leave(change, gone[first : first + AT_ONCE], by=SYSTEM, now=self._record.clock())
        with self._record.change() as change:
            if self._still_said(change.session, hub, sequence):
                feed = store.feed(change, hub.hub_id, Kind.CATALOGUE)
                feed.entered, feed.left_out = sequence, left_out
                change.tell(_about("shown", hub.hub_id, SYSTEM, kind=Kind.CATALOGUE.value, document=sequence))

    def _still_said(self, session: Session, hub: Hub, sequence: int) -> bool:
        said = self._counting(session, store.to_hub(store.hub_row(session, hub.hub_id)), Kind.CATALOGUE)
        return said is not None and said.sequence == sequence


def _readable(hub: Hub, items: Sequence[Mapping[str, Any]]) -> tuple[list[Given], int]:
    """Read the descriptions of items before the transaction; return them, and how many cannot be read."""
    given = []
    for item in items:
        try:
            given.append(
                prepare(
                    _record(item),
                    origin=Origin.HUB,
                    source=hub.hub_id,
                    custodian_id=None,
                    persistent_id=str(item["dataset"]),
                    publisher=str(item["custodian"]),
                )
            )
        except Invalid:
            continue
    return given, len(items) - len(given)


def _record(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as a description: its own, or what the item tells in short. Title and custodian are the item's."""
    told = dict(item.get("description") or {})
    summary = dict(told["summary"]) if isinstance(told.get("summary"), Mapping) else {}
    custodian = summary.get("dataCustodian")
    summary["title"] = item["title"]
    summary["dataCustodian"] = {**(custodian if isinstance(custodian, Mapping) else {}), "name": item["custodian"]}
    summary.setdefault("abstract", item["abstract"])
    summary.setdefault("keywords", list(item["keywords"]))
    return {"identifier": item["dataset"], "version": "1.0.0", **told, "summary": summary}


def _about(what: str, hub_id: str, by: str, **details: Json) -> Event:
    return Event(kind=f"hub.{what}", actor=by, subject=f"hub:{hub_id}", details={"hub": hub_id, **details})
