"""A catalogue with two custodians, their officers, two operators and a researcher."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.alliance.service import AllianceService
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.discovery.arrivals import Arrivals
from orchestrator.discovery.catalogue.service import CatalogueService
from orchestrator.discovery.service import DiscoveryService
from orchestrator.identity.service import IdentityService
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy
from tests.discovery.conftest import DATA


class Alliance:
    """People and custodians, with the rooms that the catalogue works with."""

    def __init__(self, record: Record, policy: Policy, clock: FixedClock, directory: Path) -> None:
        self.record, self.policy, self.clock = record, policy, clock
        self.identity = IdentityService(record, policy)
        self.alliance = AllianceService(record, policy, as_now=self.identity.as_now)
        self.people: dict[str, str] = {}
        self.custodians: dict[str, str] = {}
        self._settle()
        self.discovery = DiscoveryService(
            record=record, policy=policy, alliance=self.alliance, arrivals=Arrivals(directory=directory / "arrivals")
        )
        self.catalogue = CatalogueService(record, policy)

    def _settle(self) -> None:
        until = self.clock() + timedelta(days=300)
        identity = self.identity
        self.people["ada"] = identity.first_operator("Ada", "ada@example.org", "https://id", "ada").person_id
        self.people["ben"] = self._person("ben")
        holding = identity.propose_role(self.actor("ada"), self.people["ben"], "operator", until)
        identity.confirm_role(self.actor("ben"), holding.holding_id)
        for officer, name in (("cora", "North"), ("carl", "South")):
            self.custodians[name] = self.alliance.register_custodian(self.actor("ada"), name).custodian_id
            self.people[officer] = self._person(officer)
            holding = identity.propose_role(
                self.actor("ada"), self.people[officer], "custodian", until, self.custodians[name]
            )
            identity.confirm_role(self.actor("ben"), holding.holding_id)
        self.people["rex"] = self._person("rex")

    def _person(self, name: str) -> str:
        person = self.identity.register_person(
            self.actor("ada"), name.title(), f"{name}@example.org", "https://id", name
        )
        return person.person_id

    def actor(self, name: str) -> Actor:
        return self.identity.actor(self.people[name], second_factor=True)


@pytest.fixture
def alliance(record: Record, policy: Policy, clock: FixedClock, tmp_path: Path) -> Alliance:
    return Alliance(record, policy, clock, tmp_path)


@pytest.fixture(scope="session")
def national_catalogue() -> list[dict[str, Any]]:
    """The 531 real descriptions of 2020-11-20; their absence is a failure in continuous integration."""
    path = DATA / "catalogue-2020-11-20.json"
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing; set TRE_TEST_DATA to the folder of test data")
        pytest.skip(f"{path} is not on this machine; set TRE_TEST_DATA")
    records: list[dict[str, Any]] = json.loads(path.read_text())["dataModels"]
    return records
