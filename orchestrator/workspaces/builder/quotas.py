"""The namespace itself, its bounds, and the accounts in it, none of which has any right."""

from __future__ import annotations

from ..places.model import ClusterLayout, PlacePlan
from .admission import project_annotations
from .objects import Object, made

__all__ = ["accounts", "bounds", "namespace"]

_SECURITY = "pod-security.kubernetes.io"


def namespace(plan: PlacePlan, layout: ClusterLayout) -> Object:
    """Return the namespace, in which Pod Security refuses whatever is not ``restricted``."""
    security = {f"{_SECURITY}/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    versions = {f"{_SECURITY}/{mode}-version": "latest" for mode in ("enforce", "audit", "warn")}
    head = made("v1/Namespace", plan.name, plan, layout)
    del head["metadata"]["namespace"]
    head["metadata"]["labels"] |= {**security, **versions}
    head["metadata"]["annotations"] = {"tre.orchestrator/title": plan.title, **project_annotations(plan, layout)}
    return head


def bounds(plan: PlacePlan, layout: ClusterLayout) -> list[Object]:
    """Return what the project may use at most, and what a container gets that asks for nothing."""
    quota = layout.quota
    hard = {
        "requests.cpu": f"{round(quota.cpus * 1000)}m",
        "limits.cpu": f"{round(quota.cpus * 2000)}m",
        "requests.memory": f"{quota.memory_mib}Mi",
        "limits.memory": f"{quota.memory_mib * 2}Mi",
        "pods": str(quota.pods),
        "persistentvolumeclaims": str(2 + len(plan.volumes)),
        "services.nodeports": "0",
        "services.loadbalancers": "0",
        **{f"requests.{name}": str(count) for name, count in sorted(quota.extra_resources.items())},
    }
    limit = {
        "type": "Container",
        "default": {"cpu": "1", "memory": "512Mi"},
        "defaultRequest": {"cpu": "50m", "memory": "128Mi"},
    }
    return [
        {**made("v1/ResourceQuota", "workspace", plan, layout), "spec": {"hard": hard}},
        {**made("v1/LimitRange", "workspace", plan, layout), "spec": {"limits": [limit]}},
    ]


def accounts(plan: PlacePlan, layout: ClusterLayout) -> list[Object]:
    """Return the service accounts. No Role names any of them; the agent's serves to prove to Vault who it is."""
    return [
        {**made("v1/ServiceAccount", name, plan, layout, part=name), "automountServiceAccountToken": False}
        for name in ("hub", "agent", "session")
    ]
