"""A controller killed with SIGKILL while it hears a hub is followed by one that goes on, and nothing is half done."""

from __future__ import annotations

import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler

import pytest
from sqlalchemy import func, select

from orchestrator.core.clock import system_clock
from orchestrator.discovery.catalogue.model import Origin
from orchestrator.discovery.catalogue.store import EntryRow
from orchestrator.transparency.federation import contents, entering
from orchestrator.transparency.federation.model import Kind
from tests.transparency.hubs import Installation
from tests.transparency.served import anything

MANY = 450


def test_a_controller_that_is_killed_is_followed_by_one_that_goes_on(
    north: Installation, south: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = contents.compose

    def many(*given: object) -> list[dict[str, object]]:
        (item, *_) = compose(*given)  # type: ignore[arg-type]
        return [{**item, "dataset": _named(number), "title": f"Set {number}"} for number in range(MANY)]

    monkeypatch.setattr(contents, "compose", many)
    south.world.house.record.clock = system_clock
    whole = south.document()
    with anything() as server:
        hub = north.trusts(south, address=server.address)
        server.replies["/federation/catalogue.json"] = _half(whole)
        first = _start(north)
        _wait(first, lambda: any(path.endswith("catalogue.json") for path, _ in server.asked))
        _kill(first)
        assert north.federation.words(hub.hub_id) == []
        server.says("catalogue", whole)
        second = _start(north)
        _wait(second, lambda: _entries(north) > 0)
        _kill(second)
        assert _entries(north) % entering.AT_ONCE == 0  # whole batches only
        asked = len(server.asked)
        assert _start(north).wait(120) == 0
    assert _entries(north) == MANY
    assert {each.title for each in north.federation.shown(hub.hub_id, 1000)} == {f"Set {n}" for n in range(MANY)}
    (feed,) = (each for each in north.federation.feeds(hub.hub_id) if each.kind is Kind.CATALOGUE)
    assert (feed.problem, feed.left_out) == ("", 0)
    assert not any(path.endswith("catalogue.json") for path, _ in server.asked[asked:])  # it had been taken whole
    assert north.world.house.audit.verify().findings == ()


def _named(number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return "a" * 13 + letters[number // 26 // 26] + letters[number // 26 % 26] + letters[number % 26]


def _half(whole: bytes):
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", str(len(whole)))
        handler.end_headers()
        handler.wfile.write(whole[: len(whole) // 2])
        handler.wfile.flush()
        handler.connection.recv(1)  # until the other end is gone
        handler.close_connection = True

    return reply


def _start(hub: Installation) -> subprocess.Popen[bytes]:
    state = str(hub.world.house.settings.state)
    return subprocess.Popen([sys.executable, "-m", "tests.transparency.hub_process", state])


def _wait(process: subprocess.Popen[bytes], holds) -> None:
    until = time.monotonic() + 120
    while not holds():
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.005)


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    assert process.wait() == -9


def _entries(hub: Installation) -> int:
    with hub.world.house.record.read() as session:
        query = select(func.count()).select_from(EntryRow).where(EntryRow.origin == Origin.HUB.value)
        return session.scalar(query) or 0
