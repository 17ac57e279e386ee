"""Does this cluster enforce NetworkPolicy? Found out by trying, in a namespace made for it, never by asking.

Five pods: two answer, of which one is closed to all comers; three try the same ways, one without any rule (the positive
control: what it cannot reach proves nothing), one that may reach nothing, and one that may reach one port of one pod.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orchestrator.adapters.findings import Finding
from orchestrator.core.errors import OrchestratorError
from orchestrator.workspaces.places.model import ClusterLayout
from orchestrator.workspaces.places.provisioning import Enforcement

from .cluster import Cluster
from .proving import answering_pod, last_words, proving_namespace, started, trying_pod

__all__ = ["NETWORK_WORDS", "NOT_TRIED", "enforced", "prove_network"]

_OPEN_PORT, _OTHER_PORT, _UDP_PORT = 8080, 8081, 8082
_KUBELET_PORT = 10250
_HOLD = 5.0
"""How long nothing may get through: an enforcer may close everything to a pod that it does not know yet."""
_METADATA = "169.254.169.254"
NETWORK_WORDS = frozenset(
    {"network-unproved", "network-in-open", "network-out-open", "network-rule-ignored", "node-open", "metadata-open"}
)
_SAYS = {
    "closed": "a pod that lets nobody in was reached",
    "tcp": "another pod was reached (TCP)",
    "other-port": "another port than the allowed one was reached",
    "udp": "another pod was reached (UDP)",
    "dns": "the cluster's name server answered, and names carry data out",
    "api": "the API server was reached",
    "node": "the kubelet of the pod's own node was reached",
    "metadata": "a metadata service of the cloud was reached",
}
_NODE = (
    "Network policies do not cover the node that a pod runs on: put the host firewall's rules on every node "
    "(policies/network/host-firewall.nft, docs/how-to/cluster-network.md)."
)
_IGNORED = "This cluster ignores network policies, at least in part: install a network plugin that enforces them."


NOT_TRIED = Finding(
    word="network-not-tried",
    message="Not tried, because no pod of ours can: ICMP, IPv6, other nodes' ports, addresses outside, and connections "
    "that were open before a rule. Close them by the host firewall's rules (docs/how-to/cluster-network.md).",
    serious=False,
)


def prove_network(cluster: Cluster, layout: ClusterLayout) -> list[Finding]:
    """Try what network policies close and open, and say what was open, what proved nothing, and what was not tried."""
    try:
        with proving_namespace(cluster, layout.installation) as namespace:
            free, denied, allowed = _tried(cluster, namespace, layout.hub_image)
    except OrchestratorError as error:
        message = f"It could not be tried whether this cluster enforces network policies: {error.message}"
        return [Finding(word="network-unproved", message=message, serious=True)]
    return [*_controls(free), *_leaks(free, denied, allowed), NOT_TRIED]


def enforced(findings: Iterable[Finding]) -> Enforcement:
    """Return whether these findings prove that network policies hold: without that no project is provisioned.

    No complaint is a proof only where it was tried, so ``NOT_TRIED`` has to be among them.
    """
    known = list(findings)
    trouble = [finding.message for finding in known if finding.word in NETWORK_WORDS and finding.serious]
    if trouble:
        return Enforcement(proved=False, message=" ".join(trouble))
    if NOT_TRIED.word not in {finding.word for finding in known}:
        return Enforcement(proved=False, message="It was not tried whether this cluster enforces network policies.")
    return Enforcement(proved=True, message="Tried with pods: what no rule allows is closed, in and out.")


def _tried(cluster: Cluster, namespace: str, image: str) -> tuple[dict[str, bool], dict[str, bool], dict[str, bool]]:
    for policy in _policies(namespace):
        cluster.create(policy)
    ports = [("tcp", _OPEN_PORT), ("tcp", _OTHER_PORT), ("udp", _UDP_PORT)]
    target = started(cluster, answering_pod(namespace, "target", image, ports))
    closed = started(cluster, answering_pod(namespace, "closed", image, ports))
    expected: dict[str, set[str]] = {
        "free": {"tcp", "other-port", "udp", "dns", "api", "node"},
        "denied": set(),
        "allowed": {"tcp"},
    }
    pods = {
        name: trying_pod(namespace, name, image, _ways(target, closed, reached), hold=0 if name == "free" else _HOLD)
        for name, reached in expected.items()
    }
    cluster.create(pods["free"])
    free = last_words(cluster, "free", namespace)  # the control first: then everything is known to answer
    cluster.create(pods["denied"])
    cluster.create(pods["allowed"])
    return free, last_words(cluster, "denied", namespace), last_words(cluster, "allowed", namespace)


def _ways(target: str, closed: str, reached: set[str]) -> list[dict[str, Any]]:
    """Return what to try; what answers by nature only sometimes (metadata) is waited for by nobody."""
    ways = [
        ("tcp", "tcp", target, _OPEN_PORT),
        ("other-port", "tcp", target, _OTHER_PORT),
        ("udp", "udp", target, _UDP_PORT),
        ("closed", "tcp", closed, _OPEN_PORT),
        ("dns", "dns", "$NAMESERVER", 53),
        ("api", "tcp", "$KUBERNETES_SERVICE_HOST", 443),
        ("node", "tcp", "$NODE", _KUBELET_PORT),
        ("metadata", "tcp", _METADATA, 80),
    ]
    rows = [{"name": name, "way": way, "host": host, "port": port} for name, way, host, port in ways]
    return [{**row, "wanted": None if row["name"] == "metadata" else row["name"] in reached} for row in rows]


def _policies(namespace: str) -> list[dict[str, Any]]:
    way = {"to": [{"podSelector": {"matchLabels": {"probe": "target"}}}], "ports": [{"port": _OPEN_PORT}]}
    return [
        _policy(namespace, "closed", {"policyTypes": ["Ingress"]}),
        _policy(namespace, "denied", {"policyTypes": ["Ingress", "Egress"]}),
        _policy(namespace, "allowed", {"policyTypes": ["Ingress", "Egress"], "egress": [way]}),
    ]


def _policy(namespace: str, pod: str, rules: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": pod, "namespace": namespace},
        "spec": {"podSelector": {"matchLabels": {"probe": pod}}, **rules},
    }


def _controls(free: dict[str, bool]) -> list[Finding]:
    """Say which closed ways prove nothing, because they are closed without any rule."""
    if not free.get("tcp"):
        message = "Two pods without any rule do not reach each other, so nothing is proved: look at the pod network."
        return [Finding(word="network-unproved", message=message, serious=True)]
    names = {"udp": "pods by UDP", "dns": "the name server", "api": "the API server", "node": "the own node"}
    shut = [words for name, words in names.items() if not free.get(name)]
    if not free.get("metadata"):
        shut.append(f"metadata addresses ({_METADATA})")
    if not shut:
        return []
    message = f"Not proved, because even a pod without rules got no answer: {', '.join(shut)}."
    return [Finding(word="network-no-control", message=message, serious=False)]


def _leaks(free: dict[str, bool], denied: dict[str, bool], allowed: dict[str, bool]) -> list[Finding]:
    found = []
    if any(reached.get("closed") for reached in (free, denied, allowed)):
        found.append(Finding(word="network-in-open", message=f"{_IGNORED} Tried: {_SAYS['closed']}.", serious=True))
    out = [name for name in ("tcp", "other-port", "udp", "dns", "api") if denied.get(name)]
    out += [name for name in ("other-port", "udp", "dns", "api") if allowed.get(name) and name not in out]
    if out:
        words = "; ".join(_SAYS[name] for name in out)
        found.append(Finding(word="network-out-open", message=f"{_IGNORED} Tried: {words}.", serious=True))
    if not allowed.get("tcp"):
        message = "A rule that allows one port of one pod opened nothing: workspaces would not work."
        found.append(Finding(word="network-rule-ignored", message=message, serious=True))
    for name in ("node", "metadata"):
        if denied.get(name) or allowed.get(name):
            found.append(Finding(word=f"{name}-open", message=f"{_NODE} Tried: {_SAYS[name]}.", serious=True))
    return found
