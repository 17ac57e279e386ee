"""The desk between pods: one port of the private channel for all projects, each known by its certificate.

Connections wait in one event loop and cost no thread. A thread is taken only for a whole request, threads are limited,
and each peer has a share of connections and threads that it cannot exceed: who is slow or silent delays itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from orchestrator.adapters.addresses import TcpAddress
from orchestrator.adapters.channel import Channel, Peer, peer_of, server_context
from orchestrator.core.errors import Invalid, Refused

from .desk import LARGEST_BODY, DeskParts
from .desk_answers import Answers, DeskLimits

__all__ = ["ChannelDesk", "DeskLimits"]

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Guest:
    """One connection of a peer."""

    transport: asyncio.BaseTransport
    peer: Peer
    since: float
    asked: bool = False


class ChannelDesk:
    """Serves every project's gate and hub at one port, in a thread of its own, until it is closed."""

    def __init__(
        self, address: TcpAddress, channel: Channel, parts: DeskParts, limits: DeskLimits | None = None
    ) -> None:
        self._limits = limits or DeskLimits()
        self._context = server_context(channel)
        self._answers = Answers(parts, self._limits)
        self._socket = socket.create_server((address.host, address.port), backlog=256)
        self._socket.setblocking(False)
        self._guests: dict[asyncio.BaseTransport, _Guest] = {}
        self._knocking: defaultdict[str, int] = defaultdict(int)
        self._loop = asyncio.new_event_loop()
        self._closed = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens at."""
        return int(self._socket.getsockname()[1])

    def alive(self) -> bool:
        """Say whether somebody still serves."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop answering; what is being worked on is finished."""
        with contextlib.suppress(RuntimeError):  # its loop has ended already
            self._loop.call_soon_threadsafe(self._closed.set)
        self._thread.join(30)
        self._answers.close()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner, contextlib.suppress(asyncio.CancelledError):
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = web.Server(self._handle, access_log=None, keepalive_timeout=75.0)
        welcoming = asyncio.create_task(self._welcome_all(server))
        await asyncio.wait([welcoming, asyncio.create_task(self._closed.wait())], return_when=asyncio.FIRST_COMPLETED)
        welcoming.cancel()
        await asyncio.gather(welcoming, return_exceptions=True)
        self._socket.close()
        await server.shutdown(1.0)
        for guest in self._guests.values():
            _cut(guest.transport)

    async def _welcome_all(self, server: web.Server) -> None:
        async with asyncio.TaskGroup() as welcomes:
            while True:
                found = await self._accept()
                if found is not None:
                    welcomes.create_task(self._welcome(server, *found))

    async def _accept(self) -> tuple[socket.socket, str] | None:
        try:
            connection, (address, *_) = await self._loop.sock_accept(self._socket)
        except OSError as error:  # no descriptors left, for a moment
            _log.warning("the desk cannot accept a connection: %s", error)
            await asyncio.sleep(0.1)
            return None
        if self._knocking[address] >= self._limits.knocking:
            connection.close()
            return None
        self._knocking[address] += 1
        return connection, address

    async def _welcome(self, server: web.Server, connection: socket.socket, address: str) -> None:
        """Shake hands, and keep the connection if its peer has room for one more."""
        try:
            transport, _ = await self._loop.connect_accepted_socket(
                server,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=self._limits.handshake_seconds,
                ssl_shutdown_timeout=2.0,
            )
            self._keep(transport)
        except OSError:  # ssl.SSLError is one
            connection.close()
        except Exception:  # noqa: BLE001 - one guest must not end the desk for all
            _log.exception("a connection to the desk failed")
            connection.close()
        finally:
            self._knocking[address] -= 1
            if not self._knocking[address]:
                del self._knocking[address]

    def _keep(self, transport: asyncio.BaseTransport) -> None:
        try:
            guest = self._guest(transport)
        except Refused:
            _cut(transport)
            return
        self._guests = {there: kept for there, kept in self._guests.items() if not there.is_closing()}
        if sum(kept.peer == guest.peer for kept in self._guests.values()) > self._limits.connections:
            self._guests.pop(transport, None)
            _cut(transport)
            return
        self._loop.call_later(self._limits.request_seconds, _cut_if_silent, guest)

    def _guest(self, transport: asyncio.BaseTransport) -> _Guest:
        guest = self._guests.get(transport)
        if guest is None:
            peer = peer_of(transport.get_extra_info("ssl_object"))
            guest = self._guests[transport] = _Guest(transport=transport, peer=peer, since=self._loop.time())
        return guest

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.transport is None:
            raise ConnectionResetError
        try:
            guest = self._guest(request.transport)
        except Refused as refusal:
            return _response(403, {"error": refusal.word, "message": refusal.message})
        guest.asked = True
        try:
            raw = await self._body(request)
        except Invalid as error:
            return _response(422, {"error": error.word, "message": error.message}, last=True)
        status, content = await self._answers.answer(guest.peer, f"{request.method} {request.raw_path}", raw)
        old = self._loop.time() - guest.since > self._limits.connection_seconds
        return _response(status, content, last=old)

    async def _body(self, request: web.BaseRequest) -> bytes:
        try:
            async with asyncio.timeout(self._limits.request_seconds):
                raw = await request.read()
        except (TimeoutError, web.HTTPRequestEntityTooLarge) as error:
            raise Invalid("The request is too large or too slow.", field="body") from error
        if len(raw) > LARGEST_BODY:
            raise Invalid("The request is too large.", field="body")
        return raw


def _response(status: int, content: dict[str, Any], *, last: bool = False) -> web.Response:
    response = web.Response(status=204) if status == 204 else web.json_response(content, status=status)
    if last:
        response.force_close()
    return response


def _cut(transport: asyncio.BaseTransport) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _cut_if_silent(guest: _Guest) -> None:
    if not guest.asked:
        _cut(guest.transport)
