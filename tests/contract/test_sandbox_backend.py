"""The workspace backend of one machine, with real sandboxes, a real JupyterLab, a real gate and a real hub."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psutil
import pytest

import orchestrator
from orchestrator.adapters.sandbox.backend import SandboxBackend, SandboxSettings
from orchestrator.adapters.sandbox.confine import View, platform_command
from orchestrator.adapters.sandbox.limits import ControlGroups
from orchestrator.adapters.sandbox.places import Places
from orchestrator.adapters.sandbox.processes import ProcessRecord
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.ids import new_id
from orchestrator.workspaces.model import Admission, Limits, SeenSession, SessionPlan, SessionState, WorkspacePlan
from tests.ports import free_port
from tests.processes import ended

WORKSPACE = Path(__file__).parents[2] / ".venv-workspace"
USER = 200_023
PYTHON = "/opt/workspace/bin/python"
LISTEN = (
    "import socket; s = socket.socket(socket.AF_UNIX); s.bind('/run/tre/server/ws.sock'); s.listen()\n"
    "while True: s.accept()"
)
SERVER = (PYTHON, "-c", LISTEN)

pytestmark = pytest.mark.skipif(not (WORKSPACE / "bin" / "python").exists(), reason="no workspace environment")


class Yard:
    """One installation with one project."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.project = new_id()

    def backend(self, *server: str) -> SandboxBackend:
        """Return a backend as a freshly started controller has it."""
        settings = SandboxSettings(state=self.state, workspace=WORKSPACE, server=server or None)
        return SandboxBackend(settings)

    def plan(self, **changes: Any) -> SessionPlan:
        """Return the plan of a new session."""
        plan: dict[str, Any] = {
            "session_id": new_id(),
            "project_id": self.project,
            "person_id": new_id(),
            "user_number": USER,
            "limits": Limits(memory_mib=768),
        }
        made = SessionPlan(**{**plan, **changes})
        entrance = Places(state=self.state).intake(made.project_id, made.session_id)
        entrance.mkdir(parents=True)
        (entrance / "intake.sock").touch()
        return made

    def home(self, plan: SessionPlan) -> Path:
        """Return the person's own directory."""
        return Places(state=self.state).home(plan.project_id, plan.person_id)

    def start(self, backend: SandboxBackend, plan: SessionPlan) -> Path:
        """Start a session and return its server's socket."""
        backend.start_session(plan)
        return Path(unquote(backend.session(plan.project_id, plan.session_id).address.removeprefix("http+unix://")))

    def workspace(self) -> WorkspacePlan:
        """Return the plan of the project's workspace, on a free port."""
        port = free_port()
        return WorkspacePlan(
            project_id=self.project,
            title="A study",
            url=f"http://{self.project}.localhost:{port}",
            port=port,
            portal_url="http://localhost:8700",
            user_number=USER,
        )


@pytest.fixture
def yard() -> Iterator[Yard]:
    state = Path(tempfile.mkdtemp(prefix="tre-"))
    state.chmod(0o755)
    made = Yard(state)
    try:
        yield made
    finally:
        made.backend().sleep(made.project)
        _until(lambda: not _processes_below(state))
        shutil.rmtree(state)


