"""Entries of the catalogue that other hubs have: whose they are, how old their word is, where to ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from orchestrator.discovery.catalogue.model import Entry, Origin
from orchestrator.transparency.federation.model import Kind

if TYPE_CHECKING:
    from orchestrator.assembly import House

__all__ = ["AtHub", "at_hub"]


@dataclass(frozen=True, kw_only=True)
class AtHub:
    """Where a dataset can be asked for that is not offered here. ``link`` is empty for a hub without an address."""

    hub_id: str
    name: str
    link: str
    said_at: datetime | None
    until: datetime | None
    silent: bool


def at_hub(house: House, entry: Entry) -> AtHub | None:
    """Return the hub that has a dataset; nothing for one that is known from elsewhere."""
    if entry.origin is not Origin.HUB:
        return None
    hub = house.federation.hub(entry.source)
    word = next((each for each in house.federation.words(hub.hub_id) if each.kind is Kind.CATALOGUE), None)
    now = house.record.clock()
    return AtHub(
        hub_id=hub.hub_id,
        name=hub.name,
        link=f"{hub.address}/datasets/{entry.persistent_id}" if hub.address else "",
        said_at=word.issued_at if word else None,
        until=word.valid_until if word else None,
        silent=any(feed.kind is Kind.CATALOGUE and feed.silent(now) for feed in house.federation.feeds(hub.hub_id)),
    )
