"""The hub's side of the gate: JupyterHub's ``Proxy``, spoken over the gate's private routes socket."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from jupyterhub.proxy import Proxy
from traitlets import Unicode

from orchestrator.core.errors import Refused, Unavailable

__all__ = ["GateProxy"]

_DEADLINE = aiohttp.ClientTimeout(total=5, connect=2)
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 1.0


class GateProxy(Proxy):  # type: ignore[misc]
    """Tells the gate where hub and servers are, and tells it again when a new gate has taken the old one's place."""

    should_start = False

    routes_socket = Unicode(config=True, help="The gate's private socket for routes.")

    _client: aiohttp.ClientSession | None = None
    _generation: str | None = None
    _unsent = False

    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        """Add a route; while there is no gate, remember that routes are to be sent again."""
        body = {"routespec": self.validate_routespec(routespec), "target": target, "data": data}
        await self._tell("PUT", "/routes", json=body)

    async def delete_route(self, routespec: str) -> None:
        """Remove a route; while there is no gate there is nothing to remove."""
        await self._tell("DELETE", "/routes", params={"routespec": self.validate_routespec(routespec)})

    async def get_all_routes(self) -> dict[str, Any]:
        """Return the gate's routes, waiting a while for a gate that is still starting."""
        until = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            try:
                answer = await self._ask("GET", "/routes")
            except Unavailable:
                if asyncio.get_running_loop().time() > until:
                    raise
                await asyncio.sleep(0.2)
            else:
                self._generation = answer["generation"]
                routes: dict[str, Any] = answer["routes"]
                return routes

    async def follow(self) -> None:
        """Look each second whether the gate is a new one that knows no routes, and send them."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._look()
            except Exception:
                self.log.exception("Routes could not be sent to the gate; trying again.")

    async def _look(self) -> None:
        try:
            seen = (await self._ask("GET", "/generation"))["generation"]
        except Unavailable:
            return
        if seen == self._generation and not self._unsent:
            return
        self.log.info("Sending all routes to the gate")
        self._unsent = False
        await self.check_routes(self.app.users, self.app._service_map)

    async def _tell(self, method: str, path: str, **arguments: Any) -> None:
        try:
            await self._ask(method, path, **arguments)
        except Unavailable as error:
            self.log.warning("The gate is away (%s); its routes will be sent when it is back.", error.message)
            self._unsent = True

    async def _ask(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        if self._client is None:
            connector = aiohttp.UnixConnector(path=self.routes_socket)
            self._client = aiohttp.ClientSession(connector=connector, timeout=_DEADLINE)
        try:
            async with self._client.request(method, f"http://gate{path}", **arguments) as answer:
                content: dict[str, Any] = await answer.json() if answer.status != 204 else {}
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Unavailable("The gate does not answer.", system="gate", unknown_outcome=True) from error
        if status >= 400:
            raise Refused(str(content.get("message", f"The gate answered {status}.")))
        return content
