"""The dataset agent as a real process, with a real OpenBao: unsealing, withdrawal, theft, and kill -9."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from orchestrator.adapters.dataset_agent import DatasetAgents
from orchestrator.adapters.sandbox.confine import platform_command
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import Invalid, NotPossible, Refused, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.credentials.model import Wanted
from orchestrator.credentials.service import Credentials
from tests.contract.credentials_world import MEMORY, VaultWorld, World, eventually, running_vault, short_directory


@pytest.fixture(scope="module")
def vault() -> Iterator[VaultWorld]:
    with short_directory() as directory, running_vault(directory) as world:
        yield world


@pytest.fixture
def world(vault: VaultWorld) -> Iterator[World]:
    with short_directory() as directory:
        world = World(vault=vault, directory=directory)
        try:
            yield world
        finally:
            world.clean()


CONTENT = {"table.csv": b"a,b\n1,2\n", "folder/large.bin": os.urandom(3_000_000), "empty": b""}


def _start(world: World, *wanted: Wanted) -> str:
    project = world.project()
    changes = world.service.ensure_leases(project, wanted)
    assert changes.failed == {}
    assert changes.agent_restarted
    return project


def test_granted_versions_are_unsealed_whole_and_read_only(world: World) -> None:
    wanted = world.files(CONTENT)
    project = _start(world, wanted)
    changes = world.service.ensure_leases(project, [wanted])
    directory = changes.directories[wanted.version_id]
    assert directory == world.memory(project) / wanted.version_id
    assert {p.relative_to(directory).as_posix(): p.read_bytes() for p in directory.rglob("*") if p.is_file()} == CONTENT
    assert stat.S_IMODE(directory.stat().st_mode) == 0o555
    assert stat.S_IMODE((directory / "folder/large.bin").stat().st_mode) == 0o444


def test_a_second_look_changes_nothing(world: World) -> None:
    wanted = world.files(CONTENT)
    project = _start(world, wanted)
    before = world.client.leases(project)
    changes = world.service.ensure_leases(project, [wanted])
    assert (changes.issued, changes.revoked, changes.wiped, changes.agent_restarted) == ((), (), (), False)
    assert world.client.leases(project) == before


def test_withdrawing_one_version_takes_its_data_and_lease_and_leaves_the_other(world: World) -> None:
    first, second = world.files({"one": b"1"}), world.files({"two": b"2"})
    project = _start(world, first, second)
    kept = world.memory(project) / second.version_id / "two"
    changes = world.service.ensure_leases(project, [second])
    assert changes.wiped == (first.version_id,)
    assert [lease.version_id for lease in changes.revoked] == [first.version_id]
    assert [lease.version_id for lease in world.client.leases(project)] == [second.version_id]
    assert set(changes.directories) == {second.version_id}
    assert not (world.memory(project) / first.version_id).exists()
    assert kept.read_bytes() == b"2"


def test_data_are_gone_even_for_a_reader_who_has_the_file_open(world: World) -> None:
    wanted = world.files({"table": b"secret" * 1000})
    project = _start(world, wanted)
    with (world.memory(project) / wanted.version_id / "table").open("rb", buffering=0) as handle:
        assert handle.read(6) == b"secret"
        world.service.withdraw(project, wanted.version_id)
        handle.seek(0)
        assert handle.read() == b""


def test_an_agent_whose_lease_was_revoked_wipes_without_being_told(world: World) -> None:
    gone, kept = world.files({"gone": b"1"}), world.files({"kept": b"2"})
    project = _start(world, gone, kept)
    (accessor,) = [lease.accessor for lease in world.client.leases(project) if lease.version_id == gone.version_id]
    world.client.revoke_lease(accessor)
    eventually(lambda: not (world.memory(project) / gone.version_id).exists())
    assert (world.memory(project) / kept.version_id / "kept").read_bytes() == b"2"


def test_data_go_when_the_grant_ends_although_nobody_revokes(world: World) -> None:
    project, sealed = _start(world), world.files({"table": b"1"})  # the time begins once the agent is there
    wanted = dataclasses.replace(sealed, until=system_clock() + timedelta(seconds=20))
    assert world.service.ensure_leases(project, [wanted]).failed == {}
    assert (world.memory(project) / wanted.version_id).exists()
    eventually(lambda: not (world.memory(project) / wanted.version_id).exists())


def test_an_agent_whose_identity_was_revoked_wipes_everything_and_ends(world: World) -> None:
    wanted = world.files({"table": b"1"})
    project = _start(world, wanted)
    world.client.revoke_project(project)
    eventually(lambda: world.processes.find("agent", group=project) is None)
    assert list(world.memory(project).iterdir()) == []


def test_a_killed_agent_leaves_nothing_readable_after_the_next_look_and_the_grant_works_again(world: World) -> None:
    wanted = world.files(CONTENT)
    project = _start(world, wanted)
    before = {lease.accessor for lease in world.client.leases(project)}
    left = world.memory(project) / wanted.version_id
    os.kill(world.agent_process(project), signal.SIGKILL)
    eventually(lambda: not world.agents.running(project))
    assert left.exists(), "kill -9 leaves data: this is what has to be cleaned"
    handle = (left / "folder/large.bin").open("rb", buffering=0)
    changes = world.service.ensure_leases(project, [wanted])
    assert handle.read() == b""
    handle.close()
    assert changes.agent_restarted
    assert before.isdisjoint({lease.accessor for lease in world.client.leases(project)})
    assert (changes.directories[wanted.version_id] / "table.csv").read_bytes() == CONTENT["table.csv"]


def test_a_killed_agent_of_a_project_that_sleeps_is_cleaned_as_an_orphan(world: World) -> None:
    wanted = world.files(CONTENT)
    project = _start(world, wanted)
    os.kill(world.agent_process(project), signal.SIGKILL)
    assert project in world.agents.projects()
    foreign = MEMORY / f"tre-{new_id()}"
    foreign.mkdir()
    assert foreign.name.removeprefix("tre-") not in world.agents.projects()
    foreign.rmdir()
    world.service.close_project(project)
    assert not world.memory(project).exists()
    assert project not in world.agents.projects()
    assert project not in world.client.projects()


def test_closing_takes_data_away_also_when_vault_is_down() -> None:
    with short_directory() as directory, running_vault(directory) as vault:
        world = World(vault=vault, directory=directory)
        wanted = world.files(CONTENT)
        project = _start(world, wanted)
        try:
            vault.server.kill()
            with pytest.raises(Unavailable):
                world.service.close_project(project)
            assert not world.memory(project).exists()
            vault.restart()
            world.service.close_project(project)
            assert project not in world.client.projects()
        finally:
            world.clean()


def test_running_work_goes_on_while_vault_restarts() -> None:
    with short_directory() as directory, running_vault(directory) as vault:
        world = World(vault=vault, directory=directory)
        wanted = world.files(CONTENT)
        project = _start(world, wanted)
        try:
            before = world.client.leases(project)
            vault.server.kill()
            assert set(world.agents.held(project)) == {wanted.version_id}
            vault.restart()
            changes = world.service.ensure_leases(project, [wanted])
            assert (changes.agent_restarted, changes.issued) == (False, ())
            assert world.client.leases(project) == before
        finally:
            world.clean()


def test_a_token_that_somebody_unwrapped_first_is_an_incident_and_unseals_nothing(world: World) -> None:
    project = _start(world)
    wanted = world.files({"table": b"1"})
    assert wanted.sealed is not None
    lease = world.client.lease(project, wanted.grant_id, wanted.version_id, wanted.until)
    world.vault.unwrapped(lease.wrapped_token)
    with pytest.raises(Refused, match="somebody else"):
        world.agents.unseal(project, lease, wanted.sealed, world.store.source(wanted.version_id))
    assert world.agents.held(project) == {}
    assert len(world.agents.incidents(project)) == 1
    untouched = world.client.lease(project, wanted.grant_id, wanted.version_id, wanted.until)
    world.agents.unseal(project, untouched, wanted.sealed, world.store.source(wanted.version_id))


def test_a_lease_of_another_project_is_an_incident(world: World) -> None:
    project, wanted = _start(world), world.files({"table": b"1"})
    lease = world.client.lease(new_id(), wanted.grant_id, wanted.version_id, wanted.until)
    with pytest.raises(Refused):
        world.agents.adopt(dataclasses.replace(lease, project_id=project))
    assert world.agents.incidents(project)
    assert world.agents.holding(project) == {}


def test_an_agent_does_not_unseal_a_version_that_it_holds_no_lease_for(world: World) -> None:
    granted, other = world.files({"mine": b"1"}), world.files({"other": b"2"})
    project = _start(world, granted)
    assert other.sealed is not None
    held = world.client.leases(project)[0]
    with pytest.raises(Refused, match="no lease"):
        world.agents.unseal(project, held, other.sealed, world.store.source(other.version_id))
    disguised = dataclasses.replace(other.sealed, version_id=granted.version_id)
    world.agents.wipe(project, granted.version_id)
    fresh = world.client.lease(project, granted.grant_id, granted.version_id, granted.until)
    with pytest.raises(Refused):
        world.agents.unseal(project, fresh, disguised, world.store.source(other.version_id))
    assert world.agents.held(project) == {}


def test_a_changed_sealed_file_is_not_shown_and_does_not_keep_other_versions_back(world: World) -> None:
    good, bad = world.files({"good": b"1"}), world.files({"bad": b"2"})
    assert bad.sealed is not None
    file = world.store.directory(bad.version_id) / bad.sealed.files[0].stored_as
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    project = world.project()
    changes = world.service.ensure_leases(project, [good, bad])
    assert set(changes.failed) == {bad.version_id}
    assert set(changes.directories) == {good.version_id}
    assert [entry.name for entry in world.memory(project).iterdir()] == [good.version_id]
    lease = world.client.leases(project)[0]
    with pytest.raises(Invalid, match="changed"):
        world.agents.unseal(project, lease, bad.sealed, world.store.source(bad.version_id))


def test_no_secret_stands_in_arguments_environment_configuration_or_log(world: World) -> None:
    wanted = world.files(CONTENT)
    project = world.project()
    identity = world.client.open_agent(project, wanted.until)
    world.agents.start(identity)
    lease = world.client.lease(project, wanted.grant_id, wanted.version_id, wanted.until)
    world.agents.adopt(lease)
    process = Path("/proc") / str(world.agent_process(project))
    seen = (process / "cmdline").read_bytes()
    if os.geteuid() == 0:
        seen += (process / "environ").read_bytes()
    for file in [*(world.directory / "run").rglob("*.json"), *(world.directory / "logs").rglob("*.log")]:
        seen += file.read_bytes()
    assert b"orchestrator.agent" in seen
    for secret in (identity.wrapped_token, lease.wrapped_token, "s."):
        assert f'"{secret}'.encode() not in seen
    assert lease.wrapped_token.encode() not in seen
    assert identity.wrapped_token.encode() not in seen


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run sessions under another account")
def test_as_root_the_projects_group_reads_its_data_and_nobody_else_does(world: World) -> None:
    world.agents = DatasetAgents(world.places, world.processes, group_of=lambda _: 223_344)
    world.service = Credentials(vault=world.client, agent=world.agents, store=world.store, clock=system_clock)
    wanted = world.files(CONTENT)
    project = _start(world, wanted)
    file = str(world.memory(project) / wanted.version_id / "table.csv")

    def read_as(number: int) -> subprocess.CompletedProcess[bytes]:
        account = ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups"]
        return subprocess.run([*account, "cat", file], capture_output=True, check=False, timeout=120)

    assert read_as(223_344).stdout == CONTENT["table.csv"]
    assert b"Permission denied" in read_as(223_345).stderr


def test_the_control_socket_is_its_owners_alone(world: World) -> None:
    project = _start(world)
    assert stat.S_IMODE(world.places.socket_of(project).stat().st_mode) == 0o600


def test_a_second_controller_leaves_a_running_agent_alone(world: World) -> None:
    wanted = world.files(CONTENT)
    project = _start(world, wanted)
    process = world.agent_process(project)
    again = World(vault=world.vault, directory=world.directory)
    changes = again.service.ensure_leases(project, [wanted])
    assert (changes.agent_restarted, changes.issued) == (False, ())
    assert again.agent_process(project) == process


def test_a_directory_on_a_disk_is_refused(world: World) -> None:
    project = world.project()
    identity = world.client.open_agent(project, system_clock() + timedelta(hours=1))
    on_disk = dataclasses.replace(world.places, memory=world.directory)
    agents = DatasetAgents(on_disk, world.processes, group_of=lambda _: None)
    with pytest.raises(Unavailable):
        agents.start(identity)
    log = "".join(file.read_text() for file in (world.directory / "logs").rglob("*.log"))
    assert "is not memory" in log
    assert not (world.directory / f"tre-{project}").exists()
    agents.stop(project)


def test_a_state_directory_too_deep_for_sockets_is_refused_in_words(world: World) -> None:
    project = world.project()
    deep = dataclasses.replace(world.places, run=world.directory / ("x" * 90))
    agents = DatasetAgents(deep, world.processes, group_of=lambda _: None)
    with pytest.raises(Invalid, match="shorter state directory"):
        agents.start(world.client.open_agent(project, system_clock() + timedelta(hours=1)))


def test_malformed_requests_are_answered_in_words(world: World) -> None:
    import httpx

    project = _start(world)
    transport = httpx.HTTPTransport(uds=str(world.places.socket_of(project)))
    with httpx.Client(transport=transport, base_url="http://agent") as client:
        for method, path, body in (
            ("PUT", f"/versions/{new_id()}", b"no json"),
            ("PUT", f"/versions/{new_id()}", b"[]"),
            ("PUT", f"/versions/{new_id()}", json.dumps({"version": {}, "source": "/"}).encode()),
            ("PUT", "/leases/UPPER", json.dumps({"wrapped_token": "s.x", "accessor": "x"}).encode()),
            ("DELETE", "/versions/..%2f..", b""),
            ("PUT", f"/leases/{new_id()}", b"{}"),
        ):
            answer = client.request(method, path, content=body)
            assert answer.status_code == 422, (path, answer.text)
            assert answer.json()["message"]


def test_too_little_memory_is_said_before_anything_is_written(world: World) -> None:
    project, wanted = _start(world), world.files({"table": b"1"})
    assert wanted.sealed is not None
    huge = dataclasses.replace(wanted.sealed, files=(dataclasses.replace(wanted.sealed.files[0], size=1 << 50),))
    lease = world.client.lease(project, wanted.grant_id, wanted.version_id, wanted.until)
    with pytest.raises(NotPossible, match="memory"):
        world.agents.unseal(project, lease, huge, world.store.source(wanted.version_id))
    assert list(world.memory(project).iterdir()) == []


_LOOK = """
import json, os, sys
def seen(path):
    try:
        return sorted(os.listdir(path)) if os.path.isdir(path) else os.path.getsize(path) >= 0
    except OSError:
        return None
