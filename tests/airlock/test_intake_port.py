"""The airlock's TLS port, reached as a pod reaches it: the real client, through the real forwarder, with a secret."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters.channel import Authority, Channel, client_context, server_context
from orchestrator.airlock import client
from orchestrator.airlock.intake.entrance import Port, open_port, session_of
from orchestrator.airlock.intake.listening import Intake, IntakeTimes
from orchestrator.airlock.store import select_ids
from orchestrator.core.ids import new_id
from tests.airlock.world import SAFE

CLIENT = Path(client.__file__)
PROGRAM = CLIENT.parents[2] / "images" / "workspace" / "session.py"
SECRET, OTHER = "secret-of-the-author", "secret-of-a-colleague"


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def wait_for(condition, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


class Entered:
    """A running intake with a port, two sessions of pods, and what reaches it."""

    def __init__(self, world, place: Path, port: Port, intake: Intake) -> None:
        self.world, self.place, self.intake = world, place, intake
        self.port = port.listener.getsockname()[1]
        self.author = world.sessions.sessions[0]

    @contextlib.contextmanager
    def forwarder(self, secret: str) -> Iterator[Path]:
        """The first process of a container; yields the socket that its kernel sees."""
        path = Path(tempfile.mkdtemp(dir=self.place)) / "intake.sock"
        link = {"socket": str(path), "host": "127.0.0.1", "port": self.port, "tls": True, "secret": secret}
        link |= {"authority": (self.place / "authority" / "ca.crt").read_text(), "name": "airlock.tre.internal"}
        plan = {"links": [link], "command": ["/bin/sleep", "600"]}
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROGRAM)], env={"TRE_SESSION": json.dumps(plan)}, stdin=subprocess.DEVNULL
        )
        try:
            wait_for(path.exists)
            yield path
        finally:
            process.terminate()
            process.wait(90)

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.place / "authority" / "ca.crt"))
        context.check_hostname = True
        return context

    def connect(self) -> ssl.SSLSocket:
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=90)
        return self.context().wrap_socket(raw, server_hostname="airlock.tre.internal")

    def kept(self) -> list[str]:
        with self.world.record.read() as session:
            return select_ids(session)

    def nothing_kept(self) -> bool:
        store = self.world.desk.frozen.directory
        frozen = list((store / "frozen").rglob("??/*"))
        return not self.kept() and not list((store / "incoming").iterdir()) and not frozen


@contextlib.contextmanager
def entered(world, place: Path, **options) -> Iterator[Entered]:
    authority = Authority.open(place / "authority")
    context = server_context(authority.keep(place / "airlock", "airlock"), strangers=True)
    port = replace(open_port("127.0.0.1", 0, context), **options)
    first = replace(world.live, directory=None, intake_sha256=digest(SECRET))
    second = replace(first, session_id=new_id(), person_id=world.colleague, intake_sha256=digest(OTHER))
    world.sessions.sessions[:] = [first, second]
    stop = threading.Event()
    times = IntakeTimes(idle=60, total=120, look=0.02, turn=60)
    intake = Intake(
        world.service.submissions, world.desk.frozen, world.sessions, world.desk.pack.limits, port=port, times=times
    )
    thread = threading.Thread(target=intake.run, args=(stop,))
    thread.start()
    try:
        wait_for(lambda: intake._live)
        yield Entered(world, place, port, intake)
    finally:
        stop.set()
        thread.join(90)
        assert not thread.is_alive()


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="in-", dir="/tmp") as directory:
        yield Path(directory)


@pytest.fixture
def port(world, place: Path) -> Iterator[Entered]:
    with entered(world, place) as running:
        yield running


def tre_airlock(path: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", str(CLIENT), "--socket", str(path), *arguments],
        check=False, capture_output=True, text=True, timeout=100, cwd=cwd,
    )  # fmt: skip


def frame(letter: bytes, payload: bytes) -> bytes:
    return letter + struct.pack(">I", len(payload)) + payload


def said(secret: str) -> bytes:
    return frame(b"S", json.dumps({"secret": secret}).encode())


def header(*names: str, action: str = "submit") -> bytes:
    files = [{"name": name, "context": "why"} for name in names]
    return frame(b"H", json.dumps({"protocol": 1, "action": action, "title": "t", "files": files}).encode())


def answer(connection: socket.socket) -> dict:
    received = bytearray()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while piece := connection.recv(1 << 16):
            received += piece
    connection.close()
    return json.loads(received[5:]) if received[:1] == b"R" else {}


def test_the_real_client_submits_through_the_forwarder_and_what_it_sends_is_frozen(port: Entered, tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(SAFE)
    (tmp_path / "big.txt").write_bytes(os.urandom(4_000_000).hex().encode())
    with port.forwarder(SECRET) as path:
        done = tre_airlock(
            path, "submit", "a.csv", "big.txt", "--title", "Ages", "--context", "rounded", "--output", "json",
            cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        status = tre_airlock(path, "status")
        assert (status.returncode, "frozen" in status.stdout) == (0, True)
    world = port.world
    (submission,) = world.service.submissions.mine(world.actor(world.author))
    assert submission.submission_id == json.loads(done.stdout)["submission"]
    for file in submission.files:
        assert world.desk.frozen.path(file.sha256).read_bytes() == (tmp_path / file.name).read_bytes()


def test_each_secret_is_its_own_session_and_no_other(port: Entered, tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(SAFE)
    with port.forwarder(OTHER) as path:
        assert tre_airlock(path, "submit", "a.csv", "--title", "t", "--context", "w", cwd=tmp_path).returncode == 0
    world = port.world
    assert world.service.submissions.mine(world.actor(world.author)) == []
    assert len(world.service.submissions.mine(world.actor(world.colleague))) == 1


@pytest.mark.parametrize("secret", ["wrong", SECRET.upper(), SECRET + " ", digest(SECRET).hex(), "x" * 256, "ä\ud800"])
def test_a_secret_that_no_live_session_has_is_refused_in_words(port: Entered, tmp_path: Path, secret: str):
    (tmp_path / "a.csv").write_bytes(SAFE)
    with port.forwarder(secret) as path:
        done = tre_airlock(path, "submit", "a.csv", "--title", "t", "--context", "w", cwd=tmp_path)
    assert done.returncode == client.EXIT["refused"]
    assert "not known here or has ended" in done.stderr
    assert port.nothing_kept()


def test_the_refusal_arrives_although_megabytes_are_being_sent(port: Entered, tmp_path: Path):
    (tmp_path / "big.txt").write_bytes(os.urandom(8_000_000).hex().encode())
    with port.forwarder("wrong") as path:
        done = tre_airlock(path, "submit", "big.txt", "--title", "t", "--context", "w", cwd=tmp_path)
    assert done.returncode == client.EXIT["refused"], done.stderr
    assert port.nothing_kept()


def test_the_secret_of_a_session_that_has_ended_is_refused(port: Entered):
    port.world.sessions.sessions[:] = [s for s in port.world.sessions.sessions if s is not port.author]
    wait_for(lambda: port.author not in port.intake._live)
    with port.forwarder(SECRET) as path:
        done = tre_airlock(path, "status")
    assert (done.returncode, "has ended" in done.stderr) == (client.EXIT["refused"], True)


def test_a_session_that_is_withdrawn_midway_leaves_nothing(port: Entered):
    with port.connect() as connection:
        connection.sendall(said(SECRET) + header("a.csv") + frame(b"D", SAFE))
        wait_for(lambda: list((port.world.desk.frozen.directory / "incoming").iterdir()))
        port.world.sessions.sessions[:] = []
        end = {"size": len(SAFE), "sha256": hashlib.sha256(SAFE).hexdigest()}
        connection.sendall(frame(b"E", json.dumps(end).encode()) + frame(b"F", b""))
        refused = answer(connection)
    assert (refused["error"], "ended meanwhile" in refused["message"]) == ("refused", True)
    wait_for(port.nothing_kept)


@pytest.mark.parametrize(
    "first",
    [
        header("a.csv"),
        frame(b"S", b"{"),
        frame(b"S", b"[]"),
        frame(b"S", b'{"secret": 7}'),
        frame(b"S", b'{"secret": ""}'),
        frame(b"S", json.dumps({"secret": "x" * 257}).encode()),
        b"S" + struct.pack(">I", 1 << 30),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_whatever_else_comes_first_is_refused(port: Entered, first: bytes):
    with port.connect() as connection:
        connection.sendall(first)
        assert answer(connection)["error"] == "invalid"
    assert port.nothing_kept()


def test_plain_tcp_and_older_tls_get_nothing(port: Entered):
    with socket.create_connection(("127.0.0.1", port.port), timeout=90) as plain:
        plain.sendall(said(SECRET) + header(action="status") + frame(b"F", b""))
        with contextlib.suppress(ConnectionError):
            assert b"submissions" not in plain.recv(1000)
    old = port.context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", port.port), timeout=90) as raw, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(raw, server_hostname="airlock.tre.internal")


def test_a_certificate_of_the_channel_is_not_needed_and_gives_no_rights(port: Entered):
    authority = Authority.open(port.place / "authority")
    context = client_context(authority.keep(port.place / "controller", "controller"))
    assert isinstance(Channel.at(port.place / "controller"), Channel)
    raw = socket.create_connection(("127.0.0.1", port.port), timeout=90)
    with context.wrap_socket(raw, server_hostname="airlock.tre.internal") as connection:
        connection.sendall(said("wrong"))
        assert answer(connection)["error"] == "refused"


def endless(port: Entered) -> dict:
    """Send until the airlock ends it; what it answers is lost where the connection is reset under the sender."""
    piece, sent = frame(b"D", bytes(1 << 20)), 0
    with port.forwarder(SECRET) as path, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(path))
        connection.sendall(header("endless.bin"))
        with contextlib.suppress(ConnectionError):
            while sent < 200 << 20:
                connection.sendall(piece)
                sent += 1 << 20
        refused = answer(connection)
    assert sent < 200 << 20
    return refused


def test_a_stream_of_200_megabytes_ends_at_the_limit_and_takes_no_memory(port: Entered):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = next((told for told in (endless(port) for _ in range(5)) if told), {})
    assert (refused["error"], "bytes" in refused["message"]) == ("invalid", True)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024
    wait_for(port.nothing_kept)


def test_who_never_says_who_he_is_holds_up_nobody(world, place: Path):
    with entered(world, place, strangers=8, strangers_per_address=6) as port, contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", port.port))) for _ in range(40)]
        for _ in range(3):
            stack.enter_context(port.connect()).sendall(b"S")
        with port.forwarder(SECRET) as path:
            assert tre_airlock(path, "status").returncode == 0
        assert len(silent) == 40


def test_one_address_cannot_take_all_waiting_places(world, place: Path):
    with entered(world, place, strangers_per_address=2) as port, contextlib.ExitStack() as stack:
        oldest = stack.enter_context(socket.create_connection(("127.0.0.1", port.port), timeout=90))
        wait_for(lambda: port.intake._entrance._strangers)
        for _ in range(3):
            stack.enter_context(socket.create_connection(("127.0.0.1", port.port)))
        with contextlib.suppress(ConnectionError):
            assert oldest.recv(1) == b""
        wait_for(lambda: len(port.intake._entrance._strangers) == 2)


def test_who_takes_too_long_to_say_who_he_is_is_shown_out(world, place: Path):
    with entered(world, place, first_seconds=1.0) as port:
        silent = socket.create_connection(("127.0.0.1", port.port), timeout=90)
        with contextlib.suppress(ConnectionError), silent:
            assert silent.recv(1) == b""
        with contextlib.suppress(ConnectionError, ssl.SSLError), port.connect() as connection:
            assert answer(connection) == {}
        wait_for(lambda: not port.intake._entrance._strangers)


def test_one_session_cannot_take_every_place(port: Entered, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(port.intake, "_times", replace(port.intake._times, turn=0.2))
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(port.connect()).sendall(said(SECRET))
        wait_for(lambda: port.intake._busy[port.author.session_id] == 2)
        third = stack.enter_context(port.connect())
        third.sendall(said(SECRET))
        assert answer(third)["error"] == "unavailable"
        with port.forwarder(OTHER) as path:
            assert tre_airlock(path, "status").returncode == 0


def test_a_session_of_this_machine_keeps_its_socket_beside_the_port(world, place: Path):
    directory = place / "i"
    with entered(world, place) as port:
        here = replace(world.live, session_id=new_id(), directory=directory)
        world.sessions.sessions.append(here)
        wait_for((directory / "intake.sock").exists)
        assert tre_airlock(directory / "intake.sock", "status").returncode == 0
        world.sessions.sessions.remove(here)
        wait_for(lambda: not (directory / "intake.sock").exists())
        assert port.port


def test_a_session_without_a_secret_is_reached_by_none(world):
    without = replace(world.live, intake_sha256=None)
    assert session_of("", [without]) is None
    assert session_of(SECRET, [without, replace(without, intake_sha256=digest(SECRET))]) is not None
