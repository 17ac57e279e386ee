"""The dataset agent's pod: what it is told of the project, the Vault, the databases and its own end of the channel."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.core.errors import Unavailable
from orchestrator.workspaces.builder import agent_objects
from orchestrator.workspaces.builder.networks import CONTROL_PORT, RELAY_PORTS
from orchestrator.workspaces.places.model import ClusterLayout, PlacePlan

from .parts import Parts

__all__ = ["AgentPart", "AgentSurroundings"]

_TOLD = "/etc/tre"


@dataclass(frozen=True, kw_only=True)
class AgentSurroundings:
    """What every agent of the installation is told; ``databases`` gives host, port, database, tls by connection."""

    vault_mount: str
    vault_authority: Path | None = None
    databases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """``certificate`` names a file of this machine: its content is what the agent gets."""
    check_seconds: float = 2.0


class AgentPart:
    """Has an awake project's agent made as planned."""

    def __init__(
        self,
        parts: Parts,
        layout: ClusterLayout,
        surroundings: AgentSurroundings,
        place_of: Callable[[str], PlacePlan],
    ) -> None:
        self._parts = parts
        self._layout = layout
        self._surroundings = surroundings
        self._place_of = place_of

    def bring(self, project_id: str) -> None:
        """Make the agent's Secret and its Deployment, with one pod, or leave them alone when they are as planned."""
        place = self._place_of(project_id)
        files = self._parts.files("agent", place, self._told(project_id))
        self._parts.bring(agent_objects(place, self._layout, agent=files))

    def _told(self, project_id: str) -> dict[str, str]:
        surroundings = self._surroundings
        told: dict[str, str] = {}
        if surroundings.vault_authority is not None:
            told["vault-ca.crt"] = _read(surroundings.vault_authority)
        databases = {name: self._database(name, server, told) for name, server in surroundings.databases.items()}
        configuration = {
            "project_id": project_id,
            "vault_address": self._layout.vault_address,
            "vault_certificate": f"{_TOLD}/vault-ca.crt" if "vault-ca.crt" in told else None,
            "vault_login": {
                "mount": surroundings.vault_mount,
                "role": project_id,
                "token_file": "/var/run/tre/vault/token",
            },
            "control_port": CONTROL_PORT,
            "channel": f"{_TOLD}/channel",
            "data_directory": "/data",
            "data_protection": self._layout.data.protection,
            "relay_ports": [RELAY_PORTS[0], RELAY_PORTS[-1]],
            "databases": databases,
            "check_seconds": surroundings.check_seconds,
        }
        return {**told, "agent.json": json.dumps(configuration, sort_keys=True, indent=1)}

    def _database(self, name: str, server: Mapping[str, Any], told: dict[str, str]) -> dict[str, Any]:
        """Return one database as the agent is told it; its authority's certificate goes with it as a file."""
        certificate = server.get("certificate")
        if certificate is None:
            return dict(server)
        told[f"database-{name}.crt"] = _read(Path(certificate))
        return {**server, "certificate": f"{_TOLD}/database-{name}.crt"}


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"The certificate {file} cannot be read: correct the settings.", system="agent") from error
