"""Where a project's sockets, records and configurations lie below the state directory, and who may touch them.

As root three parties share ``run/PROJECT``: the controller (root), the project's platform programs (a user number of
their own) and its sessions (another). Only root writes into that directory and into those that configurations lie in;
each program has directories of its own for the sockets it makes, so none can put a link where root will write.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id
from orchestrator.core.sockets import LONGEST_SOCKET_PATH

__all__ = ["Places", "make_directory", "platform_number"]

_PLATFORM_OFFSET = 100_000


def platform_number(user_number: int) -> int:
    """Return the user number of a project's hub, gate and agent, which must not be its sessions' own."""
    return user_number + _PLATFORM_OFFSET


@dataclass(frozen=True, kw_only=True)
class Places:
    """The state directory of one installation."""

    state: Path

    def run(self, project_id: str) -> Path:
        """Return the project's directory of sockets; raise ``Invalid`` when a socket path there would be too long."""
        path = self.state / "run" / check_id(project_id, field="project_id")
        longest = path / "d" / ("x" * 16) / "intake.sock"
        if len(os.fsencode(longest)) > LONGEST_SOCKET_PATH:
            spare = LONGEST_SOCKET_PATH - (len(os.fsencode(longest)) - len(os.fsencode(self.state)))
            raise Invalid(
                f"The state directory {self.state} has too long a path for unix sockets: "
                f"choose one of at most {spare} bytes.",
                field="state",
            )
        return path

    def server_directory(self, project_id: str, session_id: str) -> Path:
        """Return the directory that the session's server makes its socket in."""
        return self.run(project_id) / "s" / check_id(session_id, field="session_id")

    def server_socket(self, project_id: str, session_id: str) -> Path:
        """Return the socket of the session's server, as seen from the host."""
        return self.server_directory(project_id, session_id) / "ws.sock"

    def home(self, project_id: str, person_id: str) -> Path:
        """Return one member's own directory, kept when sessions end."""
        return self.state / "projects" / check_id(project_id) / "homes" / check_id(person_id, field="person_id")

    def shared(self, project_id: str) -> Path:
        """Return the folder that all members of the project share."""
        return self.state / "projects" / check_id(project_id) / "shared"

    def intake(self, project_id: str, session_id: str) -> Path:
        """Return the airlock's entrance for one session."""
        return self.run(project_id) / "i" / check_id(session_id, field="session_id")

    def ending(self, project_id: str, session_id: str) -> Path:
        """Return the file in which the supervisor says what it enforces and how the session ended."""
        return self.run(project_id) / "e" / f"{check_id(session_id, field='session_id')}.json"

    def plan(self, project_id: str, session_id: str) -> Path:
        """Return the file that hands the plan to the supervisor, which removes it."""
        return self.run(project_id) / "e" / f"{check_id(session_id, field='session_id')}.plan"

    def gate_socket(self, project_id: str) -> Path:
        """Return the gate's control socket, in a directory that the hub does not see."""
        return self.run(project_id) / "g" / "gate.sock"

    def configuration(self, project_id: str, program: str) -> Path:
        """Return the file that tells gate or hub what it is; neither sees the other's."""
        return self.run(project_id) / "c" / f"{program}.json"

    def hub_directory(self, project_id: str) -> Path:
        """Return the directory of the hub's own database."""
        return self.state / "projects" / check_id(project_id, field="project_id") / "hub"

    def prepare(self, project_id: str, user_number: int) -> Path:
        """Make the project's directories with their owners. Repeatable."""
        run = self.run(project_id)
        self.state.joinpath("run").mkdir(parents=True, exist_ok=True)
        platform = platform_number(user_number)
        make_directory(run, mode=0o710, group=platform)
        for name in ("p", "e"):
            make_directory(run / name, mode=0o700)
        make_directory(run / "c", mode=0o710, group=platform)
        for name in ("s", "i", "d"):
            make_directory(run / name, mode=0o711)
        for name in ("g", "r"):
            make_directory(run / name, mode=0o700, user=platform, group=platform)
        make_directory(run / "h", mode=0o755, user=platform, group=platform)
        self.hub_directory(project_id).parent.mkdir(parents=True, exist_ok=True)
        make_directory(self.hub_directory(project_id), mode=0o700, user=platform, group=platform)
        return run

    def clear(self, project_id: str) -> None:
        """Remove what hub, gate and sessions left in ``run``; the controller's own socket stays."""
        run = self.run(project_id)
        for name in ("s", "e", "c", "g", "r", "h"):
            shutil.rmtree(run / name, ignore_errors=True)


def make_directory(path: Path, *, mode: int, user: int | None = None, group: int | None = None) -> None:
    """Make one directory, or put its mode right; as root also its owners. Never follows a link at ``path``."""
    with contextlib.suppress(FileExistsError):
        path.mkdir()
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.geteuid() == 0:
            os.fchown(descriptor, 0 if user is None else user, 0 if group is None else group)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
