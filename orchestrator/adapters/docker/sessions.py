"""One machine's sessions as containers without any network.

The engine and one small file per session tell a restarted controller everything. The file names the container, so that
a session can be ended while the engine is away; a container that has ended and has no file any more is removed.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

from orchestrator.adapters.sandbox.control import answers
from orchestrator.adapters.sandbox.launch import write_atomically
from orchestrator.adapters.sandbox.places import Places
from orchestrator.adapters.sandbox.session import make_folders
from orchestrator.adapters.sandbox.sessions import address_of, wait_for_intake
from orchestrator.core.errors import NotFound, NotPossible, Unavailable
from orchestrator.workspaces.model import SeenSession, SessionPlan, SessionState

from .container import LABEL, Box, body, session_user
from .engine import Container, Engine, engine_away
from .members import end_members

__all__ = ["DockerSessions", "unenforced"]

_GRACE_SECONDS = 2
_KILLED = 137
_LIMITS = {
    "MemoryLimit": "memory of the whole session: the engine has no control group for memory",
    "SwapLimit": "memory that is swapped out: the engine cannot limit swap; switch swap off on this machine",
    "CpuCfsQuota": "processor share: the engine has no control group for processors",
    "PidsLimit": "processes of the whole session: the engine has no control group for their number",
}


class DockerSessions:
    """Implements ``MachineSessions`` with a Docker engine's containers."""

    def __init__(self, *, engine: Engine, places: Places, box: Box) -> None:
        self._engine = engine
        self._places = places
        self._box = box

    def start(self, plan: SessionPlan) -> None:
        """Make the container, note its identity, start it: whoever is killed in between finds it again."""
        known = self._engine.find(self._name(plan.session_id))
        if known is not None and known.state == "running":
            return
        if self._note(plan.project_id, plan.session_id) if known is None else known.over:
            raise NotPossible("This session has ended; open a new one.")
        self._places.prepare(plan.project_id, plan.user_number)
        wait_for_intake(self._places, plan)
        make_folders(plan, self._places)
        request = body(self._box, plan, places=self._places, accounts=self._accounts(plan))
        missing = unenforced(self._engine.about())
        identity = self._engine.create(self._name(plan.session_id), request)
        note = {"container": identity, "unenforced": missing, "memory_mib": plan.limits.memory_mib}
        write_atomically(self._places.ending(plan.project_id, plan.session_id), json.dumps(note))
        self._engine.start(identity)

    def look(self, project_id: str, session_id: str) -> SeenSession:
        """Look at one session; an engine that does not answer is never taken for an end."""
        note = self._note(project_id, session_id)
        found = self._engine.find(self._name(session_id))
        if found is None and not note:
            raise NotFound("There is no such session here.")
        missing = tuple(str(each) for each in note.get("unenforced", ()))
        if found is not None and not found.over:
            up = found.state == "running" and self._answers(project_id, session_id)
            return SeenSession(
                session_id=session_id,
                state=SessionState.RUNNING if up else SessionState.STARTING,
                address=address_of(self._places, project_id, session_id),
                unenforced=missing,
            )
        return SeenSession(
            session_id=session_id,
            state=SessionState.ENDED,
            exit_code=found.exit_code if found else None,
            trouble=_why(found, note),
            unenforced=missing,
        )

    def stop(self, project_id: str, session_id: str) -> None:
        """End the session's every process, by the engine or, where there is none, by the kernel; homes are kept."""
        name = self._name(session_id)
        try:
            self._keep_output(project_id, session_id)
            self._engine.end(name, grace=_GRACE_SECONDS)
        except Unavailable as error:
            end_members(str(self._note(project_id, session_id).get("container") or name))
            if not engine_away(error):
                raise
        shutil.rmtree(self._places.server_directory(project_id, session_id), ignore_errors=True)
        self._places.ending(project_id, session_id).unlink(missing_ok=True)

    def environment(self) -> str:
        """Return the image that sessions run in."""
        return self._box.image

    def known(self) -> set[tuple[str, str]]:
        """List what this installation's containers and notes name; without an engine, what the notes name."""
        found = set()
        for path in (self._places.state / "run").glob("*/e/*.json"):
            if self._note(path.parent.parent.name, path.stem):
                found.add((path.parent.parent.name, path.stem))
        with contextlib.suppress(Unavailable):
            for each in self._engine.labelled(f"{LABEL}installation", self._box.instance):
                session = (each.labels.get(f"{LABEL}project", ""), each.labels.get(f"{LABEL}session", ""))
                if session not in found and each.over:
                    self._engine.end(each.identity, grace=0)  # was ended while no engine answered
                elif all(session):
                    found.add(session)
        return found

    def _name(self, session_id: str) -> str:
        return f"tre-{self._box.instance}-{session_id}"

    def _answers(self, project_id: str, session_id: str) -> bool:
        return answers(self._places.run(project_id), self._places.server_socket(project_id, session_id))

    def _note(self, project_id: str, session_id: str) -> dict[str, Any]:
        try:
            content = json.loads(self._places.ending(project_id, session_id).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) and "container" in content else {}

    def _accounts(self, plan: SessionPlan) -> Path:
        """Write the files that give the session's number a name, as programs expect one."""
        user = session_user(plan)
        directory = self._places.state / "image" / str(user)
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in (
            ("passwd", f"researcher:x:{user}:{user}:Researcher:/home/researcher:/bin/bash\n"),
            ("group", f"researcher:x:{user}:\n"),
        ):
            write_atomically(directory / name, text, mode=0o644)
            (directory / name).chmod(0o644)
        return directory

    def _keep_output(self, project_id: str, session_id: str) -> None:
        """Keep what the session printed beside the other logs, where the engine bounded it."""
        output = self._engine.output(self._name(session_id))
        directory = self._places.state / "logs" / project_id
        with contextlib.suppress(OSError):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            if output:
                write_atomically(directory / f"session-{session_id}.log", output.decode("utf-8", errors="replace"))


def unenforced(about: dict[str, Any]) -> list[str]:
    """Name the limits that this engine does not enforce."""
    return [words for key, words in _LIMITS.items() if not about.get(key)]


def _why(found: Container | None, note: dict[str, Any]) -> str:
    """Say why a session ended, where that is known and its person can do something about it."""
    if found is None:
        return "The session's container was removed by somebody else; open the workspace again."
    if found.error:
        return f"The session could not be started: {' '.join(found.error.split())[:300]}"
    if found.out_of_memory and found.exit_code == _KILLED:
        return (
            f"The session used more than its {note.get('memory_mib', 'granted')} MiB of memory and was ended; open "
            "the workspace again and load less at once."
        )
    return ""
