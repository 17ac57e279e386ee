"""The walls of a session on one machine, tried from inside; every probe gets through where its wall is missing.

The same probes for a bubblewrap sandbox and for a container.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.sandbox.backend import SandboxBackend, SandboxSettings
from orchestrator.adapters.sandbox.places import Places
from orchestrator.core.ids import new_id
from orchestrator.workspaces.model import Limits, Mount, SeenSession, SessionPlan, SessionState
from tests.contract.docker_world import RunningEngine, needs_docker, sessions_in

PROJECT = Path(__file__).parents[2]
WORKSPACE = PROJECT / ".venv-workspace"
ROOT = os.geteuid() == 0
CANARY = "canary-8f31c2"
TOKEN = "token-of-the-hub"
LIMITS = Limits(cpus=1.0, memory_mib=256, processes=40, file_size_mib=8)

pytestmark = pytest.mark.skipif(not (WORKSPACE / "bin" / "python").exists(), reason="no workspace environment")

PROBE = r"""
import ctypes, errno, json, os, resource, signal, socket, sys
places = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
facts = {}

def attempt(call):
    try:
        return call() or "done"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno)) if error.errno else type(error).__name__

def connect(family, address, kind=socket.SOCK_STREAM):
    def call():
        with socket.socket(family, kind) as s:
            s.settimeout(2)
            s.connect(address)
            if kind == socket.SOCK_DGRAM:
                s.send(b"question")
                return s.recv(100).decode()
    return attempt(call)

def system_call(*words):
    ctypes.set_errno(0)
    answer = libc.syscall(*(ctypes.c_long(word) for word in words))
    return "done" if answer >= 0 else errno.errorcode.get(ctypes.get_errno(), "?")

def in_child(call):
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if call() in (None, "done") else 3)
        except OSError as error:
            os._exit(error.errno % 256)
        except MemoryError:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def write(path):
    def call():
        with open(path, "ab") as file:
            file.write(b"x")
    return attempt(call)

def mount(flags):
    ctypes.set_errno(0)
    place = places["dataset"].encode()
    return "done" if libc.mount(place, place, None, flags, None) == 0 else errno.errorcode[ctypes.get_errno()]

def fork_many():
    children = []
    try:
        for _ in range(200):
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
    except OSError:
        pass
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return len(children)

def big_file():
    def call():
        with open(places["home"] + "/big", "wb") as file:
            for _ in range(32):
                file.write(b"x" * 2**20)
                file.flush()
    answer = attempt(call)
    os.unlink(places["home"] + "/big")
    return answer

def take_memory():
    kept = bytearray(600 * 2**20)
    kept[::4096] = b"x" * len(kept[::4096])

facts["interfaces"] = [name for _, name in socket.if_nameindex()]
facts["tcp"] = connect(socket.AF_INET, ("127.0.0.1", places["tcp"]))
facts["udp"] = connect(socket.AF_INET, ("127.0.0.1", places["udp"]), socket.SOCK_DGRAM)
facts["abstract"] = connect(socket.AF_UNIX, "\0" + places["abstract"])
facts["socket file"] = connect(socket.AF_UNIX, places["socket"])
facts["name"] = attempt(lambda: socket.gethostbyname("example.org"))
facts["dataset read"] = attempt(lambda: open(places["dataset"] + "/table.csv").read())
facts["dataset write"] = write(places["dataset"] + "/table.csv")
facts["dataset new"] = write(places["dataset"] + "/new")
facts["home write"] = write(places["home"] + "/mine")
facts["shared write"] = write(places["shared"] + "/ours")
facts["mounts"] = [mount(4096), mount(4096 | 32 | 2 | 4)]  # bind; then again, writable
facts["nested"] = in_child(lambda: os._exit(0 if libc.unshare(0x10000000) == 0 else 1))
def clone_user():
    child = libc.syscall(56, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0) if os.uname().machine == "x86_64" else -1
    if child == 0:
        os._exit(0)
    return child
child = clone_user()
facts["nested clone"] = child > 0
if child > 0:
    os.waitpid(child, 0)
facts["there"] = [path for path in places["outside"] if os.path.lexists(path)]
facts["processes"] = []
facts["environments"] = ""
for name in os.listdir("/proc"):
    if name.isdigit():
        try:
            facts["processes"].append(open(f"/proc/{name}/cmdline").read().replace("\0", " "))
            facts["environments"] += open(f"/proc/{name}/environ").read().replace("\0", "\n")
        except OSError:
            pass
