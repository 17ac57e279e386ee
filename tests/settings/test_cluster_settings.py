"""The settings of a cluster: what is wrong is said in a sentence at the start, and the layout says the same as they."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.assembly.controller.cluster_layout import layout, profile, volume_plan
from orchestrator.core.errors import Invalid, NotFound, Unavailable
from orchestrator.settings import Settings, load_settings
from orchestrator.workspaces.builder import place_objects
from orchestrator.workspaces.places.model import Peer, PlacePlan
from tests.workspaces.parts import part_objects
from tests.workspaces.plans import PLACE, TOLD

VERSION = "a" * 16
WRITTEN = f"""
vault: {{address: "https://vault.example.org:8200"}}
workspaces: {{backend: kubernetes}}
databases:
  admissions: {{database: health, user: tre, password_file: /secret, host: db.example.org}}
stores:
  images:
    endpoint: https://s3.example.org
    bucket: images
    access_key_file: /access
    secret_key_file: /secret
    role_arn: arn:aws:iam::role/tre
sealed: {{store: images}}
kubernetes:
  hub_image: registry.example.org/hub@sha256:{"1" * 64}
  agent_image: registry.example.org/agent@sha256:{"2" * 64}
  default_profile: small
  profiles:
    small: {{display_name: Small, image: "registry.example.org/workspace@sha256:{"3" * 64}"}}
    gpu:
      display_name: Graphics card
      image: registry.example.org/workspace@sha256:{"4" * 64}
      node_selector: {{pool: gpu}}
      extra_resources: {{nvidia.com/gpu: 1}}
      tolerations: [{{key: nvidia.com/gpu, operator: Exists}}]
  volumes:
    pathology:
      custodian: Example Trust
      size: 2Ti
      csi:
        driver: storage.example.org
        volume_handle: pathology
        volume_attributes: {{share: "7"}}
        file_system: ext4
        secret_name: mounter
        secret_namespace: storage
    pictures: {{nfs: {{server: 192.0.2.50, path: /pictures}}}}
    genomes: {{local: {{path: /srv/genomes}}, nodes: [node-1]}}
  work: {{storage_class: shared, size: 100Gi, data_protection: encrypted}}
  data: {{storage_class: memory, data_protection: memory, access: ReadWriteOnce}}
  network:
    control_plane: [{{namespace: tre, labels: {{app: tre}}}}]
    ingress: [{{namespace: ingress}}]
    desk: {{namespace: tre, labels: {{app: tre}}, ports: [8705]}}
    intake: {{namespace: tre, labels: {{app: tre}}, ports: [8707]}}
    vault: [{{cidr: 192.0.2.20/32, ports: [8200]}}]
    stores: [{{cidr: 192.0.2.30/32, ports: [443]}}]
    databases: [{{cidr: 192.0.2.40/32, ports: [5432]}}]
  desk_address: control-plane.tre.svc:8705
  intake_address: "[2001:db8::12]:8707"
  host_names: {{s3.example.org: 192.0.2.30}}
  workspace_host: "{{project}}.workspaces.example.org"
  public_port: 8443
  ingress: {{ingress_class: nginx}}
  pod_ranges: [10.244.0.0/16]
"""
ADDRESSES = {
    "vault.example.org": "192.0.2.20",
    "db.example.org": "192.0.2.40",
    "control-plane.tre.svc": "10.96.0.11",
}


def settings(**changes: Any) -> Settings:
    written: dict[str, Any] = yaml.safe_load(WRITTEN)
    return Settings.model_validate({"state": "/state", **changed(written, changes)})


def changed(written: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Set values at paths such as ``kubernetes__work__data_protection``; ``None`` takes a key away."""
    written = deepcopy(written)
    for path, value in changes.items():
        *above, last = path.split("__")
        part = written
        for key in above:
            part = part.setdefault(key, {})
        if value is None:
            part.pop(last)
        else:
            part[last] = value
    return written


def test_the_builder_takes_what_the_settings_say() -> None:
    found = layout(settings(), resolve=ADDRESSES.__getitem__)
    place = PlacePlan(
        project_id=PLACE.project_id,
        name=PLACE.name,
        title="",
        host=found.host(PLACE.project_id),
        profile=profile(settings()),
        volumes=tuple(volume_plan(settings(), name, "abc"[at] * 16) for at, name in enumerate(volume_names())),
    )
    made = place_objects(place, found) + part_objects(place, found, TOLD)
    volumes = {
        thing["spec"]["capacity"]["storage"]: thing["spec"] for thing in made if thing["kind"] == "PersistentVolume"
    }
    csi = volumes["2Ti"]["csi"]
    assert csi == {
        "driver": "storage.example.org",
        "volumeHandle": "pathology",
        "volumeAttributes": {"share": "7"},
        "fsType": "ext4",
        "nodePublishSecretRef": {"name": "mounter", "namespace": "storage"},
        "readOnly": True,
    }
    assert found.url(PLACE.project_id) == "https://projectaaaaaaaaa.workspaces.example.org:8443"
    assert found.desk == Peer(namespace="tre", labels={"app": "tre"}, ports=(8705,))
    assert found.data.protection == "memory"


def volume_names() -> list[str]:
    cluster = settings().kubernetes
    assert cluster is not None
    return sorted(cluster.volumes)


def test_project_pods_get_addresses_because_they_have_no_name_service() -> None:
    found = layout(settings(), resolve=ADDRESSES.__getitem__)
    assert found.desk_address == "10.96.0.11:8705"
    assert found.intake_address == "[2001:db8::12]:8707"
    assert found.vault_address == "https://vault.example.org:8200"
    assert found.host_names == {
        "s3.example.org": "192.0.2.30",
        "vault.example.org": "192.0.2.20",
        "db.example.org": "192.0.2.40",
    }


