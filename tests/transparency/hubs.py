"""Two installations with records of their own, told once and copied for each test."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from orchestrator.assembly.controller.hubs import Hubs
from orchestrator.audit.fakes import FakeSigner
from orchestrator.audit.store import NoticeRow
from orchestrator.core.clock import FixedClock
from orchestrator.discovery.search.model import Asked, Facet
from orchestrator.transparency.federation.model import Document, Hub, Kind
from orchestrator.transparency.federation.service import FederationService
from orchestrator.transparency.federation.trusting import waiting_fingerprint
from orchestrator.web import make_app
from tests.web.world import World, make_house, make_world

LOOPBACK = {"allowed_networks": ["127.0.0.0/8"]}


@dataclass
class Told:
    """An installation whose story is told, and which nothing holds open: it is copied."""

    state: Path
    world: World
    signer: FakeSigner
    name: str

    @classmethod
    def make(cls, state: Path, name: str) -> Told:
        world = make_world(state, harvest=LOOPBACK)
        signer = FakeSigner()
        world.house.audit.sign_head(signer)
        world.house.record.engine.dispose()
        return cls(state, world, signer, name)

    def copied(self, state: Path, **changes: Any) -> Installation:
        shutil.copytree(self.state, state)
        house = make_house(state, **{"harvest": LOOPBACK, **changes})
        return Installation.opened(self.name, replace(self.world, house=house, app=make_app(house)), self.signer)


@dataclass
class Installation:
    """One hub: its rooms, its key, and its clock."""

    world: World
    signer: FakeSigner
    name: str
    clock: FixedClock

    @classmethod
    def opened(cls, name: str, world: World, signer: FakeSigner | None = None) -> Installation:
        clock = FixedClock(world.house.record.clock())
        world.house.record.clock = clock
        made = cls(world=world, signer=signer or FakeSigner(), name=name, clock=clock)
        made.sign()
        return made

    @cached_property
    def hubs(self) -> Hubs:
        """What the controller does about other hubs."""
        return Hubs(self.world.house)

    def publishes(self) -> None:
        """Do what the controller and the airlock's worker do some minutes later."""
        self.clock.advance(timedelta(hours=1))
        self.hubs.publish()
        self.sign()

    def hears(self) -> None:
        """Ask every hub, now, and show what came."""
        self.clock.advance(timedelta(hours=1))
        self.hubs.ask()
        self.sign()  # so that our own request counts
        self.clock.advance(timedelta(seconds=6))
        self.hubs.ask()
        self.hubs.enter()

    def problems(self, hub_id: str) -> dict[str, str]:
        return {feed.kind.value: feed.problem for feed in self.federation.feeds(hub_id)}

    def titles(self) -> set[str]:
        """The titles of other hubs' datasets that a search finds here."""
        asked = Asked(chosen={Facet.ORIGIN: ("hub",)})
        return {each.entry.title for each in self.world.house.search.find(asked).listed}

    def told(self, kind: str) -> int:
        """How many notices of a kind wait for people."""
        with self.world.house.record.read() as session:
            query = select(func.count()).select_from(NoticeRow).where(NoticeRow.kind == kind)
            return session.scalar(query) or 0

    @property
    def federation(self) -> FederationService:
        return self.world.house.federation

    def close(self) -> None:
        if "hubs" in vars(self):
            self.hubs.close()
        self.world.house.record.engine.dispose()

    def sign(self) -> None:
        """Sign the log's head as the airlock's worker does."""
        self.world.house.audit.sign_head(self.signer)

    def document(self, kind: Kind = Kind.CATALOGUE) -> bytes:
        """Export as an operator does, and sign."""
        self.federation.export(self.world.actor("operator"), kind, name=self.name)
        self.sign()
        return self.federation.signed(kind)

    def trusts(self, other: Installation, address: str = "") -> Hub:
        """Trust another installation by its card, with two operators."""
        card = other.federation.card(other.name)
        made = self.federation.trust(
            self.world.actor("operator"), origin=card.origin, name=card.name, keys=card.keys, address=address
        )
        return self.confirm(made.hub_id)

    def confirm(self, hub_id: str, *, by: str = "second operator") -> Hub:
        """Confirm the keys that wait, as an operator who compared their fingerprint."""
        fingerprint = waiting_fingerprint(self.federation.hub(hub_id))
        return self.federation.confirm(self.world.actor(by), hub_id, fingerprint=fingerprint)

    def take(self, raw: bytes) -> Document:
        return self.federation.take(self.world.actor("operator"), raw)
