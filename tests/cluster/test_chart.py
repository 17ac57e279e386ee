"""The chart on a real cluster: checked by its API server, installed, tested, upgraded while people work, removed."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml
from kubernetes.client import ApiClient
from kubernetes.dynamic import DynamicClient

from orchestrator.adapters.kubernetes.admission import AdmissionPolicies
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import (
    NAMESPACE,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SERVICE,
    SERVICE_ACCOUNT,
    VALIDATING_ADMISSION_POLICY,
)
from orchestrator.adapters.kubernetes.proving import last_words, trying_pod
from orchestrator.adapters.kubernetes.transport import Transport, configuration
from orchestrator.assembly.house import POLICIES
from orchestrator.core.errors import Refused
from orchestrator.workspaces.builder import place_objects, session_objects
from orchestrator.workspaces.builder.admission import allowed, session_annotation
from orchestrator.workspaces.places.model import PlacePlan, StorageLayout
from tests.cluster.admission_ground import Account, eventually
from tests.cluster.ground import cut_off
from tests.cluster.layout import layout, plan, session
from tests.cluster.storage import LocalStorage

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

CHART = Path(__file__).parents[2] / "helm"
EARLIER = "6ba49faac2ba"
"""The commit of the chart from which installations are upgraded here."""
NAME = "tre"


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A release in a namespace of its own, and the account of its controller."""

    namespace: str
    installation: str
    values: dict[str, Any]
    helm: helm_python.Config
    cluster: Cluster
    storage_class: str

    def controller(self) -> Cluster:
        """The cluster as the controller's account sees it: with the chart's rights and no others."""
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/controller/token"
        everything = Account(Transport(configuration(Path(os.environ["KUBECONFIG"]))))
        settings = configuration(Path(os.environ["KUBECONFIG"]))
        settings.cert_file = settings.key_file = None
        token = everything.ask("POST", path, {"spec": {}})["status"]["token"]
        settings.api_key = {"authorization": f"Bearer {token}"}
        return Cluster(Transport(settings))

    def pod(self) -> dict[str, Any]:
        return self.cluster.get(POD, "control-plane-0", self.namespace) or {}

    def ready(self) -> bool:
        """The portal answers, the controller is healthy, the airlock runs; ready it is not, there is no Vault here."""
        containers = {each["name"]: each for each in self.pod().get("status", {}).get("containerStatuses", [])}
        running = len(containers) == 3 and all("running" in each["state"] for each in containers.values())
        return running and bool(containers["web"]["ready"]) and bool(containers["controller"]["started"])


@pytest.fixture(scope="module")
def installed(
    cluster: Cluster, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installed]:
    """The earlier chart, installed with the images of today."""
    namespace = f"tre-chart-{secrets.token_hex(4)}"
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": restricted}})
    eventually(lambda: cluster.get(SERVICE_ACCOUNT, "default", namespace))
    with contextlib.ExitStack() as stack:
        storage_class = _storage(stack, cluster)
        values = _values(cluster, images, namespace, storage_class)
        for name in ("vault-controller", "vault-airlock"):
            cluster.create(_identity(namespace, name))
        with helm_python.Config(kubeconfig_path=os.environ["KUBECONFIG"], namespace=namespace) as helm:
            made = Installed(
                namespace=namespace,
                installation=values["settings"]["kubernetes"]["installation"],
                values=values,
                helm=helm,
                cluster=cluster,
                storage_class=storage_class,
            )
            try:
                helm.install(_earlier(tmp_path_factory.mktemp("earlier")), NAME, values, namespace=namespace)
                yield made
            finally:
                stack.callback(_remove, cluster, namespace)
                helm.uninstall(NAME, ignore_not_found=True)


def _remove(cluster: Cluster, namespace: str) -> None:
    """Remove the projects' namespaces, which are named after the release's, and then that one."""
    for left in cluster.list(NAMESPACE, selector=f"tre.orchestrator/installation={namespace}").items:
        eventually(lambda name=left["metadata"]["name"]: _deleted(cluster, name), 120)
    cut_off(cluster, [namespace])
    cluster.delete(NAMESPACE, namespace)
    eventually(lambda: cluster.get(NAMESPACE, namespace) is None, 120)


