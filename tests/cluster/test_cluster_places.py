"""Places on a real API server: made, at rest without writes, mended, and removed in order without residue."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.kubernetes.applying import Applier
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.differences import differences
from orchestrator.adapters.kubernetes.kinds import (
    NAMESPACE,
    NETWORK_POLICY,
    PERSISTENT_VOLUME,
    POD,
    RESOURCE_QUOTA,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
    kind_of,
)
from orchestrator.adapters.kubernetes.places import KubernetesPlaces
from orchestrator.adapters.kubernetes.watching import Mirror
from orchestrator.core.errors import Conflict, NotPossible, Unavailable
from orchestrator.workspaces.places.model import ClusterLayout, PlacePlan, Removal
from tests.cluster.layout import TOLD, layout, plan
from tests.workspaces.parts import part_objects

pytestmark = pytest.mark.cluster

WRITES = ("apply", "create", "patch", "update", "delete", "scale")
_GONE = 60.0


class World:
    """A controller's view of the cluster, and another person's: ``hand``."""

    def __init__(self, cluster: Cluster, hand: Cluster) -> None:
        self.cluster, self.hand = cluster, hand
        self.layout: ClusterLayout = layout(f"test-{secrets.token_hex(4)}")
        self.plan: PlacePlan = replace(plan(self.layout, volumes=1), keep_work=False)
        self.heard: list[str] = []
        self.mirror = Mirror(cluster, self.layout.installation, changed=self.heard.append, watch_seconds=10)
        self.mirror.start()
        self.places = KubernetesPlaces(cluster, self.mirror, self.layout)

    @property
    def writes(self) -> int:
        return sum(self.cluster.calls.get(verb, 0) for verb in WRITES)

    def rest(self) -> list[str]:
        """Bring the place in step until a pass writes nothing; return what had drifted."""
        drift: list[str] = []
        for _ in range(20):
            done = self.places.provision(self.plan)
            drift += done.drift
            if not done.written:
                return drift
        raise AssertionError("it does not come to rest")

    def until_drift(self) -> tuple[list[str], float]:
        """Do as the controller does: a pass whenever the mirror tells of a change. Returns what it told, and when."""
        began = time.monotonic()
        while time.monotonic() - began < 120:
            if self.heard:
                self.heard.clear()
                drift = self.places.provision(self.plan).drift
                if drift:
                    return list(drift), time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError("no drift was noticed")

    def edit(self, kind: Kind, name: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Edit by hand."""
        thing = self.hand.get(kind, name, self.plan.name if kind.namespaced else "")
        assert thing is not None
        change(thing)
        self.hand.replace(thing)

    def remove(self, of: PlacePlan | None = None, seconds: float = _GONE) -> list[Removal]:
        steps, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            steps.append(self.places.remove(of or self.plan))
            if steps[-1].finished:
                return steps
            time.sleep(0.2)
        raise AssertionError(f"not removed: {steps[-1].waiting_for}")

    def until_held(self, words: str) -> None:
        """Remove the place until it says what holds it; it never finishes before."""
        end = time.monotonic() + 90
        while words not in (step := self.places.remove(self.plan)).waiting_for:
            assert not step.finished
            assert time.monotonic() < end, step.waiting_for
            time.sleep(0.2)


@pytest.fixture
def world(cluster: Cluster) -> Iterator[World]:
    own = Cluster.connect(Path(os.environ["KUBECONFIG"]))
    made = World(own, cluster)
    assert made.mirror.wait(90)
    try:
        yield made
    finally:
        made.mirror.stop()
        cluster.delete(NAMESPACE, made.plan.name)
        for volume in cluster.list(
            PERSISTENT_VOLUME, selector=f"tre.orchestrator/project={made.plan.project_id}"
        ).items:
            cluster.delete(PERSISTENT_VOLUME, volume["metadata"]["name"])
        own.close()


def test_a_place_is_made_and_costs_no_writes_at_rest(world: World) -> None:
    first = world.places.provision(world.plan)
    assert first.drift == ()
    assert world.rest() == []
    written = world.writes
    for _ in range(3):
        assert world.places.provision(world.plan).written == 0
    assert world.writes == written

    mirror = Mirror(world.cluster, world.layout.installation)
    mirror.start()
    assert mirror.wait(90)
    restarted = KubernetesPlaces(world.cluster, mirror, world.layout)
    assert restarted.provision(world.plan).written == 0, "everything is compared anew and found equal"
    assert world.writes == written
    assert [(seen.project_id, seen.name) for seen in restarted.places()] == [(world.plan.project_id, world.plan.name)]
    mirror.stop()


def _open(thing: dict[str, Any]) -> None:
    thing["spec"]["egress"] = [{}]


def _widen(thing: dict[str, Any]) -> None:
    thing["spec"]["ingress"][0]["from"][0]["namespaceSelector"] = {}


