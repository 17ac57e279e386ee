"""How hub and servers find each other: by sockets on one machine, by addresses between pods. One table of both."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from .spawner import INSIDE_SERVER_SOCKET

__all__ = ["INSIDE_HUB_SOCKET", "PODS", "SOCKETS", "Form"]

INSIDE_HUB_SOCKET = "/run/tre/hub/hub.sock"
"""Where a session finds the hub's socket, wherever sessions have no network."""

_SERVER_PORT = 8888


@dataclass(frozen=True, kw_only=True)
class Form:
    """What a server is told of where it listens and where the hub is."""

    arguments: tuple[str, ...]
    """Where the server listens, as arguments of its command."""
    service_origin: str
    """The same, as the origin of the address at which it is asked."""
    hub_url: str
    """Where it finds the hub; empty: at the address that the hub's configuration gives."""
    start_seconds: int
    """How long it may take to come up; a node may have to fetch its image first."""


SOCKETS = Form(
    arguments=(f"--ServerApp.sock={INSIDE_SERVER_SOCKET}",),
    service_origin="http+unix://localhost",
    hub_url="http+unix://" + quote(INSIDE_HUB_SOCKET, safe=""),
    start_seconds=90,
)

PODS = Form(
    arguments=("--ip=0.0.0.0", f"--port={_SERVER_PORT}"),
    service_origin=f"http://0.0.0.0:{_SERVER_PORT}",
    hub_url="",
    start_seconds=600,
)
