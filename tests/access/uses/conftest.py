"""The world of access with terms of use on its datasets."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.access.evidence.service import EvidenceService
from orchestrator.access.uses.service import DataUses
from orchestrator.alliance.uses.rules import read_clause
from orchestrator.alliance.uses.service import UsesService
from orchestrator.discovery.store import custodian_of
from orchestrator.policy.service import Policy
from tests.access.conftest import World


class Uses:
    """A world whose custodians say what their data may be used for."""

    def __init__(self, world: World, policy: Policy) -> None:
        self.world = world
        self.uses = UsesService(world.record, policy, as_now=world.identity.as_now, owner_of=custodian_of)
        rooms: dict[str, Any] = {
            "record": world.record,
            "policy": policy,
            "identity": world.identity,
            "alliance": world.alliance,
            "discovery": world.discovery,
        }
        self.service = DataUses(**rooms, uses=self.uses)
        self.evidence = EvidenceService(**rooms)

    def publish(self, name: str, *clauses: str) -> None:
        officer = self.world.actor(f"officer_{name}")
        self.uses.publish(officer, self.world.datasets[name], [read_clause(each) for each in clauses])

    def draft(self, *names: str, **changes: Any) -> str:
        world = self.world
        chosen = [world.datasets[name] for name in names or ("a", "b")]
        return world.access.draft(world.actor("lead"), world.answers(**changes), chosen).application_id


@pytest.fixture
def uses(world: World, policy: Policy) -> Uses:
    return Uses(world, policy)
