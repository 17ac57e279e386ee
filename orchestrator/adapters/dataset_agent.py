"""Starts each awake project's dataset agent as a process of its own and speaks to it over its control socket."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orchestrator

from ..core.errors import Invalid, NotFound, NotPossible, Unavailable
from ..core.ids import check_id
from ..core.sockets import LONGEST_SOCKET_PATH
from ..credentials.model import AgentIdentity
from .agent_control import AgentControl
from .memory_volume import erase
from .sandbox.confine import View, platform_command
from .sandbox.places import make_directory
from .sandbox.processes import Processes

__all__ = ["AgentPlaces", "DatasetAgents"]

_NAME = "agent"
_START_SECONDS = 20.0
_CAPABILITIES = ("chown", "dac_override", "fowner")  # data and relays are given to the group of the project's sessions


@dataclass(frozen=True, kw_only=True)
class AgentPlaces:
    """Where agents find what they need; ``databases`` gives host, port, database, tls, certificate by connection."""

    run: Path
    memory: Path
    sealed: Path
    vault_address: str
    vault_certificate: Path | None = None
    databases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    check_seconds: float = 2.0

    def memory_of(self, project_id: str) -> Path:
        """Return the project's directory in the memory volume."""
        return self.memory / f"tre-{check_id(project_id, field='project_id')}"

    def socket_of(self, project_id: str) -> Path:
        """Return the control socket of the project's agent, in a directory that nobody else sees."""
        return self.run / check_id(project_id, field="project_id") / "a" / "agent.sock"

    def relays_of(self, project_id: str) -> Path:
        """Return the directory that the project's database relays lie in."""
        return self.run / check_id(project_id, field="project_id") / "d"

    def views(self, project_id: str) -> tuple[View, ...]:
        """Return what the project's agent sees of the host beside the programs: its own places, and sealed data."""
        own = (self.socket_of(project_id).parent, self.relays_of(project_id), self.memory_of(project_id))
        certificates = {self.vault_certificate, *(server.get("certificate") for server in self.databases.values())}
        readable = (self.sealed, *(Path(name) for name in sorted(str(name) for name in certificates if name)))
        return tuple(
            View(source=path.absolute(), target=str(path.absolute()), writable=path in own)
            for path in (*own, *readable)
        )


