"""What a workspace should be: plans handed to a backend, and what the backend saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

__all__ = [
    "Admission",
    "Limits",
    "Mount",
    "SeenSession",
    "SeenWorkspace",
    "SessionPlan",
    "SessionState",
    "WorkspacePlan",
    "WorkspaceState",
    "WorkspaceView",
]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one session may use. A backend names each limit that it cannot enforce on its machine."""

    cpus: float = 1.0
    memory_mib: int = 2048
    processes: int = 256
    file_size_mib: int = 4096


@dataclass(frozen=True, kw_only=True)
class Mount:
    """One granted dataset version: ``name`` is the folder below ``/data``.

    ``source`` is as the delivery gave it: a directory on this machine, or a place that the cluster's backend knows how
    to mount (``/data/VERSION`` of the project's data volume, ``/volumes/VERSION`` of a volume of its own).
    """

    name: str
    source: Path


@dataclass(frozen=True, kw_only=True)
class WorkspacePlan:
    """One project's awake workspace, without its sessions."""

    project_id: str
    title: str
    url: str
    """Where browsers find the gate, without a final slash."""
    portal_url: str
    port: int = 0
    """The gate's public port on loopback; 0 where workspaces have addresses of their own."""
    user_number: int
    """The unprivileged user id that this project's sessions run under where the controller is root."""


@dataclass(frozen=True, kw_only=True)
class SessionPlan:
    """One person's session in one project: everything the sandbox may hold, and nothing else."""

    session_id: str
    project_id: str
    person_id: str
    user_number: int
    mounts: tuple[Mount, ...] = ()
    relays: Mapping[str, str] = field(default_factory=dict)
    """Address of each granted database by its name: a directory that holds ``.s.PGSQL.5432``, or ``host:port``."""
    limits: Limits = field(default_factory=Limits)
    intake_secret: str = field(default="", repr=False)
    """Proves to the airlock's port which session submits, where a session has no socket of its own for that."""
    environment: dict[str, str] = field(default_factory=dict)
    """What the hub passes to its server (JUPYTERHUB_…); never a dataset credential."""
    arguments: tuple[str, ...] = ()
    """What the hub appends to the server's command line."""
    replay: bool = False
    """Whether it runs a submitted program again instead of a server: in an empty home, without hub or shared folder."""


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Who may pass a project's gate, and until when. A positive list: who is not on it is out."""

    project_id: str
    people: dict[str, datetime]


class SessionState(StrEnum):
    """Where a session stands; an ended one never comes back."""

    STARTING = "starting"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class SeenSession:
    """What a backend observed of one session. ``unenforced`` names the limits this machine cannot enforce."""

    session_id: str
    state: SessionState
    address: str = ""
    """Where its server listens: ``http+unix://…`` or ``http://ADDRESS:PORT``; empty until that is known."""
    exit_code: int | None = None
    trouble: str = ""
    """What keeps it from running, or why it ended, as a sentence for its person."""
    reason: str = ""
    """Why it ended, as a stable word; empty where there is nothing particular about it."""
    unenforced: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SeenWorkspace:
    """What a backend observed of one project: which parts answer, and every session it knows."""

    project_id: str
    hub: bool
    gate: bool
    sessions: tuple[SeenSession, ...] = ()


class WorkspaceState(StrEnum):
    """What a person is shown of a workspace."""

    ASLEEP = "asleep"
    WAKING = "waking"
    AWAKE = "awake"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, kw_only=True)
class WorkspaceView:
    """One workspace as its members and operators see it. ``sessions`` are the people with a running session."""

    project_id: str
    state: WorkspaceState
    url: str = ""
    trouble: str = ""
    sessions: tuple[str, ...] = ()
    bytes_today: int = 0