lines = [line for line in open("/proc/self/status") if line.startswith(("Cap", "NoNew"))]
facts["status"] = dict(line.rstrip().split(":\t") for line in lines)
facts["environment"] = dict(os.environ)
facts["core"] = resource.getrlimit(resource.RLIMIT_CORE)[1]
facts["calls"] = {
    "keyctl": system_call({"x86_64": 250}.get(os.uname().machine, 219), 0, -3, 1),
    "io_uring": system_call(425, 1, 0),
    "open_tree": system_call(428, -100, 0, 0),
    "bpf": system_call({"x86_64": 321}.get(os.uname().machine, 280), 0, 0, 0),
}
facts["vsock"] = attempt(lambda: socket.socket(40, socket.SOCK_STREAM).close())
facts["packet"] = attempt(lambda: socket.socket(17, socket.SOCK_DGRAM).close())
facts["file size"] = big_file()
if places["exhaust"]:
    facts["forks"] = fork_many()
    facts["memory"] = in_child(take_memory)
facts["user"] = (os.getuid(), os.path.expanduser("~"))
with open(places["home"] + "/report.json", "w") as file:
    json.dump(facts, file)
"""


class Outside:
    """Listeners of every kind on the host: what a researcher would like to reach."""

    def __init__(self, directory: Path) -> None:
        self.abstract = f"outside-{os.getpid()}-{new_id()}"
        self.path = directory / "host.sock"
        self.tcp, self.udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.names = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        self.tcp.bind(("127.0.0.1", 0))
        self.udp.bind(("127.0.0.1", 0))
        self.names[0].bind("\0" + self.abstract)
        self.names[1].bind(str(self.path))
        for listener in (self.tcp, *self.names):
            listener.listen(20)
        self.thread = threading.Thread(target=self._answer, daemon=True)
        self.thread.start()

    def _answer(self) -> None:
        while True:
            try:
                question, sender = self.udp.recvfrom(100)
            except OSError:
                return
            if question == b"end":
                return
            self.udp.sendto(b"answer", sender)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", self.udp.getsockname())
        self.thread.join()
        for listener in (self.tcp, self.udp, *self.names):
            listener.close()


class Yard:
    """One installation with two projects, and the means to run a program inside a session."""

    def __init__(self, state: Path, engine: RunningEngine | None) -> None:
        self.state, self.engine = state, engine
        self.project, self.other = new_id(), new_id()
        self.dataset = state / "memory" / "eunomia"
        self.dataset.mkdir(parents=True)
        (self.dataset / "table.csv").write_text("a,b\n1,2\n")
        self.dataset.chmod(0o777)  # so that nothing but the read-only view stands in the way
        (self.dataset / "table.csv").chmod(0o666)
        secret = state / "projects" / self.other / "homes" / "secret.txt"
        secret.parent.mkdir(parents=True)
        secret.write_text("another project's")
        self.secret = secret

    def plan(self, person: str, **changes: Any) -> SessionPlan:
        """Return a plan for this person's session."""
        plan: dict[str, Any] = {
            "session_id": new_id(),
            "project_id": self.project,
            "person_id": person,
            "user_number": 200_017,
            "mounts": (Mount(name="eunomia", source=self.dataset),),
            "limits": LIMITS,
            "environment": {"JUPYTERHUB_API_TOKEN": TOKEN, "PATH": "/host/bin", "LD_PRELOAD": "/host/evil.so"},
        }
        made = SessionPlan(**{**plan, **changes})
        entrance = self.places.intake(made.project_id, made.session_id)
        entrance.mkdir(parents=True)
        (entrance / "intake.sock").touch()
        return made

    @property
    def places(self) -> Places:
        """Return where this installation's things lie."""
        return Places(state=self.state)

    def backend(self, *server: str) -> SandboxBackend:
        """Return the backend whose sessions run this command instead of a server."""
        settings = SandboxSettings(state=self.state, workspace=WORKSPACE, server=server)
        return SandboxBackend(settings, sessions=sessions_in(self.engine, *server) if self.engine else None)

    @contextmanager
    def session(self, plan: SessionPlan, *server: str) -> Iterator[SandboxBackend]:
        """Run a session and end it."""
        backend = self.backend(*server)
        try:
            backend.start_session(plan)
            yield backend
        finally:
            backend.sleep(plan.project_id)

    def run(self, plan: SessionPlan, script: str, *arguments: str) -> SeenSession:
        """Run a Python program inside and wait for its end."""
        shared = self.places.shared(plan.project_id)
        shared.mkdir(parents=True, exist_ok=True)
        (shared / "program.py").write_text(script)
        with self.session(plan, "/opt/workspace/bin/python", "/shared/program.py", *arguments) as backend:
            while (seen := backend.session(plan.project_id, plan.session_id)).state is not SessionState.ENDED:
                time.sleep(0.05)
            log = self.state / "logs" / plan.project_id / f"session-{plan.session_id}.log"
            if seen.exit_code != 0:
                backend.stop_session(plan.project_id, plan.session_id)
                pytest.fail(f"{seen}: {log.read_text()}")
            return seen