def _storage(stack: contextlib.ExitStack, cluster: Cluster) -> str:
    """The cluster's own storage class, or local directories where a test cluster has none."""
    directory = os.environ.get("TRE_CLUSTER_VOLUMES")
    if not directory:
        return os.environ.get("TRE_CLUSTER_STORAGE_CLASS", "standard")
    return stack.enter_context(LocalStorage(cluster, Path(directory))).name


def _deleted(cluster: Cluster, name: str) -> bool:
    """The rules may be in force for a second after the release is gone."""
    try:
        cluster.delete(NAMESPACE, name)
    except Refused:
        return False
    return cluster.get(NAMESPACE, name) is None


def _earlier(directory: Path) -> str:
    """The chart as it was at the earlier commit, with the rules of that time."""
    packed = subprocess.run(
        ["git", "archive", EARLIER, "helm", "policies/admission"], cwd=CHART.parent, capture_output=True, check=False
    )
    if packed.returncode:
        pytest.skip(f"an upgrade needs the earlier chart: commit {EARLIER} is not in this clone's history")
    subprocess.run(["tar", "-x", "-C", str(directory)], input=packed.stdout, check=True)
    return str(directory / "helm")


def _identity(namespace: str, name: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "stringData": {"role-id": "r", "secret-id": "s"},
    }


def _values(cluster: Cluster, images: dict[str, str], namespace: str, storage_class: str) -> dict[str, Any]:
    claim = {"storage_class": storage_class, "size": "1Gi", "data_protection": "encrypted"}
    outside = [{"cidr": "203.0.113.1/32", "ports": [8200]}]
    profile = {"display_name": "Small", "image": images["workspace"], "memory_mib": 512}
    slices = cluster.read("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes") or {}
    servers = [address for each in slices["endpoints"] for address in each["addresses"]]
    return {
        "image": images["orchestrator"],
        "settings": {
            "portal": {"url": "https://tre.example.org"},
            "sign_on": {"kind": "oidc", "issuer": "https://id.example.org", "client_id": "tre"},
            "vault": {"address": "https://203.0.113.1:8200"},
            "kubernetes": {
                "installation": namespace,
                "hub_image": images["hub"],
                "agent_image": images["dataset-agent"],
                "profiles": {"small": profile},
                "default_profile": "small",
                "work": claim,
                "data": claim,
                "network": {"ingress": [{"namespace": "ingress"}], "vault": outside},
                "workspace_host": "{project}.workspaces.example.org",
            },
        },
        "secrets": {"vaultController": "vault-controller", "vaultAirlock": "vault-airlock"},
        "state": {"size": "1Gi", "storageClass": storage_class},
        "services": {part: {"clusterIP": _free_address(cluster, namespace)} for part in ("desk", "intake")},
        "networkPolicy": {
            "apiServer": [{"cidr": f"{each}/32", "ports": [slices["ports"][0]["port"]]} for each in servers],
        },
        "resources": {part: {"requests": {"cpu": "10m"}} for part in ("web", "controller", "airlock")},
    }


def _free_address(cluster: Cluster, namespace: str) -> str:
    """An address of the service range that was free a moment ago: given to a Service, which is removed again."""
    metadata = {"name": f"free-{secrets.token_hex(3)}", "namespace": namespace}
    made = cluster.create(
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 1}]}}
    )
    cluster.delete(SERVICE, metadata["name"], namespace)
    return str(made["spec"]["clusterIP"])


