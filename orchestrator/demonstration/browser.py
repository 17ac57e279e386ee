"""What a researcher's browser does: enters through the gate, starts the server, runs cells in a real kernel."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from orchestrator.core.errors import Refused, Unavailable

__all__ = ["CellOutput", "WorkspaceBrowser"]

_DEADLINE = aiohttp.ClientTimeout(total=60, connect=5)
_START_SECONDS = 90.0
_CELL_SECONDS = 120.0


class _Loopback(AbstractResolver):
    """Finds every ``*.localhost`` name on this machine, as browsers do (RFC 6761)."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        if host != "localhost" and not host.endswith(".localhost"):
            raise OSError(f"{host} is not on this machine")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family or 2, proto=0, flags=0)]

    async def close(self) -> None:
        return


class CellOutput:
    """What one cell printed, and the error it ended with, if any."""

    def __init__(self) -> None:
        self.text = ""
        self.error = ""


class WorkspaceBrowser:
    """One signed-in browser in one workspace. Use as an asynchronous context manager."""

    def __init__(self, enter_address: str) -> None:
        parts = urlsplit(enter_address)
        self._enter_address = enter_address
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._kernel = ""
        self._server = ""

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=_Loopback()),
            cookie_jar=aiohttp.CookieJar(),
            timeout=_DEADLINE,
            headers={"Origin": self._origin},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def enter(self) -> None:
        """Spend the ticket, let the hub start the server and wait until JupyterLab's page is there."""
        self._server = ""
        try:
            async with asyncio.timeout(_START_SECONDS):
                address = self._enter_address
                while not self._server:
                    # while the gate is being started again a person would press “reload”
                    with contextlib.suppress(aiohttp.ClientConnectorError):
                        address = await self._step(address)
                    await asyncio.sleep(0.3)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(
                f"The workspace did not become ready: {error or 'it took too long'}.", system="workspace"
            ) from error

    async def _step(self, address: str) -> str:
        """Load one page on the way; return which to load next, and remember the server when it is there."""
        async with self._client.get(address) as answer:
            text = await answer.text()
            path = answer.url.path
        if answer.status == 200 and "/lab" in path and "/user/" in path:
            self._server = self._origin + path[: path.index("/lab")]
        if answer.status in (400, 401, 403, 404):
            raise Refused(f"The workspace refused to open ({answer.status}): {_words(text)}")
        if answer.status == 503 and path.startswith("/_gate/"):
            return self._enter_address  # the page says: try again; the ticket was not spent
        return f"{self._origin}/hub/spawn" if "/spawn" not in path else f"{self._origin}{path}"

    async def start_kernel(self) -> None:
        """Start a kernel over the server's own API."""
        try:
            async with self._client.post(
                f"{self._server}/api/kernels", json={"name": "python3"}, headers=self._headers()
            ) as answer:
                if answer.status != 201:
                    raise Unavailable(f"No kernel was started ({answer.status}).", system="workspace")
                self._kernel = (await answer.json())["id"]
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"No kernel was started: {error}.", system="workspace") from error

    async def run(self, code: str) -> CellOutput:
        """Run one cell and return what it printed."""
        output = CellOutput()
        address = f"{self._server}/api/kernels/{self._kernel}/channels"
        try:
            async with self._client.ws_connect(address, max_msg_size=32 * 1024 * 1024) as socket:
                request = _execute_request(code)
                await socket.send_str(json.dumps(request))
                async with asyncio.timeout(_CELL_SECONDS):
                    while not await self._collect(socket, request["header"]["msg_id"], output):
                        pass
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"The kernel cannot be reached: {error}.", system="workspace") from error
        return output

    async def status(self, path: str) -> int:
        """Return what the gate answers to a plain GET below the person's server."""
        async with self._client.get(f"{self._server}{path}") as answer:
            return answer.status

    async def _collect(self, socket: aiohttp.ClientWebSocketResponse, asked: str, output: CellOutput) -> bool:
        message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise Unavailable(f"The kernel's socket closed ({socket.close_code}).", system="workspace")
        content = json.loads(message.data)
        if content.get("parent_header", {}).get("msg_id") != asked:
            return False
        kind, body = content["msg_type"], content["content"]
        if kind == "stream":
            output.text += body["text"]
        elif kind == "error":
            output.error = f"{body['ename']}: {body['evalue']}"
        return bool(kind == "status" and body["execution_state"] == "idle")

    def _headers(self) -> dict[str, str]:
        cookies = self._client.cookie_jar.filter_cookies(URL(f"{self._server}/"))
        token = cookies.get("_xsrf")
        return {"X-XSRFToken": token.value} if token else {}


def _execute_request(code: str) -> dict[str, Any]:
    return {
        "header": {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "session": uuid.uuid4().hex,
            "username": "",
            "version": "5.3",
        },
        "parent_header": {},
        "metadata": {},
        "channel": "shell",
        "content": {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        },
        "buffers": [],
    }


def _words(page: str) -> str:
    import re  # noqa: PLC0415

    text = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.S | re.I)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())[:300]
