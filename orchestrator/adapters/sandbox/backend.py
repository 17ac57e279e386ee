"""The workspace backend of one machine: a gate and a hub per project, a supervised sandbox per session.

It keeps nothing in memory that it could not find again: process records, endings and control groups tell a restarted
controller what runs, so that every call converges whoever was killed before it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestrator.adapters.meter_readings import newly_counted
from orchestrator.core.clock import iso
from orchestrator.core.errors import NotFound, Unavailable
from orchestrator.workspaces.model import (
    Admission,
    SeenSession,
    SeenWorkspace,
    SessionPlan,
    WorkspacePlan,
)

from .confine import View, bubblewrap, platform_command
from .control import answers, call_gate
from .launch import write_atomically
from .places import Places, platform_number
from .processes import Processes
from .sessions import MachineSessions, SandboxSessions, platform_environment

__all__ = ["SandboxBackend", "SandboxSettings"]

_SOCKETS = {"gate": "g/gate.sock", "hub": "h/hub.sock"}
_GATE_SECONDS = 15.0
_HUNG_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """What the backend needs to know of its machine and installation."""

    state: Path
    workspace: Path
    """The virtual environment that kernels run in."""
    submit_program: Path | None = None
    """The airlock's stand-alone client; it becomes ``tre-airlock`` inside."""
    interpreter: Path = Path(sys.executable)
    """Runs gate, hub and supervisors."""
    server: tuple[str, ...] | None = None
    """Replaces the server's command inside the sandbox; for probes and tests."""


