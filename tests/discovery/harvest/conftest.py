"""A custodian with an endpoint on loopback, and what pulls it: everything real but the size of the world."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.guarded_addresses import AddressGuard
from orchestrator.adapters.harvest_client import HarvestClient
from orchestrator.assembly.rooms.harvesting import SecretFiles
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.discovery.catalogue.model import Entry
from orchestrator.discovery.harvest.model import OPEN_PULLS, Authentication, Endpoint, Pull
from orchestrator.discovery.harvest.pulling import Puller
from orchestrator.discovery.harvest.service import HarvestService, NamedSecret
from orchestrator.policy.service import Policy
from orchestrator.settings.harvest import HarvestSecretSettings
from tests.discovery.catalogue.conftest import Alliance
from tests.discovery.harvest.endpoint import CustodianEndpoint, running

LOOPBACK = (ip_network("127.0.0.0/8"),)


class Harvest:
    """The rooms, an endpoint that is asked over a real connection, and short ways to bring it forward."""

    def __init__(self, alliance: Alliance, endpoint: CustodianEndpoint, directory: Path) -> None:
        self.alliance, self.endpoint, self.clock = alliance, endpoint, alliance.clock
        self.key_file = directory / "north.key"
        self.key_file.write_text("the-secret-key\n")
        origin = f"http://127.0.0.1:{endpoint.port}"
        self.service = HarvestService(
            record=alliance.record,
            policy=alliance.policy,
            alliance=alliance.alliance,
            secrets={"north": NamedSecret(custodian="North", origin=origin)},
            plain_http=True,
        )
        self.secrets = SecretFiles(
            secrets={"north": HarvestSecretSettings(custodian="North", origin=origin, file=self.key_file)},
            custodian_name=lambda custodian_id: alliance.alliance.custodian(custodian_id).name,
        )
        self.client = HarvestClient(AddressGuard(allowed=LOOPBACK), seconds=5.0)
        self.puller = Puller(alliance.record, fetcher=self.client, secrets=self.secrets, page=10)

    def close(self) -> None:
        self.client.close()

    def register(self, **more: Any) -> Endpoint:
        given = {"name": "North's catalogue", "address": self.endpoint.address, **more}
        return self.service.register_endpoint(
            self.alliance.actor("cora"), custodian_id=self.alliance.custodians["North"], **given
        )

    def enabled(self, **more: Any) -> Endpoint:
        """An endpoint that passed its test and was enabled; nothing was pulled yet."""
        endpoint = self.register(**more)
        if not self.endpoint.records:
            self.endpoint.put("first")
        self.service.ask_for_test(self.alliance.actor("cora"), endpoint.endpoint_id)
        self.puller.work(5)
        made = self.service.enable_endpoint(self.alliance.actor("ada"), endpoint.endpoint_id)
        self.endpoint.asked.clear()
        return made

    def pull(self, endpoint: Endpoint, **how: Any) -> Pull:
        """Pull now, as often as it takes, without waiting for pauses to pass; return how it ended."""
        self.clock.advance(timedelta(minutes=1))
        with self.alliance.record.read() as session:
            from orchestrator.discovery.harvest import store

            waiting = store.open_pull(session, endpoint.endpoint_id)
        if waiting is None:
            due = self.service.endpoint(self.alliance.actor("ada"), endpoint.endpoint_id).endpoint.due_at
            if due is None or due > self.clock():
                self.service.ask_for_pull(self.alliance.actor("cora"), endpoint.endpoint_id, **how)
        for _ in range(100):
            self.puller.work(5)
            newest = self.service.pulls(self.alliance.actor("cora"), endpoint.endpoint_id)[0]
            if newest.state not in OPEN_PULLS:
                return newest
            self.clock.now = max(self.clock.now, newest.due_at)
        raise AssertionError("the pull did not end")

    def entries(self) -> dict[str, Entry]:
        return {entry.persistent_id: entry for entry in self.alliance.catalogue.entries()}


@pytest.fixture
def endpoint() -> Iterator[CustodianEndpoint]:
    with running(CustodianEndpoint()) as endpoint:
        yield endpoint


@pytest.fixture
def harvest(
    record: Record, policy: Policy, clock: FixedClock, tmp_path: Path, endpoint: CustodianEndpoint
) -> Iterator[Harvest]:
    harvest = Harvest(Alliance(record, policy, clock, tmp_path), endpoint, tmp_path)
    yield harvest
    harvest.close()


BEARER = {"authentication": Authentication.BEARER, "secret_name": "north"}
API_KEY = {"authentication": Authentication.API_KEY, "secret_name": "north"}
