"""What a project's hub is told when it starts: one JSON file, written by the backend that starts it.

On one machine it listens at a unix socket that is shown to every session. In a pod it listens at a port, which the gate
reaches beside it and sessions reach at the address of the hub's service.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from orchestrator.adapters.addresses import Address, TcpAddress, read_address
from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

from .forms import PODS, SOCKETS, Form

__all__ = ["HubConfiguration", "configuration_from", "read_configuration"]


@dataclass(frozen=True, kw_only=True)
class HubConfiguration:
    """One project's hub."""

    project_id: str
    title: str
    public_url: str
    """The origin at which people reach the gate."""
    portal_url: str
    listen: Address
    """A socket, or a port at all of a pod's addresses (``http://0.0.0.0:8081``)."""
    routes_socket: Path
    desk: Address
    directory: Path
    hub_secret: str
    hub_connect_url: str = ""
    """Where sessions in pods find this hub: the address of its service. Needed with a port, and only then."""
    channel: Path | None = None
    """The directory of this hub's certificate, where the desk is reached over the private channel."""

    @property
    def form(self) -> Form:
        """How this hub and its servers find each other."""
        return PODS if isinstance(self.listen, TcpAddress) else SOCKETS

    @property
    def bind_url(self) -> str:
        """Where the hub listens, in JupyterHub's words."""
        return str(self.listen) if isinstance(self.listen, TcpAddress) else _unix_url(self.listen)

    @property
    def gate_url(self) -> str:
        """Where the gate finds the hub: beside it, in the same pod or on the same machine."""
        return f"http://127.0.0.1:{self.listen.port}" if isinstance(self.listen, TcpAddress) else self.bind_url

    @property
    def servers_url(self) -> str:
        """Where servers find the hub."""
        return self.form.hub_url or self.hub_connect_url


def _unix_url(socket: Path) -> str:
    return "http+unix://" + quote(str(socket), safe="")


def read_configuration(file: Path) -> HubConfiguration:
    """Read and check a hub's configuration file."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"The hub's configuration {file} cannot be read: {error}.", field="configuration") from error
    return configuration_from(content)


def configuration_from(content: Mapping[str, Any]) -> HubConfiguration:
    """Build a configuration from its JSON object; names without a default are required and no other is accepted."""
    names = {field.name: field.default is MISSING for field in fields(HubConfiguration)}
    required = {name for name, needed in names.items() if needed}
    if not required <= set(content) <= set(names):
        wrong = ", ".join(sorted((required - set(content)) | (set(content) - set(names))))
        raise Invalid(f"The hub's configuration must have exactly its names; look at: {wrong}.", field="configuration")
    check_id(content["project_id"], field="project_id")
    if len(content["hub_secret"]) < 32:
        raise Invalid("The secret between gate and hub needs at least 32 characters.", field="hub_secret")
    configuration = HubConfiguration(**{**content, **_places(content)})
    _check(configuration)
    return configuration


def _places(content: Mapping[str, Any]) -> dict[str, Any]:
    channel, connect = content.get("channel"), content.get("hub_connect_url")
    return {
        "listen": read_address(content["listen"], schemes={"http"}, field="listen"),
        "routes_socket": read_address(content["routes_socket"], schemes=(), field="routes_socket"),
        "desk": read_address(content["desk"], schemes={"https"}, field="desk"),
        "directory": Path(content["directory"]),
        "hub_connect_url": str(read_address(connect, schemes={"http"}, field="hub_connect_url", sockets=False))
        if connect
        else "",
        "channel": Path(channel) if channel else None,
    }


def _check(configuration: HubConfiguration) -> None:
    if isinstance(configuration.listen, TcpAddress) is not bool(configuration.hub_connect_url):
        raise Invalid("Give the address of the hub's service with a port, and only then.", field="hub_connect_url")
    if isinstance(configuration.desk, TcpAddress) and configuration.channel is None:
        raise Invalid("A desk at https:// needs the directory of the channel.", field="channel")
