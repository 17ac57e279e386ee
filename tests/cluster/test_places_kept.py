"""The controller and a real API server: places made, put back within seconds, free at rest, removed and certified."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import (
    CONFIG_MAP,
    LEASE,
    NAMESPACE,
    NETWORK_POLICY,
    PERSISTENT_VOLUME,
    RESOURCE_QUOTA,
)
from orchestrator.adapters.kubernetes.leading import Candidate
from orchestrator.adapters.kubernetes.places import KubernetesPlaces
from orchestrator.adapters.kubernetes.watching import INSTALLATION, Mirror
from orchestrator.audit.fakes import FakeSigner
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.workspaces.places import store as place_store
from orchestrator.workspaces.places.certificates import sign_certificates, signed, verify_certificate
from orchestrator.workspaces.places.conditions import ConditionKind, ConditionState
from orchestrator.workspaces.surroundings import Changes
from tests.cluster.layout import layout
from tests.controller.test_loop import Stage
from tests.workspaces.test_provisioning import World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

_WRITES = ("create", "apply", "replace", "delete", "patch", "update")


class ClusterWorld(World):
    """The world of the provisioning tests, with namespaces in a real cluster."""

    def __init__(self, record: Record, clock: FixedClock, directory: Path, cluster: Cluster) -> None:
        super().__init__(record, clock, directory)
        self.cluster, self.changes = cluster, Changes()
        self.installation = f"h{secrets.token_hex(4)}"
        self.mirror = Mirror(cluster, self.installation, changed=self.changes, watch_seconds=10)
        self.places: Any = KubernetesPlaces(cluster, self.mirror, layout(self.installation))
        self.kept = timedelta(0)
        self.restart()
        self.mirror.start()
        assert self.mirror.wait(30)

    def written(self) -> int:
        return sum(count for verb, count in self.cluster.calls.items() if verb in _WRITES)

    def namespaces(self) -> list[str]:
        found = self.cluster.list(NAMESPACE, "", f"{INSTALLATION}={self.installation}").items
        return [item["metadata"]["name"] for item in found]


@pytest.fixture
def world(record: Record, clock: FixedClock, tmp_path: Path, cluster: Cluster) -> Iterator[ClusterWorld]:
    world = ClusterWorld(record, clock, tmp_path, cluster)
    yield world
    world.mirror.stop()
    cluster.delete(LEASE, f"tre-controller-{world.installation}", "default")
    for name in world.namespaces():
        cluster.delete(NAMESPACE, name)
    for volume in cluster.list(PERSISTENT_VOLUME, "", f"{INSTALLATION}={world.installation}").items:
        cluster.delete(PERSISTENT_VOLUME, volume["metadata"]["name"])


@pytest.fixture
def stage(world: ClusterWorld, tmp_path: Path) -> Iterator[Stage]:
    with Stage(world, tmp_path) as stage:
        yield stage


def eventually(holds: Callable[[], object], what: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def provisioned(stage: Stage) -> tuple[str, str]:
    project = stage.approve()
    eventually(lambda: stage.holds(project, ConditionKind.PROVISIONED), lambda: stage.world.readable(project))
    return project, stage.world.name(project)


def test_whatever_is_deleted_or_edited_is_put_back_and_recorded(stage: Stage, world: ClusterWorld) -> None:
    project, name = provisioned(stage)
    cluster = world.cluster
    wall = cluster.get(NETWORK_POLICY, "default-deny", name)
    assert wall
    began = time.monotonic()
    cluster.delete(NETWORK_POLICY, "default-deny", name)
    eventually(lambda: cluster.get(NETWORK_POLICY, "default-deny", name), lambda: "the policy did not come back")
    quota = cluster.get(RESOURCE_QUOTA, "workspace", name)
    assert quota
    wider = {**quota, "spec": {"hard": {**quota["spec"]["hard"], "pods": "999"}}}
    cluster.replace(wider)
    pods = quota["spec"]["hard"]["pods"]
    eventually(
        lambda: (cluster.get(RESOURCE_QUOTA, "workspace", name) or wider)["spec"]["hard"]["pods"] == pods,
        lambda: "the quota stayed wide",
    )
    opening = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "opening", "namespace": name},
        "spec": {"podSelector": {}, "egress": [{}], "policyTypes": ["Egress"]},
    }
    cluster.create(opening)
    eventually(lambda: cluster.get(NETWORK_POLICY, "opening", name) is None, lambda: "a stranger's policy stayed")
    print(f"three changes put back in {time.monotonic() - began:.1f} s")  # noqa: T201 - a figure
    eventually(lambda: world.kinds(project).count("workspace.drift") >= 3, lambda: world.kinds(project))
    drift = world.condition(project, ConditionKind.DRIFT)
    assert (drift.state, drift.reason) == (ConditionState.TRUE, "WallOpen")


def test_at_rest_nothing_is_written(stage: Stage, world: ClusterWorld) -> None:
    project, _ = provisioned(stage)
    time.sleep(2)
    before = (world.written(), world.entries())
    for _ in range(5):
        assert world.provisioner.keep(project).trouble == ()
    assert (world.written(), world.entries()) == before


def test_somebody_elses_namespace_of_the_name_is_left_alone_and_told(stage: Stage, world: ClusterWorld) -> None:
    project = world.access.approve()
    with world.record.change() as change:
        row = place_store.make_place(change, project, now=world.clock(), actor="system:test")
    label = {"tre-tests/theirs": world.installation}
    world.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": row.name, "labels": label}})
    try:
        stage.done(project, "project.approved")
        eventually(
            lambda: ConditionKind.PROVISIONED in {one.kind for one in world.conditions.of(project)},
            lambda: world.readable(project),
        )
        told = world.condition(project, ConditionKind.PROVISIONED)
        assert (told.state, told.reason) == (ConditionState.FALSE, "Conflict")
        theirs = world.cluster.get(NAMESPACE, row.name)
        assert theirs
        assert INSTALLATION not in theirs["metadata"]["labels"]
        assert world.cluster.list(NETWORK_POLICY, row.name).items == []
    finally:
        world.cluster.delete(NAMESPACE, row.name)


def test_a_closed_project_leaves_a_certificate_and_nothing_else(stage: Stage, world: ClusterWorld) -> None:
    project, name = provisioned(stage)
    world.cluster.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a-note", "namespace": name}, "data": {}}
    )
    note = world.cluster.get(CONFIG_MAP, "a-note", name)
    wall = world.cluster.get(NETWORK_POLICY, "default-deny", name)
    assert note
    assert wall
    world.access.move(project, world.access.projects[project].state.CLOSED)
    stage.done(project, "project.closed")
    eventually(lambda: stage.holds(project, ConditionKind.REMOVED), lambda: world.readable(project), 120)
    assert world.namespaces() == []
    signer = FakeSigner()
    assert sign_certificates(world.record, signer) == 1
    with world.record.read() as session:
        document = signed(place_store.certificates(session, project)[-1])
    assert verify_certificate(document, signer.public_keys()) == []
    (certificate,) = world.certificates(project)
    uids = {one["uid"] for part in ("objects", "volumes", "keys") for one in certificate[part]}
    assert {note["metadata"]["uid"], wall["metadata"]["uid"]} <= uids
    assert {one["name"] for one in certificate["volumes"]} >= {"work", "data"}


def test_who_lost_the_lead_in_the_middle_of_a_pass_writes_nothing(world: ClusterWorld, cluster: Cluster) -> None:
    lead = Candidate(cluster, installation=world.installation, namespace="default", lease_seconds=6.0)
    world.places = KubernetesPlaces(cluster.guarded(lead.guard), world.mirror, layout(world.installation))
    world.restart()
    lead.start()
    eventually(lead.leads, lambda: "it does not lead")
    lead.stop()  # as if it had been paused for longer than the lead lasts
    project = world.access.approve()
    assert world.provisioner.keep(project).trouble
    assert world.namespaces() == []
    assert "Another controller" in world.condition(project, ConditionKind.PROVISIONED).message


def test_a_second_controller_stands_by_and_takes_over(world: ClusterWorld, cluster: Cluster, tmp_path: Path) -> None:
    first, second = Stage(world, tmp_path), Stage(world, tmp_path)
    for each in (first, second):
        lead = Candidate(cluster, installation=world.installation, namespace="default", lease_seconds=6.0)
        object.__setattr__(each.controller._surroundings, "leadership", lead)
    with first:
        eventually(first.controller.leads, lambda: "nobody leads")
        with second:
            project, _ = provisioned(first)
            time.sleep(2)
            assert not second.controller.leads()
            assert second.controller.projects.depths() == {}
            first.__exit__()
            eventually(second.controller.leads, lambda: "nobody took over")
            later = second.approve()
            eventually(lambda: second.holds(later, ConditionKind.PROVISIONED), lambda: world.readable(later))
            assert world.kinds(project).count("place.made") == 1
