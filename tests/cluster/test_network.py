"""Who reaches whom on a real cluster: pods with the builder's labels behind the builder's policies.

The pods run a program that tries or answers, in place of hub, agent and kernel. What stands outside of the cluster is
played by this process, which decides by itself who came.
"""

from __future__ import annotations

import copy
import ipaddress
import json
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.adapters.kubernetes import probe
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import NAMESPACE, NODE, POD, SERVICE, SERVICE_ACCOUNT
from orchestrator.adapters.kubernetes.proving import last_words, started
from orchestrator.workspaces.builder import place_objects, session_objects
from orchestrator.workspaces.builder.objects import Object
from orchestrator.workspaces.places.model import ClusterLayout, Peer, PlacePlan
from tests.cluster.admission_ground import eventually
from tests.cluster.layout import TOLD, layout, plan, pod_of, session
from tests.workspaces.parts import part_objects

pytestmark = pytest.mark.cluster
TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "network.yaml").read_text())
OUTSIDE = os.environ.get("TRE_CLUSTER_OUTSIDE", "203.0.113.10")
PORTS = {"hub": (8081, 8000, 8443), "agent": (8443, 15432, 15433), "session": (8888, 9999)}
_NEEDED = ("Namespace", "NetworkPolicy", "ServiceAccount", "Service")


def test_every_way_is_as_the_table_says_and_every_closed_one_opens_with_a_rule(
    cluster: Cluster, base_image: str, here: str
) -> None:
    with ExitStack() as stack:
        platform = stack.enter_context(platform_at(here))
        ground = stack.enter_context(two_projects(cluster, base_image, platform))
        truth = {pod: {name(way): pod in way["open"] for way in TABLE["ways"]} for pod in TABLE["pods"]}
        ground.start(truth, "closed")
        assert ground.found(truth, "closed") == truth
        came = {(pod, port) for pod, port in ground.seen()}
        assert came == {
            (pod, way["port"]) for way in TABLE["ways"] if way["to"] == "platform" for pod in way["open"]
        }, "what the platform itself saw"
        ground.allow_all()
        everything = {pod: dict.fromkeys(ways, True) for pod, ways in truth.items()}
        ground.start(everything, "opened")
        assert ground.found(everything, "opened") == everything, "positive control"
        assert {port for _, port in ground.seen()} == {"DESK", "INTAKE", "VAULT", "LISTENER"}


def name(way: dict[str, Any]) -> str:
    return f"{way['to']} {way.get('by', 'tcp')} {way['port']}"


@dataclass
class Platform:
    """Listeners of this process, by the word for their port, and the addresses from which somebody came."""

    host: str
    ports: dict[str, int] = field(default_factory=dict)
    came: set[tuple[str, str]] = field(default_factory=set)


@contextmanager
def platform_at(host: str) -> Iterator[Platform]:
    platform = Platform(host)
    with ExitStack() as stack:
        for word in ("DESK", "INTAKE", "VAULT", "LISTENER"):
            stream = stack.enter_context(closing(socket.create_server((host, 0))))
            platform.ports[word] = stream.getsockname()[1]
            threading.Thread(target=_answer, args=(platform, word, stream), daemon=True).start()
        datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        datagrams.bind((host, platform.ports["LISTENER"]))
        threading.Thread(target=_echo, args=(platform, datagrams), daemon=True).start()
        yield platform


def _answer(platform: Platform, word: str, listener: socket.socket) -> None:
    while True:
        try:
            connection, (address, _) = listener.accept()
        except OSError:
            return
        platform.came.add((address, word))
        connection.close()


def _echo(platform: Platform, listener: socket.socket) -> None:
    while True:
        try:
            data, sender = listener.recvfrom(512)
            platform.came.add((sender[0], "LISTENER"))
            listener.sendto(data, sender)
        except OSError:
            return


@dataclass
class Two:
    """Project one, whose pods try, and project two, whose pods are only targets."""

    cluster: Cluster
    platform: Platform
    image: str
    first: PlacePlan
    second: PlacePlan
    sources: dict[str, Object]
    addresses: dict[str, str] = field(default_factory=dict)
    tried: dict[str, str] = field(default_factory=dict)

    def start(self, wanted: dict[str, dict[str, bool]], when: str) -> None:
        self.platform.came.clear()
        for pod, ways in wanted.items():
            tasks = [self._way(way, ways[name(way)]) for way in TABLE["ways"]]
            self.cluster.create(staffed(self.sources[pod], f"{pod}-{when}", {"try": tasks, "seconds": 40}))

    def found(self, wanted: dict[str, dict[str, bool]], when: str) -> dict[str, dict[str, bool]]:
        found = {pod: last_words(self.cluster, f"{pod}-{when}", self.first.name) for pod in wanted}
        for pod in wanted:
            held = self.cluster.get(POD, f"{pod}-{when}", self.first.name) or {}
            self.tried[held["status"]["podIP"]] = pod
        return found

    def seen(self) -> set[tuple[str, str]]:
        """Who came to the platform; an address that is no pod's of ours is shown as it is."""
        return {(self.tried.get(address, address), word) for address, word in self.platform.came}

    def allow_all(self) -> None:
        rules = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}
        for place in (self.first, self.second):
            metadata = {"name": "overlay", "namespace": place.name}
            head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata}
            self.cluster.create({**head, "spec": rules})

    def _way(self, way: dict[str, Any], wanted: bool) -> dict[str, Any]:
        port = self.platform.ports.get(way["port"], way["port"])
        by = way.get("by", "tcp")
        return {"name": name(way), "way": by, "host": self.addresses[way["to"]], "port": port, "wanted": wanted}


