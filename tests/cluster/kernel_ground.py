"""Two projects with people at work in real kernels, and what was stolen: the ground of ``test_from_a_kernel``."""

from __future__ import annotations

import base64
import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.adapters.channel import Channel, Peer, call
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import POD, SECRET, SERVICE
from orchestrator.assembly.controller.cluster import namespace_of
from tests.cluster.ground import cluster_installation
from tests.journeys.ground import Ground, Seat, eventually

TOOLS = (Path(__file__).parent / "kernel_tools.py").read_text(encoding="utf-8")
OUTSIDE = os.environ.get("TRE_CLUSTER_OUTSIDE", "203.0.113.10")
_FILES, _DATABASE = "shared-care-omop", "pilot-trial-sdtm"


@dataclass
class Attack:
    """James in two projects, Rosa in the first of them; every kernel holds the tools."""

    cluster: Cluster
    ground: Ground
    here: str
    mine: str
    other: str
    seats: dict[str, Seat] = field(default_factory=dict)
    planted: int = 0
    came: set[str] = field(default_factory=set)

    def namespace(self, project: str) -> str:
        return str(namespace_of(self.ground.house)(project))

    def sit(self, word: str, project: str, key: str) -> Seat:
        """Enter and bring the tools along."""
        seat = self.seats[word] = Seat(self.ground, project, key).__enter__()
        seat.read(TOOLS)
        return seat

    def leave(self) -> None:
        """Close every browser."""
        for seat in self.seats.values():
            seat.__exit__()

    def value(self, word: str, expression: str) -> Any:
        """Evaluate an expression in somebody's kernel."""
        return json.loads(self.seats[word].read(f"print(json.dumps({expression}))"))

    def session(self, project: str, key: str) -> str:
        return self.ground.sessions(project)[self.ground.person(key)]

    def address(self, project: str, part: str, key: str = "") -> str:
        """Return the address of a part's pod, or of somebody's session."""
        name = f"session-{self.session(project, key)}" if key else ""
        for pod in self.cluster.list(POD, self.namespace(project)).items:
            if pod["metadata"]["labels"]["tre.orchestrator/part"] == part and name in ("", pod["metadata"]["name"]):
                return str(pod["status"]["podIP"])
        raise AssertionError(f"no pod of {part}")

    def service(self, name: str, namespace: str) -> str:
        return str((self.cluster.get(SERVICE, name, namespace) or {})["spec"]["clusterIP"])

    def told(self, project: str, key: str) -> dict[str, Any]:
        """Return a session's plan as whoever read its Secret would have it."""
        name = f"session-{self.session(project, key)}"
        data = (self.cluster.get(SECRET, name, self.namespace(project)) or {})["data"]
        plan: dict[str, Any] = json.loads(base64.b64decode(data["TRE_SESSION"]))
        return plan

    def intake(self, project: str, key: str) -> dict[str, Any]:
        found: dict[str, Any] = next(link for link in self.told(project, key)["links"] if link.get("secret"))
        return found

    def relay(self, project: str, key: str) -> tuple[str, int]:
        link = next(link for link in self.told(project, key)["links"] if not link.get("secret"))
        return str(link["host"]), int(link["port"])

    def stolen(self, part: str, *asked: Any, to: str = "", peer: Peer | None = None) -> int:
        """Ask as the first project's part with its stolen certificate, at the desk or elsewhere; return the status."""
        data = (self.cluster.get(SECRET, f"{part}-channel", self.namespace(self.mine)) or {})["data"]
        with tempfile.TemporaryDirectory(prefix="stolen-") as directory:
            for name in ("tls.crt", "tls.key", "ca.crt"):
                (Path(directory) / name).write_bytes(base64.b64decode(data[name]))
            desk = f"{self.here}:{self.ground.settings.controller.desk_port}"
            channel = Channel.at(Path(directory))
            return call(to or desk, channel, peer or Peer(part="controller"), *asked, seconds=60.0).status


@contextmanager
def attack_at(cluster: Cluster, images: dict[str, str], here: str) -> Iterator[Attack]:
    """Bring two projects to life, and three kernels in them."""
    with ExitStack() as stack:
        ground = stack.enter_context(cluster_installation(cluster, images, here))
        ground.await_sealed()
        ground.add_researcher("rosa", "Rosa Lind")
        for key in ("james", "rosa"):
            ground.accept_terms(key)
        mine = ground.project("Mine", [_FILES, _DATABASE], members=("rosa",)).project_id
        other = ground.project("Another", [_FILES]).project_id
        attack = Attack(cluster, ground, here, mine, other)
        stack.callback(attack.leave)
        for project in (mine, other):  # both at once, then each is waited for
            eventually(partial(ground.client("james").post, f"/projects/{project}/workspace/open"))
        for project in (mine, other):
            eventually(partial(_awake, ground, project), 240, "the workspace did not wake")
        for word, project, key in (("james", mine, "james"), ("rosa", mine, "rosa"), ("foreign", other, "james")):
            attack.sit(word, project, key)
        _plant(stack, attack)
        yield attack


def _awake(ground: Ground, project: str) -> bool:
    return bool(ground.client("james").get(f"/projects/{project}/workspace")["state"] == "awake")


def _plant(stack: ExitStack, attack: Attack) -> None:
    """Listen on the node, as a careless service of the host would, and note who comes."""
    stream = stack.enter_context(closing(socket.create_server((attack.here, 0))))
    attack.planted = stream.getsockname()[1]
    datagrams = stack.enter_context(closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
    datagrams.bind((attack.here, attack.planted))

    def take() -> None:
        while True:
            try:
                connection, (address, _) = stream.accept()
            except OSError:
                return
            attack.came.add(address)
            connection.close()

    def echo() -> None:
        while True:
            try:
                data, sender = datagrams.recvfrom(2048)
                attack.came.add(sender[0])
                datagrams.sendto(data, sender)
            except OSError:
                return

    for work in (take, echo):
        threading.Thread(target=work, name="planted", daemon=True).start()
