"""Calls to an API server that answers badly: what is repeated, what is not, and what each answer becomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.adapters.kubernetes.cluster import Cluster, Expired
from orchestrator.adapters.kubernetes.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD
from orchestrator.adapters.kubernetes.transport import Transport
from orchestrator.core.errors import Conflict, NotFound, NotPossible, Refused, Unavailable
from tests.contract.api_server import ApiServer, Fault


class World:
    def __init__(self, server: ApiServer, cluster: Cluster, waits: list[float]) -> None:
        self.server, self.cluster, self.waits = server, cluster, waits

    def fail(self, verb: str, *faults: Fault) -> None:
        """The next calls of this verb go wrong in this order."""
        left = list(faults)
        self.server.fault = lambda _number, said, _path: left.pop(0) if left and said == verb else None


@pytest.fixture
def world() -> Iterator[World]:
    server, waits = ApiServer(), []
    with server.serving() as settings:
        transport = Transport(settings, deadline=20.0, attempt=0.5, sleep=waits.append)
        cluster = Cluster(transport)
        server.put(_thing("v1", "Namespace", "place"))
        try:
            yield World(server, cluster, waits)
        finally:
            cluster.close()


def _thing(version: str, kind: str, name: str, namespace: str = "", **content: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def _map(name: str = "a", **data: str) -> dict[str, Any]:
    return _thing("v1", "ConfigMap", name, "place", data=data)


def test_there_and_not_there(world: World) -> None:
    world.cluster.apply(_map(x="1"))
    there = world.cluster.get(CONFIG_MAP, "a", "place")
    assert there is not None
    assert there["data"] == {"x": "1"}
    assert world.cluster.get(CONFIG_MAP, "b", "place") is None
    assert world.cluster.server_version == "v0.0.0-test"


def test_lists_come_in_pages_of_one_version(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.adapters.kubernetes.cluster._PAGE", 3)
    for number in range(8):
        world.cluster.apply(_map(f"m{number}"))
    listing = world.cluster.list(CONFIG_MAP, "place")
    assert [item["metadata"]["name"] for item in listing.items] == [f"m{number}" for number in range(8)]
    assert {item["kind"] for item in listing.items} == {"ConfigMap"}
    assert world.cluster.calls["list"] == 3


def test_a_list_whose_pages_expired_begins_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.adapters.kubernetes.cluster._PAGE", 3)
    for number in range(4):
        world.cluster.apply(_map(f"m{number}"))
    world.fail("list", Fault(), Fault(status=410, body={"reason": "Expired", "code": 410}))
    assert len(world.cluster.list(CONFIG_MAP, "place").items) == 4
    assert world.cluster.calls["list"] == 4


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("verb", ["get", "list"])
def test_reads_are_repeated(world: World, verb: str, status: int) -> None:
    world.fail(verb, *[Fault(status=status)] * 3)
    if verb == "get":
        assert world.cluster.get(NAMESPACE, "place") is not None
    else:
        assert world.cluster.list(NAMESPACE).items
    assert world.cluster.calls[verb] == 4
    assert len(world.waits) == 3
    assert world.waits[0] < 0.3 < world.waits[2] < 1.0


def test_retry_after_is_kept_to(world: World) -> None:
    world.fail("get", Fault(status=429, retry_after="2"))
    world.cluster.get(NAMESPACE, "place")
    assert 2.0 <= world.waits[0] <= 2.5


def test_who_is_told_to_wait_longer_than_the_deadline_does_not_wait(world: World) -> None:
    world.fail("get", Fault(status=429, retry_after="3600"))
    with pytest.raises(Unavailable) as caught:
        world.cluster.get(NAMESPACE, "place")
    assert not caught.value.unknown_outcome
    assert world.waits == []


def test_an_api_server_that_stays_broken_is_told(world: World) -> None:
    server = world.server
    server.fault = lambda _number, _verb, _path: Fault(status=500, body={"message": "etcd is away"})
    transport = Transport(world.cluster._transport._settings, deadline=1.0)
    with pytest.raises(Unavailable, match="etcd is away"):
        Cluster(transport).get(NAMESPACE, "place")
    assert 2 <= server.calls["get"] <= 6


@pytest.mark.parametrize("lose", ["before", "after"])
def test_lost_answers_to_reads_are_asked_again(world: World, lose: str) -> None:
    world.fail("get", Fault(lose=lose))
    assert world.cluster.get(NAMESPACE, "place") is not None


def test_slow_answers_are_given_up_in_time(world: World) -> None:
    world.fail("get", Fault(pause=60.0))  # longer than the whole call may take
    assert world.cluster.get(NAMESPACE, "place") is not None


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(lose="before"), Fault(lose="after"), Fault(status=429)])
def test_applying_is_repeated_whatever_happened(world: World, fault: Fault) -> None:
    world.fail("apply", fault, fault)
    assert world.cluster.apply(_map(x="1"))["data"] == {"x": "1"}
    assert world.cluster.calls["apply"] == 3


def test_writers_that_met_at_an_object_apply_again_but_not_for_ever(world: World) -> None:
    conflict = Fault(status=409, body={"reason": "Conflict", "message": "modified"})
    world.fail("apply", conflict)
    world.cluster.apply(_map(x="1"))
    world.fail("apply", *[conflict] * 50)
    with pytest.raises(Conflict):
        world.cluster.apply(_map(x="2"))
    assert world.cluster.calls["apply"] == 7


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=504), Fault(lose="before"), Fault(lose="after")])
def test_a_create_without_an_answer_is_an_unknown_outcome(world: World, fault: Fault) -> None:
    world.fail("create", fault)
    with pytest.raises(Unavailable) as caught:
        world.cluster.create(_map(x="1"))
    assert caught.value.unknown_outcome
    assert world.cluster.calls["create"] == 1
    assert (world.cluster.get(CONFIG_MAP, "a", "place") is not None) is (fault.lose == "after")


def test_a_create_that_certainly_did_nothing_is_repeated(world: World) -> None:
    quota = Fault(status=409, body={"reason": "Conflict", "details": {"kind": "resourcequotas"}})
    world.fail("create", Fault(status=429, retry_after="1"), quota)
    world.cluster.create(_map(x="1"))
    assert world.cluster.calls["create"] == 3


def test_what_is_there_is_not_created(world: World) -> None:
    world.cluster.create(_map())
    with pytest.raises(Conflict, match="already exists"):
        world.cluster.create(_map())
    assert world.cluster.calls["create"] == 2


def test_nobody_listens(world: World) -> None:
    settings = world.cluster._transport._settings
    settings.host = "http://127.0.0.1:9"
    cluster = Cluster(Transport(settings, deadline=0.5))
    with pytest.raises(Unavailable, match="could not be reached") as caught:
        cluster.create(_map())
    assert not caught.value.unknown_outcome


@pytest.mark.parametrize("lose", ["before", "after"])
def test_deleting_by_uid_is_repeated_and_never_takes_the_next_of_that_name(world: World, lose: str) -> None:
    uid = world.cluster.apply(_map(x="1"))["metadata"]["uid"]
    world.fail("delete", Fault(lose=lose))
    assert world.cluster.delete(CONFIG_MAP, "a", "place", uid=uid) is (lose == "before")
    successor = world.cluster.apply(_map(x="2"))
    assert world.cluster.delete(CONFIG_MAP, "a", "place", uid=uid) is False
    assert world.cluster.get(CONFIG_MAP, "a", "place") == successor


def test_refusals_are_told_in_the_api_servers_words(world: World) -> None:
    world.server.quota = lambda _thing: "exceeded quota: workspace, requested: pods=1, used: pods=24"
    with pytest.raises(Refused, match="exceeded quota") as caught:
        world.cluster.create(_thing("v1", "Pod", "p", "place", spec={}))
    assert caught.value.reasons[0].startswith("exceeded quota")
    with pytest.raises(NotFound):
        world.cluster.apply(_thing("v1", "Pod", "p", "elsewhere", spec={}))
    world.fail("get", Fault(status=401), Fault(status=301))
    with pytest.raises(Unavailable, match="does not accept who we are"):
        world.cluster.get(POD, "p", "place")
    with pytest.raises(Unavailable):
        world.cluster.get(POD, "p", "place")


def test_nothing_is_made_in_a_namespace_that_is_going(world: World) -> None:
    world.server.edit("namespaces", "", "place", lambda thing: thing["metadata"].update(finalizers=["hold"]))
    world.cluster.delete(NAMESPACE, "place")
    with pytest.raises(NotPossible, match="being removed"):
        world.cluster.apply(_map())


def test_scaling(world: World) -> None:
    world.cluster.apply(_thing("apps/v1", "Deployment", "hub", "place", spec={"replicas": 0}))
    world.fail("patch", Fault(lose="after"))
    world.cluster.scale(DEPLOYMENT, "hub", "place", 1)
    hub = world.cluster.get(DEPLOYMENT, "hub", "place")
    assert hub is not None
    assert hub["spec"]["replicas"] == 1
    with pytest.raises(NotFound):
        world.cluster.scale(DEPLOYMENT, "agent", "place", 1)


def test_watches_tell_go_on_and_expire(world: World) -> None:
    version = world.cluster.list(CONFIG_MAP).resource_version
    uid = world.cluster.apply(_map(x="1"))["metadata"]["uid"]
    world.cluster.apply(_map(x="2"))
    world.cluster.delete(CONFIG_MAP, "a", "place", uid=uid)
    heard = list(world.cluster.watch(CONFIG_MAP, "", version, seconds=1))
    assert [change.type for change in heard] == ["ADDED", "MODIFIED", "DELETED"]
    later = list(world.cluster.watch(CONFIG_MAP, "", heard[1].resource_version, seconds=1))
    assert [change.type for change in later] == ["DELETED"]
    world.server.forget_versions()
    with pytest.raises(Expired):
        list(world.cluster.watch(CONFIG_MAP, "", version, seconds=1))


def test_a_watch_that_falls_silent_is_told(world: World) -> None:
    world.server.silent = True
    with pytest.raises(Unavailable, match="fell silent"):
        list(world.cluster.watch(CONFIG_MAP, "", "200", seconds=20, silence=0.3))


def test_a_guard_runs_before_every_write_and_no_read(world: World) -> None:
    def lost() -> None:
        raise Unavailable("not leading", system="kubernetes")

    guarded = world.cluster.guarded(lost)
    assert guarded.list(NAMESPACE).items
    for write in (
        lambda: guarded.apply(_map()),
        lambda: guarded.create(_map()),
        lambda: guarded.delete(NAMESPACE, "place"),
        lambda: guarded.scale(DEPLOYMENT, "hub", "place", 1),
    ):
        with pytest.raises(Unavailable, match="not leading"):
            write()
    assert world.server.writes == 0
