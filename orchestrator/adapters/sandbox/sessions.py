"""One machine's sessions: a supervised bubblewrap sandbox each. Docker's are in ``adapters/docker``."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from orchestrator.core.errors import NotFound, NotPossible, Unavailable
from orchestrator.workspaces.model import SeenSession, SessionPlan, SessionState

from .confine import bubblewrap
from .control import answers
from .image import make_image
from .launch import write_atomically
from .limits import ControlGroups
from .places import Places
from .processes import Processes, alive
from .session import make_folders, session_sandbox, supervisor_plan

__all__ = ["MachineSessions", "SandboxSessions", "address_of", "platform_environment", "wait_for_intake"]

PREFIX = "session-"
_INTAKE_SECONDS = 10.0


class MachineSessions(Protocol):
    """How one machine runs sessions, whatever it confines them with."""

    def start(self, plan: SessionPlan) -> None:
        """Start a session, once the airlock's entrance is there. Repeatable while it lives; never a second time."""

    def look(self, project_id: str, session_id: str) -> SeenSession:
        """Look at one session; ``NotFound`` when it never was here or is forgotten."""

    def stop(self, project_id: str, session_id: str) -> None:
        """End the session's every process; when this returns none is left."""

    def known(self) -> set[tuple[str, str]]:
        """List project and session of everything that runs or left a trace."""

    def environment(self) -> str:
        """Return a word for the programs and libraries that sessions run with; another, other ones."""


class SandboxSessions:
    """Implements ``MachineSessions`` with bubblewrap."""

    def __init__(
        self,
        *,
        places: Places,
        processes: Processes,
        instance: str,
        workspace: Path,
        submit_program: Path | None,
        interpreter: Path,
        server: tuple[str, ...] | None,
    ) -> None:
        self._places = places
        self._processes = processes
        self._instance = instance
        self._groups = ControlGroups(instance=instance)
        self._program = bubblewrap()
        self._workspace = workspace
        self._submit_program = submit_program
        self._interpreter = interpreter
        self._server = server

    def start(self, plan: SessionPlan) -> None:
        """Start the sandbox under its own supervisor, once the airlock's entrance is there."""
        name = PREFIX + plan.session_id
        if self._processes.find(name, group=plan.project_id) is not None:
            return
        if self._ending(plan.project_id, plan.session_id) or self._processes.known(name, group=plan.project_id):
            raise NotPossible("This session has ended; open a new one.")
        self._places.prepare(plan.project_id, plan.user_number)
        wait_for_intake(self._places, plan)
        make_folders(plan, self._places)
        image = make_image(
            directory=self._places.state / "image",
            workspace=self._workspace.absolute(),
            submit_program=self._submit_program,
        )
        sandbox = session_sandbox(plan, places=self._places, image=image, server=self._server)
        content = supervisor_plan(
            plan, sandbox=sandbox, places=self._places, program=self._program, instance=self._instance
        )
        file = self._places.plan(plan.project_id, plan.session_id)
        write_atomically(file, json.dumps(content))
        argv = [str(self._interpreter), "-m", "orchestrator.adapters.sandbox.supervisor", str(file)]
        self._processes.ensure(name, argv, group=plan.project_id, environment=platform_environment())

    def look(self, project_id: str, session_id: str) -> SeenSession:
        """Look at one session; ``NotFound`` when this backend never had it or has forgotten it."""
        ending = self._ending(project_id, session_id)
        record = self._processes.known(PREFIX + session_id, group=project_id)
        left = self._groups.processes(project_id, session_id)
        if record is None and not ending and not left:
            raise NotFound("There is no such session here.")
        unenforced = tuple(ending.get("unenforced", ()))
        if record is not None and alive(record):
            running = answers(self._places.run(project_id), self._places.server_socket(project_id, session_id))
            state = SessionState.RUNNING if running else SessionState.STARTING
            address = address_of(self._places, project_id, session_id)
            return SeenSession(session_id=session_id, state=state, address=address, unenforced=unenforced)
        state = SessionState.RUNNING if left else SessionState.ENDED
        code = None if left else ending.get("exit")
        return SeenSession(session_id=session_id, state=state, exit_code=code, unenforced=unenforced)

    def stop(self, project_id: str, session_id: str) -> None:
        """End the session's every process; when this returns none is left. Homes are kept."""
        ending = self._places.ending(project_id, session_id)
        self._processes.stop(PREFIX + session_id, group=project_id, deadline=12.0)
        self._groups.end(project_id, session_id)
        shutil.rmtree(self._places.server_directory(project_id, session_id), ignore_errors=True)
        ending.unlink(missing_ok=True)
        self._places.plan(project_id, session_id).unlink(missing_ok=True)

    def known(self) -> set[tuple[str, str]]:
        """List project and session of everything that runs or left a trace."""
        found = set(self._groups.sessions())
        for record in self._processes.records():
            if record.group and record.name.startswith(PREFIX):
                found.add((record.group, record.name.removeprefix(PREFIX)))
        return found

    def environment(self) -> str:
        """Return a digest over the interpreter and the names and versions of all that is installed beside it."""
        found = sorted(path.name for path in self._workspace.glob("lib/python*/site-packages/*.dist-info"))
        interpreter = str((self._workspace / "bin" / "python").resolve())
        return "sha256:" + hashlib.sha256("\n".join((interpreter, *found)).encode()).hexdigest()

    def _ending(self, project_id: str, session_id: str) -> dict[str, Any]:
        try:
            content = json.loads(self._places.ending(project_id, session_id).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


def address_of(places: Places, project_id: str, session_id: str) -> str:
    """Return where a session's server listens, as gate and hub call it."""
    return "http+unix://" + quote(str(places.server_socket(project_id, session_id)), safe="")


def wait_for_intake(places: Places, plan: SessionPlan) -> None:
    """Wait for the airlock to open the session's entrance; a workspace without a way out is of no use."""
    entrance = places.intake(plan.project_id, plan.session_id) / "intake.sock"
    end = time.monotonic() + _INTAKE_SECONDS
    while not entrance.exists():
        if time.monotonic() > end:
            raise Unavailable("The airlock does not answer; try again in a moment.", system="airlock")
        time.sleep(0.05)


def platform_environment() -> dict[str, str]:
    """Return what gate, hub and supervisors are started with: nothing of the controller's own environment."""
    package = Path(__file__).resolve().parents[3]
    return {
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(package),
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
