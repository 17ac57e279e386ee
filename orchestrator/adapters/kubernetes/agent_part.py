"""The pod of a project's dataset agent: what it is told, and when it is brought."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.workspaces.builder import agent_objects
from orchestrator.workspaces.networks import CONTROL_PORT, RELAY_PORTS
from orchestrator.workspaces.places import ClusterLayout, PlacePlan

from .parts import Parts

__all__ = ["AgentPart", "AgentSurroundings"]

_TOLD = "/etc/tre"
_VAULT_AUTHORITY = "vault-ca.crt"


@dataclass(frozen=True, kw_only=True)
class AgentSurroundings:
    """What every agent of the installation is told of its surroundings; authorities are certificates as PEM.

    ``databases`` gives host, port, database and tls by connection, ``database_authorities`` who signed their
    certificates, where that is none of those the agent's image trusts.
    """

    vault_authority: str = ""
    vault_mount: str = "kubernetes"
    databases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    database_authorities: Mapping[str, str] = field(default_factory=dict)
    check_seconds: float = 2.0


class AgentPart:
    """Brings one project's agent."""

    def __init__(self, parts: Parts, layout: ClusterLayout, surroundings: AgentSurroundings) -> None:
        self._parts = parts
        self._layout = layout
        self._surroundings = surroundings

    def bring(self, place: PlacePlan) -> None:
        """Make the agent as planned; a pod that is told something new is started again."""
        files = self._parts.files("agent", place, self._told(place))
        self._parts.bring(agent_objects(place, self._layout, agent=files))

    def _told(self, place: PlacePlan) -> dict[str, str]:
        around = self._surroundings
        authorities = {_authority_file(name): text for name, text in sorted(around.database_authorities.items())}
        if around.vault_authority:
            authorities[_VAULT_AUTHORITY] = around.vault_authority
        told = {
            "project_id": place.project_id,
            "vault_address": self._layout.vault_address,
            "vault_certificate": f"{_TOLD}/{_VAULT_AUTHORITY}" if around.vault_authority else None,
            "vault_login": {
                "mount": around.vault_mount,
                "role": place.project_id,
                "token_file": "/var/run/tre/vault/token",
            },
            "control_port": CONTROL_PORT,
            "channel": f"{_TOLD}/channel",
            "data_directory": "/data",
            "data_protection": self._layout.data.protection,
            "relay_ports": [RELAY_PORTS[0], RELAY_PORTS[-1]],
            "databases": {name: self._database(name, server) for name, server in sorted(around.databases.items())},
            "check_seconds": around.check_seconds,
        }
        return {"agent.json": json.dumps(told, sort_keys=True, indent=1), **authorities}

    def _database(self, name: str, server: Mapping[str, Any]) -> dict[str, Any]:
        known = name in self._surroundings.database_authorities
        return {**server, "certificate": f"{_TOLD}/{_authority_file(name)}" if known else None}


def _authority_file(connection: str) -> str:
    return f"database-{connection}.crt"
