"""Where hub and servers are: routes that the hub announces, each to a unix socket in a place it may be in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp

from orchestrator.adapters.unixsocket import unix_session
from orchestrator.core.errors import Invalid, Refused

from .routes import Side

__all__ = ["HubRoute", "Upstreams"]

_SERVER_SPEC = re.compile(r"/user/([a-z][a-z2-7]{15})/")
_PORT = re.compile(r":\d+\Z")
_SCHEME = "http+unix://"
_DEADLINE = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=300)
_LONGEST_DATA = 4096


@dataclass(frozen=True, kw_only=True)
class HubRoute:
    """One route as the hub announced it, and the socket that it was found to mean."""

    routespec: str
    target: str
    data: Mapping[str, Any]
    root: Path
    socket: Path

    def as_json(self) -> dict[str, Any]:
        """Return the route in the shape that JupyterHub's ``get_all_routes`` needs."""
        return {"routespec": self.routespec, "target": self.target, "data": dict(self.data)}


class Upstreams:
    """The route table, with one client for each target. A captured hub cannot make it point anywhere else."""

    def __init__(self, *, hub_socket: Path, server_directory: Path) -> None:
        self._hub_socket = hub_socket
        self._server_directory = server_directory
        self._routes: dict[str, HubRoute] = {}
        self._clients: dict[str, aiohttp.ClientSession] = {}

    def routes(self) -> dict[str, HubRoute]:
        """Return the table."""
        return dict(self._routes)

    async def put(self, *, routespec: str, target: str, data: Mapping[str, Any]) -> None:
        """Add or replace a route; ``Invalid`` or ``Refused`` when it is not one of the two kinds there are."""
        route = self._check(routespec, target, data)
        former = self._routes.get(routespec)
        self._routes[routespec] = route
        if former is not None and former.socket != route.socket:
            await self._close(routespec)

    async def delete(self, routespec: str) -> None:
        """Remove a route, if there is one."""
        self._routes.pop(routespec, None)
        await self._close(routespec)

    def client(self, side: Side, person: str) -> aiohttp.ClientSession | None:
        """Return a client for the hub or for this person's own server, or None while there is no route."""
        routespec = "/" if side is Side.HUB else f"/user/{person}/"
        route = self._routes.get(routespec)
        if route is None:
            return None
        client = self._clients.get(routespec)
        if client is None:
            client = self._clients[routespec] = unix_session(root=route.root, path=route.socket, timeout=_DEADLINE)
        return client

    async def close(self) -> None:
        """Give every connection back."""
        for routespec in list(self._clients):
            await self._close(routespec)

    async def _close(self, routespec: str) -> None:
        client = self._clients.pop(routespec, None)
        if client is not None:
            await client.close()

    def _check(self, routespec: str, target: str, data: Mapping[str, Any]) -> HubRoute:
        if routespec != "/" and not _SERVER_SPEC.fullmatch(routespec):
            raise Invalid("A route is “/” for the hub or “/user/ID/” for a person's server.", field="routespec")
        if len(repr(data)) > _LONGEST_DATA:
            raise Invalid("The data beside this route are too long.", field="data")
        socket = _socket_of(target)
        root = self._hub_socket.parent if routespec == "/" else self._server_directory
        root = Path(os.path.realpath(root))
        socket = Path(os.path.realpath(socket.parent)) / socket.name
        if routespec == "/" and socket != root / self._hub_socket.name:
            raise Refused("The route “/” may lead to the hub's own socket only.")
        if not socket.is_relative_to(root) or socket == root:
            raise Refused("A person's route may lead to a socket in the directory of servers only.")
        return HubRoute(routespec=routespec, target=target, data=data, root=root, socket=socket)


def _socket_of(target: str) -> Path:
    if not target.startswith(_SCHEME):
        raise Refused("A route may lead to a unix socket only (http+unix://…).")
    quoted = _PORT.sub("", target.removeprefix(_SCHEME).rstrip("/"))
    path = Path(unquote(quoted))
    if not path.is_absolute() or "\x00" in str(path) or ".." in path.parts:
        raise Invalid("A route's socket must be an absolute path.", field="target")
    return path
