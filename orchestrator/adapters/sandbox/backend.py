"""The workspace backend of one machine: a gate and a hub per project, a supervised sandbox per session.

It keeps nothing in memory that it could not find again: process records, endings and control groups tell a restarted
controller what runs, so that every call converges whoever was killed before it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from orchestrator.core.clock import iso
from orchestrator.core.errors import NotFound, NotPossible, Unavailable
from orchestrator.workspaces.model import (
    Admission,
    SeenSession,
    SeenWorkspace,
    SessionPlan,
    SessionState,
    WorkspacePlan,
)

from .confine import View, bubblewrap, platform_command
from .control import answers, call_gate
from .image import make_image
from .launch import write_atomically
from .limits import ControlGroups
from .places import Places, platform_number
from .processes import Processes, alive
from .session import make_folders, session_sandbox, supervisor_plan

__all__ = ["SandboxBackend", "SandboxSettings"]

_PREFIX = "session-"
_SOCKETS = {"gate": "g/gate.sock", "hub": "h/hub.sock"}
_GATE_SECONDS = 15.0
_INTAKE_SECONDS = 10.0
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
    """Implements ``WorkspaceBackend`` with bubblewrap and detached processes."""

    def __init__(self, settings: SandboxSettings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        state = settings.state.absolute()
        self._places = Places(state=state)
        self._processes = Processes(run=state / "run", logs=state / "logs")
        self._instance = hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:12]
        self._groups = ControlGroups(instance=self._instance)
        self._program = bubblewrap()
        self._monotonic = monotonic
        self._silent_since: dict[tuple[str, str], float] = {}

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
            "port": plan.port,
            "host": urlsplit(plan.url).hostname,
            "portal_url": plan.portal_url,
            "routes_socket": str(run / "r" / "routes.sock"),
            "desk_socket": str(run / "desk.sock"),
            "hub_socket": str(run / "h" / "hub.sock"),
            "hub_secret": secret,
        }
        gate = {
            **common,
            "control_socket": str(self._places.gate_socket(plan.project_id)),
            "server_directory": str(run / "s"),
        }
        hub = {**common, "directory": str(self._places.hub_directory(plan.project_id))}
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
        """Start the sandbox under its own supervisor, once the airlock's entrance is there."""
        name = _PREFIX + plan.session_id
        if self._processes.find(name, group=plan.project_id) is not None:
            return
        if self._ending(plan.project_id, plan.session_id) or self._processes.known(name, group=plan.project_id):
            raise NotPossible("This session has ended; open a new one.")
        self._places.prepare(plan.project_id, plan.user_number)
        self._wait_for_intake(plan)
        make_folders(plan, self._places)
        image = make_image(
            directory=self._settings.state.absolute() / "image",
            workspace=self._settings.workspace.absolute(),
            submit_program=self._settings.submit_program,
        )
        sandbox = session_sandbox(plan, places=self._places, image=image, server=self._settings.server)
        content = supervisor_plan(
            plan, sandbox=sandbox, places=self._places, program=self._program, instance=self._instance
        )
        file = self._places.plan(plan.project_id, plan.session_id)
        write_atomically(file, json.dumps(content))
        argv = [str(self._settings.interpreter), "-m", "orchestrator.adapters.sandbox.supervisor", str(file)]
        self._processes.ensure(name, argv, group=plan.project_id, environment=self._environment())

    def session(self, project_id: str, session_id: str) -> SeenSession:
        """Look at one session; ``NotFound`` when this backend never had it or has forgotten it."""
        ending = self._ending(project_id, session_id)
        record = self._processes.known(_PREFIX + session_id, group=project_id)
        left = self._groups.processes(project_id, session_id)
        if record is None and not ending and not left:
            raise NotFound("There is no such session here.")
        unenforced = tuple(ending.get("unenforced", ()))
        if record is not None and alive(record):
            running = self._server_answers(project_id, session_id)
            state = SessionState.RUNNING if running else SessionState.STARTING
            address = "http+unix://" + quote(str(self._places.server_socket(project_id, session_id)), safe="")
            return SeenSession(session_id=session_id, state=state, address=address, unenforced=unenforced)
        state = SessionState.RUNNING if left else SessionState.ENDED
        code = None if left else ending.get("exit")
        return SeenSession(session_id=session_id, state=state, exit_code=code, unenforced=unenforced)

    def stop_session(self, project_id: str, session_id: str) -> None:
        """End the session's every process; when this returns none is left. Homes are kept."""
        ending = self._places.ending(project_id, session_id)
        self._processes.stop(_PREFIX + session_id, group=project_id, deadline=12.0)
        self._groups.end(project_id, session_id)
        shutil.rmtree(self._places.server_directory(project_id, session_id), ignore_errors=True)
        ending.unlink(missing_ok=True)
        self._places.plan(project_id, session_id).unlink(missing_ok=True)

    def observe(self) -> list[SeenWorkspace]:
        """List every workspace this backend holds, wanted or not, so that orphans are found."""
        self._processes.trim()
        seen: dict[str, set[str]] = {}
        for record in self._processes.records():
            if record.group and record.name in {"gate", "hub"}:
                seen.setdefault(record.group, set())
            elif record.group and record.name.startswith(_PREFIX):
                seen.setdefault(record.group, set()).add(record.name.removeprefix(_PREFIX))
        for project, session in self._groups.sessions():
            seen.setdefault(project, set()).add(session)
        return [self._look(project, sessions) for project, sessions in sorted(seen.items())]

    def sleep(self, project_id: str) -> None:
        """Stop sessions, then hub and gate; homes and shared folder are kept."""
        sessions = {group[1] for group in self._groups.sessions() if group[0] == project_id}
        for record in self._processes.records():
            if record.group == project_id and record.name.startswith(_PREFIX):
                sessions.add(record.name.removeprefix(_PREFIX))
        for session in sorted(sessions):
            self.stop_session(project_id, session)
        self._processes.stop("hub", group=project_id)
        self._processes.stop("gate", group=project_id)
        self._places.clear(project_id)

    def bytes_to_browser(self, project_id: str) -> dict[str, int]:
        """Return, per person, the bytes that left through the gate since it was last asked."""
        run = self._places.run(project_id)
        report = call_gate(run, run / _SOCKETS["gate"], "GET", "/meter")
        try:
            now = {str(person): int(counts["to_browser"]) for person, counts in report["people"].items()}
            generation = str(report["generation"])
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable("The gate's meter gave no counts; it is asked again.", system="gate") from error
        file = run / "e" / "meter"
        before = _read(file)
        earlier = before.get("people", {}) if before.get("generation") == generation else {}
        write_atomically(file, json.dumps({"generation": generation, "people": now}))
        return {
            person: count - earlier.get(person, 0) for person, count in now.items() if count > earlier.get(person, 0)
        }

    def _environment(self) -> dict[str, str]:
        package = Path(__file__).resolve().parents[3]
        return {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(package),
            "PYTHONNOUSERSITE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

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
        environment = {**self._environment(), "HOME": "/tmp"}  # noqa: S108 - inside its own view
        self._processes.ensure(name, command, group=plan.project_id, environment=environment, fingerprint=fingerprint)

    def _end_if_hung(self, name: str, project_id: str, socket: Path) -> None:
        """End a program that lives but has not answered for a minute, so that it is started again."""
        key = (project_id, name)
        record = self._processes.find(name, group=project_id)
        if record is None or answers(self._places.run(project_id), socket):
            self._silent_since.pop(key, None)
            return
        if self._monotonic() - self._silent_since.setdefault(key, self._monotonic()) > _HUNG_SECONDS:
            self._processes.stop(name, group=project_id)
            self._silent_since.pop(key, None)

    def _wait_for_gate(self, run: Path) -> None:
        end = self._monotonic() + _GATE_SECONDS
        while not answers(run, run / _SOCKETS["gate"]):
            if self._monotonic() > end:
                raise Unavailable("The gate did not start in time; look at its log, it is tried again.", system="gate")
            time.sleep(0.05)

    def _wait_for_intake(self, plan: SessionPlan) -> None:
        """Wait for the airlock to open the session's entrance; a workspace without a way out is of no use."""
        entrance = self._places.intake(plan.project_id, plan.session_id) / "intake.sock"
        end = self._monotonic() + _INTAKE_SECONDS
        while not entrance.exists():
            if self._monotonic() > end:
                raise Unavailable("The airlock does not answer; try again in a moment.", system="airlock")
            time.sleep(0.05)

    def _hub_secret(self, run: Path) -> str:
        known = _read(run / "c" / "gate.json").get("hub_secret")
        return known if isinstance(known, str) else secrets.token_urlsafe(48)

    def _ending(self, project_id: str, session_id: str) -> dict[str, Any]:
        return _read(self._places.ending(project_id, session_id))

    def _server_answers(self, project_id: str, session_id: str) -> bool:
        return answers(self._places.run(project_id), self._places.server_socket(project_id, session_id))

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