class SandboxBackend:
    """Implements ``WorkspaceBackend`` with detached processes; sessions run in bubblewrap unless told otherwise."""

    def __init__(
        self,
        settings: SandboxSettings,
        *,
        sessions: Callable[[Places, str], MachineSessions] | None = None,
    ) -> None:
        """``sessions`` makes another kind of sessions from the places and this installation's own name."""
        self._settings = settings
        state = settings.state.absolute()
        self._places = Places(state=state)
        self._processes = Processes(run=state / "run", logs=state / "logs")
        instance = hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:12]
        self._sessions = sessions(self._places, instance) if sessions else self._in_sandboxes(instance)
        self._program = bubblewrap()
        self._silent_since: dict[tuple[str, str], float] = {}

    def _in_sandboxes(self, instance: str) -> MachineSessions:
        return SandboxSessions(
            places=self._places,
            processes=self._processes,
            instance=instance,
            workspace=self._settings.workspace,
            submit_program=self._settings.submit_program,
            interpreter=self._settings.interpreter,
            server=self._settings.server,
        )

    @property
    def processes(self) -> Processes:
        """The records of everything this installation started, for ``tre up`` and the agent's adapter to share."""
        return self._processes

    def wake(self, plan: WorkspacePlan) -> bool:
        """Make hub and gate run as planned: start what is missing, restart what died or hangs, leave the rest alone."""
        run = self._places.prepare(plan.project_id, plan.user_number)
        secret = self._hub_secret(run)
        common = {
            "project_id": plan.project_id,
            "title": plan.title,
            "public_url": f"http://{urlsplit(plan.url).hostname}:{plan.port}",
            "portal_url": plan.portal_url,
            "routes_socket": str(run / "r" / "routes.sock"),
            "desk": str(run / "desk.sock"),
            "hub_secret": secret,
        }
        gate = {
            **common,
            "listen": f"http://127.0.0.1:{plan.port}",
            "control": str(self._places.gate_socket(plan.project_id)),
            "hub": str(run / "h" / "hub.sock"),
            "servers": str(run / "s"),
        }
        hub = {
            **common,
            "listen": str(run / "h" / "hub.sock"),
            "directory": str(self._places.hub_directory(plan.project_id)),
        }
        self._run_program("gate", plan, gate)
        self._run_program("hub", plan, hub)
        self._wait_for_gate(run)
        return True

    def admit(self, admission: Admission) -> None:
        """Give the gate its list; sockets of people who are no longer on it are closed before this returns."""
        run = self._places.run(admission.project_id)
        people = {person: iso(until) for person, until in admission.people.items()}
        body = {"people": people, "generation": time.time_ns() // 1_000_000}
        call_gate(run, run / _SOCKETS["gate"], "PUT", "/admission", body)

    def start_session(self, plan: SessionPlan) -> None:
        """Start the session's server, once the airlock's entrance is there."""
        self._sessions.start(plan)

    def session(self, project_id: str, session_id: str) -> SeenSession:
        """Look at one session; ``NotFound`` when this backend never had it or has forgotten it."""
        return self._sessions.look(project_id, session_id)

    def stop_session(self, project_id: str, session_id: str) -> None:
        """End the session's every process; when this returns none is left. Homes are kept."""
        self._sessions.stop(project_id, session_id)

    def observe(self) -> list[SeenWorkspace]:
        """List every workspace this backend holds, wanted or not, so that orphans are found."""
        self._processes.trim()
        seen: dict[str, set[str]] = {}
        for record in self._processes.records():
            if record.group and record.name in {"gate", "hub"}:
                seen.setdefault(record.group, set())
        for project, session in self._sessions.known():
            seen.setdefault(project, set()).add(session)
        return [self._look(project, sessions) for project, sessions in sorted(seen.items())]

    def sleep(self, project_id: str) -> None:
        """Stop sessions, then hub and gate; homes and shared folder are kept."""
        for session in sorted(session for project, session in self._sessions.known() if project == project_id):
            self.stop_session(project_id, session)
        self._processes.stop("hub", group=project_id)
        self._processes.stop("gate", group=project_id)
        self._places.clear(project_id)

    def environment(self, project_id: str) -> str:  # noqa: ARG002 - the same for all projects of one machine
        """Return a word for the programs and libraries that sessions run with; another, other ones."""
        return self._sessions.environment()

    def bytes_to_browser(self, project_id: str) -> dict[str, int]:
        """Return, per person, the bytes that left through the gate since it was last asked."""
        run = self._places.run(project_id)
        report = call_gate(run, run / _SOCKETS["gate"], "GET", "/meter")
        return newly_counted(run / "e" / "meter", report)

    def _run_program(self, name: str, plan: WorkspacePlan, configuration: dict[str, Any]) -> None:
        run = self._places.run(plan.project_id)
        file = self._places.configuration(plan.project_id, name)
        text = json.dumps(configuration, sort_keys=True)
        _write_configuration(file, text, platform_number(plan.user_number))
        socket = run / _SOCKETS[name]
        self._end_if_hung(name, plan.project_id, socket)
        views = [View(source=run, target=str(run), writable=True)]
        if name == "hub":
            place = self._places.hub_directory(plan.project_id)
            views.append(View(source=place, target=str(place), writable=True))
        command = platform_command(
            [str(self._settings.interpreter), "-m", f"orchestrator.{name}", str(file)],
            views=views,
            network=name == "gate",
            user_number=platform_number(plan.user_number),
            hidden=[run / part for part in ("p", "e", "i", "d", "c", *(("g",) if name == "hub" else ()))],
            shown=[file],
            program=self._program,
        )
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        environment = {**platform_environment(), "HOME": "/tmp"}  # noqa: S108 - inside its own view
        self._processes.ensure(name, command, group=plan.project_id, environment=environment, fingerprint=fingerprint)

    def _end_if_hung(self, name: str, project_id: str, socket: Path) -> None:
        """End a program that lives but has not answered for a minute, so that it is started again."""
        key = (project_id, name)
        record = self._processes.find(name, group=project_id)
        if record is None or answers(self._places.run(project_id), socket):
            self._silent_since.pop(key, None)
            return
        if time.monotonic() - self._silent_since.setdefault(key, time.monotonic()) > _HUNG_SECONDS:
            self._processes.stop(name, group=project_id)
            self._silent_since.pop(key, None)

    def _wait_for_gate(self, run: Path) -> None:
        end = time.monotonic() + _GATE_SECONDS
        while not answers(run, run / _SOCKETS["gate"]):
            if time.monotonic() > end:
                raise Unavailable("The gate did not start in time; look at its log, it is tried again.", system="gate")
            time.sleep(0.05)

    def _hub_secret(self, run: Path) -> str:
        known = _read(run / "c" / "gate.json").get("hub_secret")
        return known if isinstance(known, str) else secrets.token_urlsafe(48)

    def _look(self, project_id: str, sessions: set[str]) -> SeenWorkspace:
        run = self._places.run(project_id)
        parts = {
            name: self._processes.find(name, group=project_id) is not None and answers(run, run / socket)
            for name, socket in _SOCKETS.items()
        }
        looks = []
        for session_id in sorted(sessions):
            try:
                looks.append(self.session(project_id, session_id))
            except NotFound:
                continue
        return SeenWorkspace(project_id=project_id, hub=parts["hub"], gate=parts["gate"], sessions=tuple(looks))


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_configuration(file: Path, text: str, group: int) -> None:
    """Write what one program is told, for root and that program's group, or for its owner alone."""
    try:
        if file.read_text(encoding="utf-8") == text:
            return
    except OSError:
        pass
    write_atomically(file, text)
    if os.geteuid() == 0:
        os.chown(file, 0, group)
        file.chmod(0o640)
