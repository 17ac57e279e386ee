"""Pulls 10,000 datasets over a paging endpoint, kills the puller with SIGKILL on the way, and counts the requests.

``python -m benchmarks.harvest [--datasets 10000] [--kills 3] [--thorough] [--write]``: the endpoint is a real HTTP
server in this process; the puller is a process of its own that opens the record anew each time. Then the same
catalogue is pulled again unchanged, with one in a hundred changed, and with ``--thorough`` every record is asked for
once more. ``--write`` keeps the figures in ``benchmarks/results/harvest.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from orchestrator.adapters.guarded_addresses import AddressGuard
from orchestrator.adapters.harvest_client import HarvestClient
from orchestrator.adapters.migrations import tables  # noqa: F401 - every table must be known to the metadata
from orchestrator.alliance.service import AllianceService
from orchestrator.audit.record import Record
from orchestrator.core.database import Base, make_engine
from orchestrator.discovery.harvest.model import OPEN_PULLS, Endpoint, Pull
from orchestrator.discovery.harvest.pulling import Puller
from orchestrator.discovery.harvest.service import HarvestService
from orchestrator.identity.service import IdentityService
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy
from tests.discovery.harvest.endpoint import CustodianEndpoint, running

RULES = Path(__file__).parents[1] / "policies" / "access"
RESULT = Path(__file__).parent / "results" / "harvest.md"
PAGE = 100


class NoSecrets:
    """The endpoint wants none."""

    def headers(self, _endpoint: Endpoint) -> dict[str, str]:
        """Return none."""
        return {}


@dataclass
class Measured:
    """One pull: how long, and what was asked for."""

    name: str
    seconds: float
    lists: int
    records: int
    twice: int
    pull: Pull


def pull_here(address: str) -> None:
    """Pull until nothing is due: what the controller does, in a process that may be killed."""
    client = HarvestClient(AddressGuard(allowed=(ip_network("127.0.0.0/8"),)), seconds=30)
    puller = Puller(Record(make_engine(address)), fetcher=client, secrets=NoSecrets(), page=PAGE)
    while puller.work(10.0):
        pass


class Hub:
    """A record with one custodian, its officer and its endpoint."""

    def __init__(self, directory: Path, endpoint: CustodianEndpoint) -> None:
        self.address = f"sqlite:///{directory}/record.db"
        self.record = Record(make_engine(self.address))
        Base.metadata.create_all(self.record.engine)
        policy = Policy(RULES)
        self.identity = IdentityService(self.record, policy)
        alliance = AllianceService(self.record, policy, as_now=self.identity.as_now)
        self.harvest = HarvestService(record=self.record, policy=policy, alliance=alliance, plain_http=True)
        self.endpoint = endpoint
        self.ada = self.identity.first_operator("Ada", "a@example.org", "https://id", "a").person_id
        until = self.record.clock().replace(year=self.record.clock().year + 1)
        people = [
            self.identity.register_person(self._actor(self.ada), name, f"{name}@example.org", "https://id", name)
            for name in ("ben", "cora")
        ]
        ben, self.cora = (person.person_id for person in people)
        custodian = alliance.register_custodian(self._actor(self.ada), "North").custodian_id
        for person, role, owner in ((ben, "operator", None), (self.cora, "custodian", custodian)):
            held = self.identity.propose_role(self._actor(self.ada), person, role, until, owner)
            self.identity.confirm_role(self._actor(ben), held.holding_id)
        made = self.harvest.register_endpoint(
            self._actor(self.cora), custodian_id=custodian, name="North", address=endpoint.address
        )
        self.endpoint_id = made.endpoint_id
        self.harvest.ask_for_test(self._actor(self.cora), self.endpoint_id)
        self.run()
        self.harvest.enable_endpoint(self._actor(self.ada), self.endpoint_id)

    def _actor(self, person_id: str) -> Actor:
        return self.identity.actor(person_id, second_factor=True)

    def process(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "benchmarks.harvest", "--pull", self.address])

    def run(self) -> None:
        """Pull in a process of its own until nothing is due."""
        assert self.process().wait() == 0

    def last(self) -> Pull:
        return self.harvest.pulls(self._actor(self.cora), self.endpoint_id)[0]

    def ask(self, *, thorough: bool) -> None:
        self.harvest.ask_for_pull(self._actor(self.cora), self.endpoint_id, thorough=thorough)


def measure(hub: Hub, name: str, kills: int = 0) -> Measured:
    """Pull to the end, killing the puller at equal parts of the way; return what was asked for."""
    asked, count = hub.endpoint.asked, len(hub.endpoint.records)
    asked.clear()
    begun = time.perf_counter()
    for kill in range(kills):
        process = hub.process()
        while len(hub.endpoint.records_asked()) < count * (kill + 1) // (kills + 1):
            assert process.poll() is None, "the puller ended before it was killed"
            time.sleep(0.5)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    hub.run()
    seconds = time.perf_counter() - begun
    pull = hub.last()
    assert pull.state not in OPEN_PULLS, pull
    times = Counter(hub.endpoint.records_asked())
    return Measured(
        name=name,
        seconds=seconds,
        lists=hub.endpoint.lists_asked(),
        records=sum(times.values()),
        twice=sum(each - 1 for each in times.values()),
        pull=pull,
    )


def fill(endpoint: CustodianEndpoint, datasets: int) -> None:
    """Give the endpoint so many real descriptions under identifiers of their own, or made ones where none are here."""
    folder = Path(os.environ.get("TRE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    file = folder / "catalogue-2020-11-20.json"
    real = json.loads(file.read_text())["dataModels"] if file.exists() else []
    for number in range(datasets):
        record = endpoint.put(f"set-{number:05}")
        if real:
            like = real[number % len(real)]
            title = f"{like['summary']['title']} ({number})"
            record.update({**like, **record, "summary": {**like["summary"], "title": title}})


def all_of(datasets: int, kills: int, *, thorough: bool) -> Iterator[Measured]:
    """Measure every kind of pull, one after another."""
    with tempfile.TemporaryDirectory(prefix="harvest-") as directory, running(CustodianEndpoint()) as endpoint:
        fill(endpoint, datasets)
        hub = Hub(Path(directory), endpoint)
        yield measure(hub, f"first pull, killed {kills} times", kills)
        hub.ask(thorough=False)
        yield measure(hub, "again, nothing has changed")
        for number in range(0, datasets, 100):
            record = endpoint.records[f"set-{number:05}"]
            record["version"], record["modified"] = "1.1.0", "2026-02-01T00:00:00Z"
        hub.ask(thorough=False)
        yield measure(hub, "again, one in 100 has changed")
        if thorough:
            hub.ask(thorough=True)
            yield measure(hub, "thorough: every record asked for conditionally")


def table(measured: list[Measured], datasets: int, kills: int) -> str:
    """Return the figures as a page."""
    rows = [
        f"| {each.name} | {each.seconds:.0f} | {each.lists} | {each.records:,} | {each.twice} | {each.pull.taken:,} | "
        f"{each.pull.unchanged:,} | {each.pull.state.value} |"
        for each in measured
    ]
    rate = datasets / measured[0].seconds
    return f"""# Harvest of {datasets:,} datasets over a paging endpoint

`python -m benchmarks.harvest --datasets {datasets} --kills {kills} --write`. A real HTTP server with pages of {PAGE};
the puller is a process of its own, with the record on SQLite (every record is one transaction that survives a power
cut). In the first pull it is killed with SIGKILL {kills} times on the way and started anew.
{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}; load of the machine
{os.getloadavg()[0]:.1f} at the end of the run.

| pull | seconds | pages asked | records asked | asked twice | taken | unchanged | ended |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

The first pull took {rate:.0f} datasets a second, starts of the process included. “Asked twice” can be at most one for
each kill: the record whose answer had not been recorded when the process died.
"""


def main() -> None:
    """Measure, print, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--datasets", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--thorough", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--pull", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.pull:
        pull_here(options.pull)
        return
    measured: list[Measured] = []
    for each in all_of(options.datasets, options.kills, thorough=options.thorough):
        measured.append(each)
        assert measured[0].twice <= options.kills, "records were asked for again that had been taken"
        assert each.lists == -(-options.datasets // PAGE), "the list was read more than once"
        text = table(measured, options.datasets, options.kills)
        print(text)
        if options.write:
            RESULT.write_text(text)


if __name__ == "__main__":
    main()