def test_where_agents_ask_a_name_server_nothing_is_written_into_their_hosts_file() -> None:
    asking = settings(kubernetes__network__name_servers=[{"namespace": "kube-system", "labels": {"k8s-app": "dns"}}])
    found = layout(asking, resolve=ADDRESSES.__getitem__)
    assert found.host_names == {"s3.example.org": "192.0.2.30"}
    assert found.desk_address == "10.96.0.11:8705"


def test_a_name_without_an_address_is_said_at_the_start() -> None:
    with pytest.raises(Unavailable, match=r"host_names"):
        layout(settings(kubernetes__desk_address="nowhere.invalid:8705"))


def test_profiles_and_volumes_by_name() -> None:
    assert profile(settings()).name == "small"
    gpu = profile(settings(), "gpu")
    assert (gpu.extra_resources, gpu.node_selector) == ({"nvidia.com/gpu": 1}, {"pool": "gpu"})
    with pytest.raises(NotFound, match="there are: gpu, small"):
        profile(settings(), "huge")
    assert volume_plan(settings(), "genomes", VERSION).nodes == ("node-1",)
    assert volume_plan(settings(), "pictures", VERSION).source == {"nfs": {"server": "192.0.2.50", "path": "/pictures"}}
    with pytest.raises(NotFound, match="no volume"):
        volume_plan(settings(), "another", VERSION)


def test_without_a_cluster_there_is_no_layout() -> None:
    with pytest.raises(Invalid, match="no part “kubernetes”"):
        layout(Settings(state=Path("/state")))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("kubernetes__hub_image", "registry.example.org/hub:1", "by its digest"),
        ("kubernetes__agent_image", "registry.example.org/agent@sha256:12", "by its digest"),
        ("kubernetes__profiles__small__image", "workspace:latest", "by its digest"),
        ("kubernetes__data__data_protection", None, "declare data_protection of the storage class memory"),
        ("kubernetes__work__data_protection", "undeclared", "declare data_protection of the storage class shared"),
        ("kubernetes__data__data_protection", "hoped", "'encrypted', 'memory'"),
        ("kubernetes__desk_address", None, "Field required"),
        ("kubernetes__intake_address", None, "Field required"),
        ("kubernetes__desk_address", "control-plane", "host:port"),
        ("kubernetes__intake_address", "https://a:1", "host:port"),
        ("kubernetes__intake_address", "a:70000", "host:port"),
        ("kubernetes__default_profile", "huge", "names none of the profiles"),
        ("kubernetes__profiles", {}, "at least 1 item"),
        ("kubernetes__workspace_host", "workspaces.example.org", "contains {project}"),
        ("kubernetes__workspace_host", "{project}.x/y", "contains {project}"),
        ("kubernetes__installation", "My TRE", "lower-case"),
        ("kubernetes__host_names", {"a b": "192.0.2.1"}, "not a host name"),
        ("kubernetes__host_names", {"a": "b"}, "IPv4 or IPv6"),
        ("kubernetes__pod_ranges", ["10.0.0.1/8"], "host bits"),
        ("kubernetes__network__desk", {"namespace": "tre"}, "need the ports"),
        ("kubernetes__network__vault", [], "at least 1 item"),
        ("kubernetes__network__ingress", [{}], "either by namespace"),
        ("kubernetes__network__ingress", [{"namespace": "a", "cidr": "192.0.2.0/24"}], "either by namespace"),
        ("kubernetes__network__ingress", [{"cidr": "somewhere"}], "IPv4 or IPv6"),
        ("kubernetes__network__databases", [], "kubernetes.network.databases must say"),
        ("kubernetes__network__stores", [], "kubernetes.network.stores must say"),
        ("kubernetes__volumes__pictures", {}, "exactly one of csi, nfs or local"),
        ("kubernetes__volumes__genomes__nodes", [], "needs the nodes"),
        ("kubernetes__volumes__genomes__size", "big", "pattern"),
        ("kubernetes__volumes__pictures__hostPath", {"path": "/"}, "no such setting"),
        ("kubernetes", None, "need the part “kubernetes”"),
        ("vault__address", "", "need a Vault by address"),
        ("sealed__store", "another", "names none of the stores"),
        ("stores__images__endpoint", "http://s3.example.org", "by https only"),
        ("stores__images__endpoint", "s3.example.org", "http or https address"),
        ("stores__images__token_endpoint", "http://sts.example.org", "by https only"),
        ("stores__images__role_arn", "tre", "is an ARN"),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence(tmp_path: Path, path: str, value: object, says: str) -> None:
    (tmp_path / "tre.yaml").write_text(yaml.safe_dump(changed(yaml.safe_load(WRITTEN), {path: value})))
    with pytest.raises(Invalid, match=r"Correct it and start again") as refused:
        load_settings(tmp_path)
    assert says in refused.value.message


def test_a_docker_backend_needs_an_image_that_is_fixed(tmp_path: Path) -> None:
    (tmp_path / "tre.yaml").write_text("workspaces: {backend: docker, docker_image: workspace}")
    with pytest.raises(Invalid, match="needs docker_image"):
        load_settings(tmp_path)


def test_one_machine_needs_none_of_it(tmp_path: Path) -> None:
    found = load_settings(tmp_path)
    assert (found.workspaces.backend, found.kubernetes, found.stores) == ("sandbox", None, {})
