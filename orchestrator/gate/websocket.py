"""Owns the websockets: both ends of each, so that access that ends, ends in the middle of a message if need be."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal, TypeAlias

import aiohttp
from aiohttp import WSMsgType, web

from orchestrator.core.errors import Unavailable

from .configuration import GateConfiguration
from .frames import FrameWriter
from .judge import BadRequest, Limits
from .meter import Meter
from .relay import Exchange, passed_headers

__all__ = ["ENDED", "WebsocketRelay"]

ENDED = 4403
"""The close code that tells a browser that its access ended."""

_POLITE_SECONDS = 0.02
_HANDSHAKE_SECONDS = 20.0
_HEARTBEAT_SECONDS = 30.0
_GOODBYE_SECONDS = 2.0


_Up: TypeAlias = "aiohttp.ClientWebSocketResponse[Literal[False]]"
_Down: TypeAlias = "web.WebSocketResponse[Literal[False]]"


class _Pair:
    """The two ends of one websocket."""

    def __init__(self, request: web.BaseRequest, down: _Down, up: _Up) -> None:
        self.down = down
        self.up = up
        self._request = request
        self._transport = request.transport
        self._ending = False
        self._ended = asyncio.Event()

    async def end(self) -> None:
        """Say goodbye with 4403 for a moment, then abort both transports, whatever a stalled reader does."""
        self._ending = True
        with contextlib.suppress(TimeoutError, ConnectionError, RuntimeError, aiohttp.ClientError):
            async with asyncio.timeout(_POLITE_SECONDS):
                await self.down.close(code=ENDED, message=b"access ended", drain=False)
        if self._transport is not None:
            self._transport.abort()
        self.abort_upstream()
        self._ended.set()

    def abort_upstream(self) -> None:
        """Cut the server's side off at once."""
        connection = self.up._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
        self.up._response.close()

    def _frames(self) -> FrameWriter:
        if self._transport is None:
            raise ConnectionResetError("The browser has gone.")
        waiting = getattr(getattr(self.up, "_reader", None), "_buffer", ())
        return FrameWriter(self.down, transport=self._transport, writer=self._request.writer, waiting=waiting)

    async def run(self, count_down: _Counter, count_up: _Counter) -> None:
        """Pass messages until either side closes or the access ends."""
        tasks = [
            asyncio.create_task(_pump_down(self.up, self._frames(), count_down)),
            asyncio.create_task(_pump_up(self.down, self.up, count_up)),
            asyncio.create_task(self._ended.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._goodbye()

    async def _goodbye(self) -> None:
        if self._ending:
            await self._ended.wait()
            return
        code = self.up.close_code or aiohttp.WSCloseCode.GOING_AWAY
        code = code if code not in {1005, 1006, 1015} else aiohttp.WSCloseCode.GOING_AWAY
        with contextlib.suppress(TimeoutError, ConnectionError, RuntimeError, aiohttp.ClientError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await asyncio.gather(self.down.close(code=code), self.up.close(), return_exceptions=True)
        self.abort_upstream()


class _Counter:
    """Adds a person's message sizes to the meter."""

    def __init__(self, meter: Meter, person: str, *, down: bool) -> None:
        self._add = meter.to_browser if down else meter.from_browser
        self._person = person

    def __call__(self, number: int) -> None:
        self._add(self._person, number)


class WebsocketRelay:
    """Passes websockets on."""

    def __init__(self, *, configuration: GateConfiguration, meter: Meter, limits: Limits) -> None:
        self._configuration = configuration
        self._meter = meter
        self._limits = limits

    async def pass_on(self, exchange: Exchange) -> web.StreamResponse:
        """Open the server's side first, then the browser's, and carry messages between them."""
        up = await self._open(exchange)
        down: _Down = web.WebSocketResponse(
            protocols=(up.protocol,) if up.protocol else (),
            max_msg_size=self._limits.message_from_browser,
            heartbeat=_HEARTBEAT_SECONDS,
            compress=False,
            decode_text=False,
        )
        down.headers["Server"] = "gate"
        pair = _Pair(exchange.request, down, up)
        exchange.session.connections.add(pair)
        try:
            if exchange.session.ended:
                raise BadRequest(403, "Your access to this workspace has ended.")
            await down.prepare(exchange.request)
            person = exchange.session.person
            await pair.run(_Counter(self._meter, person, down=True), _Counter(self._meter, person, down=False))
        finally:
            exchange.session.connections.discard(pair)
            pair.abort_upstream()
        return down

    async def _open(self, exchange: Exchange) -> _Up:
        wanted = exchange.request.headers.get("Sec-WebSocket-Protocol", "")
        headers = passed_headers(exchange, self._configuration)
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                return await exchange.client.ws_connect(
                    exchange.url,
                    protocols=[name.strip() for name in wanted.split(",") if name.strip()][:8],
                    headers=headers,
                    max_msg_size=self._limits.message_to_browser,
                    compress=0,
                    decode_text=False,
                )
        except aiohttp.WSServerHandshakeError as error:
            status = error.status if error.status in {400, 401, 403, 404} else 502
            raise BadRequest(status, "The server did not open this websocket.") from error
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Unavailable("The workspace does not answer at present.", system=exchange.side.value) from error


async def _pump_down(source: _Up, sink: FrameWriter, count: _Counter) -> None:
    with contextlib.suppress(ConnectionError, RuntimeError, aiohttp.ClientError):
        while True:
            message = await source.receive()
            if message.type is not WSMsgType.TEXT and message.type is not WSMsgType.BINARY:
                await sink.flush()
                return
            count(len(message.data))
            await sink.write(message.type, message.data)


async def _pump_up(source: _Down, sink: _Up, count: _Counter) -> None:
    with contextlib.suppress(ConnectionError, RuntimeError, aiohttp.ClientError):
        while True:
            message = await source.receive()
            if message.type is not WSMsgType.TEXT and message.type is not WSMsgType.BINARY:
                return
            count(len(message.data))
            await sink.send_frame(message.data, message.type)
