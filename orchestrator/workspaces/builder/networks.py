"""Who may talk to whom in a project's namespace: everything is closed, and these few ways are opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

from ..places.model import ClusterLayout, Peer, PlacePlan
from .objects import Object, made, selector

__all__ = [
    "CONTROL_PORT",
    "GATE_PORT",
    "HUB_PORT",
    "KERNEL_PORT",
    "RELAY_PORTS",
    "ingress",
    "network_policies",
    "relay_policies",
    "services",
]

HUB_PORT = 8081
GATE_PORT = 8000
CONTROL_PORT = 8443
KERNEL_PORT = 8888
RELAY_PORTS = range(15432, 15532)


def network_policies(plan: PlacePlan, layout: ClusterLayout) -> list[Object]:
    """Return the namespace's standing policies. Rules add up: what no policy opens stays closed, name service too."""
    closed = made("networking.k8s.io/v1/NetworkPolicy", "default-deny", plan, layout)
    return [
        {**closed, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}},
        _policy(plan, layout, "hub", **_hub_ways(layout)),
        _policy(plan, layout, "agent", **_agent_ways(layout)),
        _policy(plan, layout, "session", **_session_ways(layout)),
    ]


def relay_policies(plan: PlacePlan, layout: ClusterLayout, session_id: str, relays: Mapping[str, str]) -> list[Object]:
    """Return the two halves of one session's way to its own relays at the agent; none without databases."""
    ports = sorted({_relay_port(address) for address in relays.values()})
    if not ports:
        return []
    session = {"podSelector": selector("session", session=check_id(session_id, field="session_id"))}
    agent = {"podSelector": selector("agent")}
    way_out, way_in = (
        made("networking.k8s.io/v1/NetworkPolicy", f"{half}-{session_id}", plan, layout, part="session")
        for half in ("session", "relay")
    )
    for half in (way_out, way_in):
        half["metadata"]["labels"]["tre.orchestrator/session"] = session_id
    opened = {"to": [agent], "ports": _ports(ports)}
    answered = {"from": [session], "ports": _ports(ports)}
    return [
        {**way_out, "spec": {**session, "policyTypes": ["Egress"], "egress": [opened]}},
        {**way_in, "spec": {**agent, "policyTypes": ["Ingress"], "ingress": [answered]}},
    ]


def services(plan: PlacePlan, layout: ClusterLayout) -> list[Object]:
    """Return the lasting addresses of the hub's API, for sessions, and of the gate, for browsers."""
    chosen = selector("hub")["matchLabels"]
    ports = {
        "hub": {"name": "http", "port": HUB_PORT, "targetPort": HUB_PORT, "protocol": "TCP"},
        "gate": {"name": "http", "port": 80, "targetPort": GATE_PORT, "protocol": "TCP"},
    }
    return [
        {
            **made("v1/Service", name, plan, layout, part=name),
            "spec": {"type": "ClusterIP", "selector": chosen, "ports": [port]},
        }
        for name, port in ports.items()
    ]


def ingress(plan: PlacePlan, layout: ClusterLayout) -> list[Object]:
    """Return the way from the workspace's host name to the gate, unless the operator routes by other means."""
    if not layout.ingress_class:
        return []
    made_of = made("networking.k8s.io/v1/Ingress", "gate", plan, layout, part="gate")
    if layout.ingress_annotations:
        made_of["metadata"]["annotations"] = dict(layout.ingress_annotations)
    backend = {"service": {"name": "gate", "port": {"name": "http"}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    spec: Object = {"ingressClassName": layout.ingress_class, "rules": [{"host": plan.host, "http": {"paths": [path]}}]}
    if layout.scheme == "https":
        certificate = {"secretName": layout.ingress_certificate} if layout.ingress_certificate else {}
        spec["tls"] = [{"hosts": [plan.host], **certificate}]
    return [{**made_of, "spec": spec}]


def _hub_ways(layout: ClusterLayout) -> dict[str, list[Object]]:
    return {
        "ingress": [
            {"from": _own("session"), "ports": _ports([HUB_PORT])},
            {"from": _who(layout.ingress), "ports": _ports([GATE_PORT])},
            {"from": _who(layout.control_plane), "ports": _ports([CONTROL_PORT])},
        ],
        "egress": [{"to": _own("session"), "ports": _ports([KERNEL_PORT])}, *_ways_out([layout.desk])],
    }


def _agent_ways(layout: ClusterLayout) -> dict[str, list[Object]]:
    service = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    names = [{"to": _who(layout.name_servers), "ports": service}] if layout.name_servers else []
    return {
        "ingress": [{"from": _who(layout.control_plane), "ports": _ports([CONTROL_PORT])}],
        "egress": [*_ways_out([*layout.vault, *layout.stores, *layout.databases]), *names],
    }


def _session_ways(layout: ClusterLayout) -> dict[str, list[Object]]:
    return {
        "ingress": [{"from": _own("hub"), "ports": _ports([KERNEL_PORT])}],
        "egress": [{"to": _own("hub"), "ports": _ports([HUB_PORT])}, *_ways_out([layout.intake])],
    }


def _own(part: str) -> list[Object]:
    return [{"podSelector": selector(part)}]


def _policy(plan: PlacePlan, layout: ClusterLayout, part: str, **ways: list[Object]) -> Object:
    head = made("networking.k8s.io/v1/NetworkPolicy", part, plan, layout, part=part)
    return {**head, "spec": {"podSelector": selector(part), "policyTypes": ["Ingress", "Egress"], **ways}}


def _ways_out(peers: Iterable[Peer]) -> list[Object]:
    for peer in (found := list(peers)):
        if not peer.ports:
            # a rule without ports would open them all
            raise Invalid("A neighbour that project pods call needs its ports.", field="kubernetes.network")
    return [{"to": _who([peer]), "ports": _ports(peer.ports)} for peer in found]


def _who(peers: Iterable[Peer]) -> list[Object]:
    """Return the peers of a rule; never an empty list, which Kubernetes would take for everybody."""
    found = [_peer(peer) for peer in peers]
    if not found:
        raise Invalid("The layout names no pods or addresses for a way it opens.", field="kubernetes.network")
    return found


def _peer(peer: Peer) -> Object:
    if peer.cidr:
        return {"ipBlock": {"cidr": peer.cidr}}
    if not peer.namespace:
        raise Invalid("A neighbour needs a namespace or an address range.", field="kubernetes.network")
    place = {"matchLabels": {"kubernetes.io/metadata.name": peer.namespace}}
    return {"namespaceSelector": place, "podSelector": {"matchLabels": dict(sorted(peer.labels.items()))}}


def _ports(numbers: Iterable[int]) -> list[Object]:
    return [{"protocol": "TCP", "port": number} for number in numbers]


def _relay_port(address: str) -> int:
    port = address.rpartition(":")[2]
    if not port.isascii() or not port.isdecimal() or int(port) not in RELAY_PORTS:
        raise Invalid(f"“{address[:60]}” is not the address of one of the agent's relays.", field="relays")
    return int(port)
