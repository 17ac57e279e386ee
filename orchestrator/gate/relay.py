"""Passes one request on and its answer back, as a stream, through the rules for headers and sizes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from yarl import URL

from orchestrator.core.errors import Refused, Unavailable

from .configuration import GateConfiguration
from .cookies import gate_cookie
from .headers import content_type, location, own_headers, request_headers, response_headers
from .judge import Limits
from .meter import Meter
from .paths import Target
from .people import Session
from .routes import Side

__all__ = ["Exchange", "RequestRelay", "passed_headers"]

_CHUNK = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One judged request: who asks, what, and of whom."""

    request: web.BaseRequest
    target: Target
    side: Side
    session: Session
    client: aiohttp.ClientSession

    @property
    def url(self) -> URL:
        """The address for the client; marked as encoded, so that nothing of it is rewritten after judging."""
        return URL(f"http://upstream{self.target.raw}", encoded=True)


class _RunningAnswer:
    """An answer under way, which can be cut off."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._task = asyncio.current_task()

    async def end(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()
        if self._task is not None:
            self._task.cancel()


def passed_headers(exchange: Exchange, configuration: GateConfiguration) -> dict[str, str]:
    """Return the headers that go on; only the hub learns who asks, and only from this gate."""
    own = {"Content-Type": "application/json"} if exchange.request.headers.get("Content-Length", "0") != "0" else {}
    if exchange.side is Side.HUB:
        own |= {"X-Tre-Person": exchange.session.person, "X-Tre-Gate": configuration.hub_secret}
    if configuration.secure:
        own["X-Forwarded-Proto"] = "https"
    return request_headers(
        exchange.request.headers,
        authority=configuration.authority,
        cookie=exchange.session.jar.header(exchange.side),
        own=own,
    )


class RequestRelay:
    """Passes plain requests on."""

    def __init__(self, *, configuration: GateConfiguration, meter: Meter, limits: Limits) -> None:
        self._configuration = configuration
        self._meter = meter
        self._limits = limits

    async def pass_on(self, exchange: Exchange) -> web.StreamResponse:
        """Send the request on and stream the answer back; ``Unavailable`` when nobody answers."""
        running = _RunningAnswer(exchange.request)
        exchange.session.connections.add(running)
        try:
            async with self._ask(exchange) as answer:
                return await self._answer(exchange, answer)
        finally:
            exchange.session.connections.discard(running)

    @asynccontextmanager
    async def _ask(self, exchange: Exchange) -> AsyncIterator[aiohttp.ClientResponse]:
        request = exchange.request
        body = self._body(exchange) if request.headers.get("Content-Length", "0") != "0" else None
        asking = exchange.client.request(
            request.method,
            exchange.url,
            headers=passed_headers(exchange, self._configuration),
            data=body,
            allow_redirects=False,
        )
        try:
            answer = await asking
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Unavailable("The workspace does not answer at present.", system=exchange.side.value) from error
        try:
            yield answer
        finally:
            answer.release()

    async def _body(self, exchange: Exchange) -> AsyncIterator[bytes]:
        async for chunk in exchange.request.content.iter_chunked(_CHUNK):
            self._meter.from_browser(exchange.session.person, len(chunk))
            yield chunk

    async def _answer(self, exchange: Exchange, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        if (answer.content_length or 0) > self._limits.answer:
            raise Refused(f"This is larger than {self._limits.answer // 1024 // 1024} MB and is not sent to a browser.")
        response = web.StreamResponse(status=answer.status, headers=self._headers(exchange, answer))
        await response.prepare(exchange.request)
        if exchange.request.method != "HEAD":
            await self._stream(exchange, answer, response)
        await response.write_eof()
        return response

    def _headers(self, exchange: Exchange, answer: aiohttp.ClientResponse) -> dict[str, str]:
        headers = {**response_headers(answer.headers), **own_headers(scripts=True)}
        if answer.status not in {204, 304} and not 300 <= answer.status < 400:
            headers["Content-Type"] = content_type(answer.headers.get("Content-Type"))
        if "Location" in answer.headers:
            portal = self._configuration.portal_url if exchange.side is Side.HUB else None
            headers["Location"] = location(
                answer.headers["Location"], origin=self._configuration.origin, portal_url=portal
            )
        copied = exchange.session.jar.take(exchange.side, answer.headers.getall("Set-Cookie", []))
        if copied is not None and exchange.side is Side.SERVER:
            path = f"/user/{exchange.session.person}/"
            headers["Set-Cookie"] = gate_cookie(
                "_xsrf", copied, secure=self._configuration.secure, path=path, hidden=False
            )
        return headers

    async def _stream(self, exchange: Exchange, answer: aiohttp.ClientResponse, response: web.StreamResponse) -> None:
        sent = 0
        try:
            async for chunk in answer.content.iter_any():
                sent += len(chunk)
                if sent > self._limits.answer:
                    raise aiohttp.ClientPayloadError
                self._meter.to_browser(exchange.session.person, len(chunk))
                await response.write(chunk)
        except (aiohttp.ClientError, TimeoutError):
            answer.close()
            if exchange.request.transport is not None:
                exchange.request.transport.abort()