@pytest.fixture(scope="module", params=["sandbox", pytest.param("docker", marks=needs_docker)])
def yard(request: pytest.FixtureRequest) -> Iterator[Yard]:
    state = Path(tempfile.mkdtemp(prefix="tre-"))
    state.chmod(0o755)
    try:
        yield Yard(state, request.getfixturevalue("docker_engine") if request.param == "docker" else None)
    finally:
        shutil.rmtree(state)


@pytest.fixture(scope="module")
def outside(yard: Yard) -> Iterator[Outside]:
    listeners = Outside(yard.state)
    holder = subprocess.Popen(["/bin/sleep", "600"], env={"OUTSIDE_SECRET": CANARY})
    yield listeners
    holder.kill()
    holder.wait()
    listeners.close()


def _places(yard: Yard, outside: Outside, **changes: object) -> dict[str, object]:
    absent = [
        yard.state,
        yard.secret,
        yard.secret.parent,
        "/etc/shadow",
        "/work",
        PROJECT,
    ]
    # a container has these two: a host name of its own, and the machine's devices as a read-only list
    absent += [] if yard.engine else ["/etc/hostname", "/sys/kernel"]
    if not sys.base_prefix.startswith("/usr"):
        absent.append(Path(sys.base_prefix))
    return {
        "tcp": outside.tcp.getsockname()[1],
        "udp": outside.udp.getsockname()[1],
        "abstract": outside.abstract,
        "socket": str(outside.path),
        "dataset": "/data/eunomia",
        "home": "/home/researcher",
        "shared": "/shared",
        "outside": [str(path) for path in absent if os.path.lexists(path)],
        "exhaust": True,
        **changes,
    }


@pytest.fixture(scope="module")
def inside(yard: Yard, outside: Outside) -> dict[str, Any]:
    """What the probe found inside a session."""
    person = new_id()
    plan = yard.plan(person)
    seen = yard.run(plan, PROBE, json.dumps(_places(yard, outside)))
    report: dict[str, Any] = json.loads((yard.places.home(plan.project_id, plan.person_id) / "report.json").read_text())
    report["unenforced"] = seen.unenforced
    return report


@pytest.fixture(scope="module")
def control(yard: Yard, outside: Outside) -> dict[str, Any]:
    """What the same probe finds with the walls away: in a user namespace of the host, which may still do all this."""
    folder = yard.state / "control"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "table.csv").write_text("a,b\n")
    places = _places(yard, outside, dataset=str(folder / "data"), home=str(folder), shared=str(folder), exhaust=False)
    command = ["unshare", "-Urm", sys.executable, "-c", PROBE, json.dumps(places)]
    subprocess.run(command, check=True, timeout=60, env={**os.environ, "OUTSIDE_SECRET": CANARY})
    result: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return result


def test_the_session_has_no_network_but_its_own_loopback(inside: dict[str, Any], control: dict[str, Any]) -> None:
    assert inside["interfaces"] == ["lo"]
    assert len(control["interfaces"]) >= 1
    assert (control["tcp"], inside["tcp"]) == ("done", "ECONNREFUSED")
    assert (control["udp"], inside["udp"]) == ("answer", "ECONNREFUSED")


def test_unix_sockets_of_the_host_cannot_be_reached(inside: dict[str, Any], control: dict[str, Any]) -> None:
    assert (control["abstract"], inside["abstract"]) == ("done", "ECONNREFUSED")
    assert (control["socket file"], inside["socket file"]) == ("done", "ENOENT")


def test_no_name_can_be_looked_up(inside: dict[str, Any], control: dict[str, Any]) -> None:
    assert control["udp"] == "answer"
    assert inside["name"] not in {"done"}
    assert not inside["name"][0].isdigit() or inside["name"].startswith("-")


def test_a_dataset_can_be_read_and_never_written(inside: dict[str, Any], control: dict[str, Any]) -> None:
    assert inside["dataset read"] == "a,b\n1,2\n"
    assert (control["dataset write"], inside["dataset write"]) == ("done", "EROFS")
    assert (control["dataset new"], inside["dataset new"]) == ("done", "EROFS")
    assert inside["home write"] == inside["shared write"] == "done"


def test_nothing_can_be_mounted_or_mounted_again(inside: dict[str, Any], control: dict[str, Any]) -> None:
    assert control["mounts"] == ["done", "done"]
    assert inside["mounts"] == ["EPERM", "EPERM"]


def test_no_further_user_namespace_can_be_made(inside: dict[str, Any], control: dict[str, Any]) -> None:
    assert (control["nested"], inside["nested"]) == (0, 1)
    if os.uname().machine == "x86_64":
        assert (control["nested clone"], inside["nested clone"]) == (True, False)


