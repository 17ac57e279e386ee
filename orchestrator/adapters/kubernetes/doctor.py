"""Looks whether this cluster can hold workspaces, by trying, and says in words what to do where it cannot."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from orchestrator.adapters.findings import Finding
from orchestrator.core.errors import OrchestratorError, Refused, Unavailable
from orchestrator.workspaces.places.model import ClusterLayout

from .admission import AdmissionPolicies
from .admission_proof import prove_admission
from .cluster import Cluster
from .enforcement import enforced, prove_network
from .kinds import NODE, RUNTIME_CLASS, SELF_SUBJECT_ACCESS_REVIEW, STORAGE_CLASS

__all__ = ["enforced", "examine", "prove_network"]

_OLDEST = (1, 30)
_EVERY = ("get", "list", "watch", "create", "patch", "delete")
_RIGHTS: dict[tuple[str, str], tuple[str, ...]] = {
    **{
        ("", resource): _EVERY
        for resource in (
            "namespaces", "pods", "services", "configmaps", "secrets", "serviceaccounts", "resourcequotas",
            "limitranges", "persistentvolumes", "persistentvolumeclaims",
        )
    },
    ("apps", "deployments"): _EVERY,
    ("networking.k8s.io", "networkpolicies"): _EVERY,
    ("networking.k8s.io", "ingresses"): _EVERY,
    ("rbac.authorization.k8s.io", "roles"): ("get", "list", "watch", "delete"),
    ("rbac.authorization.k8s.io", "rolebindings"): ("get", "list", "watch", "delete"),
    ("", "nodes"): ("get", "list"),
    ("storage.k8s.io", "storageclasses"): ("get", "list"),
    ("node.k8s.io", "runtimeclasses"): ("get", "list"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"): ("get", "list"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"): ("get", "list"),
}  # fmt: skip


def examine(
    cluster: Cluster, layout: ClusterLayout, policies: AdmissionPolicies, *, runtime_classes: Sequence[str] = ()
) -> list[Finding]:
    """Return what stands in the way of workspaces on this cluster. Trying takes about half a minute."""
    checks: list[Callable[[], list[Finding]]] = [
        lambda: _version(cluster),
        lambda: _rights(cluster),
        lambda: _storage(cluster, layout),
        lambda: _runtimes(cluster, runtime_classes),
        lambda: _processes(cluster),
        lambda: prove_admission(cluster, policies, layout.hub_image),
        lambda: prove_network(cluster, layout),
    ]
    return [finding for check in checks for finding in _made(check)]


def _made(check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except OrchestratorError as error:
        return [Finding(word="cluster-not-asked", message=error.message, serious=True)]


def _version(cluster: Cluster) -> list[Finding]:
    match = re.match(r"v?(\d+)\.(\d+)", cluster.server_version)
    if match and (int(match[1]), int(match[2])) >= _OLDEST:
        return []
    message = f"The cluster is {cluster.server_version or 'of no known version'}: Kubernetes 1.30 or newer is needed."
    return [Finding(word="kubernetes-too-old", message=message, serious=True)]


def _rights(cluster: Cluster) -> list[Finding]:
    lacking = []
    for (group, resource), verbs in _RIGHTS.items():
        lacks = [verb for verb in verbs if not _may(cluster, group, resource, verb)]
        if lacks:
            lacking.append(f"{', '.join(lacks)} {resource}{f'.{group}' if group else ''}")
    if not lacking:
        return []
    message = f"The controller's account may not {'; '.join(lacking)}: install the chart's rights, or give them."
    return [Finding(word="rights-missing", message=message, serious=True)]


def _may(cluster: Cluster, group: str, resource: str, verb: str) -> bool:
    asked = {"resourceAttributes": {"group": group, "resource": resource, "verb": verb}}
    kind = SELF_SUBJECT_ACCESS_REVIEW
    review = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {}, "spec": asked}
    return bool(cluster.create(review).get("status", {}).get("allowed", False))


def _storage(cluster: Cluster, layout: ClusterLayout) -> list[Finding]:
    """Say which storage class is missing. How data are protected at rest is declared, and cannot be seen from here."""
    found = []
    for use, storage in (("work", layout.work), ("data", layout.data)):
        if storage.protection not in {"encrypted", "memory"}:
            message = f"The storage class for {use} is declared neither encrypted nor in memory: data stay sealed."
            found.append(Finding(word="storage-not-protected", message=message, serious=True))
        if storage.storage_class and cluster.get(STORAGE_CLASS, storage.storage_class) is None:
            message = f"There is no storage class {storage.storage_class}, named for {use}: make it, or name another."
            found.append(Finding(word="no-storage-class", message=message, serious=True))
    return found


def _processes(cluster: Cluster) -> list[Finding]:
    """Say where a pod may start processes without end: no pod can be told, so it is each kubelet's own setting."""
    advice = "set podPidsLimit, such as 4096, in the configuration of every kubelet."
    try:
        names = [node["metadata"]["name"] for node in cluster.list(NODE).items]
        settings = {name: cluster.read(f"/api/v1/nodes/{name}/proxy/configz") or {} for name in names}
    except (Refused, Unavailable):  # the controller itself may not look at kubelets, and need not
        message = f"These rights do not show whether a session's processes are limited: {advice}"
        return [Finding(word="processes-not-seen", message=message, serious=False)]
    limits = {name: seen.get("kubeletconfig", {}).get("podPidsLimit", -1) for name, seen in settings.items()}
    without = sorted(name for name, limit in limits.items() if limit <= 0)
    if not without:
        return []
    message = f"On {', '.join(without[:5])} one session may use up all processes of the node: {advice}"
    return [Finding(word="processes-unlimited", message=message, serious=False)]


def _runtimes(cluster: Cluster, names: Sequence[str]) -> list[Finding]:
    missing = [name for name in sorted({*names} - {""}) if cluster.get(RUNTIME_CLASS, name) is None]
    if not missing:
        return []
    message = f"There is no runtime class {', '.join(missing)}, named by a profile: make it, or change the profile."
    return [Finding(word="no-runtime-class", message=message, serious=True)]