def _processes_below(state: Path) -> list[str]:
    """List what still runs and names this installation: nothing may leak."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if process.info["status"] != "zombie" and any(str(state) in word for word in process.info["cmdline"] or ()):
            found.append(" ".join(process.info["cmdline"]))
    return found


def _until(condition: Callable[[], Any], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return answer


def _state(backend: SandboxBackend, plan: SessionPlan) -> SessionState:
    return backend.session(plan.project_id, plan.session_id).state


def _supervisor(backend: SandboxBackend, plan: SessionPlan) -> ProcessRecord:
    record = backend.processes.find(f"session-{plan.session_id}", group=plan.project_id)
    assert record is not None
    return record


def _family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def _all_gone(family: list[psutil.Process]) -> bool:
    return all(ended(process) for process in family)


def _ask(path: Path, target: str, headers: dict[str, str] | None = None, method: str = "GET") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("localhost", timeout=90)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(90)
    connection.sock.connect(str(path))
    try:
        connection.request(method, target, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _answers(path: Path) -> bool:
    """Say whether somebody listens at a socket; its name is there a moment before."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def test_a_session_starts_once_answers_and_is_ended_without_a_trace(yard: Yard) -> None:
    backend, plan = yard.backend(*SERVER), yard.plan()
    path = yard.start(backend, plan)
    _until(lambda: _state(backend, plan) is SessionState.RUNNING)
    first = _supervisor(backend, plan)
    assert yard.start(backend, plan) == path
    assert _supervisor(backend, plan) == first
    family = _family(first.pid)
    backend.stop_session(plan.project_id, plan.session_id)
    assert _all_gone(family)
    assert not path.exists()
    assert yard.home(plan).joinpath("outbox").is_dir()
    with pytest.raises(NotFound):
        backend.session(plan.project_id, plan.session_id)
    backend.stop_session(plan.project_id, plan.session_id)
    assert backend.observe() == []


def test_a_session_that_ends_by_itself_tells_how_and_does_not_start_again(yard: Yard) -> None:
    backend, plan = yard.backend("/bin/sh", "-c", "exit 7"), yard.plan()
    backend.start_session(plan)
    _until(lambda: _state(backend, plan) is SessionState.ENDED)
    assert backend.session(plan.project_id, plan.session_id).exit_code == 7
    with pytest.raises(NotPossible, match="open a new one"):
        backend.start_session(plan)


def test_a_restarted_controller_finds_its_sessions(yard: Yard) -> None:
    plan = yard.plan()
    yard.backend(*SERVER).start_session(plan)
    later = yard.backend(*SERVER)
    _until(lambda: _state(later, plan) is SessionState.RUNNING)
    [seen] = later.observe()
    assert (seen.project_id, seen.hub, seen.gate) == (yard.project, False, False)
    assert [session.session_id for session in seen.sessions] == [plan.session_id]
    later.stop_session(plan.project_id, plan.session_id)


def test_killing_the_supervisor_ends_the_sandbox_and_the_next_look_says_so(yard: Yard) -> None:
    backend, plan = yard.backend(*SERVER), yard.plan()
    backend.start_session(plan)
    _until(lambda: _state(backend, plan) is SessionState.RUNNING)
    record = _supervisor(backend, plan)
    family = _family(record.pid)
    assert len(family) >= 2
    os.kill(record.pid, signal.SIGKILL)
    _until(lambda: _all_gone(family))
    seen = backend.session(plan.project_id, plan.session_id)
    assert (seen.state, seen.exit_code) == (SessionState.ENDED, None)
    assert [session.state for session in backend.observe()[0].sessions] == [SessionState.ENDED]
    backend.stop_session(plan.project_id, plan.session_id)
    assert backend.observe() == []


def test_a_process_that_ignores_every_signal_is_ended_all_the_same(yard: Yard) -> None:
    deaf = (
        "import signal, os\nfor number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)\n"
        "if os.fork() == 0: os.setsid(); signal.pause()\n"
    )
    backend, plan = yard.backend(PYTHON, "-c", deaf + LISTEN), yard.plan()
    backend.start_session(plan)
    _until(lambda: _state(backend, plan) is SessionState.RUNNING)
    family = _family(_supervisor(backend, plan).pid)
    backend.stop_session(plan.project_id, plan.session_id)
    assert _all_gone(family)


@pytest.mark.skipif(not os.access("/sys/fs/cgroup/memory", os.W_OK), reason="needs control groups that may be written")
def test_processes_that_no_record_speaks_of_are_found_and_ended(yard: Yard) -> None:
    backend, session = yard.backend(*SERVER), new_id()
    instance = hashlib.sha256(os.fsencode(yard.state.resolve())).hexdigest()[:12]
    placement = ControlGroups(instance=instance).place(yard.project, session, Limits())
    orphan = subprocess.Popen(["/bin/sleep", "300"], preexec_fn=placement.join)  # noqa: PLW1509
    [seen] = backend.observe()
    assert [(found.session_id, found.state) for found in seen.sessions] == [(session, SessionState.RUNNING)]
    backend.stop_session(yard.project, session)
    assert orphan.wait() == -signal.SIGKILL
    assert backend.observe() == []


