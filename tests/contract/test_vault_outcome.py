"""A 5xx or a lost answer from Vault is an unknown outcome: shown with a proxy that spoils answers of a real OpenBao."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from orchestrator.adapters.vault.client import VaultClient
from orchestrator.adapters.vault.connection import AppRoleFiles, VaultConnection
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import Refused, Unavailable
from orchestrator.core.ids import new_id
from tests.contract.credentials_world import VaultWorld, running_vault, short_directory


class SpoilingProxy(ThreadingHTTPServer):
    """Passes every request on; ``spoil`` says what happens to the answers of writes to paths that contain a word."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = port
        self.spoil: tuple[str, str] | None = None
        self.seen = 0


class _Handler(BaseHTTPRequestHandler):
    server: SpoilingProxy
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=90)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        spoil = self.server.spoil
        status = answer.status
        if spoil is not None and spoil[0] in self.path:
            self.server.seen += 1
            if spoil[1] == "cut":
                self.close_connection = True
                return
            status, content = 500, b'{"errors":["no space left on device"]}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_LIST = do_DELETE = _pass  # noqa: N815

    def log_message(self, *words: object) -> None: ...


@pytest.fixture(scope="module")
def vault() -> Iterator[VaultWorld]:
    with short_directory() as directory, running_vault(directory) as world:
        yield world


@pytest.fixture
def proxy(vault: VaultWorld) -> Iterator[SpoilingProxy]:
    proxy = SpoilingProxy(vault.embedded.port)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
    thread.start()
    yield proxy
    proxy.shutdown()
    thread.join()
    proxy.server_close()


@pytest.mark.parametrize("how", ["500", "cut"])
def test_a_lease_whose_answer_was_lost_is_unknown_and_found_by_listing(
    vault: VaultWorld, proxy: SpoilingProxy, how: str
) -> None:
    address = f"http://127.0.0.1:{proxy.server_port}"
    files = AppRoleFiles(vault.embedded.identity("controller"))
    client = VaultClient(address, VaultConnection(address, identity=files))
    project, version, until = new_id(), new_id(), system_clock() + timedelta(hours=1)
    positive = client.lease(project, new_id(), version, until)
    proxy.spoil = ("auth/token/create/", how)
    with pytest.raises(Unavailable) as error:
        client.lease(project, new_id(), version, until)
    assert error.value.unknown_outcome
    assert proxy.seen == 1, "a write of unknown outcome must not be repeated blindly"
    proxy.spoil = None
    found = {lease.accessor for lease in client.leases(project)}
    assert len(found) == 2
    (lost,) = found - {positive.accessor}
    client.revoke_lease(lost)
    assert {lease.accessor for lease in client.leases(project)} == {positive.accessor}


def test_a_read_is_repeated_once_and_its_failure_is_not_an_unknown_outcome(
    vault: VaultWorld, proxy: SpoilingProxy
) -> None:
    address = f"http://127.0.0.1:{proxy.server_port}"
    client = VaultClient(
        address, VaultConnection(address, identity=AppRoleFiles(vault.embedded.identity("controller")))
    )
    proxy.spoil = ("auth/token/accessors", "500")
    with pytest.raises(Unavailable) as error:
        client.leases(new_id())
    assert not error.value.unknown_outcome
    assert proxy.seen == 2


class HalfMade:
    """A Vault that stood still while it made a token: it lists an accessor that has none, and refuses to look it up."""

    def __init__(self, refused: set[str]) -> None:
        self.accessor = "own"
        self.refused = refused
        self.asked: list[str] = []

    def list(self, _path: str) -> dict[str, Any]:
        return {"data": {"keys": ["half", "whole", "own"]}}

    def post(self, _path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        accessor = body["accessor"]
        self.asked.append(accessor)
        if accessor in self.refused:
            raise Refused("Vault refuses “auth/token/lookup-accessor”: 1 error occurred: * permission denied.")
        return {"data": {"meta": {"project": "heart", "kind": "agent"} if accessor == "whole" else None}}


def test_an_accessor_without_a_token_holds_up_nobody() -> None:
    vault = HalfMade({"half"})
    client = VaultClient("http://vault.example.org", vault)  # type: ignore[arg-type]
    assert client.projects() == {"heart"}
    assert client.projects() == {"heart"}
    assert vault.asked.count("half") == 1, "it is not asked for again and again"


def test_who_may_look_up_nothing_is_told_so() -> None:
    client = VaultClient("http://vault.example.org", HalfMade({"half", "whole", "own"}))  # type: ignore[arg-type]
    with pytest.raises(Refused, match="permission denied"):
        client.projects()
