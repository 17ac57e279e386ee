"""Storage for tests: a cluster's own class, or local directories handed out as a provisioner does."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import threading
from pathlib import Path
from typing import Any

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import NODE, PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM, STORAGE_CLASS
from orchestrator.core.errors import OrchestratorError

_log = logging.getLogger(__name__)
_GROUP = 1000
_PROVISIONER = "tre-tests/local"
_LEFT = frozenset({"Released", "Failed"})
"""Phases of a volume whose claim has gone. “Failed”: the cluster tried to destroy it itself before we came to it."""


class LocalStorage:
    """Gives every claim of its class a directory of this machine, and takes it back when the claim has gone.

    For a cluster whose only node shares this machine's file system; ``TRE_CLUSTER_VOLUMES`` names the directory.
    """

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        self._cluster = cluster
        self._directory = directory
        self.name = f"tre-tests-{secrets.token_hex(4)}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="storage", daemon=True)

    def __enter__(self) -> LocalStorage:
        self._cluster.create(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": self.name},
                "provisioner": _PROVISIONER,
                "volumeBindingMode": "Immediate",
            }
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
        for volume in self._volumes():
            self._cluster.delete(PERSISTENT_VOLUME, volume["metadata"]["name"])
            shutil.rmtree(volume["spec"]["local"]["path"], ignore_errors=True)
        self._cluster.delete(STORAGE_CLASS, self.name)

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            try:
                self._round()
            except OrchestratorError as error:
                _log.warning("storage waits: %s", error.message)

    def _round(self) -> None:
        given = {volume["spec"].get("claimRef", {}).get("uid") for volume in self._volumes()}
        for claim in self._cluster.list(PERSISTENT_VOLUME_CLAIM).items:
            wanted = claim["spec"].get("storageClassName") == self.name and not claim["spec"].get("volumeName")
            if wanted and claim["metadata"]["uid"] not in given:
                self._provide(claim)
        for volume in self._volumes():
            spec = volume["spec"]
            if volume["status"].get("phase") in _LEFT and spec["persistentVolumeReclaimPolicy"] == "Delete":
                shutil.rmtree(spec["local"]["path"], ignore_errors=True)
                self._cluster.delete(PERSISTENT_VOLUME, volume["metadata"]["name"])

    def _provide(self, claim: dict[str, Any]) -> None:
        name = f"tre-tests-{secrets.token_hex(8)}"
        place = self._directory / name
        place.mkdir(mode=0o2770)
        os.chown(place, -1, _GROUP)
        place.chmod(0o2770)
        metadata, spec = claim["metadata"], claim["spec"]
        reference = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "uid": metadata["uid"]}
        self._cluster.create(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": name, "labels": {"tre-tests/class": self.name}},
                "spec": {
                    "storageClassName": self.name,
                    "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                    "accessModes": spec["accessModes"],
                    "persistentVolumeReclaimPolicy": "Delete",
                    "claimRef": {**reference, "name": metadata["name"], "namespace": metadata["namespace"]},
                    "local": {"path": str(place)},
                    "nodeAffinity": _only(self._node()),
                },
            }
        )

    def _node(self) -> str:
        return str(self._cluster.list(NODE).items[0]["metadata"]["labels"]["kubernetes.io/hostname"])

    def _volumes(self) -> list[dict[str, Any]]:
        return self._cluster.list(PERSISTENT_VOLUME, selector=f"tre-tests/class={self.name}").items


def _only(node: str) -> dict[str, Any]:
    there = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [there]}]}}