def test_what_a_session_prints_is_bounded(yard: Yard) -> None:
    backend, plan = yard.backend("/bin/sh", "-c", "head -c 9000000 /dev/zero"), yard.plan()
    backend.start_session(plan)
    _until(lambda: _state(backend, plan) is SessionState.ENDED)
    log = yard.state / "logs" / plan.project_id / f"session-{plan.session_id}.log"
    assert 1_000_000 < log.stat().st_size < 3_000_000


def test_the_airlocks_command_is_on_the_path_and_cannot_be_changed(yard: Yard) -> None:
    client = Path(orchestrator.__file__).parent / "airlock" / "client.py"
    script = "tre-airlock --help && ! echo x >> /opt/tre/bin/tre-airlock && ! echo x >> /opt/tre/lib/client.py"
    settings = SandboxSettings(
        state=yard.state, workspace=WORKSPACE, submit_program=client, server=("/bin/sh", "-c", script)
    )
    backend, plan = SandboxBackend(settings), yard.plan()
    backend.start_session(plan)
    _until(lambda: _state(backend, plan) is SessionState.ENDED)
    log = (yard.state / "logs" / plan.project_id / f"session-{plan.session_id}.log").read_text()
    assert backend.session(plan.project_id, plan.session_id).exit_code == 0, log
    assert "submit" in log
    assert log.count("cannot create") == 2


def test_two_datasets_of_one_name_and_a_name_with_a_path_are_refused(yard: Yard) -> None:
    backend = yard.backend(*SERVER)
    with pytest.raises(Invalid, match="name of a folder"):
        backend.start_session(yard.plan(relays={"../etc": str(yard.state)}))


def test_a_path_too_long_for_sockets_is_told_before_anything_starts(tmp_path: Path) -> None:
    places = Places(state=tmp_path / ("long" * 20))
    with pytest.raises(Invalid, match="too long a path"):
        places.run(new_id())
    assert Places(state=Path("/tmp/t")).run("a" * 16) == Path("/tmp/t/run") / ("a" * 16)


def _lab(*more: str) -> tuple[str, ...]:
    return (
        PYTHON,
        "-m",
        "jupyterlab",
        "--ServerApp.sock=/run/tre/server/ws.sock",
        "--IdentityProvider.token=known",
        *more,
    )