@contextmanager
def two_projects(cluster: Cluster, image: str, platform: Platform) -> Iterator[Two]:
    one = f"{platform.host}/32"
    neighbours = {word.lower(): Peer(cidr=one, ports=(platform.ports[word],)) for word in ("DESK", "INTAKE", "VAULT")}
    elsewhere = (Peer(cidr="198.51.100.1/32", ports=()),)
    chosen = layout(
        f"test-{secrets.token_hex(4)}", image=image, desk=neighbours["desk"], intake=neighbours["intake"],
        vault=(neighbours["vault"],), control_plane=elsewhere, ingress=elsewhere,
    )  # fmt: skip
    first, second = plan(chosen, volumes=0), plan(chosen, volumes=0)
    try:
        ground = Two(cluster, platform, image, first, second, {})
        for place, prefix in ((first, ""), (second, "foreign-")):
            pods = _placed(cluster, place, chosen)
            if place is first:
                ground.sources = pods
            for part in ("hub", "agent", "session"):
                ground.addresses[prefix + part] = _target(cluster, pods[part], f"{part}-target", part)
            for service in ("hub", "gate"):
                held = cluster.get(SERVICE, service, place.name) or {}
                ground.addresses[f"{prefix}{service}-service"] = held["spec"]["clusterIP"]
        other = ground.sources["session-with-database"]
        ground.addresses["other-session"] = _target(cluster, other, "other-target", "session")
        ground.addresses |= _fixed(cluster, platform)
        yield ground
    finally:
        for place in (first, second):
            cluster.delete(NAMESPACE, place.name)


def _placed(cluster: Cluster, place: PlacePlan, chosen: ClusterLayout) -> dict[str, Object]:
    """Make the walls and doors of a project, and return the pods that the builder would put between them."""
    for thing in place_objects(place, chosen):
        if thing["kind"] in _NEEDED:
            cluster.apply(thing)
    eventually(lambda: cluster.get(SERVICE_ACCOUNT, "default", place.name))
    parts = [thing for thing in part_objects(place, chosen, TOLD) if thing["kind"] == "Deployment"]
    pods = {thing["metadata"]["name"]: pod_of(thing) for thing in parts}
    for word, relays in (("session", {}), ("session-with-database", {"deaths": "10.0.0.1:15432"})):
        wanted = replace(session(place, datasets=0), relays=relays)
        for thing in session_objects(place, wanted, chosen, authority="none"):
            if thing["kind"] == "NetworkPolicy":
                cluster.apply(thing)
            elif thing["kind"] == "Pod":
                pods[word] = thing
    return pods


def _target(cluster: Cluster, pod: Object, called: str, part: str) -> str:
    task = {"answer": [["tcp", port] for port in PORTS[part]]}
    return started(cluster, staffed(pod, called, task, ready=True))


def _fixed(cluster: Cluster, platform: Platform) -> dict[str, str]:
    node = cluster.list(NODE).items[0]["status"]["addresses"]
    internal = [a["address"] for a in node if a["type"] == "InternalIP"]
    api = (cluster.get(SERVICE, "kubernetes", "default") or {})["spec"]["clusterIP"]
    names = cluster.list(SERVICE, "kube-system", "k8s-app=kube-dns").items[0]["spec"]["clusterIP"]
    return {
        "platform": platform.host,
        "api-service": api,
        "node": next(address for address in internal if ipaddress.ip_address(address).version == 4),
        "name-server": names,
        "outside": OUTSIDE,
        "metadata": "169.254.169.254",
        "azure-metadata": "168.63.129.16",
        "alibaba-metadata": "100.100.100.200",
    }


def staffed(pod: Object, called: str, task: dict[str, Any], *, ready: bool = False) -> Object:
    """Return the builder's pod with our program in it: same labels, account and rights, no volumes and secrets.

    One that tries never becomes ready, so that no service sends anybody to it.
    """
    found = copy.deepcopy(pod)
    found["metadata"]["name"] = called
    container = found["spec"]["containers"][0]
    for word in ("envFrom", "volumeMounts", "startupProbe", "args", "ports", "terminationMessagePath"):
        container.pop(word, None)
    program = Path(probe.__file__).read_text(encoding="utf-8")
    container["command"] = ["python3", "-c", program, json.dumps(task)]
    container["readinessProbe"] = {"exec": {"command": ["true" if ready else "false"]}, "periodSeconds": 1}
    container["resources"] = {"limits": {"cpu": "1", "memory": "96Mi"}, "requests": {"cpu": "10m", "memory": "32Mi"}}
    spec = {**found["spec"], "containers": [container], "volumes": [], "restartPolicy": "Never"}
    spec["terminationGracePeriodSeconds"] = 0
    return {**found, "spec": spec}
