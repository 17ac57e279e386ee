"""Tells the controller which sessions work, by asking each server for its kernels: long jobs are not to be ended."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp

from orchestrator.adapters.desk import Desk
from orchestrator.adapters.unixsocket import unix_session
from orchestrator.core.clock import Clock
from orchestrator.core.errors import OrchestratorError, Unavailable

__all__ = ["Activity", "Running", "ask_server", "read_kernels", "report"]

_log = logging.getLogger("hub.activity")
_DEADLINE = aiohttp.ClientTimeout(total=5, sock_connect=2)
_LARGEST = 1024 * 1024
_UNIX = "http+unix://"


@dataclass(frozen=True, kw_only=True)
class Running:
    """One running server, as the hub knows it."""

    session: str
    person: str
    address: str
    """``http+unix://…`` or ``http://ADDRESS:PORT``, as the controller said."""
    token: str


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What a server's kernels do."""

    busy: bool
    last_activity: datetime


async def report(*, running: Iterable[Running], desk: Desk, clock: Clock) -> None:
    """Ask every server and tell the desk; one that does not answer is not reported, so nothing is invented."""
    await asyncio.gather(*(_report_one(server, desk, clock) for server in running))


async def _report_one(server: Running, desk: Desk, clock: Clock) -> None:
    try:
        if not await _still_there(server, desk):
            return
        activity = read_kernels(await ask_server(server), now=clock())
        await desk.report_activity(session=server.session, busy=activity.busy, last_activity=activity.last_activity)
    except OrchestratorError as error:
        _log.warning("no activity of session %s: %s", server.session, error.message)


async def _still_there(server: Running, desk: Desk) -> bool:
    """Say whether the session still has its address: another's pod may get it, and must not be shown the token."""
    seen = await desk.session(server.session)
    return seen.state == "running" and seen.address == server.address


async def ask_server(server: Running) -> Any:
    """Return the server's own list of kernels. It is the researcher's process: whatever it says is only believed."""
    try:
        async with _client(server.address) as client:
            origin = "http://server" if server.address.startswith(_UNIX) else server.address
            url = f"{origin}/user/{server.person}/api/kernels"
            headers = {"Authorization": f"token {server.token}", "Accept": "application/json"}
            async with client.get(url, headers=headers, allow_redirects=False) as answer:
                text = await answer.content.read(_LARGEST)
                if answer.status != 200:
                    raise Unavailable(f"The server answered {answer.status}.", system="server")
                return json.loads(text)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise Unavailable("The server does not answer.", system="server") from error


def _client(address: str) -> aiohttp.ClientSession:
    if not address.startswith(_UNIX):
        return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=_DEADLINE)
    socket = Path(unquote(address.removeprefix(_UNIX)))
    return unix_session(root=socket.parent.parent, path=socket, timeout=_DEADLINE)


def read_kernels(kernels: Any, *, now: datetime) -> Activity:
    """Return whether any kernel works, and when one last did (never later than ``now``)."""
    listed = [kernel for kernel in kernels if isinstance(kernel, dict)] if isinstance(kernels, list) else []
    busy = any(kernel.get("execution_state") == "busy" for kernel in listed)
    moments = [moment for kernel in listed if (moment := _moment(kernel.get("last_activity"))) is not None]
    return Activity(busy=busy, last_activity=now if busy else min(now, max(moments, default=now)))


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
