"""A layout and plans for tests that put the builder's objects on a real cluster without the rest of the system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.core.ids import new_id
from orchestrator.workspaces.builder.objects import Object
from orchestrator.workspaces.model import Mount, SessionPlan
from orchestrator.workspaces.places.model import ClusterLayout, Peer, PlacePlan, Profile, StorageLayout, VolumePlan
from tests.workspaces.parts import Told

__all__ = ["AT_REST", "TOLD", "digest_name", "layout", "plan", "pod_of", "session"]

AT_REST = "none-of-these-tests"
"""A storage class that does not exist: claims stay unbound, which is no matter where pods do not start."""
TOLD = Told(hub={"hub.json": "{}"}, gate={"gate.json": "{}"}, agent={"agent.json": "{}"})


def digest_name(word: str) -> str:
    """Return the name of an image that nobody has."""
    return f"tre.invalid/{word}@sha256:{word.encode().hex().ljust(64, '0')[:64]}"


def layout(installation: str, *, image: str = "", **changes: Any) -> ClusterLayout:
    """Return a small layout; ``image`` stands for all of the installation's images."""
    outside = Peer(cidr="203.0.113.1/32", ports=(8705,))
    storage = StorageLayout(storage_class=AT_REST, size="1Gi", protection="encrypted")
    settings: dict[str, Any] = {
        "installation": installation,
        "hub_image": image or digest_name("hub"),
        "agent_image": image or digest_name("agent"),
        "images": (image or digest_name("workspace"),),
        "image_pull_policy": "IfNotPresent" if image else "Never",
        "control_plane": (Peer(cidr="203.0.113.1/32", ports=()),),
        "ingress": (Peer(cidr="203.0.113.2/32", ports=()),),
        "desk": outside,
        "intake": outside,
        "vault": (outside,),
        "desk_address": "203.0.113.1:8705",
        "intake_address": "203.0.113.1:8707",
        "vault_address": "https://203.0.113.1:8200",
        "work": storage,
        "data": storage,
        "workspace_host": "{project}.workspaces.example.org",
    }
    return ClusterLayout(**{**settings, **changes})


def plan(of: ClusterLayout, *, volumes: int = 1) -> PlacePlan:
    """Return a new project's place."""
    project_id = new_id()
    return PlacePlan(
        project_id=project_id,
        name=f"tre-{new_id()}",
        title="A test",
        host=of.host(project_id),
        profile=Profile(name="small", display_name="Small", image=of.images[0], memory_mib=256, cpus=1.0),
        volumes=tuple(
            VolumePlan(version_id=new_id(), source={"nfs": {"server": "203.0.113.9", "path": "/data"}})
            for _ in range(volumes)
        ),
    )


def session(of: PlacePlan, *, datasets: int = 1) -> SessionPlan:
    """Return a new session in the place, with datasets of the data claim."""
    mounts = tuple(Mount(name=f"dataset-{number}", source=Path("/data") / new_id()) for number in range(datasets))
    return SessionPlan(
        session_id=new_id(), project_id=of.project_id, person_id=new_id(), user_number=1000, mounts=mounts
    )


def pod_of(deployment: Object) -> Object:
    """Return the pod that the control plane makes of a Deployment."""
    template = deployment["spec"]["template"]
    name = deployment["metadata"]["name"]
    metadata = {**template["metadata"], "name": f"{name}-pod", "namespace": deployment["metadata"]["namespace"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
