"""Gate, hub and a confined JupyterLab together, as a browser meets them: the whole chain but for the record.

The same for every kind of session that one machine can hold.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.desk_fake import FakeDesk
from orchestrator.adapters.sandbox.backend import SandboxBackend, SandboxSettings
from orchestrator.adapters.sandbox.places import Places
from orchestrator.core.ids import new_id
from orchestrator.workspaces.model import Mount, SessionPlan, SessionState, WorkspacePlan
from tests.contract.docker_world import needs_docker, sessions_in
from tests.contract.gate_world import PORTAL, WORKSPACE, World, until

USER = 200_031
PLACES = {"gate.sock": "g/gate.sock", "routes.sock": "r/routes.sock"}

pytestmark = pytest.mark.skipif(not (WORKSPACE / "bin" / "python").exists(), reason="no workspace environment")


@dataclass(kw_only=True)
class Sandboxed:
    """A session of the backend where the fake desk expects a process."""

    backend: SandboxBackend
    plan: SessionPlan
    pid: int = 0

    def poll(self) -> int | None:
        """Return nothing while the session lives."""
        seen = self.backend.session(self.plan.project_id, self.plan.session_id)
        return None if seen.state is not SessionState.ENDED else seen.exit_code or 0


class SandboxDesk(FakeDesk):
    """A desk whose sessions have walls around them."""

    def end(self, session: str) -> None:
        """End the session."""
        plan = self.started[session].process.plan  # type: ignore[attr-defined]
        self.started[session].process.backend.stop_session(plan.project_id, plan.session_id)  # type: ignore[attr-defined]


@dataclass(kw_only=True)
class SandboxWorld(World):
    """One project with the backend's own gate, hub and sandboxes."""

    state: Path
    make: Callable[[], SandboxBackend]
    """Makes a backend as a freshly started controller has it."""
    inside_user: int
    libraries: str
    """Analysis packages that the kernel can import."""
    backend: SandboxBackend = field(init=False)
    plan: WorkspacePlan = field(init=False)

    def __post_init__(self) -> None:
        self.backend = self.make()
        self.plan = WorkspacePlan(
            project_id=self.project,
            title="A study",
            url=f"http://{self.host}:{self.port}",
            port=self.port,
            portal_url=PORTAL,
            user_number=USER,
        )
        self.desk = SandboxDesk(socket=self.path("desk.sock"), start_server=self.begin)  # type: ignore[arg-type]

    def path(self, name: str) -> Path:
        return self.directory / PLACES.get(name, name)

    def begin(self, session: str, environment: Mapping[str, str], arguments: Sequence[str]) -> tuple[Sandboxed, Path]:
        """Start a session as the controller does."""
        person = environment["JUPYTERHUB_USER"]
        plan = SessionPlan(
            session_id=session,
            project_id=self.project,
            person_id=person,
            user_number=USER,
            mounts=(Mount(name="eunomia", source=self.state / "eunomia"),),
            environment=dict(environment),
            arguments=tuple(arguments),
        )
        places = Places(state=self.state)
        entrance = places.intake(self.project, session)
        entrance.mkdir(parents=True)
        (entrance / "intake.sock").touch()
        self.backend.start_session(plan)
        return Sandboxed(backend=self.backend, plan=plan), places.server_socket(self.project, session)


@pytest.fixture(scope="module", params=["sandbox", pytest.param("docker", marks=needs_docker)])
def world(request: pytest.FixtureRequest) -> Iterator[SandboxWorld]:
    in_docker = request.param == "docker"
    sessions = sessions_in(request.getfixturevalue("docker_engine")) if in_docker else None
    state = Path(tempfile.mkdtemp(prefix="tre-"))
    state.chmod(0o755)
    (state / "eunomia").mkdir(mode=0o755)
    (state / "eunomia" / "table.csv").write_text("person,age\n1,54\n")
    (state / "eunomia" / "table.csv").chmod(0o666)  # so that only the read-only view stands in the way
    project = new_id()
    made = SandboxWorld(
        project=project,
        directory=state / "run" / project,
        state=state,
        make=lambda: SandboxBackend(SandboxSettings(state=state, workspace=WORKSPACE), sessions=sessions),
        inside_user=USER if in_docker else 1000,
        libraries="ipykernel, zmq" if in_docker else "polars, duckdb",
    )
    backend = made.backend
    made.directory.mkdir(parents=True)
    try:
        with made.desk:
            made.path("desk.sock").chmod(0o666)
            backend.wake(made.plan)
            made.desk.admit("warden2222222222")
            made.wait_open()
            yield made
    finally:
        made.stop()
        backend.sleep(project)
        shutil.rmtree(state)


def _open(world: SandboxWorld) -> tuple[str, Any, str]:
    person = world.desk.admit(new_id())
    world.control("PUT", "/admission", world.desk.admission())
    browser = world.open_lab(person)
    return person, browser, world.new_kernel(browser, person)


def test_a_kernel_behind_gate_and_hub_sees_its_data_and_nothing_else(world: SandboxWorld) -> None:
    person, browser, kernel = _open(world)
    assert world.run(browser, person, kernel, "print(open('/data/eunomia/table.csv').read())") == "person,age\n1,54\n\n"
    assert world.run(browser, person, kernel, "import os; sorted(os.listdir('/home/researcher'))").count("outbox") == 1
    assert world.run(browser, person, kernel, "os.listdir('/data')") == "['eunomia']"
    assert "Read-only" in world.run(browser, person, kernel, "open('/data/eunomia/table.csv', 'a')")
    assert "refused" in world.run(
        browser, person, kernel, f"import socket; socket.create_connection(('127.0.0.1', {world.port}), 2)"
    )
    assert world.run(browser, person, kernel, f"import {world.libraries}; 6 * 7") == "42"
    who = world.run(browser, person, kernel, "os.getuid(), os.uname().nodename")
    assert who == f"({world.inside_user}, 'workspace')"


def test_killed_hub_gate_and_controller_come_back_and_the_kernel_has_kept_its_state(world: SandboxWorld) -> None:
    person, browser, kernel = _open(world)
    world.run(browser, person, kernel, "kept = 'still here'")
    for name in ("hub", "gate"):
        record = world.backend.processes.find(name, group=world.project)
        assert record is not None
        os.kill(record.pid, signal.SIGKILL)
    later = world.make()
    until(lambda: not any((seen.hub or seen.gate) for seen in later.observe()))
    later.wake(world.plan)
    world.control("PUT", "/admission", world.desk.admission())
    world.wait_open()
    again = world.open_lab(person)
    assert world.run(again, person, kernel, "kept") == "'still here'"


def test_a_session_that_is_stopped_is_gone_for_the_browser_and_leaves_the_home(world: SandboxWorld) -> None:
    person, browser, kernel = _open(world)
    world.run(browser, person, kernel, "open('/home/researcher/work.txt', 'w').write('mine')")
    session = next(name for name, started in world.desk.started.items() if started.person == person)
    world.backend.stop_session(world.project, session)
    answer = browser.get(f"/user/{person}/api/kernels", headers=world.headers(browser))
    assert answer.status_code >= 400
    assert (world.state / "projects" / world.project / "homes" / person / "work.txt").read_text() == "mine"
