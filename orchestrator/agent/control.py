"""The agent's control interface: HTTP and JSON for the controller alone, on a socket or a channel of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ..core.errors import Conflict, Invalid, NotFound, NotPossible, OrchestratorError, Refused, Unavailable
from ..credentials.manifest import objects_from_json, version_from_json
from .holdings import Holdings
from .sources import objects, opener

__all__ = ["application"]

_STATUS: dict[type[OrchestratorError], int] = {
    Refused: 403,
    NotFound: 404,
    Conflict: 409,
    NotPossible: 409,
    Invalid: 422,
    Unavailable: 503,
}
_LONGEST_BODY = 64 << 20


def application(
    holdings: Holdings, stop: asyncio.Event, *, admits: Callable[[web.Request], bool] = lambda _: True
) -> web.Application:
    """Return the control interface of one agent; ``stop`` is set when it is asked to end.

    ``admits`` says whether a request comes from the controller; a socket's mode may have settled that already.
    """
    app = web.Application(middlewares=[_errors, _admitting(admits)], client_max_size=_LONGEST_BODY)
    control = _Control(holdings, stop)
    app.add_routes(
        [
            web.get("/health", control.health),
            web.put("/identity", control.identity),
            web.put("/leases/{version_id}", control.adopt),
            web.put("/versions/{version_id}", control.unseal),
            web.put("/objects/{version_id}", control.stage),
            web.delete("/versions/{version_id}", control.drop),
            web.put("/sessions/{session_id}/databases/{version_id}", control.open_database),
            web.delete("/sessions/{session_id}", control.close_session),
            web.post("/wipe", control.wipe),
            web.post("/stop", control.stop),
        ]
    )
    return app


class _Control:
    def __init__(self, holdings: Holdings, stop: asyncio.Event) -> None:
        self._holdings = holdings
        self._stop = stop

    async def health(self, request: web.Request) -> web.Response:  # noqa: ARG002
        holdings = self._holdings
        return web.json_response(
            {
                "life": holdings.life,
                "identified": holdings.identified,
                "trouble": holdings.identity.trouble,
                "process": os.getpid(),
                "empty": await asyncio.to_thread(holdings.empty),
                "held": await asyncio.to_thread(holdings.held),
                "holding": holdings.holding(),
                "incidents": holdings.incidents,
            }
        )

    async def identity(self, request: web.Request) -> web.Response:
        body = await _body(request)
        await self._holdings.identify(wrapped_token=str(body["wrapped_token"]), accessor=str(body["accessor"]))
        return web.Response(status=204)

    async def adopt(self, request: web.Request) -> web.Response:
        body = await _body(request)
        await self._holdings.adopt(
            request.match_info["version_id"],
            wrapped_token=str(body["wrapped_token"]),
            accessor=str(body["accessor"]),
        )
        return web.Response(status=204)

    async def unseal(self, request: web.Request) -> web.Response:
        body = await _body(request)
        version, source = version_from_json(_object(body, "version")), _object(body, "source")
        _check_version(request, version.version_id)
        with contextlib.ExitStack() as stack:
            opened = await asyncio.to_thread(stack.enter_context, opener(source))
            return web.json_response({"directory": await self._holdings.unseal(version, opened)})

    async def stage(self, request: web.Request) -> web.Response:
        body = await _body(request)
        version, source = objects_from_json(_object(body, "version")), _object(body, "source")
        _check_version(request, version.version_id)
        with contextlib.ExitStack() as stack:
            reader = await asyncio.to_thread(stack.enter_context, objects(source))
            return web.json_response({"directory": await self._holdings.stage(version, reader)})

    async def drop(self, request: web.Request) -> web.Response:
        await self._holdings.drop(request.match_info["version_id"])
        return web.Response(status=204)

    async def open_database(self, request: web.Request) -> web.Response:
        body = await _body(request)
        address = await self._holdings.open_database(
            request.match_info["session_id"],
            request.match_info["version_id"],
            str(body["name"]),
            str(body["connection"]),
        )
        return web.json_response({"address": address})

    async def close_session(self, request: web.Request) -> web.Response:
        await self._holdings.close_session(request.match_info["session_id"])
        return web.Response(status=204)

    async def wipe(self, request: web.Request) -> web.Response:
        await self._holdings.drop_all()
        return await self.health(request)

    async def stop(self, request: web.Request) -> web.Response:  # noqa: ARG002
        await self._holdings.drop_all()
        self._stop.set()
        return web.Response(status=204)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise Invalid("The body is not JSON.", field="body") from error
    if not isinstance(body, dict):
        raise Invalid("The body is not a JSON object.", field="body")
    return body


def _admitting(admits: Callable[[web.Request], bool]) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not admits(request):
            raise Refused("Only the controller may speak to an agent.")
        return await handler(request)

    return check


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body[name]
    if not isinstance(value, dict):
        raise Invalid(f"The {name} is not a JSON object.", field=name)
    return value


def _check_version(request: web.Request, version_id: str) -> None:
    if version_id != request.match_info["version_id"]:
        raise Invalid("The address and the manifest name two dataset versions.", field="version_id")


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except OrchestratorError as error:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
        unknown = isinstance(error, Unavailable) and error.unknown_outcome
        return web.json_response(
            {"error": error.word, "message": error.message, "unknown_outcome": unknown}, status=status
        )
    except KeyError as error:
        return web.json_response({"error": "invalid", "message": f"{error} is missing in the body."}, status=422)