print(json.dumps({path: seen(path) for path in sys.argv[1:]}))
"""


def _looked(world: World, project: str, *paths: Path) -> dict[Path, object]:
    """What a program started as the project's agent is sees of each path."""
    command = platform_command(
        [sys.executable, "-c", _LOOK, *(str(path) for path in paths)],
        views=world.places.views(project),
        network=True,
        user_number=0,
    )
    done = subprocess.run(command, capture_output=True, check=True, timeout=120, text=True)
    return {Path(path): seen for path, seen in json.loads(done.stdout).items()}


def test_an_agent_sees_its_own_places_and_neither_another_projects_nor_the_vaults(world: World) -> None:
    wanted = world.files(CONTENT)
    mine, other = _start(world, wanted), _start(world, world.files({"table": b"1"}))
    keys = sorted(path for path in world.vault.embedded.directory.rglob("*") if path.is_file())
    own = (world.places.socket_of(mine).parent, world.memory(mine), world.places.sealed)
    foreign = (world.places.socket_of(other).parent, world.memory(other), world.directory / "arrivals", *keys)
    assert len(keys) > 3
    assert all(path.exists() for path in (*own, *foreign))
    seen = _looked(world, mine, *own, *foreign)
    assert {path for path in own if seen[path]} == set(own)
    assert seen[world.memory(mine)] == [wanted.version_id]
    assert {path for path in foreign if seen[path] is not None} == set()
    assert _looked(world, other, *foreign)[foreign[0]]


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up, and may look at the agent's view")
def test_as_root_an_agent_keeps_three_capabilities_and_a_process_table_of_its_own(world: World) -> None:
    project = _start(world, world.files({"table": b"1"}))
    (agent,) = (
        process
        for process in psutil.Process(world.agent_process(project)).children(recursive=True)
        if process.name() != "bwrap"
    )
    status = (Path("/proc") / str(agent.pid) / "status").read_text()
    assert f"CapEff:\t{0b1011:016x}\n" in status
    assert "NoNewPrivs:\t1\n" in status
    root = Path("/proc") / str(agent.pid) / "root"
    assert (root / str(world.places.socket_of(project)).lstrip("/")).exists()
    assert not (root / str(world.vault.embedded.directory).lstrip("/")).exists()
    assert Path(f"/proc/{agent.pid}/ns/pid").readlink() != Path("/proc/self/ns/pid").readlink()


@pytest.fixture(autouse=True)
def _nothing_left_behind(world: World) -> Iterator[None]:
    yield
    world.clean()
    assert [project for project in world.projects if (MEMORY / f"tre-{project}").exists()] == []
