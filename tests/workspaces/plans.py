"""One installation, one project and its sessions, as the golden files and the properties of the builder use them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from orchestrator.workspaces.builder import place_objects, session_objects
from orchestrator.workspaces.builder.admission import allowed, session_annotation
from orchestrator.workspaces.builder.objects import Object
from orchestrator.workspaces.model import Mount, SessionPlan
from orchestrator.workspaces.places.model import (
    ClusterLayout,
    Peer,
    PlacePlan,
    Profile,
    QuotaLayout,
    StorageLayout,
    VolumePlan,
)
from tests.workspaces.parts import Told, part_objects, session_pod

__all__ = ["AUTHORITY", "GPU", "LAYOUT", "ONE_NODE", "PLACE", "SESSION", "TOLD", "VARIANTS", "image"]

FIRST, SECOND, THIRD, FOURTH = ("version" + letter * 9 for letter in "abcd")
AUTHORITY = "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----\n"


def image(name: str, digit: str) -> str:
    return f"registry.example.org/tre/{name}@sha256:{digit * 64}"


def channel(part: str) -> dict[str, str]:
    return {"ca.crt": "the authority", "tls.crt": f"certificate of {part}", "tls.key": f"key of {part}"}


CONTROL_PLANE = {"app.kubernetes.io/name": "tre", "app.kubernetes.io/component": "control-plane"}
LAYOUT = ClusterLayout(
    installation="example",
    hub_image=image("hub", "1"),
    agent_image=image("dataset-agent", "2"),
    images=(image("workspace", "3"), image("workspace-gpu", "4")),
    control_plane=(Peer(namespace="tre", labels=CONTROL_PLANE),),
    ingress=(Peer(namespace="ingress", labels={"app.kubernetes.io/name": "ingress-nginx"}),),
    desk=Peer(namespace="tre", labels=CONTROL_PLANE, ports=(8705,)),
    intake=Peer(namespace="tre", labels=CONTROL_PLANE, ports=(8707,)),
    vault=(Peer(cidr="192.0.2.20/32", ports=(8200,)),),
    stores=(Peer(cidr="192.0.2.30/32", ports=(443,)),),
    databases=(Peer(cidr="192.0.2.40/31", ports=(5432,)),),
    desk_address="10.96.0.11:8705",
    intake_address="10.96.0.12:8707",
    vault_address="https://vault.example.org:8200",
    work=StorageLayout(storage_class="encrypted-shared", size="100Gi", protection="encrypted"),
    data=StorageLayout(storage_class="memory-shared", size="20Gi", protection="memory"),
    pod_ranges=("10.244.0.0/16",),
    workspace_host="{project}.workspaces.example.org",
)
SMALL = Profile(name="small", display_name="Small", image=image("workspace", "3"))
GPU = Profile(
    name="gpu",
    display_name="One graphics card",
    image=image("workspace-gpu", "4"),
    cpus=8.0,
    cpu_guarantee=2.0,
    memory_mib=32768,
    node_selector={"tre.example.org/pool": "gpu"},
    tolerations=({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},),
    extra_resources={"nvidia.com/gpu": 1},
    runtime_class="nvidia",
    priority_class="research",
)
PLACE = PlacePlan(
    project_id="projectaaaaaaaaa",
    name="tre-placeaaaaaaaaaaa",
    title="Asthma & air: “a study”",
    host="projectaaaaaaaaa.workspaces.example.org",
    profile=SMALL,
)
VOLUMES = (
    VolumePlan(
        version_id=SECOND,
        source={"csi": {"driver": "storage.example.org", "volumeHandle": "pathology", "fsType": "ext4"}},
        size="500Gi",
    ),
    VolumePlan(version_id=THIRD, source={"nfs": {"server": "192.0.2.50", "path": "/images"}}, size="2Ti"),
    VolumePlan(version_id=FOURTH, source={"local": {"path": "/srv/genomes"}}, size="1Ti", nodes=("node-1", "node-2")),
)
SESSION = SessionPlan(
    session_id="sessionaaaaaaaaa",
    project_id=PLACE.project_id,
    person_id="personaaaaaaaaaa",
    user_number=200_000,
    intake_secret="intake secret",
    environment={"JUPYTERHUB_API_TOKEN": "hub token", "PATH": "/not/passed/on"},
    arguments=("--ServerApp.allow_origin_pat=",),
)
TOLD = Told(
    hub={"hub.json": '{"project": "a"}', **channel("hub")},
    gate={"gate.json": '{"project": "a"}', **channel("gate")},
    agent={"agent.json": '{"project": "a"}', "vault-ca.crt": "authority of Vault", **channel("agent")},
)
ONE_NODE = replace(
    LAYOUT, work=replace(LAYOUT.work, access="ReadWriteOnce"), data=replace(LAYOUT.data, access="ReadWriteOnce")
)
_NAMED = replace(
    LAYOUT,
    host_names={"vault.example.org": "192.0.2.20", "s3.example.org": "192.0.2.30", "sts.example.org": "192.0.2.30"},
)
_ASKING = replace(LAYOUT, name_servers=(Peer(namespace="kube-system", labels={"k8s-app": "kube-dns"}),))
_OPEN = replace(LAYOUT, ingress_class="nginx", ingress_annotations={"cert-manager.io/cluster-issuer": "research"})
_BOUNDED = replace(LAYOUT, quota=QuotaLayout(cpus=4, memory_mib=8192, pods=6, extra_resources={"nvidia.com/gpu": 2}))
_FILES = (Mount(name="asthma", source=Path("/data") / FIRST),)
_MOUNTED = (*_FILES, Mount(name="pathology", source=Path("/volumes") / SECOND))
_RELAYS = {"admissions": "10.244.0.9:15432", "deaths": "10.244.0.9:15433"}
_WITH_VOLUMES = replace(PLACE, volumes=VOLUMES)


def _session(place: PlacePlan = PLACE, layout: ClusterLayout = LAYOUT, session: SessionPlan = SESSION) -> list[Object]:
    return session_objects(place, session, layout, authority=AUTHORITY)


def _parts(place: PlacePlan = PLACE, layout: ClusterLayout = LAYOUT, *, awake: bool = True) -> list[Object]:
    return part_objects(place, layout, TOLD, awake=awake)


def _admission() -> list[Object]:
    pod = session_pod(_WITH_VOLUMES, replace(SESSION, mounts=_MOUNTED), LAYOUT)
    namespace = place_objects(_WITH_VOLUMES, LAYOUT)[0]
    namespace["metadata"]["annotations"][session_annotation(SESSION.session_id)] = allowed(pod)
    return [namespace]


VARIANTS: dict[str, Callable[[], list[Object]]] = {
    "place": lambda: place_objects(PLACE, LAYOUT),
    "place-with-volumes": lambda: place_objects(_WITH_VOLUMES, LAYOUT),
    "place-with-ingress": lambda: place_objects(PLACE, _OPEN),
    "place-with-plain-ingress": lambda: place_objects(PLACE, replace(LAYOUT, scheme="http", ingress_class="nginx")),
    "place-with-own-bounds": lambda: place_objects(PLACE, _BOUNDED),
    "place-whose-agent-asks-for-names": lambda: place_objects(PLACE, _ASKING),
    "place-on-one-node": lambda: place_objects(PLACE, ONE_NODE),
    "parts-awake": _parts,
    "parts-asleep": lambda: _parts(awake=False),
    "parts-with-host-names": lambda: _parts(layout=_NAMED),
    "parts-whose-agent-asks-for-names": lambda: _parts(layout=_ASKING),
    "parts-on-one-node-with-graphics-card": lambda: _parts(replace(PLACE, profile=GPU), ONE_NODE),
    "session": _session,
    "session-with-files": lambda: _session(session=replace(SESSION, mounts=_FILES)),
    "session-with-files-and-volume": lambda: _session(_WITH_VOLUMES, session=replace(SESSION, mounts=_MOUNTED)),
    "session-with-databases": lambda: _session(session=replace(SESSION, relays=_RELAYS)),
    "session-that-replays": lambda: _session(
        session=replace(SESSION, mounts=_FILES, replay=True, environment={}, arguments=())
    ),
    "session-with-graphics-card": lambda: _session(replace(PLACE, profile=GPU)),
    "session-on-one-node": lambda: _session(layout=ONE_NODE, session=replace(SESSION, mounts=_FILES)),
    "admission-of-sessions": _admission,
}
"""Every kind of thing the builder makes, by the name of the file that shows it."""
