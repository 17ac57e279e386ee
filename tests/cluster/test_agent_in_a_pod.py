"""Dataset agents in pods of a real cluster: they log in to a real Vault themselves, unseal, relay, and lose it all."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.channel import Channel, Peer, call
from orchestrator.adapters.kubernetes.agents import ClusterAgents
from orchestrator.adapters.kubernetes.kinds import POD
from orchestrator.adapters.vault.token import Life, log_in, unwrap
from orchestrator.core.errors import OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import new_id
from tests.cluster.agent_ground import LEASE_SECONDS, AgentGround, agent_ground, eventually

pytestmark = pytest.mark.cluster

CONTENT = {"table.csv": b"a,b\n1,2\n", "folder/large.bin": os.urandom(1_500_000)}


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
    world.door.open, world.door.delay = True, 0.0
    world.clean()


def _put(namespace: str, account: str) -> None:
    asked = ["kubectl", "create", "serviceaccount", account, "-n", namespace]
    subprocess.run(asked, check=True, timeout=30, capture_output=True)


# Logging in.


def test_it_logs_in_by_its_own_token_and_gets_nothing_but_itself(world: AgentGround) -> None:
    project = world.project()
    changes = world.ensure(project)
    assert changes.agent_restarted
    assert world.agents.running(project)
    token = world.vault.log_in(project, world.own_token(project))
    assert token["token_policies"] == ["tre-self"]
    assert token["metadata"]["service_account_namespace"] == world.namespace_of(project)
    assert project in world.client.projects()


def test_another_namespace_account_or_audience_is_refused(world: AgentGround) -> None:
    mine, other = world.project(), world.project()
    world.ensure(mine)
    world.ensure(other)
    here, there = world.namespace_of(mine), world.namespace_of(other)
    assert world.vault.log_in(mine, world.token(here, "agent", "vault"))["token_policies"] == ["tre-self"]
    for token in (
        world.token(there, "agent", "vault"),
        world.token(here, "session", "vault"),
        world.token(here, "hub", "vault"),
        world.token(here, "agent", "https://kubernetes.default.svc.cluster.local"),
        "no.token.atall",
    ):
        with pytest.raises(Refused):
            world.vault.log_in(mine, token)


def test_the_token_file_is_read_anew_at_every_login(world: AgentGround, tmp_path: Path) -> None:
    project = world.project()
    world.ensure(project)
    file = tmp_path / "token"

    def enter():
        return log_in(
            world.vault.outside,
            mount="kubernetes",
            role=project,
            token_file=file,
            certificate=world.vault.authority.file,
        )

    with pytest.raises(Unavailable, match="cannot be read"):
        enter()
    file.write_text(world.token(world.namespace_of(project), "hub", "vault"))
    with pytest.raises(Refused):
        enter()
    file.write_text(world.token(world.namespace_of(project), "agent", "vault"))
    first = enter()
    assert first.check() is Life.ALIVE
    world.client.revoke_lease(first.accessor)
    assert first.check() is Life.GONE
    assert enter().check() is Life.ALIVE


def test_a_login_that_was_revoked_is_taken_again_and_the_data_stay(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    logins = _logins(world, project)
    assert logins
    for accessor in logins:
        world.client.revoke_lease(accessor)
    eventually(lambda: bool(_logins(world, project)))
    assert world.agents.running(project)
    changes = world.ensure(project, wanted)
    assert (changes.issued, changes.agent_restarted) == ((), False)
    assert world.seen(project) == {f"{wanted.version_id}/{name}": data for name, data in CONTENT.items()}


def _logins(world: AgentGround, project: str) -> set[str]:
    found = world.client._tokens().items()
    return {accessor for accessor, of in found if of.get("project") == project and of.get("kind") == "agent"}


# Leases.


def test_granted_versions_are_unsealed_for_the_group_alone(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    changes = world.ensure(project, wanted)
    assert changes.failed == {}
    assert changes.directories == {wanted.version_id: Path("/data") / wanted.version_id}
    assert world.seen(project) == {f"{wanted.version_id}/{name}": data for name, data in CONTENT.items()}
    folder = world.data(project) / wanted.version_id
    for path, mode in ((folder, 0o550), (folder / "folder", 0o550), (folder / "table.csv", 0o440)):
        assert stat.S_IMODE(path.stat().st_mode) & 0o777 == mode
        assert (path.stat().st_uid, path.stat().st_gid) == (10001, 1000)
    again = world.ensure(project, wanted)
    assert (again.issued, again.revoked, again.wiped, again.agent_restarted) == ((), (), (), False)


def test_a_lease_works_from_the_agents_pod_alone(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project)
    lease = world.client.lease(project, wanted.grant_id, wanted.version_id, wanted.until)
    with pytest.raises(OrchestratorError):
        stolen = unwrap(
            world.vault.outside,
            project_id=project,
            wrapped_token=lease.wrapped_token,
            accessor=lease.accessor,
            certificate=world.vault.authority.file,
        )
        assert stolen.check() is Life.GONE, "a lease works from another address"
        assert wanted.sealed is not None
        stolen.data_key(wanted.sealed.wrapped_key)
    own = world.client.lease(project, wanted.grant_id, wanted.version_id, wanted.until)
    world.agents.adopt(own)
    assert world.agents.holding(project) == {wanted.version_id: own.accessor}


def test_leases_are_renewed_past_their_first_length(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    before = world.agents.holding(project)
    time.sleep(LEASE_SECONDS * 1.5)
    assert world.agents.holding(project) == before
    assert world.agents.running(project)
    assert world.seen(project)


def test_withdrawing_one_version_leaves_the_other(world: AgentGround) -> None:
    project = world.project()
    gone, kept = world.files({"gone": b"1"}), world.files({"kept": b"2"})
    world.ensure(project, gone, kept)
    world.agents._keys.forget(world.namespace_of(project))  # as if the store's keys had ended: else the pod goes too
    assert [lease.version_id for lease in world.service.withdraw(project, gone.version_id)] == [gone.version_id]
    assert world.seen(project) == {f"{kept.version_id}/kept": b"2"}


def test_a_project_that_is_revoked_is_wiped_by_its_agent_and_cannot_log_in(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    token = world.own_token(project)
    world.client.revoke_project(project)
    with pytest.raises(Refused):
        world.vault.log_in(project, token)
    eventually(lambda: world.seen(project) == {} and not world.agents.running(project))
    assert "refused the agent's login" in world.log(project)
    assert world.agents.held(project) == {}
    assert project not in world.client.projects()


def test_revoking_ends_logins_that_come_while_it_goes_on(world: AgentGround) -> None:
    project = world.project()
    world.ensure(project)
    token, ended = world.own_token(project), threading.Event()

    def enter() -> None:
        while not ended.is_set():
            try:
                world.vault.log_in(project, token)
            except OrchestratorError:
                continue

    threads = [threading.Thread(target=enter) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        world.client.revoke_project(project)
    finally:
        time.sleep(0.5)
        ended.set()
        for thread in threads:
            thread.join()
    while project in world.client.projects():  # as the controller's next looks do
        world.client.revoke_project(project)
    assert _logins(world, project) == set()
    with pytest.raises(Refused):
        world.vault.log_in(project, token)


# The end of a pod.


def test_a_killed_agents_data_are_wiped_by_the_next_one_and_the_grant_works_again(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    pod = world.pod(project)
    assert pod is not None
    with (world.data(project) / wanted.version_id / "folder/large.bin").open("rb", buffering=0) as handle:
        _kill(world, project)
        eventually(lambda: _restarts(world, project) > 0 and world.agents.running(project))
        assert handle.read() == b""
    changes = world.ensure(project, wanted)
    assert changes.agent_restarted, "sessions that mount what is gone have to end"
    assert len(changes.issued) == 1
    assert world.seen(project) == {f"{wanted.version_id}/{name}": data for name, data in CONTENT.items()}


def test_a_project_whose_agent_is_gone_with_clear_data_left_is_not_forgotten(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    namespace = world.namespace_of(project)
    left = world.data(project) / wanted.version_id
    for arguments in (
        ["scale", "deployment", "agent", "--replicas=0"],
        ["delete", "pod", "-l", "tre.orchestrator/part=agent", "--grace-period=0", "--force"],
    ):
        subprocess.run(["kubectl", "-n", namespace, *arguments], check=True, capture_output=True, timeout=60)
    eventually(lambda: world.pod(project) is None)
    (left / "left-behind").parent.mkdir(parents=True, exist_ok=True)
    (left / "left-behind").write_bytes(b"clear")
    os.chown(left / "left-behind", 10001, 1000)
    os.chown(left, 10001, 1000)
    assert project in world.agents.projects()
    world.service.close_project(project)
    assert world.seen(project) == {}
    assert world.pod(project) is None
    assert project not in world.agents.projects()
    assert project not in world.client.projects()


def test_closing_ends_the_pod_and_may_be_repeated(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    root = world.data(project)
    world.service.close_project(project)
    world.service.close_project(project)
    assert world.pod(project) is None
    assert list(root.iterdir()) == []
    assert project not in world.service.projects()
    assert world.ensure(project, wanted).directories


def test_a_pod_that_does_not_end_is_said_in_words_and_not_forgotten(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    pod = world.pod(project)
    assert pod is not None
    name, namespace = pod["metadata"]["name"], world.namespace_of(project)
    finalizer = [{"op": "add", "path": "/metadata/finalizers", "value": ["tre-tests.example.org/kept"]}]
    world.cluster.patch(POD, name, namespace, finalizer)
    agents = world.new_agents(end_seconds=6.0)
    try:
        with pytest.raises(Unavailable, match=f"does not end .{name} on"):
            agents.stop(project)
        assert world.seen(project) == {}
        assert project in agents.projects()
    finally:
        world.cluster.patch(POD, name, namespace, [{"op": "remove", "path": "/metadata/finalizers"}])
    eventually(lambda: _stops(agents, project))
    assert project not in agents.projects()


def test_an_agent_that_hangs_makes_room_for_one_that_wipes(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    for process in _processes(world, project):
        os.kill(process, signal.SIGSTOP)
    agents = _impatient(world.new_agents(end_seconds=3.0))
    with pytest.raises(Unavailable, match="Clear data may still lie"):
        agents.stop(project)
    assert project in agents.projects()
    _hurry(world, project)
    eventually(lambda: _stops(world.agents, project), seconds=150)
    assert world.seen(project) == {}
    assert project not in agents.projects()


def _impatient(agents: ClusterAgents) -> ClusterAgents:
    """Wait a few seconds for an answer: the full half minute, twice, shows no more of an agent that never answers."""
    patient = agents._call
    agents._call = lambda *asked: patient(*asked[:-1], min(asked[-1], 4.0))
    return agents


def _hurry(world: AgentGround, project: str) -> None:
    """Shorten the half minute that the kubelet gives a pod which was already told to end."""
    for pod in world.cluster.list(POD, world.namespace_of(project), "tre.orchestrator/part=agent").items:
        if "deletionTimestamp" in pod["metadata"]:
            metadata = pod["metadata"]
            world.cluster.delete(POD, metadata["name"], metadata["namespace"], uid=metadata["uid"], grace_seconds=1)
            return
    raise AssertionError("it was not told to end")


def _stops(agents: ClusterAgents, project: str) -> bool:
    try:
        agents.stop(project)
    except Unavailable:
        return False
    return True


def test_an_image_that_is_missing_is_said_in_words(world: AgentGround) -> None:
    project = world.project()
    namespace = world.namespace_of(project)
    world.part.bring(project)
    patch = '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"tre.invalid/none:1"}]'
    asked = ["kubectl", "-n", namespace, "patch", "deployment", "agent", "--type=json", "-p", patch]
    subprocess.run(asked, check=True, capture_output=True, timeout=30)
    eventually(lambda: "tre.invalid/none:1" in str(world.pod(project)))
    trouble = lambda: world.agents._pods.trouble(namespace)  # noqa: E731
    eventually(lambda: "ErrImageNeverPull" in trouble())


# Vault away.


def test_work_goes_on_while_vault_is_sealed_and_ends_with_its_leases(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    world.vault.seal()
    try:
        assert not world.client.ready()
        time.sleep(LEASE_SECONDS / 4)
        assert world.agents.held(project), "nothing is taken away before its end"
        eventually(lambda: world.seen(project) == {}, seconds=LEASE_SECONDS * 3)
        eventually(lambda: not world.agents.running(project))
    finally:
        world.vault.unseal()
    changes = world.ensure(project, wanted)
    assert changes.failed == {}
    assert world.seen(project)


def test_work_goes_on_through_a_short_outage(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    before = world.agents.holding(project)
    world.door.shut()
    time.sleep(LEASE_SECONDS / 4)
    world.door.open = True
    time.sleep(2)
    assert world.agents.holding(project) == before
    assert (world.ensure(project, wanted).issued, bool(world.seen(project))) == ((), True)


def test_a_vault_that_cannot_be_reached_ends_everything_in_time_and_closing_works(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    world.door.shut()
    eventually(lambda: world.seen(project) == {}, seconds=LEASE_SECONDS * 3)
    assert world.agents.held(project) == {}
    world.service.close_project(project)
    assert world.pod(project) is None


def test_a_slow_vault_ends_nothing_early_and_nothing_late(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project, wanted)
    world.door.delay = 7.0  # longer than the agent waits for an answer
    time.sleep(LEASE_SECONDS / 4)
    assert world.agents.held(project)
    eventually(lambda: world.seen(project) == {}, seconds=LEASE_SECONDS * 3)


# The control port.


def test_only_the_controller_is_answered(world: AgentGround, tmp_path: Path) -> None:
    project = world.project()
    world.ensure(project)
    pod = world.pod(project)
    assert pod is not None
    address = f"{pod['status']['podIP']}:8443"
    agent = Peer(part="agent", project_id=project)
    assert call(address, world.channel, agent, "GET", "/health").content["identified"]
    for part, of in (("airlock", ""), ("hub", project), ("gate", project), ("agent", project), ("agent", new_id())):
        other = world.authority.keep(tmp_path / f"{part}-{of}", part, of)
        answer = call(address, other, agent, "GET", "/health")
        assert (answer.status, answer.content["error"]) == (403, "refused"), part
    from orchestrator.adapters.channel import Authority

    stranger = Authority.open(tmp_path / "other").keep(tmp_path / "stranger", "controller")
    mixed = Channel(certificate=stranger.certificate, key=stranger.key, authority=world.channel.authority)
    with pytest.raises(Unavailable):
        call(address, mixed, agent, "GET", "/health")
    with pytest.raises(Refused):
        call(address, world.channel, Peer(part="agent", project_id=new_id()), "GET", "/health")


def test_no_secret_of_a_lease_stands_where_the_cluster_keeps_things(world: AgentGround) -> None:
    project, wanted = world.project(), world.files(CONTENT)
    world.ensure(project)
    lease = world.client.lease(project, wanted.grant_id, wanted.version_id, wanted.until)
    world.agents.adopt(lease)
    namespace = world.namespace_of(project)
    asked = ["kubectl", "get", "all,secrets,configmaps,events", "-n", namespace, "-o", "yaml"]
    kept = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout
    kept += world.log(project)
    assert "agent-channel" in kept
    assert lease.wrapped_token not in kept
    assert world.own_token(project) not in kept


def _kill(world: AgentGround, project: str) -> None:
    """What kill -9 does: the container's first process goes, and nobody cleans up."""
    for process in _processes(world, project):
        os.kill(process, signal.SIGKILL)


def _processes(world: AgentGround, project: str) -> list[int]:
    """The agent's processes, as the node sees them."""
    pod = world.pod(project)
    assert pod is not None
    identifier = pod["status"]["containerStatuses"][0]["containerID"].split("//")[-1]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if identifier in (process / "cgroup").read_text():
                found.append(int(process.name))
    assert found
    return found


def _restarts(world: AgentGround, project: str) -> int:
    pod = world.pod(project)
    statuses = (pod or {}).get("status", {}).get("containerStatuses") or [{}]
    return int(statuses[0].get("restartCount", 0))