class DatasetAgents(AgentControl):
    """Implements ``credentials.ports.DatasetAgent``. ``group_of`` gives the group of a project's sessions."""

    def __init__(self, places: AgentPlaces, processes: Processes, *, group_of: Callable[[str], int | None]) -> None:
        self._places = places
        self._processes = processes
        self._group_of = group_of

    def start(self, identity: AgentIdentity) -> None:
        """Start the process with its identity, or leave it alone when it runs."""
        project_id = identity.project_id
        if self.running(project_id):
            return
        self.stop(project_id)
        configuration = self._write_configuration(project_id)
        root = str(Path(orchestrator.__file__).parents[1])
        self._make_directories(project_id)
        command = platform_command(
            [sys.executable, "-m", "orchestrator.agent", str(configuration)],
            views=self._places.views(project_id),
            network=True,
            user_number=0,
            capabilities=_CAPABILITIES,
        )
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"}
        self._processes.ensure(_NAME, command, group=project_id, environment=environment)
        try:
            self._wait_for_socket(project_id)
        except Unavailable:
            self.stop(project_id)
            raise
        body = {"wrapped_token": identity.wrapped_token, "accessor": identity.accessor}
        self._ask(project_id, "PUT", "/identity", body)

    def keep(self, project_id: str) -> None:
        """Nothing of a process can be changed from outside."""

    def comes_back(self, project_id: str) -> bool:  # noqa: ARG002
        """Say no: a process that does not answer is ended, cleaned up after, and started anew."""
        return False

    def wipe(self, project_id: str, version_id: str) -> None:
        """Remove the unsealed data of one version and drop its lease. Repeatable."""
        super().wipe(project_id, version_id)
        if not self._alive(project_id):
            self._clean(project_id)

    def stop(self, project_id: str) -> None:
        """Wipe everything and end the process. Repeatable, also after it was killed."""
        self._processes.stop(_NAME, group=check_id(project_id, field="project_id"))
        self._clean(project_id)

    def projects(self) -> set[str]:
        """Return every project of this installation with an agent's process or with data in memory, wanted or not.

        The memory volume may be shared with another installation, whose projects are not ours to clean.
        """
        found = {record.group for record in self._processes.records() if record.name == _NAME and record.group}
        known = {entry.parents[1].name for entry in self._places.run.glob("*/a/agent.json")}
        return found | {project_id for project_id in known if self._places.memory_of(project_id).exists()}

    def _alive(self, project_id: str) -> bool:
        return self._processes.find(_NAME, group=project_id) is not None

    def _clean(self, project_id: str) -> None:
        """Remove what a killed agent left: clear data first, then sockets."""
        erase(self._places.memory_of(project_id))
        self._places.socket_of(project_id).unlink(missing_ok=True)
        shutil.rmtree(self._places.relays_of(project_id), ignore_errors=True)

    def _write_configuration(self, project_id: str) -> Path:
        places = self._places
        control = places.socket_of(project_id).absolute()
        if len(os.fsencode(control)) > LONGEST_SOCKET_PATH:
            raise Invalid(
                f"The path {control} is too long for a socket: choose a shorter state directory.", field="state"
            )
        control.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        configuration = {
            "project_id": project_id,
            "vault_address": places.vault_address,
            "vault_certificate": str(places.vault_certificate) if places.vault_certificate else None,
            "control_socket": str(control),
            "memory_directory": str(places.memory_of(project_id).absolute()),
            "relay_directory": str(places.relays_of(project_id).absolute()),
            "group": self._group_of(project_id),
            "databases": {name: dict(server) for name, server in places.databases.items()},
            "check_seconds": places.check_seconds,
        }
        file = control.with_name("agent.json")
        file.touch(mode=0o600)
        file.write_text(json.dumps(configuration))
        return file

    def _make_directories(self, project_id: str) -> None:
        """Make what the agent's view is laid over: its view can hold only what is there when it starts."""
        places = self._places
        places.sealed.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_directory(places.socket_of(project_id).parent, mode=0o700)
        make_directory(places.relays_of(project_id), mode=0o711)
        memory = places.memory_of(project_id)
        memory.mkdir(mode=0o700, exist_ok=True)
        if memory.is_symlink() or memory.stat().st_uid != os.geteuid():
            raise NotPossible(f"{memory} belongs to somebody else: remove it before the agent starts.")

    def _wait_for_socket(self, project_id: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._alive(project_id):
            try:
                self._ask(project_id, "GET", "/health")
            except (Unavailable, NotFound):
                time.sleep(0.05)
            else:
                return
        raise Unavailable("The dataset agent did not start: look at its log.", system="agent")

    def _call(
        self, project_id: str, method: str, path: str, body: dict[str, Any] | None, seconds: float
    ) -> tuple[int, dict[str, Any]]:
        control = _ControlConnection(self._places.socket_of(project_id), seconds=seconds)
        try:
            control.connect()
        except OSError as error:
            control.close()
            raise Unavailable("The project's dataset agent does not run.", system="agent") from error
        try:
            control.request(method, path, json.dumps(body) if body is not None else None)
            answer = control.getresponse()
            content = answer.read()
            return answer.status, dict(json.loads(content)) if content else {}
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unavailable(
                "The project's dataset agent does not answer: it is started again at the next look.",
                system="agent",
                unknown_outcome=True,
            ) from error
        finally:
            control.close()


class _ControlConnection(http.client.HTTPConnection):
    """HTTP on a unix socket, for one request."""

    def __init__(self, path: Path, *, seconds: float) -> None:
        super().__init__("agent", timeout=seconds)
        self._path = str(path)

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