def _privileged(thing: dict[str, Any]) -> None:
    thing["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "privileged"


def _unlabelled(thing: dict[str, Any]) -> None:
    del thing["metadata"]["labels"]["tre.orchestrator/installation"]


def _token(thing: dict[str, Any]) -> None:
    thing["automountServiceAccountToken"] = True


def _roomy(thing: dict[str, Any]) -> None:
    thing["spec"]["hard"]["pods"] = "1000"


def _port(thing: dict[str, Any]) -> None:
    thing["spec"]["ports"].append({"name": "more", "port": 9999, "protocol": "TCP", "targetPort": 9999})


EDITS = [
    (NETWORK_POLICY, "default-deny", _open, "NetworkPolicy/default-deny edited: spec.egress"),
    (NETWORK_POLICY, "session", _widen, "NetworkPolicy/session edited: spec.ingress.0.from.0.namespaceSelector"),
    (NAMESPACE, "", _privileged, "Namespace/"),
    (NAMESPACE, "", _unlabelled, "Namespace/"),
    (SERVICE, "gate", _unlabelled, "Service/gate edited: metadata.labels."),
    (SERVICE, "hub", _port, "Service/hub edited: spec.ports"),
    (SERVICE_ACCOUNT, "session", _token, "ServiceAccount/session edited: automountServiceAccountToken"),
    (RESOURCE_QUOTA, "workspace", _roomy, "ResourceQuota/workspace edited: spec.hard.pods"),
]


def test_whatever_is_edited_is_noticed_put_back_and_told(world: World) -> None:
    world.places.provision(world.plan)
    world.rest()
    for kind, named, change, words in EDITS:
        name = named or world.plan.name
        namespace = world.plan.name if kind.namespaced else ""
        before = _content(world.hand.get(kind, name, namespace))
        world.heard.clear()
        world.edit(kind, name, change)
        drift, seconds = world.until_drift()
        assert len(drift) == 1, drift
        assert drift[0].startswith(words)
        assert _content(world.hand.get(kind, name, namespace)) == before
        assert seconds < 20
        assert world.rest() == []


def test_whatever_is_deleted_or_added_is_put_right(world: World) -> None:
    world.places.provision(world.plan)
    world.rest()
    world.heard.clear()
    world.hand.delete(NETWORK_POLICY, "default-deny", world.plan.name)
    assert world.until_drift()[0] == ["NetworkPolicy/default-deny deleted"]
    assert world.hand.get(NETWORK_POLICY, "default-deny", world.plan.name) is not None
    world.heard.clear()
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}
    metadata = {"name": "let-me-out", "namespace": world.plan.name}
    world.hand.create(
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
    )
    assert world.until_drift()[0] == ["NetworkPolicy/let-me-out added by somebody else"]
    assert world.hand.get(NETWORK_POLICY, "let-me-out", world.plan.name) is None
    assert world.rest() == []


def test_a_place_is_removed_in_order_and_nothing_is_left(world: World) -> None:
    world.places.provision(world.plan)
    before = set(world.places.contents(world.plan))
    order: list[str] = []
    following = [threading.Thread(target=_follow, args=(world, kind, order)) for kind in (NETWORK_POLICY, POD)]
    world.hand.create(_idle_pod(world.plan.name))
    for thread in following:
        thread.start()
    time.sleep(0.5)
    steps = world.remove()
    removed = {line for step in steps for line in step.removed}
    assert before <= removed
    assert {line.partition(" ")[0] for line in removed - before} == {"v1/Pod/idle"}
    assert world.places.contents(world.plan) == ()
    for thread in following:
        thread.join(30)
    assert order[0] == "Pod"
    assert order.count("NetworkPolicy") == 4
    assert world.remove()[-1].removed == (), "a step more changes nothing"


def test_a_namespace_of_somebody_else_is_not_touched(world: World) -> None:
    world.hand.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.plan.name}})
    for act in (world.places.provision, world.places.remove, world.places.contents):
        with pytest.raises(Conflict, match="somebody else"):
            act(world.plan)
    assert world.writes == 0


def test_a_namespace_that_cannot_end_says_what_holds_it(world: World) -> None:
    world.places.provision(world.plan)
    world.edit(SERVICE, "gate", lambda thing: thing["metadata"].update(finalizers=["tre-tests/hold"]))
    world.until_held("tre-tests/hold")
    world.hand.delete(NAMESPACE, world.plan.name)
    world.until_held("tre-tests/hold")
    with pytest.raises((NotPossible, Unavailable)):
        world.places.provision(world.plan)
    world.edit(SERVICE, "gate", lambda thing: thing["metadata"].update(finalizers=[]))
    world.remove()


def _idle_pod(namespace: str) -> dict[str, Any]:
    """A pod that is never started, because its image is nowhere: it ends like any other."""
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
    resources = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "10m", "memory": "16Mi"}}
    container = {
        "name": "idle",
        "image": "tre.invalid/nothing@sha256:" + "0" * 64,
        "imagePullPolicy": "Never",
        "securityContext": {**safe, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "resources": resources,
    }
    spec = {"containers": [container], "automountServiceAccountToken": False, "serviceAccountName": "session"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "idle", "namespace": namespace}, "spec": spec}


def _follow(world: World, kind: Kind, order: list[str]) -> None:
    version = world.hand.list(kind, world.plan.name).resource_version
    for change in world.hand.watch(kind, "", version, namespace=world.plan.name, seconds=12):
        if change.type == "DELETED":
            order.append(kind.name)


def _content(thing: dict[str, Any] | None) -> dict[str, Any]:
    assert thing is not None
    kept = {key: value for key, value in thing.items() if key not in {"metadata", "status"}}
    return {**kept, "labels": thing["metadata"]["labels"]}


def test_parts_and_sessions_cost_no_writes_at_rest_either(world: World) -> None:
    """What the API server fills in (probes, ports, strategies, quantities) is no difference, even to a fresh eye."""
    world.places.provision(world.plan)
    objects = part_objects(world.plan, world.layout, TOLD, awake=False)
    Applier(world.cluster, world.mirror).bring(objects)
    again = Applier(world.cluster, world.mirror).bring(objects)
    assert (again.written, again.drift) == (0, [])
    for thing in objects:
        live = world.hand.get(kind_of(thing), thing["metadata"]["name"], world.plan.name)
        assert live is not None
        assert differences(thing, live) == []
