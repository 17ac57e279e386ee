"""The route table: where hub and servers are, as the hub announces them and the gate finds them allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import aiohttp

from orchestrator.adapters.addresses import Address
from orchestrator.core.errors import Invalid

from .routes import Side
from .targets import Target, hub_target, server_target

__all__ = ["HubRoute", "Upstreams"]

_SERVER_SPEC = re.compile(r"/user/([a-z][a-z2-7]{15})/")
_LONGEST_DATA = 4096


@dataclass(frozen=True, kw_only=True)
class HubRoute:
    """One route as the hub announced it, and the place that it was found to mean."""

    routespec: str
    target: str
    data: Mapping[str, Any]
    place: Target

    def as_json(self) -> dict[str, Any]:
        """Return the route in the shape that JupyterHub's ``get_all_routes`` needs."""
        return {"routespec": self.routespec, "target": self.target, "data": dict(self.data)}


class Upstreams:
    """The route table, with one client for each target. A captured hub cannot make it point anywhere else."""

    def __init__(self, *, hub: Address, servers: Path | tuple[IPv4Network, ...]) -> None:
        self._hub = hub
        self._servers = servers
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
        if former is not None and former.place != route.place:
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
            client = self._clients[routespec] = route.place.client()
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
        place = hub_target(target, hub=self._hub) if routespec == "/" else server_target(target, servers=self._servers)
        return HubRoute(routespec=routespec, target=target, data=data, place=place)
