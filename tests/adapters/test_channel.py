"""The private channel: who is let in, who is not, and that renewing needs no restart."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.adapters.channel import (
    PLATFORM_PARTS,
    PROJECT_PARTS,
    Authority,
    Channel,
    Issued,
    Peer,
    call,
    client_context,
    host_of,
    peer_of,
    server_context,
)
from orchestrator.core.clock import FixedClock, system_clock
from orchestrator.core.errors import Invalid, OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import new_id

CONTROLLER = Peer(part="controller")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open(tmp_path / "authority")


def written(directory: Path, issued: Issued, authority: Authority) -> Channel:
    directory.mkdir(exist_ok=True)
    channel = Channel.at(directory)
    channel.certificate.write_text(issued.certificate)
    channel.key.write_text(issued.key)
    channel.authority.write_text(authority.certificate)
    return channel


def end_of(directory: Path, authority: Authority, peer: Peer) -> Channel:
    return written(directory / f"{peer.part}-{peer.name}", authority.issue(peer.part, peer.project_id), authority)


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, part: str) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Shake hands in memory; the client's name check is for ``part``."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(down, up, server_side=False, server_hostname=host_of(part)),
        server.wrap_bio(up, down, server_side=True),
    )
    waiting = list(ends)
    for _ in range(10):
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                continue
    if waiting:
        raise ssl.SSLError("the handshake did not end")
    return ends


# --- the authority -----------------------------------------------------------------------------------------------


def test_the_authority_is_made_once_and_its_key_is_for_its_owner_only(tmp_path: Path) -> None:
    first, second = Authority.open(tmp_path), Authority.open(tmp_path)
    assert first.certificate == second.certificate
    assert (tmp_path / "authority.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "ca.crt").read_text() == first.certificate
    assert sorted(file.name for file in tmp_path.iterdir()) == ["authority.pem", "ca.crt"]


def test_many_who_come_at_once_get_one_authority(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: Authority.open(tmp_path / "a").certificate, range(32)))
    assert len(set(made)) == 1


def test_what_a_crash_left_beside_the_file_disturbs_nobody(tmp_path: Path) -> None:
    (tmp_path / ".authority.pem.0123456789abcdef").write_text("half a k")
    assert Authority.open(tmp_path).certificate == Authority.open(tmp_path).certificate


def test_a_damaged_authority_is_told_and_never_replaced(tmp_path: Path) -> None:
    Authority.open(tmp_path)
    file = tmp_path / "authority.pem"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(Unavailable, match="restore it from a backup"):
        Authority.open(tmp_path)
    assert file.stat().st_size == 100


@pytest.mark.parametrize(
    ("part", "project_id"),
    [
        ("gate", ""),
        ("gate", "x/../y"),
        ("controller", "projectaaaaaaaaa"),
        ("kernel", ""),
        ("", ""),
        ("gate", "Abcdefghijklmnop"),
    ],
)
def test_a_part_that_is_none_gets_nothing(authority: Authority, part: str, project_id: str) -> None:
    with pytest.raises(Invalid):
        authority.issue(part, project_id)


@pytest.mark.parametrize("days", [0, -1])
def test_a_certificate_that_would_be_over_is_not_issued(authority: Authority, days: int) -> None:
    with pytest.raises(Invalid):
        authority.issue("controller", days=days)


PEERS = st.sampled_from(sorted(PLATFORM_PARTS)).map(lambda part: Peer(part=part)) | st.builds(
    Peer, part=st.sampled_from(sorted(PROJECT_PARTS)), project_id=st.from_regex(r"[a-z][a-z2-7]{15}", fullmatch=True)
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(server=PEERS, client=PEERS)
def test_both_ends_know_exactly_who_the_other_is(
    tmp_path: Path, authority: Authority, server: Peer, client: Peer
) -> None:
    contexts = (
        server_context(end_of(tmp_path, authority, server)),
        client_context(end_of(tmp_path, authority, client)),
    )
    at_client, at_server = handshake(*contexts, part=server.part)
    assert peer_of(at_client) == server
    assert peer_of(at_server) == client
    assert at_client.version() == at_server.version() == "TLSv1.3"
    for part in (PLATFORM_PARTS | PROJECT_PARTS) - {server.part}:
        with pytest.raises(ssl.SSLError):
            handshake(*contexts, part=part)


def test_a_certificate_of_another_shape_names_nobody() -> None:
    class Connection:
        def __init__(self, *subject: tuple[str, str]) -> None:
            self.subject = tuple((pair,) for pair in subject)

        def getpeercert(self) -> dict[str, object]:
            return {"subject": self.subject}

    unit, name = "organizationalUnitName", "commonName"
    project = new_id()
    assert peer_of(Connection((unit, "gate"), (name, project))) == Peer(part="gate", project_id=project)  # type: ignore[arg-type]
    for subject in (
        [],
        [(unit, "gate")],
        [(unit, "gate"), (name, "gate")],
        [(unit, "controller"), (name, project)],
        [(unit, "gate"), (unit, "controller"), (name, project)],
        [(name, "controller"), (name, "controller")],
        [(unit, "kernel"), (name, project)],
    ):
        with pytest.raises(Refused):
            peer_of(Connection(*subject))  # type: ignore[arg-type]
    with pytest.raises(Refused):
        peer_of(None)


# --- keeping -----------------------------------------------------------------------------------------------------


def test_files_are_kept_until_a_third_of_their_time_is_left(tmp_path: Path) -> None:
    clock = FixedClock(system_clock())
    authority = Authority.open(tmp_path / "a", clock=clock)
    channel = authority.keep(tmp_path / "c", "controller", days=30)
    first = channel.certificate.read_text()
    assert channel.key.stat().st_mode & 0o777 == 0o600
    clock.advance(timedelta(days=19))
    assert authority.keep(tmp_path / "c", "controller", days=30).certificate.read_text() == first
    clock.advance(timedelta(days=2))
    assert authority.keep(tmp_path / "c", "controller", days=30).certificate.read_text() != first


def test_files_of_another_part_or_authority_or_half_written_are_issued_again(tmp_path: Path) -> None:
    authority, other = Authority.open(tmp_path / "a"), Authority.open(tmp_path / "b")
    place = tmp_path / "c"
    for spoil in (
        lambda: other.keep(place, "controller"),
        lambda: authority.keep(place, "airlock"),
        lambda: (place / "tls.key").write_text(authority.issue("controller").key),
        lambda: (place / "tls.crt").write_text("nonsense"),
        (place / "ca.crt").unlink,
    ):
        spoil()
        channel = authority.keep(place, "controller")
        ends = handshake(server_context(channel), client_context(channel), "controller")
        assert [peer_of(end) for end in ends] == [CONTROLLER, CONTROLLER]


# --- a listener, and who comes -----------------------------------------------------------------------------------


class Listener:
    """A small server behind the channel, which notes who got as far as a request."""

    def __init__(self, channel: Channel, answer: bytes = b"{}") -> None:
        self.seen: list[Peer] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert isinstance(self.connection, ssl.SSLSocket)
                listener.seen.append(peer_of(self.connection))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                return

        class Server(HTTPServer):
            def handle_error(self, *_: object) -> None:
                return

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = server_context(channel).wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def listening(channel: Channel, answer: bytes = b"{}") -> Iterator[Listener]:
    made = Listener(channel, answer)
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        made.thread.join(5)


def test_a_part_of_the_installation_is_answered(tmp_path: Path, authority: Authority) -> None:
    gate = Peer(part="gate", project_id=new_id())
    with listening(end_of(tmp_path, authority, CONTROLLER), json.dumps({"a": 1}).encode()) as server:
        answer = call(server.address, end_of(tmp_path, authority, gate), CONTROLLER, "GET", "/")
        assert (answer.status, answer.content) == (200, {"a": 1})
        assert server.seen == [gate]


def self_signed(directory: Path) -> tuple[Issued, Authority]:
    """What an attacker makes: the right names, under an authority of its own."""
    other = Authority.open(directory / "other")
    return other.issue("gate", new_id()), other


@pytest.mark.parametrize("case", ["other authority", "self-signed", "expired", "not yet", "no certificate"])
def test_who_cannot_prove_itself_is_not_answered(tmp_path: Path, authority: Authority, case: str) -> None:
    past = FixedClock(system_clock() - timedelta(days=60))
    future = FixedClock(system_clock() + timedelta(days=1))
    issued = {
        "other authority": lambda: Authority.open(tmp_path / "other").issue("controller"),
        "self-signed": lambda: Issued(
            certificate=(other := Authority.open(tmp_path / "other")).certificate,
            key=(tmp_path / "other" / "authority.pem").read_text().partition("-----BEGIN CERT")[0],
            ends=other.issue("controller").ends,
        ),
        "expired": lambda: Authority.open(tmp_path / "authority", clock=past).issue("controller"),
        "not yet": lambda: Authority.open(tmp_path / "authority", clock=future).issue("controller"),
    }
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.certificate)
    if case in issued:
        channel = written(tmp_path / "hostile", issued[case](), authority)
        context.load_cert_chain(channel.certificate, channel.key)
    with listening(end_of(tmp_path, authority, CONTROLLER)) as server:
        with pytest.raises((OSError, http.client.HTTPException)):
            ask_plainly(server.address, context)
        assert server.seen == []
        good = end_of(tmp_path, authority, CONTROLLER)
        assert call(server.address, good, CONTROLLER, "GET", "/").status == 200


def ask_plainly(address: str, context: ssl.SSLContext) -> None:
    host, _, port = address.partition(":")
    with (
        socket.create_connection((host, int(port)), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=host_of("controller")) as secure,
    ):
        secure.sendall(b"GET / HTTP/1.0\r\n\r\n")
        if not secure.recv(100):
            raise ConnectionResetError


def test_plain_http_at_the_tls_port_is_not_answered(tmp_path: Path, authority: Authority) -> None:
    with listening(end_of(tmp_path, authority, CONTROLLER)) as server:
        host, _, port = server.address.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        with pytest.raises((OSError, http.client.HTTPException)):
            connection.request("GET", "/")
            connection.getresponse()
        connection.close()
        assert server.seen == []


def test_older_tls_is_not_spoken(tmp_path: Path, authority: Authority) -> None:
    channel = end_of(tmp_path, authority, CONTROLLER)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.load_verify_locations(channel.authority)
    old.load_cert_chain(channel.certificate, channel.key)
    with pytest.raises(ssl.SSLError):
        handshake(server_context(channel), old, "controller")


@pytest.mark.parametrize("answering", ["another part", "another project", "another authority", "plain"])
def test_a_caller_sends_nothing_to_whom_it_did_not_mean(tmp_path: Path, authority: Authority, answering: str) -> None:
    wanted = Peer(part="gate", project_id=new_id())
    own = end_of(tmp_path, authority, CONTROLLER)
    other = Authority.open(tmp_path / "other")
    ends = {
        "another part": lambda: end_of(tmp_path, authority, Peer(part="hub", project_id=wanted.project_id)),
        "another project": lambda: end_of(tmp_path, authority, Peer(part="gate", project_id=new_id())),
        "another authority": lambda: end_of(tmp_path / "x", other, wanted),
    }
    if answering == "plain":
        with socket.create_server(("127.0.0.1", 0)) as plain:

            def hang_up() -> None:
                plain.accept()[0].close()

            threading.Thread(target=hang_up, daemon=True).start()
            with pytest.raises(Unavailable):
                call(f"127.0.0.1:{plain.getsockname()[1]}", own, wanted, "GET", "/", seconds=5)
        return
    (tmp_path / "x").mkdir()
    with listening(ends[answering]()) as server:
        with pytest.raises(OrchestratorError):
            call(server.address, own, wanted, "GET", "/", {"secret": 1})
        assert server.seen == []


@pytest.mark.parametrize("pause", [None, 0.2])
def test_one_that_is_silent_or_drips_is_given_up(tmp_path: Path, authority: Authority, pause: float | None) -> None:
    """A captured part can keep a connection alive for ever; what is waited is limited in all."""
    own = end_of(tmp_path, authority, CONTROLLER)
    context = server_context(own)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            plain, _ = listener.accept()
            with plain:
                if pause is None:
                    done.wait(20)
                    return
                with context.wrap_socket(plain, server_side=True) as secure:
                    while not done.wait(pause):
                        try:
                            secure.sendall(b"H")
                        except OSError:
                            return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        began = time.monotonic()
        with pytest.raises(Unavailable):
            call(f"127.0.0.1:{listener.getsockname()[1]}", own, CONTROLLER, "GET", "/", seconds=1)
        assert time.monotonic() - began < 15, "it was given up, not waited for"
        done.set()
        thread.join(5)


# --- renewing ----------------------------------------------------------------------------------------------------


def test_renewed_files_serve_new_connections_without_a_restart(tmp_path: Path, authority: Authority) -> None:
    server_end, client_end = end_of(tmp_path, authority, CONTROLLER), end_of(tmp_path, authority, Peer(part="web"))
    server, client = server_context(server_end), client_context(client_end)
    before, _ = handshake(server, client, "controller")
    for channel, part in ((server_end, "controller"), (client_end, "web")):
        written(channel.certificate.parent, authority.issue(part), authority)
    after, seen = handshake(server, client, "controller")
    for was, now in ((before.getpeercert(True), after.getpeercert(True)),):
        assert was != now
    assert peer_of(seen) == Peer(part="web")


def test_calls_share_what_was_read_until_the_files_are_renewed(tmp_path: Path, authority: Authority) -> None:
    channel = end_of(tmp_path, authority, CONTROLLER)
    first = client_context(channel)
    assert client_context(Channel.at(channel.certificate.parent)) is first
    server = server_context(end_of(tmp_path, authority, Peer(part="web")))
    _, before = handshake(server, client_context(channel), "web")
    written(channel.certificate.parent, authority.issue("controller"), authority)
    _, after = handshake(server, client_context(channel), "web")
    assert before.getpeercert(True) != after.getpeercert(True)


def test_an_authority_that_was_replaced_is_no_longer_believed(tmp_path: Path, authority: Authority) -> None:
    server_end, client_end = end_of(tmp_path, authority, CONTROLLER), end_of(tmp_path, authority, Peer(part="web"))
    server, client = server_context(server_end), client_context(client_end)
    handshake(server, client, "controller")
    other = Authority.open(tmp_path / "other")
    written(server_end.certificate.parent, other.issue("controller"), other)
    with pytest.raises(ssl.SSLError):
        handshake(server, client, "controller")
    written(client_end.certificate.parent, other.issue("web"), other)
    handshake(server, client, "controller")


def test_half_written_files_leave_the_former_ones_in_use(tmp_path: Path, authority: Authority) -> None:
    channel = end_of(tmp_path, authority, CONTROLLER)
    server, client = server_context(channel), client_context(channel)
    kept = channel.certificate.read_text()
    for content in ("", kept[:200], authority.issue("controller").certificate):
        channel.certificate.write_text(content)
        handshake(server, client, "controller")
    channel.certificate.unlink()
    handshake(server, client, "controller")


def test_files_that_cannot_be_used_at_the_start_are_told(tmp_path: Path, authority: Authority) -> None:
    channel = end_of(tmp_path, authority, CONTROLLER)
    channel.key.write_text(authority.issue("controller").key)
    with pytest.raises(Unavailable, match="issued again"):
        server_context(channel)
    channel.key.unlink()
    with pytest.raises(Unavailable, match="issued again"):
        client_context(channel)
