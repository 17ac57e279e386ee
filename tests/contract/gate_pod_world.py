"""Gate and hub as they run in a pod: ports, not sockets, the real desk over the private channel, an ingress before.

Everything is on loopback. Each person's server has an address of its own there, as a pod has, and listens at port 8888.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx

from orchestrator.adapters.addresses import TcpAddress
from orchestrator.adapters.channel import Authority, Channel
from orchestrator.adapters.kubernetes.gate_client import call_gate
from orchestrator.controller.channel_desk import ChannelDesk
from orchestrator.controller.desk import DeskParts
from orchestrator.core.clock import iso, system_clock
from orchestrator.core.errors import NotFound, Refused, Unavailable
from orchestrator.core.ids import new_id
from tests.contract.gate_world import WORKSPACE, World
from tests.ports import free_port

PORTAL = "http://127.0.0.1:8089"
SERVER_PORT = 8888


@dataclass(kw_only=True)
class Session:
    person: str
    environment: dict[str, str]
    arguments: list[str]
    host: str
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://{self.host}:{SERVER_PORT}"

    def answers(self) -> bool:
        try:
            socket.create_connection((self.host, SERVER_PORT), timeout=1).close()
        except OSError:
            return False
        return True


@dataclass(kw_only=True)
class PodDesk:
    """The real desk, with rooms behind it that a test changes; sessions are processes with addresses of their own."""

    project: str
    port: int
    channel: Channel
    homes: Path
    people: dict[str, datetime] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)
    refusal: list[str] = field(default_factory=list)
    started: dict[str, Session] = field(default_factory=dict)
    activity: list[tuple[str, bool]] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)
    """The projects for which anything was asked."""
    server: ChannelDesk | None = None

    def open(self) -> None:
        parts = DeskParts(
            identity=SimpleNamespace(  # type: ignore[arg-type]
                person=lambda _: SimpleNamespace(name="A Person"), signed_out=lambda _: {}
            ),
            register=self,  # type: ignore[arg-type]
            launcher=self,  # type: ignore[arg-type]
            keeper=SimpleNamespace(lock=lambda _: contextlib.nullcontext()),  # type: ignore[arg-type]
            admitted=self.admitted,
        )
        self.server = ChannelDesk(TcpAddress(scheme="https", host="127.0.0.1", port=self.port), self.channel, parts)

    def close(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None

    def admit(self, person: str) -> str:
        self.people[person] = system_clock() + timedelta(hours=1)
        return person

    def withdraw(self, person: str) -> None:
        self.people.pop(person, None)

    def ticket(self, person: str) -> str:
        ticket = new_id()
        self.tickets[ticket] = person
        return ticket

    def admission(self) -> dict[str, Any]:
        return {"people": {person: iso(until) for person, until in self.people.items()}, "generation": 0}

    # --- what the desk asks of its rooms ---

    def admitted(self, project_id: str) -> dict[str, datetime]:
        self.asked_for.append(project_id)
        return dict(self.people) if project_id == self.project else {}

    def workspace(self, project_id: str) -> Any:
        self.asked_for.append(project_id)
        return SimpleNamespace(awake=True)

    def redeem(self, project_id: str, ticket: str) -> Any:
        person = self.tickets.pop(ticket, None)
        if person is None or person not in self.people or project_id != self.project:
            raise Refused("This way in is not known here; open the workspace again from the portal.")
        return SimpleNamespace(person_id=person, until=self.people[person], issued=system_clock())

    def launch(self, project_id: str, person: str, *, environment: Mapping[str, str], arguments: Sequence[str]) -> str:
        if self.refusal or project_id != self.project:
            raise Refused("Your server was not started.", reasons=self.refusal)
        session, host = new_id(), f"127.{secrets.randbelow(200) + 10}.{secrets.randbelow(250) + 1}.7"
        home = self.homes / person
        home.mkdir(parents=True, exist_ok=True)
        outside = {"0.0.0.0": host, "/home/researcher": str(home)}
        program = WORKSPACE / "bin" / "jupyterhub-singleuser"
        with (home / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [str(program), *(replaced(argument, outside) for argument in arguments), "--allow-root"],
                env={name: replaced(value, outside) for name, value in environment.items()}
                | {"HOME": str(home), "PATH": f"{program.parent}:/usr/bin:/bin", "JUPYTER_PLATFORM_DIRS": "1"},
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started[session] = Session(
            person=person, environment=dict(environment), arguments=[*arguments], host=host, process=process
        )
        return session

    def seen(self, _: str, session_id: str) -> Any:
        session = self.started.get(session_id)
        if session is None:
            raise NotFound("No such session.")
        code = session.process.poll()
        state = "ended" if code is not None else "running" if session.answers() else "starting"
        address = session.address if state == "running" else ""
        return SimpleNamespace(state=SimpleNamespace(value=state), exit_code=code, address=address, trouble="")

    def session(self, _: str, session_id: str) -> None:
        if session_id not in self.started:
            raise NotFound("No such session.")

    def end(self, _: str, session_id: str, reason: str = "closed") -> None:  # noqa: ARG002
        process = self.started[session_id].process
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):  # it may end, and be buried, in the meantime
                    os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)

    def active(self, _: str, session_id: str, *, busy: bool, last_activity: datetime) -> None:  # noqa: ARG002
        self.activity.append((session_id, busy))


def replaced(text: str, pairs: Mapping[str, str]) -> str:
    for inside, outside in pairs.items():
        text = text.replace(inside, outside)
    return text


class Ingress(httpx.BaseTransport):
    """Ends TLS, so to speak: takes requests to https://host and passes them on plainly to the gate's port."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._plain = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        passed = httpx.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
        )
        return self._plain.handle_request(passed)

    def close(self) -> None:
        self._plain.close()


