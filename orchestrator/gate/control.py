"""The gate's two private sides: the controller's (admission, meter, close) and the hub's (routes)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from orchestrator.adapters.channel import Peer, peer_of
from orchestrator.adapters.desk import admitted_from
from orchestrator.core.errors import Invalid, OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import check_id

from .keeper import Keeper
from .meter import Meter
from .upstream import Upstreams

__all__ = ["control_application", "routes_application"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_CONTROLLER = Peer(part="controller")
_STATUS = {Refused: 403, Invalid: 400, Unavailable: 400}


def control_application(
    *, keeper: Keeper, upstreams: Upstreams, meter: Meter, private: bool = False
) -> web.Application:
    """Return what the controller speaks to; at a port (``private``) nobody but the controller is answered."""

    async def put_admission(request: web.Request) -> web.Response:
        admitted = admitted_from(await _body(request))
        await keeper.admit(admitted.people, admitted.signed_out)
        return web.json_response({"open": keeper.admissions.is_open(), "generation": admitted.generation})

    async def close(request: web.Request) -> web.Response:
        person = (await _body(request)).get("person")
        await keeper.close(check_id(str(person), field="person"))
        return web.Response(status=204)

    async def health(_: web.Request) -> web.Response:
        sessions = keeper.sessions.all()
        return web.json_response(
            {
                "generation": meter.generation,
                "open": keeper.admissions.is_open(),
                "hub": "/" in upstreams.routes(),
                "routes": len(upstreams.routes()),
                "sessions": len(sessions),
                "connections": sum(len(session.connections) for session in sessions),
            }
        )

    async def read_meter(_: web.Request) -> web.Response:
        return web.json_response(meter.report())

    application = web.Application(middlewares=[_in_words, *([_controller_only] if private else [])])
    application.router.add_put("/admission", put_admission)
    application.router.add_post("/close", close)
    application.router.add_get("/health", health)
    application.router.add_get("/meter", read_meter)
    return application


def routes_application(*, upstreams: Upstreams, generation: str) -> web.Application:
    """Return what the hub speaks to: JupyterHub's proxy calls, and nothing else."""

    async def list_routes(_: web.Request) -> web.Response:
        routes = {routespec: route.as_json() for routespec, route in upstreams.routes().items()}
        return web.json_response({"generation": generation, "routes": routes})

    async def put_route(request: web.Request) -> web.Response:
        body = await _body(request)
        data = body.get("data")
        if not isinstance(data, dict):
            raise Invalid("A route needs its data as an object.", field="data")
        await upstreams.put(routespec=str(body.get("routespec")), target=str(body.get("target")), data=data)
        return web.Response(status=204)

    async def delete_route(request: web.Request) -> web.Response:
        await upstreams.delete(request.query.get("routespec", ""))
        return web.Response(status=204)

    async def read_generation(_: web.Request) -> web.Response:
        return web.json_response({"generation": generation})

    application = web.Application(middlewares=[_in_words])
    application.router.add_get("/routes", list_routes)
    application.router.add_put("/routes", put_route)
    application.router.add_delete("/routes", delete_route)
    application.router.add_get("/generation", read_generation)
    return application


@web.middleware
async def _in_words(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except OrchestratorError as error:
        status = _STATUS.get(type(error), 400)
        return web.json_response({"error": error.word, "message": error.message}, status=status)


@web.middleware
async def _controller_only(request: web.Request, handler: _Handler) -> web.StreamResponse:
    connection = request.transport.get_extra_info("ssl_object") if request.transport is not None else None
    if peer_of(connection) != _CONTROLLER:
        raise Refused("Only the controller may ask that of a gate.")
    return await handler(request)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Invalid("The request needs a JSON object.", field="body")
    return body
