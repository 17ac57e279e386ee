"""One controller at a time: against a faulty API server, with clocks that jump, and with a process that is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.client.configuration import Configuration

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.leadership import Leadership, NotLeading
from orchestrator.adapters.kubernetes.transport import Transport
from tests.contract.api_server import ApiServer, Fault


class Candidates:
    def __init__(self, server: ApiServer, settings: Configuration) -> None:
        self.server, self.settings, self.now = server, settings, 1000.0
        self.cluster = Cluster(Transport(settings, deadline=2.0, attempt=1.0))

    def one(self, identity: str) -> Leadership:
        return Leadership(
            self.cluster,
            name="controller",
            namespace="tre",
            identity=identity,
            lease_seconds=15,
            clock=lambda: self.now,
        )


@pytest.fixture
def world() -> Iterator[Candidates]:
    server = ApiServer()
    with server.serving() as settings:
        server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tre"}})
        yield Candidates(server, settings)


def test_the_first_leads_and_the_second_waits_until_it_fell_silent(world: Candidates) -> None:
    first, second = world.one("first"), world.one("second")
    assert first.attempt()
    assert not second.attempt()
    for _ in range(10):
        world.now += 5
        assert first.attempt()
        assert not second.attempt()
    token = first.token
    world.now += 14
    assert not first.leading, "the lead ends before another may take it"
    assert not second.attempt()
    world.now += 2
    assert second.attempt()
    assert second.token == token + 1
    assert not first.attempt()
    with pytest.raises(NotLeading):
        first.check()


def test_a_lead_that_was_given_back_is_taken_at_once(world: Candidates) -> None:
    first, second = world.one("first"), world.one("second")
    first.attempt()
    first.release()
    assert not first.leading
    assert second.attempt()
    first.release()
    assert second.attempt(), "who does not lead gives nothing back"


def test_renewal_that_fails_ends_the_lead_in_time(world: Candidates) -> None:
    first = world.one("first")
    first.attempt()
    world.server.fault = lambda _number, _verb, _path: Fault(status=500)
    world.now += 9
    assert first.attempt(), "the API server is away, and the lease still runs"
    world.now += 2
    assert not first.attempt()
    world.server.fault = lambda _number, _verb, _path: None
    assert first.attempt()
    assert first.token == 0, "nobody else led meanwhile"


@pytest.mark.parametrize("lose", ["before", "after"])
def test_a_lost_answer_never_makes_two_leaders(world: Candidates, lose: str) -> None:
    first, second = world.one("first"), world.one("second")
    world.server.fault = lambda _number, verb, _path: Fault(lose=lose) if verb in {"create", "update"} else None
    assert not first.attempt()
    assert not second.attempt()
    world.server.fault = lambda _number, _verb, _path: None
    assert [first.attempt(), second.attempt()] == [True, False]


def test_two_that_take_it_at_once_are_told_apart(world: Candidates, monkeypatch: pytest.MonkeyPatch) -> None:
    old, one, two = world.one("old"), world.one("one"), world.one("two")
    old.attempt()
    one.attempt()
    two.attempt()
    world.now += 20
    write = world.cluster.replace

    def late(lease: dict[str, Any]) -> dict[str, Any]:
        monkeypatch.undo()
        assert two.attempt(), "between the other's look and its write"
        return write(lease)

    monkeypatch.setattr(world.cluster, "replace", late)
    assert not one.attempt()
    assert two.leading
    assert not one.leading


def test_a_token_is_good_for_its_own_lead_only(world: Candidates) -> None:
    first, second = world.one("first"), world.one("second")
    first.attempt()
    token = first.token
    first.release()
    second.attempt()
    second.release()
    first.attempt()
    assert first.token > token
    with pytest.raises(NotLeading):
        first.check(token)


_PROGRAM = """
import os, sys, threading, time
from kubernetes.client.configuration import Configuration
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.leadership import Leadership, NotLeading
from orchestrator.adapters.kubernetes.transport import Transport

cluster = Cluster(Transport(Configuration(host=sys.argv[1]), deadline=2.0))
lead = Leadership(cluster, name="controller", namespace="tre", identity=sys.argv[2], lease_seconds=6, renew_seconds=0.2)
writing = cluster.guarded(lead.check)
threading.Thread(target=lead.run, args=(threading.Event(),), daemon=True).start()
number = 0
while True:
    number += 1
    thing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared", "namespace": "tre"},
             "data": {"writer": sys.argv[2], "number": str(number)}}
    try:
        writing.apply(thing)
    except NotLeading:
        pass
    time.sleep(0.01)
"""


def test_a_process_that_was_stopped_and_wakes_up_writes_nothing(world: Candidates) -> None:
    programs = {}
    try:
        for name in ("first", "second"):
            programs[name] = subprocess.Popen([sys.executable, "-c", _PROGRAM, world.settings.host, name])
            if name == "first":
                _until(lambda: _writer(world.server) == "first")
        os.kill(programs["first"].pid, signal.SIGSTOP)
        _until(lambda: _writer(world.server) == "second")
        taken = len(world.server.log)
        _until(lambda: len(world.server.log) > taken + 20)  # what the first had sent before it was stopped has arrived
        before = len(world.server.log)
        os.kill(programs["first"].pid, signal.SIGCONT)
        _until(lambda: len(world.server.log) > before + 100)
        after = [thing["data"]["writer"] for _, _, thing in world.server.log[before:] if thing["kind"] == "ConfigMap"]
        assert set(after) == {"second"}
    finally:
        for program in programs.values():
            program.kill()
            program.wait(60)


def _writer(server: ApiServer) -> str:
    thing = server.objects.get(("configmaps", "tre", "shared"))
    return str(thing["data"]["writer"]) if thing else ""


def _until(holds: object, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)
