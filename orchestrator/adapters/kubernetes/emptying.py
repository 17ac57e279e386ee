"""Empties a closed project's namespace in the order that keeps it shut to the end, and tells what went.

A network policy that goes before its pod leaves the pod open (CVE-2024-7598), so nothing else is touched while a pod
is there. Every step looks at the cluster first: cut off anywhere and begun again, it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.workspaces.builder.objects import DIGEST
from orchestrator.workspaces.places.model import ClusterLayout, PlacePlan, Removal

from .applying import stuck
from .cluster import Cluster
from .held import PROJECT
from .kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    INGRESS,
    LEASE,
    LIMIT_RANGE,
    NAMESPACE,
    NETWORK_POLICY,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICA_SET,
    RESOURCE_QUOTA,
    ROLE,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
)
from .watching import INSTALLATION

__all__ = ["Emptying"]

KEPT = "tre.orchestrator/kept"
_RUNNING = (DEPLOYMENT, REPLICA_SET, POD)
_WALLS = (
    INGRESS,
    SERVICE,
    NETWORK_POLICY,
    ROLE_BINDING,
    ROLE,
    SECRET,
    CONFIG_MAP,
    SERVICE_ACCOUNT,
    LEASE,
    LIMIT_RANGE,
    RESOURCE_QUOTA,
)
_GIVEN = {(CONFIG_MAP, "kube-root-ca.crt"), (SERVICE_ACCOUNT, "default")}
"""What the cluster itself puts into every namespace, and puts back as long as there is the namespace."""
_PROVISIONED = "pv.kubernetes.io/provisioned-by"
_DESTROYED = "tre.orchestrator/destroyed-by-storage"
"""On a kept volume: it would have been destroyed with its claim, and will be when its time has come."""
_MANAGER = "tre-controller-removal"
"""A field manager of its own: it sets two fields of a volume and leaves the others to whoever set them."""
_NAMED_AT_MOST = 5

Thing = Mapping[str, Any]


class Emptying:
    """One project's removal."""

    def __init__(self, cluster: Cluster, plan: PlacePlan, layout: ClusterLayout) -> None:
        self._cluster = cluster
        self._plan = plan
        self._selector = f"{INSTALLATION}={layout.installation},{PROJECT}={plan.project_id}"
        self._labels = {INSTALLATION: layout.installation, PROJECT: plan.project_id}
        self._removed: list[str] = []

    def empty(self, namespace: Thing) -> Removal:
        """Take the next step inside the namespace, or remove the namespace when nothing of ours is left in it."""
        metadata = namespace["metadata"]
        if "deletionTimestamp" in metadata:
            self._claims()  # whoever removed it: work that is to be kept is kept
            return self._waits([f"the namespace {metadata['name']}: {stuck(namespace)}"])
        waiting = self._take(_RUNNING) or self._take(_WALLS) or self._claims()
        if waiting:
            return self._waits(waiting)
        if self._cluster.delete(NAMESPACE, metadata["name"], uid=metadata["uid"]):
            self._removed.append(_line(NAMESPACE, namespace))
        return self._waits([f"the namespace {metadata['name']} to go"])

    def volumes(self) -> Removal:
        """Remove what lies in no namespace; finished when nothing is left but work that is to be kept."""
        waiting = []
        for volume in self._volumes():
            if self._plan.keep_work and KEPT in volume["metadata"].get("labels", {}):
                continue
            waiting.append(self._take_volume(volume))
        if waiting:
            return self._waits(waiting)
        left = [line for line in self.contents() if not line.startswith(f"{PERSISTENT_VOLUME}/")]
        return self._waits(left) if left else Removal(finished=True, removed=tuple(self._removed))

    def contents(self) -> tuple[str, ...]:
        """List everything there is of the project, but for what the cluster gives to every namespace."""
        found: list[str] = []
        for kind in (NAMESPACE, PERSISTENT_VOLUME):
            found += [_line(kind, item) for item in self._cluster.list(kind, "", self._selector).items]
        for kind in (*_RUNNING, *_WALLS):
            found += [_line(kind, item) for item in self._inside(kind)]
        for claim in self._inside(PERSISTENT_VOLUME_CLAIM):
            volume = self._behind(claim)
            found += [_line(PERSISTENT_VOLUME_CLAIM, claim)]
            found += [_line(PERSISTENT_VOLUME, volume)] if volume else []
        return tuple(dict.fromkeys(found))

    def _take(self, kinds: Iterable[Kind]) -> list[str]:
        """Ask for the removal of everything of these kinds; return in words what is still there."""
        touched = []
        for kind in kinds:
            items = self._inside(kind)
            for item in items:
                if "deletionTimestamp" not in item["metadata"]:
                    self._delete(kind, item)
            touched += [kind] if items else []
        return [_ending(kind, item) for kind in touched for item in self._inside(kind)]

    def _claims(self) -> list[str]:
        waiting = []
        for claim in self._inside(PERSISTENT_VOLUME_CLAIM):
            if "deletionTimestamp" not in claim["metadata"]:
                self._mark_volume(claim)
                self._delete(PERSISTENT_VOLUME_CLAIM, claim)
            waiting.append(_ending(PERSISTENT_VOLUME_CLAIM, claim))
        return waiting

    def _mark_volume(self, claim: Thing) -> None:
        """Label the volume behind a claim, so that it is found without it, and decide whether its content is kept."""
        volume = self._behind(claim)
        if volume is None or DIGEST in volume["metadata"].get("annotations", {}):
            return
        kept = self._plan.keep_work and claim["metadata"]["name"] == "work"
        self._mark(volume, kept=kept)

    def _mark(self, volume: Thing, *, kept: bool) -> None:
        policy = "Delete" if _destroyed(volume) and not kept else "Retain"
        labels = {**self._labels, **({KEPT: "work"} if kept else {})}
        there = volume["metadata"].get("labels", {})
        marked = labels.items() <= there.items() and (KEPT in there) is kept
        if marked and volume["spec"].get("persistentVolumeReclaimPolicy") == policy:
            return
        metadata = {"name": volume["metadata"]["name"], "uid": volume["metadata"]["uid"], "labels": labels}
        metadata |= {"annotations": {_DESTROYED: "yes"}} if _destroyed(volume) else {}
        spec = {"persistentVolumeReclaimPolicy": policy}
        self._cluster.apply(
            {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}, manager=_MANAGER
        )
        if not kept:
            self._removed.append(_line(PERSISTENT_VOLUME, volume))

    def _take_volume(self, volume: Thing) -> str:
        """Let whoever made the volume destroy its content; one that the platform only mounted is let go."""
        name = volume["metadata"]["name"]
        if DIGEST in volume["metadata"].get("annotations", {}):
            if "deletionTimestamp" not in volume["metadata"]:
                self._delete(PERSISTENT_VOLUME, volume)
            return _ending(PERSISTENT_VOLUME, volume)
        if "deletionTimestamp" not in volume["metadata"]:
            self._mark(volume, kept=False)
        if not _destroyed(volume):
            return f"an operator to wipe and delete the volume {name}, because its storage class destroys nothing"
        message = volume.get("status", {}).get("message", "")
        return f"the storage to destroy the volume {name}{': ' + message if message else ''}"

    def _behind(self, claim: Thing) -> dict[str, Any] | None:
        """Return the volume that is bound to this very claim; what the claim merely names may be another's."""
        name = claim["spec"].get("volumeName", "")
        volume = self._cluster.get(PERSISTENT_VOLUME, name) if name else None
        bound = volume and volume["spec"].get("claimRef", {}).get("uid") == claim["metadata"]["uid"]
        return volume if bound else None

    def _volumes(self) -> list[dict[str, Any]]:
        return self._cluster.list(PERSISTENT_VOLUME, "", self._selector).items

    def _inside(self, kind: Kind) -> list[dict[str, Any]]:
        items = self._cluster.list(kind, self._plan.name).items
        return [item for item in items if (kind, item["metadata"]["name"]) not in _GIVEN]

    def _delete(self, kind: Kind, item: Thing) -> None:
        metadata = item["metadata"]
        there = self._cluster.delete(
            kind,
            metadata["name"],
            metadata.get("namespace", ""),
            uid=metadata["uid"],
            dependents_first=kind in (DEPLOYMENT, REPLICA_SET),
        )
        if there:
            self._removed.append(_line(kind, item))

    def _waits(self, waiting: list[str]) -> Removal:
        more = f" and {len(waiting) - _NAMED_AT_MOST} more" if len(waiting) > _NAMED_AT_MOST else ""
        words = ", ".join(waiting[:_NAMED_AT_MOST]) + more
        return Removal(finished=False, waiting_for=words, removed=tuple(self._removed))


def _line(kind: Kind, item: Thing) -> str:
    return f"{kind}/{item['metadata']['name']} {item['metadata']['uid']}"


def _ending(kind: Kind, item: Thing) -> str:
    """Name an object that is on its way out, and what it waits for: its node, or a finalizer."""
    finalizers = item["metadata"].get("finalizers", [])
    node = item.get("spec", {}).get("nodeName", "") if kind == POD else ""
    why = f" on node {node}" if node else f" (finalizers {', '.join(finalizers)})" if finalizers else ""
    return f"{kind.name} {item['metadata']['name']}{why}"


def _destroyed(volume: Thing) -> bool:
    """Say whether whoever made the volume destroys its content when it is told to."""
    annotations = volume["metadata"].get("annotations", {})
    told = volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
    return told or _PROVISIONED in annotations or _DESTROYED in annotations
