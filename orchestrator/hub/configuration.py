"""What a project's hub is told when it starts: one JSON file, written by the backend that starts it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id
from orchestrator.core.sockets import LONGEST_SOCKET_PATH

__all__ = ["HubConfiguration", "configuration_from", "read_configuration"]


@dataclass(frozen=True, kw_only=True)
class HubConfiguration:
    """One project's hub."""

    project_id: str
    title: str
    port: int
    host: str
    portal_url: str
    hub_socket: Path
    routes_socket: Path
    desk_socket: Path
    directory: Path
    hub_secret: str

    @property
    def public_url(self) -> str:
        """The address people use."""
        return f"http://{self.host}:{self.port}/"


def read_configuration(file: Path) -> HubConfiguration:
    """Read and check a hub's configuration file."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"The hub's configuration {file} cannot be read: {error}.", field="configuration") from error
    return configuration_from(content)


def configuration_from(content: Mapping[str, Any]) -> HubConfiguration:
    """Build a configuration from its JSON object; every name is required and no other is accepted."""
    names = {field.name for field in fields(HubConfiguration)}
    if set(content) != names:
        wrong = ", ".join(sorted(names ^ set(content)))
        raise Invalid(f"The hub's configuration must have exactly its names; look at: {wrong}.", field="configuration")
    check_id(content["project_id"], field="project_id")
    if len(content["hub_secret"]) < 32:
        raise Invalid("The secret between gate and hub needs at least 32 characters.", field="hub_secret")
    paths = {name: Path(content[name]) for name in names if name.endswith("_socket") or name == "directory"}
    if len(os.fsencode(paths["hub_socket"])) > LONGEST_SOCKET_PATH:
        raise Invalid(
            f"The socket path {paths['hub_socket']} is longer than {LONGEST_SOCKET_PATH} bytes; "
            "choose a shorter state directory.",
            field="hub_socket",
        )
    return HubConfiguration(**{**content, **paths, "port": int(content["port"])})