def test_other_projects_and_the_host_are_absent(inside: dict[str, Any], control: dict[str, Any]) -> None:
    assert len(control["there"]) >= 5
    assert inside["there"] == []


def test_only_the_sessions_own_processes_exist(inside: dict[str, Any], control: dict[str, Any]) -> None:
    assert any("pytest" in command for command in control["processes"])
    assert all("program.py" in command for command in inside["processes"] if command)
    assert len(inside["processes"]) <= 4


def test_the_session_holds_no_capability_and_can_gain_none(inside: dict[str, Any], control: dict[str, Any]) -> None:
    assert int(control["status"]["CapEff"], 16) > 0
    assert {name: int(value, 16) for name, value in inside["status"].items()} == {
        "CapInh": 0, "CapPrm": 0, "CapEff": 0, "CapBnd": 0, "CapAmb": 0, "NoNewPrivs": 1,
    }  # fmt: skip


def test_the_only_secret_inside_is_the_hubs_own_token(inside: dict[str, Any], control: dict[str, Any]) -> None:
    assert CANARY in control["environments"]
    assert CANARY not in inside["environments"]
    assert inside["environment"]["JUPYTERHUB_API_TOKEN"] == TOKEN
    assert "LD_PRELOAD" not in inside["environment"]
    assert inside["environment"]["OMP_NUM_THREADS"] == "1"
    assert "/host/bin" not in inside["environment"]["PATH"]


def test_calls_that_exploits_like_are_refused(inside: dict[str, Any], control: dict[str, Any]) -> None:
    for name, answer in inside["calls"].items():
        assert answer == "EPERM", name
    assert [name for name, answer in control["calls"].items() if answer != "EPERM"] != []
    assert inside["vsock"] == inside["packet"] == "EAFNOSUPPORT"


def test_a_fork_bomb_stays_within_its_bound(inside: dict[str, Any]) -> None:
    assert 10 < inside["forks"] < LIMITS.processes


def test_a_file_cannot_outgrow_its_bound(inside: dict[str, Any], control: dict[str, Any]) -> None:
    assert (control["file size"], inside["file size"]) == ("done", "EFBIG")


def test_a_process_that_takes_too_much_memory_is_stopped(inside: dict[str, Any]) -> None:
    assert inside["memory"] in {-9, 99}
    assert inside["core"] == 0


def test_what_is_not_enforced_is_named(inside: dict[str, Any]) -> None:
    words = " ".join(inside["unenforced"])
    if ROOT and Path("/sys/fs/cgroup/memory/cgroup.procs").exists():
        assert "memory" not in words
    elif not ROOT and not os.access("/sys/fs/cgroup", os.W_OK):
        assert "memory of the whole session" in words
        assert "processor share" in words


def test_two_members_share_a_folder_but_not_their_homes(yard: Yard) -> None:
    first, second = yard.plan(new_id()), yard.plan(new_id())
    write = "open('/shared/note', 'w').write('for us'); open('/home/researcher/diary', 'w').write('for me')"
    read = (
        "import os; assert open('/shared/note').read() == 'for us'; open('/shared/note', 'a').write(' both')\n"
        "assert not os.path.exists('/home/researcher/diary'); assert os.listdir('/home') == ['researcher']\n"
        "assert os.listdir('/home/researcher') == ['outbox']"
    )
    yard.run(first, write)
    yard.run(second, read)
    assert (yard.places.shared(first.project_id) / "note").read_text() == "for us both"
    assert (yard.places.home(first.project_id, first.person_id) / "diary").read_text() == "for me"


def test_a_link_in_place_of_the_outbox_leads_nobody_astray(yard: Yard) -> None:
    target = yard.state / "precious"
    target.mkdir(mode=0o700)
    plan = yard.plan(new_id())
    yard.run(
        plan, f"import os; os.rmdir('/home/researcher/outbox'); os.symlink({str(target)!r}, '/home/researcher/outbox')"
    )
    yard.run(yard.plan(plan.person_id), "import os; assert os.path.islink('/home/researcher/outbox')")
    assert (target.stat().st_uid, target.stat().st_mode & 0o777) == (os.geteuid(), 0o700)


def test_no_secret_is_seen_in_the_process_list(yard: Yard) -> None:
    plan = yard.plan(new_id())
    with yard.session(plan, "/bin/sleep", "61"):
        deadline = time.monotonic() + 20
        commands = ""
        while "/bin/sleep 61" not in commands and time.monotonic() < deadline:
            commands = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        assert "/bin/sleep 61" in commands
        assert TOKEN not in commands
        files = [path for path in (yard.state / "run").rglob("*") if path.is_file()]
        assert files != []
        assert not [path for path in files if TOKEN in path.read_text(errors="replace")]
