"""What a gate is told when it starts: one JSON file, written by the backend that starts it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

__all__ = ["GateConfiguration", "configuration_from", "read_configuration"]


@dataclass(frozen=True, kw_only=True)
class GateConfiguration:
    """One project's gate. ``hub_secret`` proves to the hub that a header came from this gate."""

    project_id: str
    title: str
    port: int
    host: str
    portal_url: str
    control_socket: Path
    routes_socket: Path
    desk_socket: Path
    hub_socket: Path
    server_directory: Path
    hub_secret: str

    @property
    def origin(self) -> str:
        """The one origin that this gate serves."""
        return f"http://{self.host}:{self.port}"

    @property
    def authority(self) -> str:
        """The one value of the Host header that this gate answers."""
        return f"{self.host}:{self.port}"

    @property
    def open_url(self) -> str:
        """Where the portal signs a person on to this workspace."""
        return f"{self.portal_url.rstrip('/')}/projects/{self.project_id}/open"


def read_configuration(file: Path) -> GateConfiguration:
    """Read and check a gate's configuration file."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"The gate's configuration {file} cannot be read: {error}.", field="configuration") from error
    return configuration_from(content)


def configuration_from(content: Mapping[str, Any]) -> GateConfiguration:
    """Build a configuration from its JSON object; every name is required and no other is accepted."""
    names = {field.name for field in fields(GateConfiguration)}
    if set(content) != names:
        wrong = ", ".join(sorted(names ^ set(content)))
        raise Invalid(f"The gate's configuration must have exactly its names; look at: {wrong}.", field="configuration")
    check_id(content["project_id"], field="project_id")
    if len(content["hub_secret"]) < 32:
        raise Invalid("The secret between gate and hub needs at least 32 characters.", field="hub_secret")
    if urlsplit(content["portal_url"]).scheme not in {"http", "https"}:
        raise Invalid("The portal's address must start with http:// or https://.", field="portal_url")
    paths = {name: Path(content[name]) for name in names if name.endswith(("_socket", "_directory"))}
    return GateConfiguration(**{**content, **paths, "port": int(content["port"])})
