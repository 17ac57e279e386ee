"""What a project keeps: claims for work and unsealed data, and the volumes that the platform mounts for it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from orchestrator.core.errors import Invalid
from orchestrator.core.events import Json
from orchestrator.core.ids import check_id

from ..places.model import ClusterLayout, PlacePlan, StorageLayout, VolumePlan
from .objects import Object, labels, made

__all__ = ["claim_names", "claims", "keeps_one_node", "volume_name", "volumes"]


def claim_names(plan: PlacePlan) -> list[str]:
    """Return every claim that pods of the project may mount, sorted."""
    return sorted(["work", "data", *(f"volume-{volume.version_id}" for volume in plan.volumes)])


def claims(plan: PlacePlan, layout: ClusterLayout) -> list[Object]:
    """Return the claims: ``work`` for homes and shared folder, ``data`` for what the agent unseals, one per volume."""
    own = {"work": layout.work, "data": layout.data}
    found = [_claim(plan, layout, name, _wanted(kind)) for name, kind in own.items()]
    for volume in plan.volumes:
        wanted = {
            "accessModes": [volume.access],
            "resources": {"requests": {"storage": volume.size}},
            "storageClassName": "",
            "volumeMode": "Filesystem",
            "volumeName": volume_name(plan, volume.version_id),
        }
        found.append(_claim(plan, layout, f"volume-{volume.version_id}", wanted))
    return found


def volumes(plan: PlacePlan, layout: ClusterLayout) -> list[Object]:
    """Return the persistent volumes of granted datasets: read-only, and bound to this project's claims only."""
    return [_volume(plan, layout, volume) for volume in plan.volumes]


def volume_name(plan: PlacePlan, version_id: str) -> str:
    """Return the opaque name of a project's volume: no other project and version has the same, now or later."""
    hashed = hashlib.sha256(f"{plan.name}/{check_id(version_id, field='version_id')}".encode()).digest()
    return "tre-" + base64.b32encode(hashed).decode().lower()[:26]


def keeps_one_node(layout: ClusterLayout) -> bool:
    """Whether agent and sessions must share a node, because a claim can be mounted on one node only."""
    return "ReadWriteOnce" in {layout.work.access, layout.data.access}


def _wanted(kind: StorageLayout) -> Object:
    return {
        "accessModes": [kind.access],
        "resources": {"requests": {"storage": kind.size}},
        "storageClassName": kind.storage_class,
        "volumeMode": "Filesystem",
    }


def _claim(plan: PlacePlan, layout: ClusterLayout, name: str, spec: Object) -> Object:
    return {**made("v1/PersistentVolumeClaim", name, plan, layout, part="storage"), "spec": spec}


def _volume(plan: PlacePlan, layout: ClusterLayout, volume: VolumePlan) -> Object:
    name = volume_name(plan, volume.version_id)
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "name": f"volume-{volume.version_id}",
        "namespace": plan.name,
    }
    spec: Object = {
        "accessModes": [volume.access],
        "capacity": {"storage": volume.size},
        "claimRef": claim,
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
        "volumeMode": "Filesystem",
        **_source(volume.source),
    }
    if volume.nodes:
        here = {"key": "kubernetes.io/hostname", "operator": "In", "values": list(volume.nodes)}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}}
    metadata = {"name": name, "labels": labels(plan, layout, "storage")}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}


def _source(source: Mapping[str, Json]) -> Object:
    """Return the volume's source, read-only wherever its kind can say so."""
    kind = next(iter(source), "")
    fields = source.get(kind)
    if len(source) != 1 or kind not in {"csi", "nfs", "local"} or not isinstance(fields, dict):
        raise Invalid("A volume lies in exactly one of csi, nfs or local.", field="source")
    if kind == "nfs":
        return {"nfs": {**fields, "readOnly": True}, "mountOptions": ["ro", "nosuid", "nodev"]}
    return {kind: {**fields, "readOnly": True} if kind == "csi" else dict(fields)}
