"""The mirror against watches that close, fall silent, expire and lie: it comes back, and never goes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.held import PROJECT, Holding
from orchestrator.adapters.kubernetes.kinds import NAMESPACE, NETWORK_POLICY, POD, SERVICE
from orchestrator.adapters.kubernetes.transport import Transport
from orchestrator.adapters.kubernetes.watching import INSTALLATION, Mirror
from orchestrator.core.errors import Unavailable
from tests.contract.api_server import ApiServer, Fault

LABELS = {INSTALLATION: "here", PROJECT: "p1"}


class World:
    def __init__(self, server: ApiServer, cluster: Cluster) -> None:
        self.server, self.cluster = server, cluster
        self.heard: list[str] = []
        kinds = (NAMESPACE, POD, NETWORK_POLICY, SERVICE)
        self.mirror = Mirror(cluster, "here", changed=self.heard.append, kinds=kinds, watch_seconds=2)

    def pods(self) -> set[str]:
        return {pod["metadata"]["name"] for pod in self.mirror.list(POD, "place")}


@pytest.fixture
def world() -> Iterator[World]:
    server = ApiServer()
    with server.serving() as settings:
        cluster = Cluster(Transport(settings, deadline=3.0, attempt=1.0))
        server.put(thing("Namespace", "place", namespace=""))
        made = World(server, cluster)
        try:
            yield made
        finally:
            made.mirror.stop()


def thing(kind: str, name: str, *, namespace: str = "place", labels: Any = None, **content: Any) -> dict[str, Any]:
    version = "networking.k8s.io/v1" if kind == "NetworkPolicy" else "v1"
    metadata = {"name": name, "labels": dict(LABELS if labels is None else labels)}
    metadata |= {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": content}


def until(holds: Callable[[], object], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def start(world: World) -> None:
    world.mirror.start()
    assert world.mirror.wait(90)


def test_it_is_not_trusted_before_everything_was_listed(world: World) -> None:
    with pytest.raises(Unavailable, match="not known well enough"):
        world.mirror.check()
    start(world)
    world.mirror.check()


def test_it_hears_of_everything_with_our_label_and_tells_the_project(world: World) -> None:
    world.server.put(thing("Pod", "a"))
    world.server.put(thing("Pod", "other", labels={INSTALLATION: "elsewhere"}))
    start(world)
    assert world.pods() == {"a"}
    world.heard.clear()
    world.server.put(thing("Pod", "b"))
    until(lambda: world.pods() == {"a", "b"})
    until(lambda: world.heard == ["p1"])
    world.server.edit("pods", "place", "b", lambda pod: pod["metadata"]["labels"].pop(INSTALLATION))
    until(lambda: world.pods() == {"a"})
    world.server.take("pods", "place", "a")
    until(lambda: world.pods() == set())


def test_a_policy_without_any_label_is_heard_of_and_told_to_the_namespaces_project(world: World) -> None:
    start(world)
    world.heard.clear()
    world.server.put(thing("NetworkPolicy", "open", labels={}))
    until(lambda: "p1" in world.heard)
    assert [name for name, _, _ in world.mirror.names(NETWORK_POLICY, "place")] == ["open"]


def test_policies_of_another_installation_are_no_news(world: World) -> None:
    start(world)
    world.heard.clear()
    theirs = {INSTALLATION: "elsewhere", PROJECT: "p9"}
    world.server.put(thing("NetworkPolicy", "default-deny", namespace="their-place", labels=theirs))
    world.server.put(thing("NetworkPolicy", "open", labels={}))
    until(lambda: world.heard)
    assert set(world.heard) == {"p1"}


def test_closed_watches_are_opened_again_without_a_new_list(world: World) -> None:
    world.server.close_watches_after = 0.3
    start(world)
    lists = world.cluster.calls["list"]
    for number in range(4):
        world.server.put(thing("Pod", f"p{number}"))
        until(lambda number=number: f"p{number}" in world.pods())
        asked = world.cluster.calls["watch"]
        until(lambda asked=asked: world.cluster.calls["watch"] > asked)
    assert world.cluster.calls["list"] == lists
    assert world.cluster.calls["watch"] > 4


def test_an_expired_version_is_listed_anew(world: World) -> None:
    world.server.put(thing("Pod", "a"))
    start(world)
    with world.server.changed:
        world.server.forget_versions()
        world.server.put(thing("Pod", "b"))
        world.server.log.clear()
    until(lambda: world.pods() == {"a", "b"})


def test_what_went_while_it_could_not_hear_is_noticed(world: World) -> None:
    world.server.put(thing("Pod", "a"))
    start(world)
    with world.server.changed:
        world.server.take("pods", "place", "a")
        world.server.log.clear()
        world.server.forget_versions()
    until(lambda: world.pods() == set())
    until(lambda: "p1" in world.heard)


def test_an_api_server_that_is_away_makes_it_old_and_it_comes_back(world: World) -> None:
    start(world)
    world.server.fault = lambda _number, _verb, _path: Fault(status=503)
    world.server.close_watches_after = 0.0
    until(lambda: world.mirror.age() > 1.0)
    with pytest.raises(Unavailable):
        world.mirror.check(1.0)
    world.server.put(thing("Pod", "a"))
    world.server.close_watches_after = 60.0
    world.server.fault = lambda _number, _verb, _path: None
    until(lambda: world.pods() == {"a"}, 40)
    until(lambda: world.mirror.age() < 5.0)


def test_a_stale_list_does_not_take_it_back(world: World) -> None:
    start(world)
    for number in range(6):
        world.server.put(thing("Pod", f"p{number}"))
    until(lambda: len(world.pods()) == 6)
    world.server.fault = lambda _number, verb, _path: Fault(stale=True) if verb == "list" else None
    with world.server.changed:
        listed = world.cluster.calls["list"]
        world.server.oldest = world.server.version + 1  # every watch expires; lists of that very version are served
    seen: list[int] = []
    until(lambda: seen.append(len(world.pods())) or world.cluster.calls["list"] >= listed + 4)
    with world.server.changed:
        world.server.oldest = 0
    assert set(seen) == {6}


def test_what_was_written_is_held_at_once_and_older_news_is_not_believed() -> None:
    holding = Holding()
    key = ("place", "a")

    def version(number: str, *, uid: str = "u1") -> dict[str, Any]:
        item = thing("Pod", "a")
        item["metadata"] |= {"uid": uid, "resourceVersion": number}
        return item

    def held() -> str:
        found = holding.get(key)
        return f"{found.uid}:{found.version}" if found else ""

    holding.replace([version("1")], began=0.0)
    holding.wrote(version("5"))
    assert held() == "u1:5"
    for older in ("2", "3"):
        assert holding.heard(version(older), deleted=False) == set()
        assert held() == "u1:5"
    holding.heard(version("5"), deleted=False)
    holding.heard(version("6"), deleted=False)
    assert held() == "u1:6"
    holding.wrote(version("5"))
    assert held() == "u1:6", "the watch was quicker than the answer"
    holding.wrote(version("9", uid="u2"))
    holding.heard(version("8", uid="u1"), deleted=True)
    assert held() == "u2:9", "the end of the one before is not the end of this one"
    holding.heard(version("9", uid="u2"), deleted=False)
    holding.heard(version("10", uid="u2"), deleted=True)
    assert held() == ""
    holding.wrote(version("9", uid="u2"))
    assert held() == "", "it has gone already"


def test_a_list_that_began_before_a_write_does_not_undo_it() -> None:
    now = [100.0]
    holding = Holding(monotonic=lambda: now[0])
    item = thing("Pod", "a")
    item["metadata"] |= {"uid": "u", "resourceVersion": "7"}
    holding.wrote(item)
    holding.replace([], began=99.0)
    assert holding.get(("place", "a")) is not None
    assert holding.overdue(10) is False
    now[0] += 30
    assert holding.overdue(10)
    holding.replace([], began=now[0])
    assert holding.get(("place", "a")) is None
    assert not holding.overdue(10)
