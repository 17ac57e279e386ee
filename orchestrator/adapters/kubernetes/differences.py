"""Where an object in the cluster differs from the object as built: every field we set, and every one we left closed.

A field that we left out is open to the API server's own defaults and to the controllers that own it, and to nobody
else: one more rule in a network policy is a difference although no rule of ours is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["Difference", "differences", "steps"]

_OUR_LABELS = ("tre.orchestrator/", "pod-security.kubernetes.io/")
_NOT_CONTENT = frozenset({"apiVersion", "kind", "metadata", "status"})
_ELSEWHERE: Mapping[str, frozenset[str]] = {
    "Namespace": frozenset({"spec"}),
    "Service": frozenset({"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}),
    "ServiceAccount": frozenset({"secrets", "imagePullSecrets"}),
    "Deployment": frozenset({"replicas"}),
    "PersistentVolumeClaim": frozenset({"volumeName"}),
    "PersistentVolume": frozenset({"uid", "resourceVersion"}),
    "Pod": frozenset({"nodeName", "serviceAccount", "priority", "preemptionPolicy", "tolerations"}),
}
"""By kind: fields that the cluster's own controllers fill in when we leave them out."""
_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "apiVersion": ("v1",),
    "creationTimestamp": (None,),
    "defaultMode": (420,),
    "dnsPolicy": ("ClusterFirst",),
    "enableServiceLinks": (True,),
    "failureThreshold": (3,),
    "fsType": ("",),
    "imagePullPolicy": ("IfNotPresent", "Always"),
    "internalTrafficPolicy": ("Cluster",),
    "mountPropagation": ("None",),
    "pathType": ("ImplementationSpecific",),
    "periodSeconds": (10,),
    "persistentVolumeReclaimPolicy": ("Retain",),
    "progressDeadlineSeconds": (600,),
    "protocol": ("TCP",),
    "recursiveReadOnly": ("Disabled",),
    "resources": ({},),
    "restartPolicy": ("Always",),
    "revisionHistoryLimit": (10,),
    "schedulerName": ("default-scheduler",),
    "scheme": ("HTTP",),
    "securityContext": ({},),
    "serviceAccount": (),
    "sessionAffinity": ("None",),
    "strategy": ({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},),
    "successThreshold": (1,),
    "terminationGracePeriodSeconds": (30,),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "timeoutSeconds": (1,),
    "type": ("Opaque", "ClusterIP"),
    "volumeMode": ("Filesystem",),
}
"""What the API server fills in when we leave it out."""
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_FACTORS = {"m": Decimal("0.001"), "": Decimal(1)}
_FACTORS |= {letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)}
_FACTORS |= {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One place where they differ: what we set and was changed, or what was added and we left closed."""

    path: tuple[str | int, ...]
    added: bool = False
    wanted: Any = None

    def __str__(self) -> str:
        return ".".join(str(part) for part in self.path)


def differences(built: Mapping[str, Any], live: Mapping[str, Any]) -> list[Difference]:
    """Return every difference, most important first; none says that the cluster holds what was built."""
    kind = str(built["kind"])
    found = _metadata(built["metadata"], live["metadata"])
    content, there = ({key: thing[key] for key in thing if key not in _NOT_CONTENT} for thing in (built, live))
    _compare(kind, content, there, (), found)
    return found


def steps(found: list[Difference], version: str) -> list[dict[str, Any]]:
    """Return the JSON patch that puts right what applying leaves: added fields, and lists that others added to."""
    patch: list[dict[str, Any]] = [{"op": "replace", "path": "/metadata/resourceVersion", "value": version}]
    for difference in found:
        path = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in difference.path)
        if difference.added:
            patch.append({"op": "remove", "path": path})
        elif isinstance(difference.wanted, list):
            patch.append({"op": "replace", "path": path, "value": difference.wanted})
    return patch if len(patch) > 1 else []


def _metadata(built: Mapping[str, Any], live: Mapping[str, Any]) -> list[Difference]:
    found: list[Difference] = []
    for name in ("labels", "annotations"):
        wanted, there = built.get(name) or {}, live.get(name) or {}
        found += [Difference(path=("metadata", name, key)) for key in wanted if wanted[key] != there.get(key)]
    wanted = built.get("labels") or {}
    added = [key for key in live.get("labels") or {} if key.startswith(_OUR_LABELS) and key not in wanted]
    return found + [Difference(path=("metadata", "labels", key), added=True) for key in added]


def _compare(kind: str, built: Any, live: Any, path: tuple[str | int, ...], found: list[Difference]) -> None:
    if isinstance(built, dict) and isinstance(live, dict):
        for key, wanted in built.items():
            if key in live:
                _compare(kind, wanted, live[key], (*path, key), found)
            elif wanted not in (None, "", [], {}):
                found.append(Difference(path=(*path, key), wanted=wanted))
        for key, value in live.items():
            if key not in built and not _expected(kind, path, key, value):
                found.append(Difference(path=(*path, key), added=True))
    elif isinstance(built, list) and isinstance(live, list) and len(built) == len(live):
        for number, (wanted, value) in enumerate(zip(built, live, strict=True)):
            _compare(kind, wanted, value, (*path, number), found)
    elif not _same(built, live, path):
        found.append(Difference(path=path, wanted=built))


def _expected(kind: str, path: tuple[str | int, ...], key: str, value: Any) -> bool:
    if path and path[0] in {"data", "stringData", "binaryData"}:
        return False
    if not path and key in {"data", "binaryData", "stringData"}:
        return not value
    if value in (None, "", []) or key in _ELSEWHERE.get(kind, ()):
        return True
    if key == "serviceAccount" and kind == "Deployment":
        return True  # the old name of serviceAccountName, kept equal by the API server
    return value in _DEFAULTS.get(key, ())


def _same(built: Any, live: Any, path: tuple[str | int, ...]) -> bool:
    if built == live:
        return type(built) is type(live) or not isinstance(built, bool)
    if path and path[0] == "data":
        return False
    amounts = [_amount(value) for value in (built, live)]
    return amounts[0] is not None and amounts[0] == amounts[1]


def _amount(value: Any) -> Decimal | None:
    """Return a quantity as a number, because the API server writes 0.5 as 500m and 1024Mi as 1Gi."""
    match = _QUANTITY.fullmatch(str(value))
    return Decimal(match[1]) * _FACTORS[match[2] or ""] if match else None
