"""What the controller holds where workspaces run on this machine: the backend, and an agent process per project."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orchestrator.airlock
from orchestrator.adapters.dataset_agent import AgentPlaces, DatasetAgents
from orchestrator.adapters.sandbox.backend import SandboxBackend, SandboxSettings
from orchestrator.adapters.sandbox.places import Places
from orchestrator.adapters.sandbox.sessions import MachineSessions
from orchestrator.core.errors import NotPossible
from orchestrator.settings import Settings
from orchestrator.workspaces.sessions import SessionRegister

from ..vaults import vault_address
from .sources import agent_database

__all__ = ["MachineParts", "open_machine", "release_memory", "workspace_environment"]


@dataclass(frozen=True, kw_only=True)
class MachineParts:
    """One installation's hold on its own machine."""

    backend: SandboxBackend
    agents: DatasetAgents


def open_machine(settings: Settings, register: SessionRegister) -> MachineParts:
    """Put together what runs workspaces here; nothing is started."""
    state = settings.state
    backend = SandboxBackend(
        SandboxSettings(
            state=state,
            workspace=workspace_environment(settings),
            submit_program=Path(orchestrator.airlock.__file__).parent / "client.py",
        ),
        sessions=_in_docker(settings) if settings.workspaces.backend == "docker" else None,
    )
    agents = DatasetAgents(
        AgentPlaces(
            run=state / "run",
            memory=_memory(settings),
            sealed=state / "sealed",
            vault_address=vault_address(settings),
            vault_certificate=settings.vault.certificate_authority,
            databases={name: agent_database(database) for name, database in settings.databases.items()},
        ),
        backend.processes,
        group_of=lambda project_id: register.workspace(project_id).user_number if os.geteuid() == 0 else None,
    )
    return MachineParts(backend=backend, agents=agents)


def _in_docker(settings: Settings) -> Callable[[Places, str], MachineSessions]:
    """Return what makes sessions in containers; hub and gate stay in sandboxes."""
    from orchestrator.adapters.docker.container import Box  # noqa: PLC0415 - wanted with Docker only
    from orchestrator.adapters.docker.engine import Engine  # noqa: PLC0415
    from orchestrator.adapters.docker.sessions import DockerSessions  # noqa: PLC0415

    engine = Engine(settings.workspaces.docker_socket)
    image = settings.workspaces.docker_image
    return lambda places, instance: DockerSessions(
        engine=engine, places=places, box=Box(image=image, instance=instance)
    )


def workspace_environment(settings: Settings) -> Path:
    """Return the researchers' Python environment: as set, or ``.venv-workspace`` beside the one that runs this."""
    if settings.workspaces.environment is not None:
        return settings.workspaces.environment
    return Path(sys.prefix).with_name(".venv-workspace")


def release_memory(settings: Settings) -> None:
    """Take this installation's directory out of memory once nothing lies in it any more."""
    with contextlib.suppress(OSError):
        memory_directory(settings).rmdir()


def memory_directory(settings: Settings) -> Path:
    """Return this installation's own directory in memory, which may not be there."""
    name = hashlib.sha256(os.fsencode(settings.state.resolve())).hexdigest()[:12]
    return settings.workspaces.memory_directory / f"tre-{name}"


def _memory(settings: Settings) -> Path:
    """Return this installation's own directory in memory: what lies in another one's is never touched."""
    directory = memory_directory(settings)
    directory.mkdir(mode=0o711, exist_ok=True)
    if directory.is_symlink() or directory.stat().st_uid != os.geteuid():
        raise NotPossible(f"{directory} belongs to somebody else; remove it or choose another memory_directory.")
    directory.chmod(0o711)
    return directory
