"""The parts of an awake workspace: the pod of hub and gate, and the pod of the dataset agent.

Every pod here and every session's keeps to Pod Security ``restricted`` on a read-only root; the pieces for that are
shared from this module.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..places.model import ClusterLayout, PlacePlan
from .networks import CONTROL_PORT, GATE_PORT, HUB_PORT
from .objects import CONFIGURATION, Object, digest, labels, made, secret, selector
from .storage import keeps_one_node

__all__ = [
    "agent_deployment",
    "channel_secret",
    "container",
    "hub_deployment",
    "memory_volume",
    "pod_head",
    "resources",
    "startup_probe",
]

PLATFORM_USER = 10001
GROUP = 1000
_CHANNEL = ("ca.crt", "tls.crt", "tls.key")
_TOKEN_SECONDS = 600
_LAST_WORDS = "/root/last-words"
"""Where the kubelet lays a file of the node, which has no bounds: only root comes there."""


def hub_deployment(
    plan: PlacePlan, layout: ClusterLayout, *, hub: Mapping[str, str], gate: Mapping[str, str], replicas: int
) -> Object:
    """Return the hub's Deployment: hub and gate in one pod, which share sockets and nothing else."""
    containers = [
        _part("hub", layout.hub_image, layout, port=HUB_PORT, memory_mib=768)
        | {"volumeMounts": [*_seen("hub"), _mount("state", "/var/lib/tre"), _mount("sockets", "/run/tre")]},
        _part("gate", layout.hub_image, layout, port=GATE_PORT, memory_mib=512)
        | {"volumeMounts": [*_seen("gate"), _mount("sockets", "/run/tre")]},
    ]
    volumes = [*_own("hub", hub), *_own("gate", gate), memory_volume("state", 128), memory_volume("sockets", 16)]
    pod = {
        **pod_head("hub", user=PLATFORM_USER),
        "containers": containers,
        "volumes": volumes,
        "terminationGracePeriodSeconds": 10,
    }
    told = {name: text for name, text in {**hub, **gate}.items() if name not in _CHANNEL}
    return _deployment("hub", plan, layout, pod=pod, told=told, replicas=replicas)


def agent_deployment(plan: PlacePlan, layout: ClusterLayout, *, agent: Mapping[str, str], replicas: int) -> Object:
    """Return the dataset agent's Deployment: the only pod with a token, and that is for the Vault alone."""
    part = _part("agent", layout.agent_image, layout, port=CONTROL_PORT, memory_mib=768)
    part["volumeMounts"] = [
        *_seen("agent"),
        _mount("vault-token", "/var/run/tre/vault", read_only=True),
        _mount("data", "/data"),
    ]
    data = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    pod = {
        **pod_head("agent", user=PLATFORM_USER),
        **(_scheduling(plan) if keeps_one_node(layout) else {}),
        **_names(layout),
        "containers": [part],
        "volumes": [*_own("agent", agent), _vault_token(), data],
        "terminationGracePeriodSeconds": 30,
    }
    told = {name: text for name, text in agent.items() if name not in _CHANNEL}
    return _deployment("agent", plan, layout, pod=pod, told=told, replicas=replicas)


def channel_secret(part: str, plan: PlacePlan, layout: ClusterLayout, files: Mapping[str, str]) -> Object:
    """Return the Secret ``<part>-channel`` with everything that one part is told."""
    return secret(made("v1/Secret", f"{part}-channel", plan, layout, part=part), files)


