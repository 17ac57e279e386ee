"""Sessions in a real Docker engine: started, found again, ended; with the engine killed, hung, restarted and away."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.docker.container import LABEL, PYTHON, Box, body
from orchestrator.adapters.docker.doctor import GOOD, _settings_of, check_engine
from orchestrator.adapters.docker.engine import Engine
from orchestrator.adapters.docker.members import members
from orchestrator.adapters.docker.sessions import DockerSessions
from orchestrator.adapters.sandbox.backend import SandboxBackend, SandboxSettings
from orchestrator.adapters.sandbox.places import Places
from orchestrator.core.errors import NotFound, NotPossible, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.workspaces.model import Limits, Mount, SeenSession, SessionPlan, SessionState
from tests.contract.docker_world import RunningEngine, needs_docker

USER = 200_041
LISTEN = (
    "import socket; s = socket.socket(socket.AF_UNIX); s.bind('/run/tre/server/ws.sock'); s.listen()\n"
    "while True: s.accept()"
)
SERVER = (PYTHON, "-c", LISTEN)


class Yard:
    """One installation with one project, whose sessions run in the engine."""

    def __init__(self, state: Path, engine: RunningEngine) -> None:
        self.state, self.engine = state, engine
        self.project = new_id()
        self.places = Places(state=state)

    def sessions(
        self, *server: str, engine: Engine | None = None, instance: str = "", image: str = ""
    ) -> DockerSessions:
        """Return what a freshly started controller holds."""
        box = Box(image=image or self.engine.image, instance=instance or self.state.name, server=server or SERVER)
        return DockerSessions(engine=engine or Engine(self.engine.socket), places=self.places, box=box)

    def plan(self, **changes: Any) -> SessionPlan:
        """Return the plan of a new session, whose entrance to the airlock is there."""
        plan: dict[str, Any] = {
            "session_id": new_id(),
            "project_id": self.project,
            "person_id": new_id(),
            "user_number": USER,
            "limits": Limits(memory_mib=128),
        }
        made = SessionPlan(**{**plan, **changes})
        entrance = self.places.intake(made.project_id, made.session_id)
        entrance.mkdir(parents=True)
        (entrance / "intake.sock").touch()
        return made

    def seen(self, plan: SessionPlan) -> SeenSession:
        return self.sessions().look(plan.project_id, plan.session_id)

    def running(self, plan: SessionPlan, *server: str) -> str:
        """Start a session, wait until it answers, and return its container."""
        self.sessions(*server).start(plan)
        until(lambda: self.seen(plan).state is SessionState.RUNNING)
        return self.container(plan)

    def ended(self, plan: SessionPlan) -> SeenSession:
        """Wait until a session has ended by itself."""
        until(lambda: self.seen(plan).state is SessionState.ENDED)
        return self.seen(plan)

    def container(self, plan: SessionPlan) -> str:
        return str(self.sessions()._note(plan.project_id, plan.session_id)["container"])


def until(condition: Callable[[], Any], seconds: float = 180) -> Any:
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return answer


@pytest.fixture
def yard(docker_engine: RunningEngine) -> Iterator[Yard]:
    state = Path(tempfile.mkdtemp(prefix="tre-"))
    state.chmod(0o755)
    made = Yard(state, docker_engine)
    try:
        yield made
        for project, session in made.sessions().known():
            made.sessions().stop(project, session)
        assert made.sessions().known() == set()
    finally:
        shutil.rmtree(state)


@needs_docker
def test_a_session_starts_once_is_found_again_and_is_ended_without_a_trace(yard: Yard) -> None:
    plan = yard.plan()
    first = yard.running(plan)
    yard.sessions().start(plan)
    assert yard.container(plan) == first
    assert yard.sessions().known() == {(plan.project_id, plan.session_id)}
    pids = members(first)
    assert len(pids) == 2
    assert all(Path(f"/proc/{pid}").stat().st_uid in {USER, 0} for pid in pids)  # 0: the first one cannot be read
    backend = SandboxBackend(
        SandboxSettings(state=yard.state, workspace=Path("/nowhere")), sessions=lambda *_: yard.sessions()
    )
    assert [session.state for session in backend.observe()[0].sessions] == [SessionState.RUNNING]
    yard.sessions().stop(plan.project_id, plan.session_id)
    assert members(first) == set()
    assert yard.sessions().known() == set()
    assert yard.places.home(plan.project_id, plan.person_id).joinpath("outbox").is_dir()
    with pytest.raises(NotFound):
        yard.seen(plan)
    yard.sessions().stop(plan.project_id, plan.session_id)


@needs_docker
def test_how_a_session_ended_is_told_and_it_never_starts_again(yard: Yard) -> None:
    plan = yard.plan()
    yard.sessions("/bin/sh", "-c", "head -c 9000000 /dev/zero; exit 7").start(plan)
    seen = yard.ended(plan)
    assert (seen.exit_code, seen.trouble, seen.unenforced) == (7, "", ())
    with pytest.raises(NotPossible, match="open a new one"):
        yard.sessions().start(plan)
    yard.sessions().stop(plan.project_id, plan.session_id)
    log = yard.state / "logs" / plan.project_id / f"session-{plan.session_id}.log"
    assert log.stat().st_size < 3_000_000


@needs_docker
def test_too_much_memory_is_said_in_words(yard: Yard) -> None:
    plan = yard.plan()
    yard.sessions(PYTHON, "-c", "x = bytearray(400 * 2**20); x[::4096] = b'x' * len(x[::4096])").start(plan)
    seen = yard.ended(plan)
    assert seen.exit_code == 137
    assert "more than its 128 MiB of memory" in seen.trouble


@needs_docker
def test_orphans_are_buried_and_whoever_ignores_every_signal_is_ended(yard: Yard) -> None:
    family = (
        "import os, signal, time\n"
        "for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n"
        "    if os.fork() == 0: time.sleep(0.2); os._exit(0)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "def state(name):\n"
        "    try: return open(f'/proc/{name}/stat').read().split(')')[1].split()[0]\n"
        "    except OSError: return 'gone'\n"
        "states = []\n"
        "while 'Z' in states or len(states) != 2:\n"
        "    time.sleep(0.05)\n"
        "    states = [state(name) for name in os.listdir('/proc') if name.isdigit()]\n"
    )
    plan = yard.plan()
    container = yard.running(plan, PYTHON, "-c", family + LISTEN)
    yard.sessions().stop(plan.project_id, plan.session_id)
    assert members(container) == set()


@needs_docker
def test_an_image_that_is_not_there_and_a_server_that_is_not_in_it_are_said(yard: Yard) -> None:
    plan = yard.plan()
    with pytest.raises(Unavailable, match=r"workspace image sha256:0+ is not on this machine") as told:
        yard.sessions(image=f"sha256:{'0' * 64}").start(plan)
    assert not told.value.retry
    yard.sessions().stop(plan.project_id, plan.session_id)
    yard.sessions("/opt/nothing").start(plan)
    assert yard.ended(plan).exit_code == 127


@needs_docker
def test_a_container_that_somebody_removes_has_ended(yard: Yard) -> None:
    plan = yard.plan()
    yard.running(plan)
    Engine(yard.engine.socket).end(yard.container(plan), grace=0)
    seen = yard.seen(plan)
    assert (seen.state, "somebody else" in seen.trouble) == (SessionState.ENDED, True)
    with pytest.raises(NotPossible):
        yard.sessions().start(plan)


@needs_docker
def test_other_installations_containers_are_left_alone(yard: Yard) -> None:
    plan = yard.plan()
    other = yard.sessions(instance="another")
    yard.running(plan)
    assert other.known() - {(plan.project_id, plan.session_id)} == set()
    other._engine.end(other._name(plan.session_id), grace=0)
    assert yard.seen(plan).state is SessionState.RUNNING


class KilledError(BaseException):
    """The controller was killed here."""


class Dying(Engine):
    """An engine whose caller is killed before or after its n-th change."""

    def __init__(self, socket: Path, *, before: str = "", after: str = "") -> None:
        super().__init__(socket)
        self.before, self.after = before, after

    def create(self, name: str, body: dict[str, Any]) -> str:
        with self._moment("create"):
            return super().create(name, body)

    def start(self, identity: str) -> None:
        with self._moment("start"):
            super().start(identity)

    @contextlib.contextmanager
    def _moment(self, step: str) -> Iterator[None]:
        if self.before == step:
            raise KilledError
        yield
        if self.after == step:
            raise KilledError


@needs_docker
@pytest.mark.parametrize("moment", [{"before": "create"}, {"after": "create"}, {"before": "start"}, {"after": "start"}])
def test_a_controller_killed_at_any_step_is_followed_by_one_that_goes_on_or_ends_it(
    yard: Yard, moment: dict[str, str]
) -> None:
    for goes_on in (True, False):
        plan = yard.plan()
        with pytest.raises(KilledError):
            yard.sessions(engine=Dying(yard.engine.socket, **moment)).start(plan)
        there = yard.sessions().known()
        assert there == (set() if moment == {"before": "create"} else {(plan.project_id, plan.session_id)})
        if goes_on:
            yard.running(plan)
        yard.sessions().stop(plan.project_id, plan.session_id)
        assert yard.sessions().known() == set()


@needs_docker
def test_a_killed_engine_ends_no_session_and_a_session_can_be_ended_without_it(yard: Yard) -> None:
    kept, withdrawn = yard.plan(), yard.plan()
    containers = [yard.running(plan) for plan in (kept, withdrawn)]
    yard.engine.kill()
    try:
        for plan in (kept, withdrawn):
            with pytest.raises(Unavailable, match="does not answer"):
                yard.seen(plan)
        assert yard.sessions().known() == {(plan.project_id, plan.session_id) for plan in (kept, withdrawn)}
        assert all(members(each) for each in containers)
        with pytest.raises(Unavailable):
            yard.sessions().start(yard.plan())
        yard.sessions().stop(withdrawn.project_id, withdrawn.session_id)
        assert [bool(members(each)) for each in containers] == [True, False]
    finally:
        yard.engine.start()
    assert yard.seen(kept).state is SessionState.RUNNING
    assert yard.container(kept) == containers[0]
    until(lambda: yard.sessions().known() == {(kept.project_id, kept.session_id)})
    until(lambda: Engine(yard.engine.socket).find(containers[1]) is None)


@needs_docker
def test_an_engine_that_ends_sessions_at_its_restart_is_believed(yard: Yard) -> None:
    plan = yard.plan()
    container = yard.running(plan)
    yard.engine.kill()
    yard.engine.start(live_restore=False)
    try:
        assert [each.word for each in check_engine(Engine(yard.engine.socket), yard.engine.image)] == ["docker-restart"]
        seen = yard.ended(plan)
        assert members(container) == set()
        assert seen.exit_code != 0
    finally:
        yard.engine.kill()
        yard.engine.start()


@needs_docker
def test_a_hung_engine_holds_nobody_up_and_a_session_ends_all_the_same(yard: Yard) -> None:
    plan = yard.plan()
    container = yard.running(plan)
    impatient = yard.sessions(engine=Engine(yard.engine.socket, seconds=1))
    assert yard.engine.process is not None
    os.kill(yard.engine.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match="does not answer"):
            impatient.look(plan.project_id, plan.session_id)
        with pytest.raises(Unavailable):  # its processes are gone; that nothing of it is still to come is not known
            impatient.stop(plan.project_id, plan.session_id)
        assert members(container) == set()
    finally:
        os.kill(yard.engine.process.pid, signal.SIGCONT)
    assert yard.ended(plan).exit_code == 137
    yard.sessions().stop(plan.project_id, plan.session_id)


@needs_docker
def test_the_doctor_looks_at_engine_image_and_walls(docker_engine: RunningEngine) -> None:
    engine = Engine(docker_engine.socket)
    assert check_engine(engine, docker_engine.image) == []
    for wrong in (f"sha256:{'0' * 64}", "tre-test/workspace:latest"):
        [finding] = check_engine(engine, wrong)
        assert (finding.word, finding.serious) == ("docker-image", True)
    [finding] = check_engine(Engine(Path("/nowhere/docker.sock")), docker_engine.image)
    assert (finding.word, finding.serious) == ("docker-engine", True)
    assert engine.labelled(f"{LABEL}part", "session") == []


SOUND = {
    "SecurityOptions": ["name=seccomp,profile=default"],
    "MemoryLimit": True,
    "SwapLimit": True,
    "CpuCfsQuota": True,
    "PidsLimit": True,
    "Driver": "overlay2",
    "LiveRestoreEnabled": True,
}


@pytest.mark.parametrize(
    ("changed", "word", "serious"),
    [
        ({"SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]}, "docker-users", True),
        ({"SecurityOptions": ["name=seccomp,profile=default", "name=userns"]}, "docker-users", False),
        ({"SecurityOptions": ["name=seccomp,profile=unconfined"]}, "docker-calls", False),
        ({"SecurityOptions": []}, "docker-calls", False),
        ({"MemoryLimit": False}, "docker-limits", False),
        ({"SwapLimit": False}, "docker-limits", False),
        ({"Driver": "vfs"}, "docker-storage", False),
        ({"LiveRestoreEnabled": False}, "docker-restart", False),
    ],
)
def test_what_an_engine_says_of_itself_is_judged(changed: dict[str, Any], word: str, serious: bool) -> None:
    assert _settings_of(SOUND) == []
    [finding] = _settings_of({**SOUND, **changed})
    assert (finding.word, finding.serious) == (word, serious)
    assert word in GOOD


def test_what_is_asked_of_the_engine_has_every_wall_and_no_secret_outside_the_environment(tmp_path: Path) -> None:
    plan = SessionPlan(
        session_id=new_id(), project_id=new_id(), person_id=new_id(), user_number=USER,
        mounts=(Mount(name="eunomia", source=tmp_path / "data"),),
        relays={"trial": str(tmp_path / "relay")},
        environment={"JUPYTERHUB_API_TOKEN": "secret-token", "LD_PRELOAD": "/evil.so"},
    )  # fmt: skip
    asked = body(Box(image="sha256:1", instance="i"), plan, places=Places(state=Path("/tmp/t")), accounts=tmp_path)
    host = asked["HostConfig"]
    walls = {"NetworkMode": "none", "CapDrop": ["ALL"], "ReadonlyRootfs": True, "Privileged": False}
    assert {name: host[name] for name in walls} == walls
    assert host["RestartPolicy"] == {"Name": "no"}
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not {"Devices", "PidMode", "UTSMode", "CapAdd", "Binds", "VolumesFrom", "PortBindings"} & host.keys()
    writable = {each["Target"] for each in host["Mounts"] if not each["ReadOnly"]}
    assert writable == {"/home/researcher", "/shared", "/run/tre/server"}
    assert {each["Target"] for each in host["Mounts"]} - writable == {
        "/data/eunomia", "/run/tre/hub", "/run/tre/intake", "/run/tre/databases/trial", "/etc/passwd", "/etc/group",
    }  # fmt: skip
    assert {each["Type"] for each in host["Mounts"]} == {"bind"}
    assert asked["User"].split(":")[0] not in {"0", ""} or os.geteuid() != 0
    assert "secret-token" not in str({**asked, "Env": []})
    assert not any(each.startswith("LD_PRELOAD") for each in asked["Env"])
