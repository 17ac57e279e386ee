"""The first process of a researcher's container, as a real process: server, signals, exit codes, forwarder."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrator.adapters.channel import Authority, server_context
from tests.ports import free_port
from tests.processes import ended

PROGRAM = Path(__file__).parents[2] / "images" / "workspace" / "session.py"
FOREVER = "import time\nprint('up', flush=True)\nwhile True: time.sleep(1)"


def eventually(condition: Callable[[], object], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="se-", dir="/tmp") as directory:
        yield Path(directory)


class Started:
    """One running session program."""

    def __init__(self, place: Path, *, code: str = FOREVER, links: list[dict[str, Any]] | None = None) -> None:
        plan = {"links": links or [], "folders": [str(place / "home" / "outbox")]}
        plan["command"] = [sys.executable, "-c", code]
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROGRAM)],
            env={
                "PATH": os.defpath,
                "TRE_SESSION": json.dumps(plan),
                "KEPT": "1",
                "KUBERNETES_SERVICE_HOST": "10.96.0.1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def children(self) -> dict[str, int]:
        """The server is the one that was executed; the forwarder is a fork of the program."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                found["forwarder" if str(PROGRAM) in child.cmdline() else "server"] = child.pid
        return found


@contextlib.contextmanager
def session(place: Path, **options: Any) -> Iterator[Started]:
    started = Started(place, **options)
    try:
        yield started
    finally:
        for child in started.children().values() if started.process.poll() is None else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        started.process.kill()
        started.process.communicate(timeout=90)


@contextlib.contextmanager
def listening(converse: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A TCP server that gives each connection to ``converse`` in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            connection.settimeout(60)
            spoken = context.wrap_socket(connection, server_side=True) if context else connection
            with contextlib.closing(spoken):
                converse(spoken)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def everything(connection: socket.socket) -> bytes:
    received = bytearray()
    while piece := connection.recv(1 << 16):
        received += piece
    return bytes(received)


def echo(connection: socket.socket) -> None:
    """Say all of it again once it has ended."""
    connection.sendall(everything(connection))


def called(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    eventually(lambda: connection.connect_ex(str(path)) == 0)  # its name is there as soon as somebody listens
    return connection


def link(place: Path, port: int, **more: Any) -> dict[str, Any]:
    return {"socket": str(place / "run" / "link.sock"), "host": "127.0.0.1", "port": port, **more}


def test_the_server_gets_its_environment_without_the_plan_and_its_folders_and_sockets_are_there(place: Path) -> None:
    code = f"""
import os, stat
print(sorted(os.environ), os.path.isdir({str(place / "home" / "outbox")!r}))
print(oct(stat.S_IMODE(os.stat({str(place / "run" / "link.sock")!r}).st_mode)))
"""
    with session(place, code=code, links=[link(place, 9)]) as started:
        out, error = started.process.communicate(timeout=120)
    lines = out.splitlines()
    assert "TRE_SESSION" not in lines[0]
    assert "KUBERNETES" not in lines[0]
    assert "'KEPT'" in lines[0]
    assert lines[0].endswith("True")
    assert lines[1] == "0o600"
    assert (started.process.returncode, error) == (0, "")


def test_a_file_in_the_place_of_a_folder_does_not_keep_the_researcher_out(place: Path) -> None:
    (place / "home").mkdir()
    (place / "home" / "outbox").write_text("mine")
    with session(place, code="print('served')") as started:
        out, error = started.process.communicate(timeout=120)
    assert (started.process.returncode, out) == (0, "served\n")
    assert "outbox cannot be made: File exists" in error


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise SystemExit(7)", 7),
        ("import os; os.kill(os.getpid(), 9)", 137),
        ("import os; os.kill(os.getpid(), 15)", 143),
    ],
)
def test_it_ends_with_the_servers_exit_code(place: Path, code: str, expected: int) -> None:
    with session(place, code=code) as started:
        started.process.communicate(timeout=120)
        assert started.process.returncode == expected


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_server_which_ends_in_its_own_way(place: Path, number: signal.Signals) -> None:
    code = f"""
import signal, sys, time
signal.signal({int(number)}, lambda *_: sys.exit(5))
print("up", flush=True)
while True: time.sleep(1)
"""
    with session(place, code=code, links=[link(place, 9)]) as started:
        assert started.process.stdout is not None
        assert started.process.stdout.readline() == "up\n"
        forwarder = started.children()["forwarder"]
        started.process.send_signal(number)
        assert started.process.wait(90) == 5
        eventually(lambda: ended(forwarder))


@pytest.mark.parametrize(
    "plan", ["", "{", "[]", "{}", '{"command": []}', '{"command": ["x"], "links": [{"socket": 1}]}']
)
def test_a_plan_that_cannot_be_used_is_said(plan: str) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(PROGRAM)],
        env={"TRE_SESSION": plan}, check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 78
    assert "no plan that can be used" in done.stderr


def test_a_server_that_does_not_exist_is_said(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(PROGRAM)],
        env={"TRE_SESSION": json.dumps({"command": [str(place / "missing")]})},
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, "cannot be started" in done.stderr) == (127, True)


def test_nobody_of_the_same_user_reads_the_plan_from_the_first_process() -> None:
    code = """
import os
try:
    print(open('/proc/%d/environ' % os.getppid()).read())
except PermissionError:
    print('refused')
"""
    nobody: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": []}
    somebody = nobody if os.geteuid() == 0 else {}  # root reads everything
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-S", "-c", PROGRAM.read_text()],
        env={"TRE_SESSION": json.dumps({"command": ["/usr/bin/python3", "-c", code]})},
        cwd="/", check=False, capture_output=True, text=True, timeout=120, **somebody,
    )  # fmt: skip
    assert done.stdout == "refused\n", done.stderr


