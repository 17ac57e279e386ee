"""The desk at a port: each part of each project gets its own answers there, and nobody else gets any."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.adapters.addresses import TcpAddress
from orchestrator.adapters.channel import Authority, Channel, Peer, call, client_context, host_of
from orchestrator.adapters.desk import Desk
from orchestrator.controller.channel_desk import ChannelDesk, DeskLimits
from orchestrator.controller.desk import DeskParts
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import NotFound, OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import new_id

CONTROLLER = Peer(part="controller")
OPEN, OTHER, ASLEEP, UNKNOWN = "openprojectaaaaa", "otherprojectaaaa", "asleepprojectaaa", "unknownprojectaa"
PERSON = "personaaaaaaaaaa"
LIMITS = DeskLimits(handshake_seconds=3.0, request_seconds=3.0, knocking=4, connections=4, threads=2, long_threads=2)


@dataclass
class Controller:
    """The rooms behind the desk; notes what was asked for which project."""

    asked: list[tuple[str, ...]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    held: int = 0

    def parts(self) -> DeskParts:
        return DeskParts(
            identity=SimpleNamespace(  # type: ignore[arg-type]
                person=lambda _: SimpleNamespace(name="P"), signed_out=lambda _: {}
            ),
            register=self,  # type: ignore[arg-type]
            launcher=self,  # type: ignore[arg-type]
            keeper=SimpleNamespace(lock=lambda _: contextlib.nullcontext()),  # type: ignore[arg-type]
            admitted=self.admitted,
        )

    def admitted(self, project_id: str) -> dict[str, Any]:
        self.asked.append(("admission", project_id))
        return {PERSON: system_clock() + timedelta(hours=1)}

    def workspace(self, project_id: str) -> Any:
        if project_id == UNKNOWN:
            raise NotFound("never opened")
        return SimpleNamespace(awake=project_id != ASLEEP)

    def redeem(self, project_id: str, ticket: str) -> Any:
        self.asked.append(("redeem", project_id, ticket))
        now = system_clock()
        return SimpleNamespace(person_id=PERSON, until=now + timedelta(hours=1), issued=now)

    def launch(self, project_id: str, person_id: str, **_: Any) -> str:
        self.asked.append(("launch", project_id, person_id))
        self.held += 1
        self.hold.wait(120)
        return new_id()

    def seen(self, project_id: str, session_id: str) -> Any:
        self.asked.append(("look", project_id, session_id))
        state = SimpleNamespace(value="running")
        return SimpleNamespace(state=state, exit_code=None, address="http://10.0.0.9:8888", trouble="")

    def session(self, project_id: str, session_id: str) -> None:
        self.asked.append(("session", project_id, session_id))

    def end(self, project_id: str, session_id: str, reason: str) -> None:
        self.asked.append(("end", project_id, session_id, reason))

    def active(self, project_id: str, session_id: str, **_: Any) -> None:
        self.asked.append(("active", project_id, session_id))


@dataclass
class Office:
    directory: Path
    authority: Authority
    controller: Controller
    desk: ChannelDesk

    @property
    def place(self) -> TcpAddress:
        return TcpAddress(scheme="https", host="127.0.0.1", port=self.desk.port)

    def channel(self, part: str, project_id: str = "") -> Channel:
        return self.authority.keep(self.directory / f"{part}-{project_id}", part, project_id)

    def client(self, part: str, project_id: str) -> Desk:
        return Desk(self.place, channel=self.channel(part, project_id).certificate.parent)

    def ask(self, peer: Peer, wanted: str, body: object = None, **more: Any) -> int:
        method, _, path = wanted.partition(" ")
        channel = self.channel(peer.part, peer.project_id)
        return call(f"127.0.0.1:{self.desk.port}", channel, CONTROLLER, method, path, body, **more).status


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    authority, controller = Authority.open(tmp_path / "authority"), Controller()
    controller.hold.set()
    place = TcpAddress(scheme="https", host="127.0.0.1", port=0)
    desk = ChannelDesk(place, authority.keep(tmp_path / "own", "controller"), controller.parts(), LIMITS)
    try:
        yield Office(directory=tmp_path, authority=authority, controller=controller, desk=desk)
    finally:
        controller.hold.set()
        desk.close()
    assert not desk.alive()


def test_gate_and_hub_are_answered_for_their_own_project(office: Office) -> None:
    async def story() -> None:
        session = new_id()
        async with office.client("gate", OPEN) as gate, office.client("hub", OTHER) as hub:
            assert set((await gate.admission()).people) == {PERSON}
            assert (await gate.redeem("t")).person == PERSON
            assert set((await hub.admission()).people) == {PERSON}
            started = await hub.start_session(person=PERSON, environment={}, arguments=[])
            assert (await hub.session(started)).address == "http://10.0.0.9:8888"
            await hub.report_activity(session=session, busy=True, last_activity=system_clock())
            await hub.stop_session(session)
        assert [entry[:2] for entry in office.controller.asked] == [
            ("admission", OPEN),
            ("redeem", OPEN),
            ("admission", OTHER),
            ("launch", OTHER),
            ("look", OTHER),
            ("active", OTHER),
            ("session", OTHER),
            ("end", OTHER),
        ]

    asyncio.run(story())


SESSION = "sessionaaaaaaaaa"
GATE_ONLY = ["POST /tickets/redeem"]
HUB_ONLY = ["POST /sessions", f"GET /sessions/{SESSION}", f"DELETE /sessions/{SESSION}", "POST /activity"]


@pytest.mark.parametrize(
    ("peer", "wanted"),
    [
        *((Peer(part="gate", project_id=OPEN), wanted) for wanted in HUB_ONLY),
        *((Peer(part="hub", project_id=OPEN), wanted) for wanted in GATE_ONLY),
        *((Peer(part="agent", project_id=OPEN), wanted) for wanted in ("GET /admission", *GATE_ONLY, *HUB_ONLY)),
        *((Peer(part=part), "GET /admission") for part in ("controller", "airlock", "web")),
        (Peer(part="gate", project_id=OPEN), "GET /admission?project=x"),
        (Peer(part="gate", project_id=OPEN), "DELETE /admission"),
        (Peer(part="hub", project_id=OPEN), f"GET /sessions/{SESSION}/../../admission"),
        *((Peer(part="gate", project_id=project), "GET /admission") for project in (ASLEEP, UNKNOWN)),
        *((Peer(part="hub", project_id=project), "POST /sessions") for project in (ASLEEP, UNKNOWN)),
    ],
)
def test_what_is_not_theirs_is_refused_and_nothing_happens(office: Office, peer: Peer, wanted: str) -> None:
    body = None if wanted.startswith("GET") else {"person": PERSON, "ticket": "t", "session": SESSION}
    assert office.ask(peer, wanted, body) == 403
    assert office.controller.asked == []
    assert office.ask(Peer(part="gate", project_id=OPEN), "GET /admission") == 200


def test_a_closed_project_is_refused_on_a_connection_that_was_open_before(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with office.client("gate", OPEN) as gate:
            await gate.admission()
            monkeypatch.setattr(office.controller, "workspace", lambda _: SimpleNamespace(awake=False))
            with pytest.raises(Refused):
                await gate.admission()

    asyncio.run(story())


@pytest.mark.parametrize("case", ["nobody", "another installation", "plain"])
def test_strangers_get_no_answer(office: Office, tmp_path: Path, case: str) -> None:
    if case == "plain":
        with socket.create_connection(("127.0.0.1", office.desk.port), timeout=60) as plain:
            plain.sendall(b"GET /admission HTTP/1.1\r\nHost: desk\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                assert b"HTTP" not in plain.recv(1000)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=office.authority.certificate)
        if case == "another installation":
            other = Authority.open(tmp_path / "other").keep(tmp_path / "end", "gate", OPEN)
            context.load_cert_chain(other.certificate, other.key)
        with (
            pytest.raises(OSError, match=r".*"),
            socket.create_connection(("127.0.0.1", office.desk.port), timeout=60) as plain,
            context.wrap_socket(plain, server_hostname=host_of("controller")) as secure,
        ):
            secure.sendall(b"GET /admission HTTP/1.1\r\nHost: desk\r\n\r\n")
            if not secure.recv(1000):
                raise ConnectionResetError
    assert office.controller.asked == []


def test_a_client_does_not_speak_to_a_desk_that_is_another_part(tmp_path: Path) -> None:
    """Whoever takes the desk's address over has no controller's certificate, even if captured parts help."""
    authority, controller = Authority.open(tmp_path / "authority"), Controller()
    false = ChannelDesk(
        TcpAddress(scheme="https", host="127.0.0.1", port=0),
        authority.keep(tmp_path / "own", "hub", OTHER),
        controller.parts(),
    )
    try:

        async def story() -> None:
            place = TcpAddress(scheme="https", host="127.0.0.1", port=false.port)
            own = authority.keep(tmp_path / "gate", "gate", OPEN).certificate.parent
            async with Desk(place, channel=own) as gate:
                with pytest.raises(Unavailable):
                    await gate.redeem("a ticket")

        asyncio.run(story())
        assert controller.asked == []
    finally:
        false.close()


# --- slow, silent and many -----------------------------------------------------------------------------------------


def closed_by_other(connection: socket.socket) -> bool:
    connection.settimeout(90)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_who_is_silent_in_the_handshake_is_cut_off_and_holds_up_nobody(office: Office) -> None:
    silent = [socket.create_connection(("127.0.0.1", office.desk.port)) for _ in range(LIMITS.knocking - 1)]
    try:
        assert office.ask(Peer(part="gate", project_id=OPEN), "GET /admission") == 200
        assert all(closed_by_other(connection) for connection in silent)
    finally:
        for connection in silent:
            connection.close()


def test_one_address_may_not_knock_without_end(office: Office) -> None:
    silent = [socket.create_connection(("127.0.0.1", office.desk.port)) for _ in range(LIMITS.knocking * 3)]
    try:
        assert all(closed_by_other(connection) for connection in silent)
    finally:
        for connection in silent:
            connection.close()
    assert office.ask(Peer(part="gate", project_id=OPEN), "GET /admission") == 200


def connected(office: Office, peer: Peer) -> ssl.SSLSocket:
    context = client_context(office.channel(peer.part, peer.project_id))
    plain = socket.create_connection(("127.0.0.1", office.desk.port), timeout=60)
    return context.wrap_socket(plain, server_hostname=host_of("controller"))


@pytest.mark.parametrize(
    "said", [b"", b"GET /adm", b"POST /tickets/redeem HTTP/1.1\r\nHost: d\r\nContent-Length: 9\r\n\r\n{"]
)
def test_who_is_slow_with_a_request_holds_no_thread_and_is_cut_off(office: Office, said: bytes) -> None:
    captured, honest = Peer(part="gate", project_id=OTHER), Peer(part="gate", project_id=OPEN)
    slow = [connected(office, captured) for _ in range(LIMITS.connections)]
    try:
        for connection in slow:
            connection.sendall(said)
        assert office.ask(honest, "GET /admission") == 200
        for connection in slow:
            connection.settimeout(90)
            answer = connection.recv(4096)
            assert answer == b"" or b" 422 " in answer
    finally:
        for connection in slow:
            connection.close()


def test_a_peer_has_room_for_a_few_connections_and_another_peer_for_its_own(office: Office) -> None:
    captured = Peer(part="hub", project_id=OTHER)
    many = [connected(office, captured) for _ in range(LIMITS.connections)]
    try:
        surplus = connected(office, captured)
        assert closed_by_other(surplus)
        surplus.close()
        assert office.ask(Peer(part="gate", project_id=OTHER), "GET /admission") == 200
        assert office.ask(Peer(part="hub", project_id=OPEN), "GET /admission") == 200
    finally:
        for connection in many:
            connection.close()


def test_launches_that_take_long_keep_nobody_from_the_list(office: Office) -> None:
    """Every thread for long requests is held; short ones, of the same project too, have threads of their own."""
    office.controller.hold.clear()
    hub, body = Peer(part="hub", project_id=OPEN), {"person": PERSON}
    office.channel("hub", OPEN)
    with ThreadPoolExecutor(3) as pool:
        launches = [pool.submit(office.ask, hub, "POST /sessions", body, seconds=120) for _ in range(3)]
        end = time.monotonic() + 90
        while office.controller.held < LIMITS.long_threads:
            assert time.monotonic() < end
            time.sleep(0.02)
        assert office.ask(hub, f"GET /sessions/{SESSION}") == 200
        assert office.ask(Peer(part="gate", project_id=OPEN), "GET /admission") == 200
        assert office.controller.held == LIMITS.long_threads, "the third waits for its turn"
        office.controller.hold.set()
        assert [launch.result() for launch in launches] == [201] * 3


@pytest.mark.parametrize("body", ["[]", '"x"', "{", "x" * 300_000, "x" * 3_000_000])
def test_nonsense_and_too_much_are_refused_in_words(office: Office, body: str) -> None:
    connection = connected(office, Peer(part="gate", project_id=OPEN))
    try:
        head = f"POST /tickets/redeem HTTP/1.1\r\nHost: d\r\nContent-Length: {len(body)}\r\n\r\n"
        with contextlib.suppress(OSError):
            connection.sendall(head.encode() + body.encode())
        assert b" 422 " in connection.recv(4096)
    finally:
        connection.close()
    assert office.controller.asked == []


def test_renewed_certificates_are_taken_without_a_restart(office: Office) -> None:
    async def story() -> None:
        async with office.client("gate", OPEN) as gate:
            await gate.admission()
            for part, project, place in (("controller", "", "own"), ("gate", OPEN, f"gate-{OPEN}")):
                (office.directory / place / "tls.crt").unlink()
                office.authority.keep(office.directory / place, part, project)
            await gate.admission()
        async with office.client("gate", OPEN) as gate:
            await gate.admission()

    asyncio.run(story())


def test_a_desk_that_is_closed_is_silence_for_its_clients(tmp_path: Path) -> None:
    authority, controller = Authority.open(tmp_path / "authority"), Controller()
    place = TcpAddress(scheme="https", host="127.0.0.1", port=0)
    desk = ChannelDesk(place, authority.keep(tmp_path / "own", "controller"), controller.parts())
    own = authority.keep(tmp_path / "gate", "gate", OPEN).certificate.parent

    async def story() -> None:
        async with Desk(TcpAddress(scheme="https", host="127.0.0.1", port=desk.port), channel=own) as gate:
            await gate.admission()
            await asyncio.to_thread(desk.close)
            with pytest.raises(Unavailable):
                await gate.admission()

    asyncio.run(story())
    with pytest.raises(OrchestratorError):
        call("127.0.0.1:9", authority.keep(tmp_path / "own", "controller"), CONTROLLER, "GET", "/", seconds=2)
