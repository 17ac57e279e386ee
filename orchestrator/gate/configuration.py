"""What a gate is told when it starts: one JSON file, written by the backend that starts it.

On one machine every neighbour is a unix socket. In a pod the hub is a port beside the gate, servers are other pods, and
the controller is reached, and reaches the gate, over the private channel.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestrator.adapters.addresses import Address, TcpAddress, read_address
from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

__all__ = ["GateConfiguration", "configuration_from", "read_configuration", "read_public_url"]

_USUAL_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class GateConfiguration:
    """One project's gate. ``hub_secret`` proves to the hub that a header came from this gate."""

    project_id: str
    title: str
    public_url: str
    """Where browsers reach this gate; behind a front that ends TLS it starts with https, though we listen plainly."""
    listen: TcpAddress
    portal_url: str
    control: Address
    """Where the controller speaks to this gate: a socket, or a port of the private channel (``https://0.0.0.0:8443``)."""
    routes_socket: Path
    desk: Address
    hub: Address
    """The one place to which the route “/” may lead."""
    servers: Path | tuple[IPv4Network, ...]
    """Where people's servers may be: in this directory of sockets, or at port 8888 of pods in these networks."""
    hub_secret: str
    channel: Path | None = None
    """The directory of this gate's certificate, wherever the private channel is used."""

    @property
    def origin(self) -> str:
        """The one origin that this gate serves."""
        return f"{urlsplit(self.public_url).scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """The one value of the Host header that this gate answers."""
        return urlsplit(self.public_url).netloc

    @property
    def secure(self) -> bool:
        """Whether browsers reach this gate by TLS only, so that its cookies may demand it."""
        return self.public_url.startswith("https://")

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
    """Build a configuration from its JSON object; every name but ``channel`` is required and no other is accepted."""
    names = {field.name: field.default is MISSING for field in fields(GateConfiguration)}
    required = {name for name, needed in names.items() if needed}
    if not required <= set(content) <= set(names):
        wrong = ", ".join(sorted((required - set(content)) | (set(content) - set(names))))
        raise Invalid(f"The gate's configuration must have exactly its names; look at: {wrong}.", field="configuration")
    check_id(content["project_id"], field="project_id")
    if len(content["hub_secret"]) < 32:
        raise Invalid("The secret between gate and hub needs at least 32 characters.", field="hub_secret")
    if urlsplit(content["portal_url"]).scheme not in {"http", "https"}:
        raise Invalid("The portal's address must start with http:// or https://.", field="portal_url")
    return _with_channel(GateConfiguration(**{**content, **_places(content)}))


def _places(content: Mapping[str, Any]) -> dict[str, Any]:
    channel = content.get("channel")
    return {
        "public_url": read_public_url(content["public_url"]),
        "listen": read_address(content["listen"], schemes={"http"}, field="listen", sockets=False),
        "control": read_address(content["control"], schemes={"https"}, field="control"),
        "routes_socket": read_address(content["routes_socket"], schemes=(), field="routes_socket"),
        "desk": read_address(content["desk"], schemes={"https"}, field="desk"),
        "hub": read_address(content["hub"], schemes={"http"}, field="hub"),
        "servers": _servers(content["servers"]),
        "channel": Path(channel) if channel else None,
    }


def read_public_url(text: str) -> str:
    """Return an origin in the one form in which browsers write it: lower case, without its scheme's usual port."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise Invalid(f"The public address “{text}” cannot be read.", field="public_url") from None
    if parts.scheme not in _USUAL_PORTS or not parts.hostname or parts.path not in {"", "/"} or parts.username:
        raise Invalid("The public address must be http:// or https:// and a host, without a path.", field="public_url")
    if parts.query or parts.fragment:
        raise Invalid("The public address must be http:// or https:// and a host, without a path.", field="public_url")
    behind = "" if port in {None, _USUAL_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{parts.hostname}{behind}"


def _servers(given: Any) -> Path | tuple[IPv4Network, ...]:
    if isinstance(given, str) and given.startswith("/"):
        return Path(given)
    try:
        networks = tuple(IPv4Network(text) for text in given) if isinstance(given, list) else ()
    except ValueError as error:
        raise Invalid(f"A network of pods cannot be read: {error}.", field="servers") from error
    if not networks:
        raise Invalid("Say where servers may be: a directory, or a list of networks of pods.", field="servers")
    return networks


def _with_channel(configuration: GateConfiguration) -> GateConfiguration:
    private = [place for place in (configuration.control, configuration.desk) if isinstance(place, TcpAddress)]
    if private and configuration.channel is None:
        raise Invalid("A control port or a desk at https:// needs the directory of the channel.", field="channel")
    return configuration