@dataclass(kw_only=True)
class PodWorld(World):
    """One project's pod of gate and hub."""

    control_port: int = field(default_factory=free_port)
    hub_port: int = field(default_factory=free_port)
    desk_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        for name in ("hub", "homes"):
            (self.directory / name).mkdir(mode=0o700)
        self.authority = Authority.open(self.path("authority"))
        self.desk = PodDesk(  # type: ignore[assignment]
            project=self.project, port=self.desk_port, channel=self.channel("controller"), homes=self.path("homes")
        )

    def channel(self, part: str, project: str = "") -> Channel:
        return self.authority.keep(self.path(f"{part}-{project}-channel"), part, project)

    @property
    def host(self) -> str:
        return f"{self.project}.workspaces.example"

    @property
    def origin(self) -> str:
        return f"https://{self.host}"

    def told(self, part: str) -> dict[str, Any]:
        common = {
            "project_id": self.project,
            "title": "A study",
            "public_url": self.origin,
            "portal_url": PORTAL,
            "routes_socket": str(self.path("routes.sock")),
            "desk": f"https://127.0.0.1:{self.desk_port}",
            "hub_secret": self.secret,
            "channel": str(self.channel(part, self.project).certificate.parent),
        }
        if part == "gate":
            return common | {
                "listen": f"http://127.0.0.1:{self.port}",
                "control": f"https://127.0.0.1:{self.control_port}",
                "hub": f"http://127.0.0.1:{self.hub_port}",
                "servers": ["127.0.0.0/8"],
            }
        return common | {
            "listen": f"http://0.0.0.0:{self.hub_port}",
            "hub_connect_url": f"http://127.0.0.1:{self.hub_port}",
            "directory": str(self.path("hub")),
        }

    def control(self, method: str, path: str, body: Any = None) -> Any:
        try:
            place = f"127.0.0.1:{self.control_port}"
            return call_gate(place, self.channel("controller"), self.project, method, path, body)
        except Unavailable as error:
            raise ConnectionError(error.message) from error

    def browser(self) -> httpx.Client:
        headers = {"Origin": self.origin, "Accept": "text/html"}
        client = httpx.Client(base_url=self.origin, transport=Ingress(self.port), headers=headers, timeout=60)
        self.clients.append(client)
        return client

    def socket_headers(self, browser: httpx.Client) -> dict[str, str]:
        return super().socket_headers(browser) | {"Host": self.host}


def new_pod_world() -> PodWorld:
    return PodWorld(directory=Path(tempfile.mkdtemp(prefix="p-", dir="/tmp")))