def test_orphans_are_buried(place: Path) -> None:
    code = """
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(0.3)
    os._exit(0)
os.wait()
while True: time.sleep(1)
"""
    with session(place, code=code) as started:
        assert started.process.stdout is not None
        orphan = int(started.process.stdout.readline())
        eventually(lambda: not psutil.pid_exists(orphan))  # one that nobody buries keeps its number


def test_a_forwarder_that_was_killed_is_started_again_and_the_server_goes_on(place: Path) -> None:
    with listening(echo) as port, session(place, links=[link(place, port)]) as started:
        eventually(lambda: len(started.children()) == 2)
        before = started.children()
        os.kill(before["forwarder"], signal.SIGKILL)
        with called(place / "run" / "link.sock") as connection:
            connection.sendall(b"still there")
            connection.shutdown(socket.SHUT_WR)
            assert everything(connection) == b"still there"
        after = started.children()
        assert after["server"] == before["server"]
        assert after["forwarder"] != before["forwarder"]


def test_the_forwarder_ends_with_the_first_process_even_when_that_is_killed(place: Path) -> None:
    with session(place) as started:
        eventually(lambda: len(started.children()) == 2)
        children = started.children()
        started.process.kill()
        started.process.wait(90)
        eventually(lambda: ended(children["forwarder"]))
        os.kill(children["server"], signal.SIGKILL)


def test_one_ways_end_is_passed_on_and_the_answer_still_arrives_whole(place: Path) -> None:
    content = os.urandom(5_000_000)
    with (
        listening(echo) as port,
        session(place, links=[link(place, port)]),
        called(place / "run" / "link.sock") as connection,
    ):
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        assert everything(connection) == content


def test_a_server_that_ends_first_is_the_clients_end(place: Path) -> None:
    with (
        listening(lambda connection: connection.sendall(b"bye")) as port,
        session(place, links=[link(place, port)]),
        called(place / "run" / "link.sock") as connection,
    ):
        assert everything(connection) == b"bye"


def test_a_client_that_is_killed_is_noticed_by_the_server(place: Path) -> None:
    seen = threading.Event()

    def converse(connection: socket.socket) -> None:
        everything(connection)
        seen.set()

    with listening(converse) as port, session(place, links=[link(place, port)]):
        connection = called(place / "run" / "link.sock")
        connection.sendall(b"half a requ")
        connection.close()
        assert seen.wait(90)


def test_too_many_connections_are_turned_away_and_the_first_ones_live(place: Path) -> None:
    def converse(connection: socket.socket) -> None:
        while piece := connection.recv(100):
            connection.sendall(piece)

    with listening(converse) as port, session(place, links=[link(place, port)]), contextlib.ExitStack() as stack:
        path = place / "run" / "link.sock"
        taken = [stack.enter_context(called(path)) for _ in range(64)]
        for connection in taken:
            connection.sendall(b"hello")
            assert connection.recv(5, socket.MSG_WAITALL) == b"hello"
        with called(path) as surplus:
            assert surplus.recv(1) == b""
        taken[0].sendall(b"again")
        assert taken[0].recv(5, socket.MSG_WAITALL) == b"again"


def test_a_platform_that_does_not_answer_is_said_as_the_program_at_the_socket_understands_it(place: Path) -> None:
    port = free_port()
    links = [link(place, port), {**link(place, port, secret="s"), "socket": str(place / "run" / "intake.sock")}]
    with session(place, links=links):
        with called(place / "run" / "link.sock") as connection:
            assert b"The database cannot be reached" in everything(connection)
        with called(place / "run" / "intake.sock") as connection:
            answer = everything(connection)
            assert answer[:1] == b"R"
            assert json.loads(answer[5:])["error"] == "unavailable"


def _authority(place: Path) -> Authority:
    return Authority.open(place / "authority")


def _secured(place: Path, port: int, **more: Any) -> dict[str, Any]:
    return link(place, port, tls=True, authority=_authority(place).certificate, name="airlock.tre.internal", **more)


def test_by_tls_the_secret_goes_first_and_a_large_answer_arrives_whole_at_a_slow_reader(place: Path) -> None:
    authority, answer = _authority(place), os.urandom(3_000_000)
    context = server_context(authority.keep(place / "airlock", "airlock"), strangers=True)

    def converse(connection: socket.socket) -> None:
        assert connection.recv(5) == b"S\0\0\0\x11"
        assert json.loads(connection.recv(17)) == {"secret": "abc"}
        connection.sendall(answer)
        socket.socket.shutdown(connection, socket.SHUT_WR)

    with listening(converse, context) as port:
        links = [_secured(place, port, secret="abc")]
        with session(place, links=links), called(place / "run" / "link.sock") as connection:
            time.sleep(1)
            received = bytearray()
            while piece := connection.recv(50_000):
                received += piece
                time.sleep(0.002)
            assert bytes(received) == answer


@pytest.mark.parametrize("part", ["controller", None])
def test_an_airlock_that_is_not_the_installations_own_gets_no_secret(place: Path, part: str | None) -> None:
    authority, came = _authority(place), threading.Event()
    other = authority if part else Authority.open(place / "another")
    context = server_context(other.keep(place / "end", part or "airlock"), strangers=True)

    def converse(connection: socket.socket) -> None:
        if connection.recv(1):
            came.set()

    with listening(converse, context) as port:
        links = [_secured(place, port, secret="abc")]
        with session(place, links=links), called(place / "run" / "link.sock") as connection:
            assert b"cannot be reached" in everything(connection)
    assert not came.is_set()
