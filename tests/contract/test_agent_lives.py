"""A real dataset agent is replaced while its leases run out: no session goes on with the data of its former life."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.access.model import Granted
from orchestrator.audit.record import Record
from orchestrator.core.clock import system_clock
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.credentials.model import Wanted
from orchestrator.workspaces.delivery import RecordedDelivery
from orchestrator.workspaces.fakes import FakeBackend
from orchestrator.workspaces.keeping import WorkspaceKeeper
from orchestrator.workspaces.launching import SessionLauncher
from orchestrator.workspaces.model import Limits
from orchestrator.workspaces.sessions import SessionRegister
from orchestrator.workspaces.store import WorkspaceRow
from tests.contract.credentials_world import World, eventually, running_vault, short_directory

CONTENT = {"table.csv": b"a,b\n1,2\n"}
PERSON = new_id()


class Cut(BaseException):
    """The controller is killed: no handler of ours sees it."""


class Ground:
    """A controller with a real agent and a real Vault; only the session's own process is played."""

    def __init__(self, world: World, record: Record) -> None:
        self.world, self.record = world, record
        self.project, self.wanted = world.project(), world.files(CONTENT)
        self.backend = FakeBackend(world.directory)
        self._open()
        self.restart()

    def restart(self) -> None:
        """Build the controller anew on what is there."""
        access: Any = SimpleNamespace(
            admitted=lambda _project: {PERSON: system_clock() + timedelta(hours=1)},
            granted=lambda _project, _person: [self._granted(self.wanted)],
            project_record=lambda _project: SimpleNamespace(title="A project", members=()),
        )
        delivery = RecordedDelivery(record=self.record, credentials=self.world.service, sealed=self.world.store)
        self.register = SessionRegister(record=self.record, access=access)
        self.launcher = SessionLauncher(
            access=access, credentials=delivery, register=self.register, backend=self.backend, limits=Limits()
        )
        self.keeper = WorkspaceKeeper(
            access=access,
            credentials=delivery,
            register=self.register,
            launcher=self.launcher,
            backend=self.backend,
            address=lambda row: f"http://{row.project_id}.localhost",
            portal_url="http://localhost:8700",
            sleep_after=timedelta(hours=1),
            clock=self.record.clock,
        )

    def launch(self) -> str:
        return self.launcher.launch(self.project, PERSON, environment={}, arguments=())

    def replace_the_agent(self) -> None:
        """Kill the agent, let its leases pass, and have another one started, with nobody looking."""
        os.kill(self.world.agent_process(self.project), signal.SIGKILL)
        eventually(lambda: not self.world.agents.running(self.project))
        self.world.client.revoke_project(self.project)
        assert self.world.client.leases(self.project) == []
        self.world.agents.start(self.world.client.open_agent(self.project, system_clock() + timedelta(hours=1)))

    def _granted(self, wanted: Wanted) -> Granted:
        return Granted(
            grant_id=wanted.grant_id,
            project_id=self.project,
            dataset_id=new_id(),
            version_id=wanted.version_id,
            custodian_id=new_id(),
            name="table",
            delivery="files",
            manifest_sha256="0" * 64,
            until=wanted.until,
        )

    def _open(self) -> None:
        now = self.record.clock()
        with self.record.change() as change:
            change.session.add(
                WorkspaceRow(
                    project_id=self.project, port=8710, user_number=200_000, awake=True, opened_at=now, used_at=now
                )
            )
            change.tell(Event(kind="workspace.opened", actor="system:test", subject=f"project:{self.project}"))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with short_directory() as directory, running_vault(directory) as vault:
        world = World(vault=vault, directory=directory)
        try:
            yield world
        finally:
            world.clean()


@pytest.fixture
def ground(world: World, record: Record) -> Ground:
    return Ground(world, record)


def test_the_next_look_ends_what_mounts_the_data_of_a_former_life(ground: Ground) -> None:
    assert ground.keeper.keep(ground.project) == []
    session = ground.launch()
    mounted = ground.backend.sessions[session].mounts[0].source
    assert (mounted / "table.csv").read_bytes() == CONTENT["table.csv"]
    assert ground.keeper.keep(ground.project) == []
    assert set(ground.backend.sessions) == {session}
    life = ground.world.service.agent_life(ground.project)
    ground.replace_the_agent()
    assert not mounted.exists()
    assert ground.world.service.agent_life(ground.project) not in {"", life}
    assert ground.keeper.keep(ground.project) == []
    assert ground.backend.sessions == {}
    assert ground.register.session(ground.project, session).reason == "data-anew"
    again = ground.backend.sessions[ground.launch()].mounts[0].source
    assert (again / "table.csv").read_bytes() == CONTENT["table.csv"]


def _cut_after(ground: Ground, number: int, patch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Kill the controller right after its ``number``-th effect; return how many there were."""
    effects = [
        (ground.world.client, "lease"),
        (ground.world.agents, "adopt"),
        (ground.world.agents, "unseal"),
        (ground.backend, "stop_session"),
        (ground.register, "ended"),
    ]
    count = 0

    def wrap(effect: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            result = effect(*arguments, **named)
            count += 1
            if count == number:
                raise Cut
            return result

        return call

    for part, name in effects:
        patch.setattr(part, name, wrap(getattr(part, name)))
    return lambda: count


def test_a_controller_killed_after_any_effect_of_that_look_leaves_the_rest_to_the_next(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.keeper.keep(ground.project)
    number = reached = 0
    while reached >= number:
        number += 1
        session = ground.launch()
        life = ground.register.session(ground.project, session).data_life
        ground.replace_the_agent()
        with monkeypatch.context() as patch:
            count = _cut_after(ground, number, patch)
            with contextlib.suppress(Cut):
                ground.keeper.keep(ground.project)
            reached = count()
        ground.restart()
        assert ground.keeper.keep(ground.project) == []
        assert ground.backend.sessions == {}, f"killed after effect {number}"
        assert ground.register.live(ground.project) == []
        assert ground.world.service.agent_life(ground.project) != life
        assert set(ground.world.agents.held(ground.project)) == {ground.wanted.version_id}
    assert number > 5
