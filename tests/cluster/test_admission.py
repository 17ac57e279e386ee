"""What the cluster lets into a project's namespace: every bad pod is refused by its own rule, the good one is not.

Decided by a real API server. The one who tries has every right in the cluster and is the controller's own account, so
that nothing but the rule refuses; the same is tried as cluster administrator and as the project's hub. Pod Security is
off in the namespace, because it would hide our own rules: what it refuses too is refused twice.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import POD, VALIDATING_ADMISSION_POLICY_BINDING
from orchestrator.adapters.kubernetes.proving import answering_pod, proving_namespace
from orchestrator.assembly.house import POLICIES
from orchestrator.core.ids import new_id
from tests.cluster.admission_ground import Ground, eventually, project_behind_policies
from tests.cluster.layout import TOLD
from tests.workspaces.parts import part_objects

pytestmark = pytest.mark.cluster
HERE = Path(__file__).parent
PODS: list[dict[str, Any]] = yaml.safe_load((HERE / "admission_pods.yaml").read_text())
TRIES: list[dict[str, Any]] = yaml.safe_load((HERE / "admission_tries.yaml").read_text())
RIGHTS: dict[str, Any] = yaml.safe_load((HERE / "admission_rights.yaml").read_text())


@pytest.fixture(scope="module")
def ground(cluster: Cluster) -> Iterator[Ground]:
    with project_behind_policies(cluster) as made:
        yield made


def named(rows: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(row, id=row["tries"].replace(" ", "-")) for row in rows]


def test_there_are_at_least_forty_bad_pods() -> None:
    assert len(PODS) >= 40
    assert len({row["tries"] for row in PODS + TRIES}) == len(PODS + TRIES)


def test_no_policy_looks_at_the_cluster_s_own_objects(ground: Ground) -> None:
    """A binding's namespace selector lets every object without a namespace through to the rules."""
    for policy in (thing["spec"] for thing in ground.policies.objects() if "matchConstraints" in thing["spec"]):
        for rule in policy["matchConstraints"]["resourceRules"]:
            namespaces = all(resource.startswith("namespaces") for resource in rule["resources"])
            assert rule["scope"] == ("Cluster" if namespaces else "Namespaced")


def test_the_control_plane_does_its_work_behind_the_policies(ground: Ground) -> None:
    """A Deployment of the controller's gets its pod, a sleeping one loses it, although nobody else may write."""
    path = f"/apis/apps/v1/namespaces/{ground.plan.name}/deployments"
    hub, *_ = (thing for thing in part_objects(ground.plan, ground.layout, TOLD) if thing["kind"] == "Deployment")
    ground.controller.ask("POST", path, hub)
    try:
        eventually(lambda: made_by_the_control_plane(ground))
        ground.controller.ask("PATCH", f"{path}/hub/scale", {"spec": {"replicas": 0}})
        eventually(lambda: not made_by_the_control_plane(ground))
    finally:
        ground.controller.ask("DELETE", f"{path}/hub")


def made_by_the_control_plane(ground: Ground) -> list[str]:
    pods = ground.cluster.list(POD, ground.plan.name, "tre.orchestrator/part=hub").items
    return [pod["metadata"]["name"] for pod in pods if pod["metadata"].get("ownerReferences")]


@pytest.mark.parametrize("part", ["hub", "agent", "session"])
def test_what_the_builder_makes_is_accepted(ground: Ground, part: str) -> None:
    assert ground.controller.makes(ground.pods[part]) == ""


def of_sessions(row: dict[str, Any]) -> bool:
    """Say whether a row is about what one session may have; of two that refuse, the API server names either."""
    return row["says"] in (POLICIES / "admission" / "sessions.yaml").read_text()


@pytest.mark.parametrize("row", named([row for row in PODS if of_sessions(row)]))
def test_a_session_with_more_than_its_launch_granted_is_refused(ground: Ground, row: dict[str, Any]) -> None:
    refused_by_its_own_rule(ground, row)


class TestWhateverALaunchGrants:
    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def granted(cls, ground: Ground) -> Iterator[None]:
        """Take the binding that looks at launches away for a while."""
        good = ground.pods["session"]
        session = good["metadata"]["labels"]["tre.orchestrator/session"]
        unknown = json.loads(json.dumps(good).replace(session, new_id()))
        ground.cluster.delete(VALIDATING_ADMISSION_POLICY_BINDING, f"{ground.policies.prefix}-sessions")
        eventually(lambda: ground.controller.makes(unknown) == "")
        yield
        ground.policies.install(ground.cluster)
        eventually(lambda: "annotations know" in ground.controller.makes(unknown))

    @pytest.mark.parametrize("row", named([row for row in PODS if not of_sessions(row)]))
    def test_a_bad_pod_is_refused_by_its_own_rule(self, ground: Ground, row: dict[str, Any]) -> None:
        refused_by_its_own_rule(ground, row)


def refused_by_its_own_rule(ground: Ground, row: dict[str, Any]) -> None:
    good = ground.pods[row["of"]]
    bad = spoiled(good, ground.filled(row["change"]))
    assert ground.controller.makes(good) == "", "positive control"
    said = ground.controller.makes(bad)
    assert ground.prefix in said
    assert row["says"] in said
    assert ground.prefix in ground.administrator.makes(bad)
    assert "is forbidden" in ground.hub.makes(bad)


@pytest.mark.parametrize("row", named(TRIES))
def test_a_try_is_refused_by_its_own_rule(ground: Ground, row: dict[str, Any]) -> None:
    who = getattr(ground, row.get("by", "administrator"))
    said = who.tries(ground, row)
    assert ground.prefix in said
    assert row["says"] in said
    control = ground.filled(row["control"])
    allowed = getattr(ground, control.pop("by", row.get("by", "administrator")))
    assert ground.prefix not in allowed.tries(ground, {**row, **control}), "positive control"


def test_the_controller_can_prove_the_network_behind_its_own_rule(ground: Ground) -> None:
    with proving_namespace(ground.controller.cluster, ground.layout.installation) as namespace:
        assert ground.controller.makes(answering_pod(namespace, "target", ground.layout.hub_image, [("tcp", 1)])) == ""


@pytest.mark.parametrize("account", ["hub", "agent", "session"])
def test_the_accounts_of_a_project_have_no_rights(ground: Ground, account: str) -> None:
    """Only what every account of a cluster may do: ask who it is and what it may, and read the API's description."""
    found = ground.rules(account)
    assert found["objects"] == RIGHTS["objects"]
    assert set(found["paths"]) <= set(RIGHTS["paths"])


def test_nothing_of_a_project_runs_without_its_lists(ground: Ground) -> None:
    """A namespace whose annotations are missing lets nothing in: a missing list is no list of everything."""
    for part, says in (("hub", "list of allowed images"), ("session", "annotations know")):
        pod = copy.deepcopy(ground.pods[part])
        pod["metadata"]["namespace"] = ground.bare
        said = ground.controller.makes(pod)
        assert ground.prefix in said
        assert says in said or "list of allowed images" in said


def test_the_policies_are_well_typed_and_unchanged(ground: Ground) -> None:
    assert ground.policies.differences(ground.cluster) == []
    assert ground.type_warnings() == {}


def spoiled(good: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    bad = copy.deepcopy(good)
    for path, value in change.items():
        *way, last = [step.replace("~", ".") for step in path.split(".")]
        place: Any = bad
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if last == "+":
            place.append(value)
        elif isinstance(place, list):
            place[int(last)] = value
        elif value is None:
            del place[last]
        else:
            place[last] = value
    return bad