def pod_head(account: str, *, user: int) -> Object:
    """Return what all pods share: no token, no name service, no environment of services, an unprivileged user."""
    return {
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["127.0.0.1"]},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": GROUP,
            "fsGroup": GROUP,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def container(name: str, image: str, layout: ClusterLayout) -> Object:
    """Return a container without any right on a root file system that it cannot write."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": layout.image_pull_policy,
        "terminationMessagePath": _LAST_WORDS,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": True,
        },
    }


def resources(*, cpus: tuple[float, float], memory_mib: tuple[int, int], extra: Mapping[str, int]) -> Object:
    """Return requests and limits, each pair in this order; extra devices are always both."""
    devices = {name: str(count) for name, count in sorted(extra.items())}
    requests, limits = (
        {"cpu": f"{round(cpus[at] * 1000)}m", "memory": f"{memory_mib[at]}Mi", "ephemeral-storage": disk, **devices}
        for at, disk in ((0, "16Mi"), (1, "256Mi"))
    )
    return {"requests": requests, "limits": limits}


def memory_volume(name: str, size_mib: int) -> Object:
    """Return a volume in the pod's own memory, so that nothing of it stays on a node's disk."""
    return {"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": f"{size_mib}Mi"}}


def startup_probe(port: int, *, seconds: int) -> Object:
    """Return a probe that ends the container unless its port opens in time; it asks every second, then no more."""
    return {"tcpSocket": {"port": port}, "periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": seconds}


def _part(name: str, image: str, layout: ClusterLayout, *, port: int, memory_mib: int) -> Object:
    return {
        **container(name, image, layout),
        "command": ["python", "-m", f"orchestrator.{name}", f"/etc/tre/{name}.json"],
        "ports": [{"name": name, "containerPort": port, "protocol": "TCP"}],
        "resources": resources(cpus=(0.05, 1.0), memory_mib=(192, memory_mib), extra={}),
        "startupProbe": startup_probe(port, seconds=120),
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 10, "timeoutSeconds": 2},
    }


def _seen(part: str) -> list[Object]:
    return [_mount(f"{part}-told", "/etc/tre", read_only=True), _mount(f"{part}-tmp", "/tmp")]  # noqa: S108 - in the pod


def _own(part: str, files: Mapping[str, str]) -> list[Object]:
    """Return a part's own volumes: what it is told, with the channel's files in a folder, and a passing one."""
    items = [{"key": name, "path": f"channel/{name}" if name in _CHANNEL else name} for name in sorted(files)]
    source = {"secret": {"name": f"{part}-channel", "items": items}}
    # readable by the group only, which all files of the volume belong to
    told = {"name": f"{part}-told", "projected": {"defaultMode": 0o440, "sources": [source]}}
    return [told, memory_volume(f"{part}-tmp", 64)]


def _vault_token() -> Object:
    token = {"serviceAccountToken": {"path": "token", "audience": "vault", "expirationSeconds": _TOKEN_SECONDS}}
    return {"name": "vault-token", "projected": {"defaultMode": 0o440, "sources": [token]}}


def _names(layout: ClusterLayout) -> Object:
    """Return how the agent finds names: by its hosts file, and by a resolver only where the layout has one."""
    by_address: dict[str, list[str]] = {}
    for name, address in sorted(layout.host_names.items()):
        by_address.setdefault(address, []).append(name)
    hosts = [{"ip": address, "hostnames": names} for address, names in sorted(by_address.items())]
    found: Object = {"hostAliases": hosts} if hosts else {}
    return found | ({"dnsPolicy": "ClusterFirst", "dnsConfig": {}} if layout.name_servers else {})


def _scheduling(plan: PlacePlan) -> Object:
    """Put the agent where sessions of the profile can run too, because they share a node."""
    profile = plan.profile
    found: Object = {"nodeSelector": dict(sorted(profile.node_selector.items()))} if profile.node_selector else {}
    return found | ({"tolerations": [dict(each) for each in profile.tolerations]} if profile.tolerations else {})


def _mount(name: str, path: str, *, read_only: bool = False) -> Object:
    return {"name": name, "mountPath": path} | ({"readOnly": True} if read_only else {})


def _deployment(
    part: str, plan: PlacePlan, layout: ClusterLayout, *, pod: Object, told: Mapping[str, str], replicas: int
) -> Object:
    """Return a Deployment that never has two pods at once, and starts anew when it is told something else."""
    annotations = {CONFIGURATION: digest({"metadata": {}, "told": dict(told)})}
    template = {"metadata": {"labels": labels(plan, layout, part), "annotations": annotations}, "spec": pod}
    spec = {
        "replicas": replicas,
        "revisionHistoryLimit": 1,
        "strategy": {"type": "Recreate"},
        "selector": selector(part),
        "template": template,
    }
    return {**made("apps/v1/Deployment", part, plan, layout, part=part), "spec": spec}
