"""Places against an API server with faults: crashes at every write, drift, strangers, and an end without residue."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from kubernetes.client.configuration import Configuration

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.places import KubernetesPlaces
from orchestrator.adapters.kubernetes.transport import Call, Transport
from orchestrator.adapters.kubernetes.watching import Mirror
from orchestrator.core.errors import Conflict, NotPossible, OrchestratorError, Refused
from orchestrator.workspaces.builder import place_objects
from orchestrator.workspaces.places.model import PlacePlan, Removal
from tests.cluster.layout import TOLD, layout, plan
from tests.contract.api_server import ApiServer, Fault, Thing
from tests.workspaces.parts import part_objects

LAYOUT = layout("test")


def _briefly(_seconds: float) -> None:
    """Do not wait: how long is waited is tried elsewhere."""


class Crash(BaseException):
    """The process ends here: nothing may catch it."""


class Stepping(Transport):
    """Counts writes and ends the process before or after one of them."""

    def __init__(self, settings: Configuration, *, at: int = 0, after: bool = False) -> None:
        super().__init__(settings, deadline=5.0, attempt=2.0, sleep=_briefly)
        self.at, self.after, self.reached = at, after, 0

    def ask(self, call: Call) -> dict[str, Any]:
        if call.method == "GET":
            return super().ask(call)
        self.reached += 1
        if self.reached == self.at and not self.after:
            raise Crash
        answer = super().ask(call)
        if self.reached == self.at:
            raise Crash
        return answer


class Listed(Mirror):
    """Lists everything once and hears only of its own writes: all that a run needs in which nobody else writes."""

    def start(self) -> None:
        for kind in self._holdings:
            self._list(kind, "")


class World:
    def __init__(self, server: ApiServer, settings: Configuration) -> None:
        self.server, self.settings = server, settings
        self.plan = plan(LAYOUT, volumes=2)

    @contextmanager
    def places(self, transport: Transport | None = None, *, watches: bool = True) -> Iterator[KubernetesPlaces]:
        """A controller that has just been started and remembers nothing."""
        cluster = Cluster(transport or Transport(self.settings, deadline=5.0, attempt=2.0, sleep=_briefly))
        reading = Cluster(Transport(self.settings, deadline=5.0))
        mirror = (Mirror if watches else Listed)(reading, "test", watch_seconds=60)
        mirror.start()
        assert mirror.wait(90)
        try:
            yield KubernetesPlaces(cluster, mirror, LAYOUT)
        finally:
            mirror.stop()
            cluster.close()
            reading.close()

    def bring(self, places: KubernetesPlaces, passes: int = 6) -> list[str]:
        """Bring the place in step until a pass writes nothing; return what was told to have drifted."""
        drift: list[str] = []
        for _ in range(passes):
            try:
                done = places.provision(self.plan)
            except OrchestratorError:
                continue
            drift += done.drift
            if not done.written:
                return drift
        raise AssertionError("it does not come to rest")

    def run_parts(self) -> None:
        for thing in part_objects(self.plan, LAYOUT, TOLD):
            self.server.put(thing)
        for name in ("hub-1", "agent-1", "session-x"):
            metadata = {"name": name, "namespace": self.plan.name}
            self.server.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": "n1"}})


@pytest.fixture
def world() -> Iterator[World]:
    server = ApiServer()
    server.close_watches_after = 0.5
    with server.serving() as settings:
        yield World(server, settings)


def remove(places: KubernetesPlaces, of: PlacePlan, *, steps: int = 60) -> list[Removal]:
    taken = []
    for _ in range(steps):
        taken.append(places.remove(of))
        if taken[-1].finished:
            return taken
    raise AssertionError(f"it does not finish: {taken[-1].waiting_for}")


def names(world: World) -> set[tuple[str, str]]:
    return {(plural, name) for plural, _, name in world.server.objects if not name.startswith("pvc-")}


def test_a_place_is_made_as_built_and_a_second_pass_writes_nothing(world: World) -> None:
    with world.places() as places:
        assert places.provision(world.plan).drift == ()
        written = world.server.writes
        for _ in range(3):
            assert places.provision(world.plan).written == 0
        assert world.server.writes == written
    with world.places() as places:
        assert places.provision(world.plan).written == 0, "a restarted controller writes nothing either"
    assert world.server.writes == written
    assert len(names(world)) == len(place_objects(world.plan, LAYOUT))


def crashes(world: World, act: Callable[[KubernetesPlaces], Any], reset: Callable[[], None]) -> Iterator[int]:
    """Run ``act`` and end the process before, then after its k-th write, for every k there is."""
    k = 0
    while True:
        k += 1
        for after in (False, True):
            reset()
            stepping = Stepping(world.settings, at=k, after=after)
            try:
                with world.places(stepping, watches=False) as places:
                    act(places)
            except Crash:
                yield k
            else:
                return


def test_provisioning_converges_wherever_it_is_killed(world: World) -> None:
    def reset() -> None:
        with world.server.changed:
            world.server.objects.clear()
            world.server.applied.clear()
            world.server.forget_versions()

    with world.places(watches=False) as places:
        world.bring(places)
    wanted = names(world)
    points = 0
    for _ in crashes(world, world.bring, reset):
        points += 1
        with world.places(watches=False) as places:
            drift = world.bring(places)
        assert names(world) == wanted
        assert drift == [], "what was not made yet has not drifted"
        assert len([key for key in world.server.objects if key[0] == "persistentvolumes"]) == 4
    assert points >= 2 * len(wanted)


@pytest.mark.parametrize("keep_work", [True, False])
def test_removal_converges_wherever_it_is_killed(world: World, keep_work: bool) -> None:
    ending = replace(world.plan, keep_work=keep_work)
    with world.places(watches=False) as places:
        world.bring(places)
        world.run_parts()
        removed = {*places.contents(ending)}
    objects, applied = dict(world.server.objects), dict(world.server.applied)

    def reset() -> None:
        with world.server.changed:
            world.server.objects, world.server.applied = dict(objects), dict(applied)
            world.server.ending.clear()
            world.server.forget_versions()

    points = 0
    for _ in crashes(world, lambda places: remove(places, ending), reset):
        points += 1
        with world.places(watches=False) as places:
            last = remove(places, ending)[-1]
            left = places.contents(ending)
        assert last.finished
        kinds = [line.partition(" ")[0].rpartition("/")[0] for line in left]
        assert kinds == (["v1/PersistentVolume"] if keep_work else [])
        assert set(left) < removed
        assert {key[0] for key in world.server.objects} == ({"persistentvolumes"} if keep_work else set())
    assert points > 40


def test_pods_go_before_policies_and_policies_before_the_namespace(world: World) -> None:
    with world.places() as places:
        world.bring(places)
        world.run_parts()
        there = places.contents(world.plan)
        gone = [line for step in remove(places, replace(world.plan, keep_work=False)) for line in step.removed]
    order: list[str] = []
    for _, change, thing in world.server.log:
        if change == "DELETED":
            order.append(thing["kind"])
    last_pod = max(place for place, kind in enumerate(order) if kind == "Pod")
    first_policy = order.index("NetworkPolicy")
    assert last_pod < first_policy < order.index("PersistentVolumeClaim") < order.index("Namespace")
    assert set(gone) == set(there), "everything that was there is told, and nothing else"


def test_kept_work_is_told_and_destroyed_when_its_time_has_come(world: World) -> None:
    with world.places() as places:
        world.bring(places)
        remove(places, world.plan)
        (kept,) = places.contents(world.plan)
        volume = world.server.objects["persistentvolumes", "", kept.split("/")[-1].split(" ")[0]]
        assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
        written = world.server.writes
        assert places.remove(world.plan).finished
        assert world.server.writes == written, "keeping costs no writes"
        gone = [line for step in remove(places, replace(world.plan, keep_work=False)) for line in step.removed]
        assert gone == [kept]
        assert places.contents(world.plan) == ()


def test_a_volume_nobody_can_destroy_is_left_to_an_operator(world: World) -> None:
    with world.places() as places:
        world.bring(places)
        for key in [key for key in world.server.objects if key[2].startswith("pvc-")]:
            world.server.edit(*key, lambda thing: thing["metadata"].pop("annotations"))
            world.server.edit(*key, lambda thing: thing["spec"].update(persistentVolumeReclaimPolicy="Retain"))
        ending = replace(world.plan, keep_work=False)
        steps = [places.remove(ending) for _ in range(20)]
        assert "an operator to wipe and delete the volume pvc-" in steps[-1].waiting_for
        assert steps[-1].removed == (), "waiting tells nothing anew"
        for key in [key for key in world.server.objects if key[2].startswith("pvc-")]:
            world.server.take(*key)
        assert remove(places, ending)[-1].finished


def test_a_namespace_that_does_not_end_says_what_holds_it(world: World) -> None:
    with world.places() as places:
        world.bring(places)
        world.server.edit(
            "namespaces", "", world.plan.name, lambda thing: thing["metadata"].update(finalizers=["example.org/hold"])
        )
        for _ in range(12):
            step = places.remove(world.plan)
        assert not step.finished
        assert "example.org/hold" in step.waiting_for
        with pytest.raises(NotPossible, match=r"being removed: .*example.org/hold"):
            for _ in range(50):
                places.provision(world.plan)


def test_a_pod_on_a_lost_node_holds_everything_and_is_named(world: World) -> None:
    with world.places() as places:
        world.bring(places)
        world.run_parts()
        world.server.edit(
            "pods", world.plan.name, "session-x", lambda thing: thing["metadata"].update(finalizers=["kubelet"])
        )
        for _ in range(8):
            step = places.remove(world.plan)
        assert step.waiting_for == "Pod session-x on node n1"
        assert ("networkpolicies", world.plan.name, "default-deny") in world.server.objects


def test_a_namespace_somebody_else_made_is_never_touched(world: World) -> None:
    stranger = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.plan.name, "labels": {"a": "b"}}}
    world.server.put(stranger)
    before = world.server.picture()
    with world.places() as places:
        for act in (places.provision, places.remove, places.contents):
            with pytest.raises(Conflict, match="somebody else"):
                act(world.plan)
    assert world.server.picture() == before
    assert world.server.writes == 0


def other_rule(thing: Thing) -> None:
    thing["spec"]["ingress"] = [{}]


def other_label(thing: Thing) -> None:
    thing["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "privileged"


def more_selector(thing: Thing) -> None:
    thing["spec"]["ingress"][0]["from"][0]["namespaceSelector"] = {}


def mounts_token(thing: Thing) -> None:
    thing["automountServiceAccountToken"] = True


def no_label(thing: Thing) -> None:
    del thing["metadata"]["labels"]["tre.orchestrator/installation"]


def no_digest(thing: Thing) -> None:
    del thing["metadata"]["annotations"]["tre.orchestrator/digest"]
    thing["spec"]["egress"] = [{}]


def more_labels(thing: Thing) -> None:
    thing["metadata"]["labels"]["tre.orchestrator/session"] = "x"


EDITS = [
    ("networkpolicies", "default-deny", other_rule, "NetworkPolicy/default-deny edited: spec.ingress"),
    (
        "networkpolicies",
        "session",
        more_selector,
        "NetworkPolicy/session edited: spec.ingress.0.from.0.namespaceSelector",
    ),
    ("networkpolicies", "agent", no_digest, "NetworkPolicy/agent edited: "),
    ("networkpolicies", "hub", more_labels, "NetworkPolicy/hub edited: metadata.labels.tre.orchestrator/session"),
    ("serviceaccounts", "session", mounts_token, "ServiceAccount/session edited: automountServiceAccountToken"),
    ("services", "gate", no_label, "Service/gate edited: metadata.labels.tre.orchestrator/installation"),
]


@pytest.mark.parametrize(("plural", "name", "change", "words"), EDITS)
def test_what_is_edited_is_put_back(
    world: World, plural: str, name: str, change: Callable[[Thing], None], words: str
) -> None:
    with world.places() as places:
        world.bring(places)
        wanted = world.server.picture()
        world.server.edit(plural, world.plan.name, name, change)
        drift = _until_drift(places, world)
        assert len(drift) == 1
        assert drift[0].startswith(words)
        assert world.server.picture() == wanted
        assert places.provision(world.plan).written == 0


def test_the_namespaces_own_labels_are_put_back(world: World) -> None:
    with world.places() as places:
        world.bring(places)
        wanted = world.server.picture()
        for change in (other_label, no_label):
            world.server.edit("namespaces", "", world.plan.name, change)
            (drift,) = _until_drift(places, world)
            assert drift.startswith(f"Namespace/{world.plan.name} edited: metadata.labels.")
            assert world.server.picture() == wanted


def test_what_is_deleted_is_made_again(world: World) -> None:
    with world.places() as places:
        world.bring(places)
        wanted = world.server.picture()
        world.server.take("networkpolicies", world.plan.name, "default-deny")
        assert _until_drift(places, world) == ["NetworkPolicy/default-deny deleted"]
        assert world.server.picture() == wanted


def test_a_policy_that_somebody_adds_is_taken_away(world: World) -> None:
    with world.places() as places:
        world.bring(places)
        wanted = world.server.picture()
        metadata = {"name": "open-all", "namespace": world.plan.name}
        spec = {"podSelector": {}, "egress": [{}], "policyTypes": ["Egress"]}
        policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
        world.server.put(policy)
        assert _until_drift(places, world) == ["NetworkPolicy/open-all added by somebody else"]
        assert world.server.picture() == wanted


def test_a_dataset_that_is_withdrawn_takes_its_volume_along_and_is_no_drift(world: World) -> None:
    with world.places() as places:
        world.bring(places)
        world.run_parts()
        world.plan = replace(world.plan, volumes=world.plan.volumes[:1])
        assert world.bring(places) == []
        left = {name for plural, name in names(world) if plural == "persistentvolumeclaims"}
        assert left == {"work", "data", f"volume-{world.plan.volumes[0].version_id}"}
        assert len([name for plural, name in names(world) if plural == "persistentvolumes"]) == 1
        assert {name for plural, name in names(world) if plural == "pods"} == {"hub-1", "agent-1", "session-x"}
        assert ("deployments", world.plan.name, "hub") in world.server.objects


def test_one_refusal_does_not_hold_up_the_rest_and_is_told(world: World) -> None:
    world.server.quota = lambda thing: "exceeded quota: services=1" if thing["kind"] == "Service" else ""
    with world.places() as places:
        with pytest.raises(Refused, match="exceeded quota"):
            places.provision(world.plan)
        assert ("persistentvolumeclaims", world.plan.name, "work") in world.server.objects
        world.server.quota = lambda _thing: ""
        world.bring(places)
        assert len(names(world)) == len(place_objects(world.plan, LAYOUT))


FAULTS = [
    Fault(status=429, retry_after="0"),
    Fault(status=500),
    Fault(status=503),
    Fault(status=409, body={"reason": "Conflict", "message": "modified"}),
    Fault(lose="before"),
    Fault(lose="after"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.lose or str(fault.status))
def test_every_call_may_go_wrong(world: World, fault: Fault) -> None:
    """Calls throughout a whole life: the place comes to rest, and nothing of it is left in the end."""
    ending = replace(world.plan, keep_work=False)
    wanted = len(place_objects(world.plan, LAYOUT))
    for every in (3, 7):
        with world.places(watches=False) as places:
            world.server.fault = _each(every, fault)
            assert world.bring(places, passes=30) == []
            assert len(names(world)) == wanted
            _patiently(places, ending)
        assert world.server.objects == {}
        world.server.fault = lambda _number, _verb, _path: None


def _each(every: int, fault: Fault) -> Callable[[int, str, str], Fault | None]:
    drawn = random.Random(every)  # noqa: S311 - the same faults in every run, and never in step with the calls

    def ask(_number: int, verb: str, _path: str) -> Fault | None:
        reads = verb in {"get", "list"}
        return fault if drawn.randrange(every) == 0 and not (reads and fault.status == 409) else None

    return ask


def _patiently(places: KubernetesPlaces, ending: PlacePlan) -> None:
    for _ in range(60):
        try:
            if places.remove(ending).finished:
                return
        except OrchestratorError:
            continue
    raise AssertionError("it does not get through")


def _until_drift(places: KubernetesPlaces, world: World) -> list[str]:
    """Bring the place in step until the watch has told what happened and it was put right."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        drift = places.provision(world.plan).drift
        if drift:
            return list(drift)
        time.sleep(0.02)
    raise AssertionError("no drift was noticed")