def test_a_real_jupyterlab_starts_inside_and_answers_on_its_socket(yard: Yard) -> None:
    backend, plan = yard.backend(*_lab()), yard.plan()
    path = yard.start(backend, plan)
    known = {"Authorization": "token known"}
    _until(lambda: _state(backend, plan) is SessionState.RUNNING)
    assert _ask(path, "/api/status")[0] == 403
    assert _ask(path, "/api/status", known)[0] == 200
    assert _ask(path, "/lab", known)[0] == 200
    (yard.home(plan) / "secret.csv").write_text("a,b\n")
    (yard.home(plan) / "note.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    for name in ("secret.csv", "note.ipynb"):
        (yard.home(plan) / name).chmod(0o644)
    assert _ask(path, "/api/contents/secret.csv?content=0", known)[0] == 200
    for closed in ("/files/secret.csv", "/nbconvert/html/note.ipynb", "/api/nbconvert"):
        assert _ask(path, closed, known)[0] == 404, closed
    assert _ask(path, "/api/terminals", known)[0] == 404
    assert json.loads(_ask(path, "/api/contents", known)[1])["path"] == ""
    backend.stop_session(plan.project_id, plan.session_id)


def test_what_a_researcher_plants_in_the_home_does_not_change_the_server(yard: Yard) -> None:
    plan = yard.plan()
    hook = "open('/home/researcher/hooked', 'w').close()\n"
    for name in (".jupyter/jupyter_server_config.py", ".local/lib/python3.11/site-packages/usercustomize.py"):
        file = yard.home(plan) / name
        file.parent.mkdir(parents=True)
        file.write_text(hook)
    for name in ("jupyterlab.py", "sitecustomize.py", "jupyter_server_config.py"):
        (yard.home(plan) / name).write_text(hook)
    if os.geteuid() == 0:
        for path in (yard.home(plan), *yard.home(plan).rglob("*")):
            os.chown(path, USER, USER)
    planted = _lab("--JupyterApp.config_file_name=")  # the hub's extension turns the user's configuration off itself
    backend = yard.backend(*planted)
    path = yard.start(backend, plan)
    _until(lambda: _state(backend, plan) is SessionState.RUNNING)
    assert _ask(path, "/api/status", {"Authorization": "token known"})[0] == 200
    assert not (yard.home(plan) / "hooked").exists()
    backend.stop_session(plan.project_id, plan.session_id)


@pytest.fixture
def awake(yard: Yard) -> Iterator[tuple[SandboxBackend, WorkspacePlan]]:
    backend, workspace = yard.backend(*SERVER), yard.workspace()
    backend.wake(workspace)
    _until(lambda: all((seen.hub and seen.gate) for seen in backend.observe()))
    yield backend, workspace
    backend.sleep(yard.project)


def _program(backend: SandboxBackend, name: str, project: str) -> ProcessRecord:
    record = backend.processes.find(name, group=project)
    assert record is not None
    return record


def test_hub_and_gate_wake_come_back_when_killed_and_sleep_again(
    yard: Yard, awake: tuple[SandboxBackend, WorkspacePlan]
) -> None:
    backend, workspace = awake
    plan = yard.plan()
    backend.start_session(plan)
    _until(lambda: _state(backend, plan) is SessionState.RUNNING)
    supervisor = _supervisor(backend, plan)
    before = {name: _program(backend, name, yard.project) for name in ("hub", "gate")}
    backend.wake(workspace)
    assert {name: _program(backend, name, yard.project) for name in before} == before
    families = [process for record in before.values() for process in _family(record.pid)]
    for record in before.values():
        os.kill(record.pid, signal.SIGKILL)
    _until(lambda: _all_gone(families))
    [seen] = backend.observe()
    assert (seen.hub, seen.gate) == (False, False)
    yard.backend(*SERVER).wake(workspace)
    _until(lambda: backend.observe()[0].hub and backend.observe()[0].gate)
    assert _state(backend, plan) is SessionState.RUNNING
    assert _supervisor(backend, plan) == supervisor
    backend.sleep(yard.project)
    assert backend.observe() == []
    assert yard.home(plan).is_dir()
    backend.sleep(yard.project)


def test_the_gate_takes_the_admission_list_and_tells_what_passed(
    yard: Yard, awake: tuple[SandboxBackend, WorkspacePlan]
) -> None:
    backend, workspace = awake
    backend.admit(Admission(project_id=yard.project, people={new_id(): datetime.now(UTC) + timedelta(hours=1)}))
    backend.admit(Admission(project_id=yard.project, people={}))
    assert backend.bytes_to_browser(yard.project) == {}
    with socket.create_connection(("127.0.0.1", workspace.port), timeout=60):
        pass


def test_hub_and_gate_see_neither_sessions_secrets_nor_each_others_control(
    yard: Yard, awake: tuple[SandboxBackend, WorkspacePlan]
) -> None:
    backend, _ = awake
    run = yard.state / "run" / yard.project
    for name, hidden, shown in (
        ("hub", run / "g" / "gate.sock", "c/hub.json"),
        ("gate", run / "c" / "hub.json", "g/gate.sock"),
    ):
        program = next(child for child in _family(_program(backend, name, yard.project).pid) if child.name() != "bwrap")
        view = Path(f"/proc/{program.pid}/root")
        assert hidden.exists()
        assert not Path(f"{view}{hidden}").exists()
        assert Path(f"{view}{run / shown}").exists()
        assert list(Path(f"{view}{run / 'e'}").iterdir()) == list(Path(f"{view}{run / 'p'}").iterdir()) == []
        assert not Path(f"{view}{yard.state / 'projects' / yard.project / 'homes'}").exists()
        assert not Path(f"{view}/etc/shadow").exists()
        words = dict(
            line.split(":\t") for line in Path(f"/proc/{program.pid}/status").read_text().splitlines() if ":\t" in line
        )
        assert int(words["CapEff"], 16) == int(words["CapBnd"], 16) == 0 or os.geteuid() != 0
        if os.geteuid() == 0:
            assert program.uids().real == USER + 100_000


def test_a_platform_program_without_network_reaches_nobody(yard: Yard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        probe = f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=60); print('through')"
        answers, backend = {}, yard.backend()
        for network in (True, False):
            out = yard.state / f"out-{network}"
            out.mkdir()
            if os.geteuid() == 0:
                os.chown(out, 300_000, 300_000)
            script = f'exec > {out}/answer 2>&1; exec {os.path.realpath("/usr/bin/env")} python3 -c "{probe}"'
            command = platform_command(
                ["/bin/sh", "-c", script],
                views=[View(source=out, target=str(out), writable=True)],
                network=network,
                user_number=300_000,
            )
            backend.processes.ensure("probe", command, environment={"PATH": "/usr/bin:/bin"})
            _until(lambda: backend.processes.find("probe") is None)
            backend.processes.stop("probe")
            answers[network] = (out / "answer").read_text()
    assert answers[True] == "through\n"
    assert "refused" in answers[False]


def test_a_dataset_agent_works_within_a_view_and_with_the_rights_it_needs(yard: Yard) -> None:
    backend, run, memory = yard.backend(), yard.state / "run" / yard.project, Path("/dev/shm") / f"tre-{yard.project}"
    run.mkdir(parents=True)
    memory.mkdir(mode=0o700)
    (memory / "left-by-a-killed-agent").mkdir()
    configuration = {
        "project_id": yard.project,
        "vault_address": "http://127.0.0.1:1",
        "vault_certificate": None,
        "control_socket": str(run / "agent.sock"),
        "memory_directory": str(memory),
        "relay_directory": str(run / "d"),
        "group": USER,
        "databases": {},
        "check_seconds": 2.0,
    }
    (run / "agent.json").write_text(json.dumps(configuration))
    command = platform_command(
        [sys.executable, "-m", "orchestrator.agent", str(run / "agent.json")],
        views=[View(source=path, target=str(path), writable=True) for path in (run, memory)],
        network=True,
        user_number=0,
        capabilities=("chown", "dac_override", "fowner"),
    )
    try:
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(orchestrator.__file__).parents[1])}
        record = backend.processes.ensure("agent", command, group=yard.project, environment=environment)
        _until(lambda: _answers(run / "agent.sock"))
        assert _ask(run / "agent.sock", "/health")[0] == 200
        assert list(memory.iterdir()) == []  # the agent sees this very memory, and nothing beside it
        agent = next(child for child in _family(record.pid) if child.name() != "bwrap")
        assert [path.name for path in Path(f"/proc/{agent.pid}/root/dev/shm").iterdir()] == [memory.name]
        status = Path(f"/proc/{agent.pid}/status").read_text()
        held = 0b1011 if os.geteuid() == 0 else 0  # chown, dac_override, fowner
        assert f"CapEff:\t{held:016x}\n" in status
        assert "NoNewPrivs:\t1\n" in status
    finally:
        backend.processes.stop("agent", group=yard.project)
        shutil.rmtree(memory)


def test_the_record_of_a_session_names_what_is_not_enforced(yard: Yard) -> None:
    backend, plan = yard.backend("/bin/sleep", "60"), yard.plan()
    backend.start_session(plan)
    seen: SeenSession = backend.session(plan.project_id, plan.session_id)
    _until(lambda: _family(_supervisor(backend, plan).pid))
    seen = backend.session(plan.project_id, plan.session_id)
    assert seen.state is SessionState.STARTING
    assert isinstance(seen.unenforced, tuple)
    backend.stop_session(plan.project_id, plan.session_id)