def test_the_api_server_takes_every_object(cluster: Cluster, namespace: str) -> None:
    values = yaml.safe_load((CHART / "ci" / "everything.yaml").read_text())
    values["priorityClassName"] = ""
    with helm_python.Chart.load(str(CHART)) as chart:
        made = chart.render(values, name=NAME, namespace=namespace)
    client = DynamicClient(ApiClient(configuration(Path(os.environ["KUBECONFIG"]))))
    tried = set()
    for path, text in made.items():
        for thing in yaml.safe_load_all(text) if path.endswith(".yaml") else ():
            if thing and thing["kind"] != "ServiceMonitor":  # a kind of the Prometheus operator, if there is one
                resource = client.resources.get(api_version=thing["apiVersion"], kind=thing["kind"])
                where = {"namespace": namespace} if resource.namespaced else {}
                resource.server_side_apply(body=thing, field_manager="tests", dry_run="All", **where)
                tried.add(thing["kind"])
    assert {"StatefulSet", "ClusterRole", "NetworkPolicy", "PodDisruptionBudget", "Ingress"} < tried
    assert cluster.get(VALIDATING_ADMISSION_POLICY, "tre-everything-pods") is None


def test_its_parts_start_and_answer(installed: Installed) -> None:
    try:
        eventually(installed.ready, 300)
    except AssertionError:
        pytest.fail(json.dumps(installed.pod().get("status", {}), indent=1))
    user = installed.pod()["spec"]["securityContext"]
    assert user["runAsNonRoot"] is True


def test_the_rules_it_installs_are_those_the_controller_wants(installed: Installed) -> None:
    account = f"system:serviceaccount:{installed.namespace}:controller"
    wanted = AdmissionPolicies(
        directory=POLICIES / "admission", installation=installed.installation, controller=account
    )
    installed.helm.upgrade(str(CHART), NAME, installed.values, namespace=installed.namespace)
    assert wanted.differences(installed.controller()) == []
    with pytest.raises(Refused):
        wanted.install(installed.controller())


def test_helm_test_asks_and_finds_the_desk_closed(installed: Installed) -> None:
    eventually(installed.ready, 300)
    said = installed.helm.test(NAME, timeout=300, logs=True)["logs"]
    assert "the controller answers 200" in said
    assert "the desk is closed" in said


_PUBLIC = os.environ.get("TRE_CLUSTER_PUBLIC", "11.22.33.44")
"""An address of the public network that answers at 443 and 8000: every one does on the test bed."""
_OUTSIDE = {
    "a hub": (_PUBLIC, 443),
    "a hub's other port": (_PUBLIC, 8000),
    "a private network": ("10.99.0.7", 443),
    "another private network": ("172.16.9.9", 443),
    "a network at home": ("192.168.7.7", 443),
    "the metadata service": ("169.254.169.254", 443),
}


def test_the_controller_reaches_hubs_on_the_public_network_and_nothing_private(
    installed: Installed, namespace: str, base_image: str
) -> None:
    """A pod with the controller's labels tries: the policies choose by them. Without policies all of it answers."""
    tried = _tried(installed, namespace, base_image, {}, dict.fromkeys(_OUTSIDE, True))
    answering = {name for name, reached in tried.items() if reached}
    if "a hub" not in answering:
        pytest.skip(f"nothing answers at {_PUBLIC}: name an address with TRE_CLUSTER_PUBLIC")
    selecting = _selected(installed)
    nothing = dict.fromkeys(answering, False)
    assert _tried(installed, installed.namespace, base_image, selecting, nothing) == nothing
    installed.helm.upgrade(str(CHART), NAME, _with_outside(installed.values, [443]), namespace=installed.namespace)
    wanted = {name: name == "a hub" for name in answering}
    assert _tried(installed, installed.namespace, base_image, selecting, wanted) == wanted
    installed.helm.upgrade(str(CHART), NAME, installed.values, namespace=installed.namespace)


def _with_outside(values: dict[str, Any], ports: list[int]) -> dict[str, Any]:
    return {**values, "networkPolicy": {**values["networkPolicy"], "outside": {"ports": ports}}}


def _selected(installed: Installed) -> dict[str, str]:
    """The labels of the controller's own pod by which the chart's policies choose it."""
    labels = installed.pod()["metadata"]["labels"]
    return {name: value for name, value in labels.items() if name.startswith("app.kubernetes.io/")}


