"""What the doctor says of a real cluster: that it holds, and, where a wall is taken away, which one."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from orchestrator.adapters.kubernetes import proving
from orchestrator.adapters.kubernetes.admission import AdmissionPolicies, own_account
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.doctor import enforced, examine, prove_network
from orchestrator.adapters.kubernetes.kinds import (
    NAMESPACE,
    SERVICE_ACCOUNT,
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
)
from orchestrator.adapters.kubernetes.proving import PROVING, proving_namespace
from orchestrator.assembly.house import POLICIES
from orchestrator.cli.failures import ExitCode
from orchestrator.workspaces.places.model import ClusterLayout
from tests.cluster.admission_ground import Account, eventually
from tests.cluster.layout import AT_REST, layout

pytestmark = pytest.mark.cluster
_NETWORK_POLICIES = "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies"


@pytest.fixture
def administrator() -> Account:
    return Account.with_kubeconfig()


@pytest.fixture
def small(base_image: str) -> ClusterLayout:
    return layout(f"test-{secrets.token_hex(4)}", image=base_image)


@pytest.fixture
def policies(cluster: Cluster, small: ClusterLayout) -> Iterator[AdmissionPolicies]:
    made = AdmissionPolicies(
        directory=POLICIES / "admission", installation=small.installation, controller=own_account(cluster)
    )
    yield made
    for kind in (VALIDATING_ADMISSION_POLICY_BINDING, VALIDATING_ADMISSION_POLICY):
        for thing in cluster.list(kind, selector=f"tre.orchestrator/admission={small.installation}").items:
            cluster.delete(kind, thing["metadata"]["name"])


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the wanted outcome cannot come the pods would wait for it: what they see after a while says as much."""
    monkeypatch.setattr(proving, "_TRY_SECONDS", 8)


def test_a_cluster_that_enforces_network_policies_is_proved_and_nothing_is_left(
    cluster: Cluster, small: ClusterLayout
) -> None:
    found = prove_network(cluster, small)
    assert enforced(found).proved, found
    assert [finding.word for finding in found if finding.serious] == []
    eventually(lambda: not cluster.list(NAMESPACE, selector=f"{PROVING}={small.installation}").items, 60)


def test_without_a_try_nothing_is_proved() -> None:
    assert not enforced([]).proved


@pytest.mark.usefixtures("_impatient")
def test_a_cluster_where_the_rules_do_not_hold_is_refused(
    cluster: Cluster, small: ClusterLayout, administrator: Account
) -> None:
    """Rules add up: one that allows all, laid over the doctor's own, leaves the cluster as one that ignores them."""
    with overlaid(cluster, administrator, small.installation, {"ingress": [{}], "egress": [{}]}):
        found = prove_network(cluster, small)
    words = {finding.word for finding in found if finding.serious}
    assert {"network-in-open", "network-out-open", "node-open"} <= words
    assert not enforced(found).proved
    assert "ignores network policies" in enforced(found).message


@pytest.mark.usefixtures("_impatient")
def test_a_single_open_way_is_seen(cluster: Cluster, small: ClusterLayout, administrator: Account) -> None:
    one = {"egress": [{"ports": [{"protocol": "UDP", "port": 8082}]}]}
    with overlaid(cluster, administrator, small.installation, one, pod="denied"):
        found = prove_network(cluster, small)
    assert {finding.word for finding in found if finding.serious} == {"network-out-open"}, found
    assert "(UDP)" in enforced(found).message


@pytest.mark.usefixtures("_impatient")
def test_a_cluster_that_closes_everything_is_refused_too(
    cluster: Cluster, small: ClusterLayout, administrator: Account
) -> None:
    with overlaid(cluster, administrator, small.installation, {}):
        found = prove_network(cluster, small)
    assert "network-unproved" in {finding.word for finding in found if finding.serious}
    assert not enforced(found).proved


