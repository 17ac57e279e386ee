"""Keys of an object store cannot be taken back: whoever may hold living ones loses its pod when data are withdrawn."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.adapters.kubernetes.agent_keys import StoreKeys
from orchestrator.adapters.kubernetes.kinds import PERSISTENT_VOLUME_CLAIM
from orchestrator.core.clock import system_clock
from tests.cluster.agent_ground import AgentGround, agent_ground, eventually

pytestmark = pytest.mark.cluster

REACH = """
import socket, sys, time
while True:
    socket.create_connection(("{host}", {port}), timeout=5).close()
    print("reached", flush=True)
    time.sleep(0.2)
"""
"""What somebody who broke into an agent could do for as long as it runs: keep a way to the store."""


@pytest.fixture(scope="module")
def world(cluster, here, images) -> Iterator[AgentGround]:
    with (
        tempfile.TemporaryDirectory(prefix="tre-", dir="/tmp") as directory,
        agent_ground(cluster, here, images["dataset-agent"], Path(directory)) as ground,
    ):
        yield ground


@pytest.fixture(autouse=True)
def _clean(world: AgentGround) -> Iterator[None]:
    yield
    world.clean()


def _uid(world: AgentGround, project: str) -> str:
    pod = world.pod(project)
    return "" if pod is None else str(pod["metadata"]["uid"])


def _noted(world: AgentGround, project: str) -> set[str]:
    claim = world.cluster.get(PERSISTENT_VOLUME_CLAIM, "data", world.namespace_of(project))
    assert claim is not None
    return {name for name in claim["metadata"]["annotations"] if name.startswith("data.tre.orchestrator/keys-")}


def test_a_withdrawal_ends_the_pod_with_its_way_to_the_store_and_the_rest_comes_anew(world: AgentGround) -> None:
    project = world.project()
    gone, kept = world.files({"gone": b"1"}), world.files({"kept": b"2"})
    world.ensure(project, gone, kept)
    before, pod = _uid(world, project), world.pod(project)
    assert pod is not None
    assert len(_noted(world, project)) == 2
    program = REACH.format(host=world.store.host, port=world.store.first_port)
    asked = ["kubectl", "exec", "-n", world.namespace_of(project), pod["metadata"]["name"], "--", "python", "-c"]
    with subprocess.Popen([*asked, program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as intruder:
        assert intruder.stdout is not None
        assert intruder.stdout.readline() == "reached\n", "the way is open while the agent runs"
        world.service.withdraw(project, gone.version_id)
        assert intruder.wait(30) != 0, "whoever was in the pod went with it"
    assert _uid(world, project) != before
    assert world.seen(project) == {}
    assert _noted(world, project) == {f"data.tre.orchestrator/keys-{kept.version_id}"}
    assert gone.version_id not in {lease.version_id for lease in world.client.leases(project)}
    world.ensure(project, kept)
    assert world.seen(project) == {f"{kept.version_id}/kept": b"2"}


def test_once_the_keys_have_ended_the_agent_stays(world: AgentGround, monkeypatch: pytest.MonkeyPatch) -> None:
    project = world.project()
    gone, kept = world.files({"gone": b"1"}), world.files({"kept": b"2"})
    world.ensure(project, gone, kept)
    before = _uid(world, project)
    later = StoreKeys(world.cluster, clock=lambda: system_clock() + timedelta(hours=1))
    monkeypatch.setattr(world.agents, "_keys", later)
    world.service.withdraw(project, gone.version_id)
    assert _uid(world, project) == before
    assert world.seen(project) == {f"{kept.version_id}/kept": b"2"}


def test_keys_are_taken_also_from_an_agent_that_gave_the_data_back_by_itself(world: AgentGround) -> None:
    project, gone = world.project(), world.files({"gone": b"1"})
    world.ensure(project, gone)
    before = _uid(world, project)
    for lease in world.client.leases(project):
        world.client.revoke_lease(lease.accessor)
    eventually(lambda: world.agents.held(project) == {})
    assert world.service.present(project) == {gone.version_id}
    world.ensure(project)
    assert _uid(world, project) != before
    assert world.service.present(project) == set()
    assert _noted(world, project) == set()