def _tried(
    installed: Installed, namespace: str, image: str, labels: dict[str, str], wanted: dict[str, bool]
) -> dict[str, bool]:
    """Return what a pod with these labels reaches, once all is as wanted for some seconds or twenty are over."""
    ways = [
        {"name": name, "way": "tcp", "host": _OUTSIDE[name][0], "port": _OUTSIDE[name][1], "wanted": wish}
        for name, wish in wanted.items()
    ]
    name = f"outside-{secrets.token_hex(3)}"
    pod = trying_pod(namespace, name, image, ways, hold=2)
    pod["metadata"]["labels"] = {**pod["metadata"].get("labels", {}), **labels}
    installed.cluster.create(pod)
    try:
        return last_words(installed.cluster, name, namespace)
    finally:
        installed.cluster.delete(POD, name, namespace)


def test_an_upgrade_leaves_who_works_alone_and_removal_leaves_projects(installed: Installed) -> None:
    eventually(installed.ready, 300)
    pod = _workspace(installed)
    before = installed.pod()["metadata"]["uid"]
    changed = {**installed.values, "podAnnotations": {"example.org/upgrade": "yes"}}
    installed.helm.upgrade(str(CHART), NAME, changed, namespace=installed.namespace)
    eventually(lambda: installed.pod().get("metadata", {}).get("uid") not in {None, before}, 120)
    eventually(installed.ready, 300)
    assert _runs_untouched(installed.cluster, pod)
    installed.helm.uninstall(NAME)
    eventually(lambda: not installed.pod(), 120)
    assert _runs_untouched(installed.cluster, pod)
    claim = installed.cluster.get(PERSISTENT_VOLUME_CLAIM, "state-control-plane-0", installed.namespace)
    assert claim is not None
    assert "deletionTimestamp" not in claim["metadata"]
    mark = f"tre.orchestrator/admission={installed.installation}"
    assert installed.cluster.list(VALIDATING_ADMISSION_POLICY, selector=mark).items == []


def _workspace(installed: Installed) -> dict[str, Any]:
    """A session in a project's place, made with the controller's own rights, and past the rules of the chart."""
    storage = StorageLayout(storage_class=installed.storage_class, size="1Gi", protection="encrypted")
    image = installed.values["settings"]["kubernetes"]["profiles"]["small"]["image"]
    of = layout(installed.installation, image=image, work=storage, data=storage)
    place = plan(of, volumes=0)
    controller = installed.controller()
    for thing in place_objects(place, of):
        controller.apply(thing)
    eventually(lambda: controller.get(SERVICE_ACCOUNT, "session", place.name))
    wanted = session(place, datasets=0)
    objects = session_objects(place, wanted, of, authority="")
    _open(controller, place, wanted.session_id, objects[-1])
    for thing in objects:
        if thing["kind"] == "Secret":  # no hub is there to talk with: a server that needs none
            server = ["/opt/workspace/bin/python", "-m", "http.server", "8888"]
            told = json.dumps({"links": [], "folders": [], "command": server})
            thing["data"]["TRE_SESSION"] = base64.b64encode(told.encode()).decode()
        eventually(lambda thing=thing: _taken(controller, thing))
    name = str(objects[-1]["metadata"]["name"])
    eventually(lambda: (installed.cluster.get(POD, name, place.name) or {})["status"].get("phase") == "Running", 120)
    return installed.cluster.get(POD, name, place.name) or {}


def _open(controller: Cluster, place: PlacePlan, session_id: str, pod: dict[str, Any]) -> None:
    key = session_annotation(session_id).replace("~", "~0").replace("/", "~1")
    controller.patch(
        NAMESPACE, place.name, "", [{"op": "add", "path": f"/metadata/annotations/{key}", "value": allowed(pod)}]
    )


def _taken(controller: Cluster, thing: dict[str, Any]) -> bool:
    """What the rules allow is known to them about a second after it was written."""
    try:
        controller.apply(thing)
    except Refused:
        return False
    return True


def _runs_untouched(cluster: Cluster, before: dict[str, Any]) -> bool:
    now = cluster.get(POD, before["metadata"]["name"], before["metadata"]["namespace"]) or {}
    [container] = now["status"]["containerStatuses"]
    same = now["metadata"]["uid"] == before["metadata"]["uid"]
    return same and container["restartCount"] == 0 and "running" in container["state"]
