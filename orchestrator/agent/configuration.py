"""What an agent is told when it starts: names and places, never a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import Invalid
from ..core.ids import check_id
from .postgres import Server

__all__ = ["Configuration", "read_configuration"]


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One agent's settings. ``group`` may read the unsealed data and the relays where the agent runs as root."""

    project_id: str
    vault_address: str
    vault_certificate: Path | None
    control_socket: Path
    memory_directory: Path
    relay_directory: Path
    group: int | None
    databases: Mapping[str, Server]
    check_seconds: float


def read_configuration(file: Path) -> Configuration:
    """Read the JSON file that the controller wrote; unknown or missing keys are an error."""
    try:
        data = json.loads(file.read_text())
        certificate = data.pop("vault_certificate")
        return Configuration(
            project_id=check_id(data.pop("project_id")),
            vault_certificate=Path(certificate) if certificate else None,
            control_socket=Path(data.pop("control_socket")),
            memory_directory=Path(data.pop("memory_directory")),
            relay_directory=Path(data.pop("relay_directory")),
            databases={name: Server(**server) for name, server in data.pop("databases").items()},
            **data,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid(f"The agent's configuration {file} cannot be used: {error}.", field="configuration") from error