def test_what_a_killed_run_left_is_removed_by_the_next(
    cluster: Cluster, small: ClusterLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proving_namespace(cluster, small.installation) as left:
        monkeypatch.setattr(proving, "_FORGOTTEN", timedelta(seconds=-60))
        with proving_namespace(cluster, small.installation):
            eventually(lambda: ending(cluster, left))


def test_everything_is_looked_at(cluster: Cluster, small: ClusterLayout, policies: AdmissionPolicies) -> None:
    found = {each.word: each for each in examine(cluster, small, policies, runtime_classes=["", "not-there"])}
    serious = {word for word, each in found.items() if each.serious}
    assert serious == {"admission-missing", "no-storage-class", "no-runtime-class"}
    assert AT_REST in found["no-storage-class"].message
    policies.install(cluster)
    eventually(lambda: policies.differences(cluster) == [])
    words = {each.word for each in examine(cluster, small, policies) if each.serious}
    assert words == {"no-storage-class"}
    eventually(lambda: not cluster.list(NAMESPACE, selector=f"{PROVING}={small.installation}").items, 60)


def test_a_policy_that_only_warns_is_found(cluster: Cluster, policies: AdmissionPolicies) -> None:
    policies.install(cluster)
    assert policies.differences(cluster) == []
    name = f"{policies.prefix}-pods"
    binding = cluster.get(VALIDATING_ADMISSION_POLICY_BINDING, name)
    assert binding is not None
    cluster.replace({**binding, "spec": {**binding["spec"], "validationActions": ["Warn"]}})
    assert policies.differences(cluster) == [
        f"ValidatingAdmissionPolicyBinding/{name} differs in spec.validationActions[0]"
    ]


def test_an_exception_added_to_a_policy_is_found(cluster: Cluster, policies: AdmissionPolicies) -> None:
    policies.install(cluster)
    policy = cluster.get(VALIDATING_ADMISSION_POLICY, f"{policies.prefix}-running")
    assert policy is not None
    exempt = {"name": "friends", "expression": "request.userInfo.username != 'friend'"}
    cluster.replace({**policy, "spec": {**policy["spec"], "matchConditions": [exempt]}})
    assert policies.differences(cluster) == [
        f"ValidatingAdmissionPolicy/{policies.prefix}-running differs in spec.matchConditions"
    ]


def test_an_account_without_rights_is_told_which(
    cluster: Cluster, small: ClusterLayout, policies: AdmissionPolicies, namespace: str, administrator: Account
) -> None:
    eventually(lambda: cluster.get(SERVICE_ACCOUNT, "default", namespace))
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default/token"
    nobody = Account.with_token(administrator.ask("POST", path, {"spec": {}})["status"]["token"])
    found = {each.word: each for each in examine(nobody.cluster, small, policies)}
    assert "networkpolicies.networking.k8s.io" in found["rights-missing"].message
    assert not enforced(found.values()).proved


def test_the_command_says_what_it_found_by_trying(here: str, images: dict[str, str], tmp_path: Path) -> None:
    """As an operator runs it, with a kubeconfig: the network is proved, what is not there is named, findings count."""
    neighbour = {"cidr": f"{here}/32"}
    claim = {"storage_class": f"absent-{secrets.token_hex(4)}", "size": "1Gi", "data_protection": "encrypted"}
    cluster = {
        "installation": f"test-{secrets.token_hex(4)}",
        "kubeconfig": os.environ["KUBECONFIG"],
        "hub_image": images["hub"],
        "agent_image": images["dataset-agent"],
        "image_pull_policy": "IfNotPresent",
        "profiles": {"small": {"display_name": "Small", "image": images["workspace"]}},
        "default_profile": "small",
        "work": claim,
        "data": claim,
        "network": {
            "control_plane": [neighbour],
            "ingress": [neighbour],
            "desk": {**neighbour, "ports": [8705]},
            "intake": {**neighbour, "ports": [8707]},
            "vault": [{**neighbour, "ports": [8200]}],
        },
        "desk_address": f"{here}:8705",
        "intake_address": f"{here}:8707",
        "vault_address": f"https://{here}:8200",
        "workspace_host": "{project}.localhost",
        "scheme": "http",
        "pod_ranges": [os.environ["TRE_CLUSTER_PODS"]],
    }
    vault = {"address": "http://127.0.0.1:8200"}
    settings = {"vault": vault, "workspaces": {"backend": "kubernetes"}, "kubernetes": cluster}
    (tmp_path / "tre.yaml").write_text(yaml.safe_dump(settings))
    asked = [sys.executable, "-m", "orchestrator.cli", "--state", str(tmp_path), "doctor", "--output", "json"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == ExitCode.FINDINGS, done.stdout + done.stderr
    found = {each["name"]: each for each in json.loads(done.stdout)}
    assert found["network-policies"]["ok"], found["network-policies"]["message"]
    assert not found["admission-missing"]["ok"]
    assert claim["storage_class"] in found["no-storage-class"]["message"]
    assert "processes-not-seen" not in found, "who has every right sees the kubelets' settings"


def ending(cluster: Cluster, name: str) -> bool:
    held = cluster.get(NAMESPACE, name)
    return held is None or "deletionTimestamp" in held["metadata"]


@contextmanager
def overlaid(
    cluster: Cluster, administrator: Account, installation: str, rules: Mapping[str, object], *, pod: str = ""
) -> Iterator[None]:
    """Put one more policy, for all pods or one of them, into the doctor's namespace as soon as it is there."""
    done = threading.Event()
    types = sorted({"ingress": "Ingress", "egress": "Egress"}[kind] for kind in rules or ("ingress", "egress"))
    chosen = {"matchLabels": {"probe": pod}} if pod else {}
    policy = {"metadata": {"name": "overlay"}, "spec": {"podSelector": chosen, "policyTypes": types, **rules}}

    def lay() -> None:
        while not done.wait(0.02):
            for found in cluster.list(NAMESPACE, selector=f"{PROVING}={installation}").items:
                if not administrator.says("POST", _NETWORK_POLICIES.format(found["metadata"]["name"]), policy):
                    return

    thread = threading.Thread(target=lay)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(30)
