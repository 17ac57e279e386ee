"""What the workspaces room needs from whatever runs workspaces: one machine's sandboxes, Docker, Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.access.model import Granted
from orchestrator.core.errors import Unavailable

from .model import Admission, SeenSession, SeenWorkspace, SessionPlan, WorkspacePlan

__all__ = ["Delivered", "Delivery", "IncidentError", "WorkspaceBackend"]


class WorkspaceBackend(Protocol):
    """Runs workspaces. Every call may be repeated; each raises ``Unavailable`` when its outcome is unknown."""

    def wake(self, plan: WorkspacePlan) -> bool:
        """Make hub and gate run as planned: start what is missing, restart what died, leave the rest alone.

        Returns whether both answer; False while they are still starting.
        """

    def admit(self, admission: Admission) -> None:
        """Give the gate its list; sockets of people who are no longer on it are closed before this returns."""

    def start_session(self, plan: SessionPlan) -> None:
        """Start the session's server; returns when it is started for certain, not when it answers."""

    def session(self, project_id: str, session_id: str) -> SeenSession:
        """Look at one session; ``NotFound`` when this backend never had it or has forgotten it."""

    def stop_session(self, project_id: str, session_id: str) -> None:
        """End the session's every process; when this returns none is left. Homes are kept."""

    def observe(self) -> list[SeenWorkspace]:
        """List every workspace this backend holds, wanted or not, so that orphans are found."""

    def sleep(self, project_id: str) -> None:
        """Stop sessions, then hub and gate; homes and shared folder are kept."""

    def environment(self, project_id: str) -> str:
        """Return a word for the programs and libraries that this project's sessions run with; another, other ones."""

    def bytes_to_browser(self, project_id: str) -> dict[str, int]:
        """Return, per person, the bytes that left through the gate since it was last asked."""


class IncidentError(Unavailable):
    """Something that a person has to look at, such as a token that somebody else used: the workspace must end."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """Where each files version lies unsealed; ``anew``: everything was taken away before, also under open mounts.

    ``life`` is a word of whoever holds the data; once it is another one, everything of before was taken away too, also
    when nobody looked meanwhile. Empty where it is not told.
    """

    directories: Mapping[str, Path]
    anew: bool = False
    life: str = ""


class Delivery(Protocol):
    """Brings granted data to a project and takes them away (the credentials room)."""

    def ensure(self, project_id: str, wanted: Sequence[Granted]) -> Delivered:
        """Take away what is not wanted, then bring what is missing. Raises ``IncidentError``, with all taken away."""

    def life(self, project_id: str) -> str:
        """Return the word that ``Delivered.life`` would be now; empty while nobody answers."""

    def withdraw_unwanted(self, project_id: str, wanted: Sequence[Granted]) -> None:
        """Take away what is not wanted, and bring nothing: also while ``ensure`` is busy unsealing something else."""

    def open_databases(self, project_id: str, session_id: str, granted: Sequence[Granted]) -> Mapping[str, str]:
        """Draw a role per database for one session; return the address of each relay by the database's name."""

    def close_session(self, project_id: str, session_id: str) -> None:
        """End the session's relays and revoke its roles. Repeatable."""

    def withdraw_all(self, project_id: str) -> None:
        """Take away everything of the project: data, leases, the agent. Repeatable."""

    def projects(self) -> set[str]:
        """Return every project for which anything is held: an agent, a lease, unsealed data."""
