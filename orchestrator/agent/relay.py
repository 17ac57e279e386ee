"""One session's way to one granted database: a place of its own where the agent, not the kernel, holds the password."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Coroutine
from typing import Any

from ..core.errors import NotPossible, OrchestratorError
from .places import RelayPlace
from .postgres import (
    CancelRequest,
    Server,
    Startup,
    connect,
    error_response,
    message,
    open_server,
    read_message,
    read_startup,
)

__all__ = ["USER", "DatabaseRelay"]

USER = "researcher"
"""The one user name that a relay accepts; the database name is the dataset's name."""

_STARTUP_SECONDS = 10.0
_MOST_CONNECTIONS = 16
_BLOCK = 1 << 16


class DatabaseRelay:
    """Listens at ``place`` and logs in to the server with a role drawn for this session."""

    def __init__(self, place: RelayPlace, *, name: str, server: Server, user: str, password: str) -> None:
        self._place = place
        self._name = name
        self._server = server
        self._user = user
        self._password = password
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._keys: set[bytes] = set()

    @property
    def address(self) -> str:
        """Where the session finds it."""
        return self._place.address

    async def open(self) -> None:
        """Begin to listen."""
        try:
            self._listener = await self._place.listen(self._accept)
        except OSError as error:
            self._place.leave()
            raise NotPossible(f"Nobody can listen at {self.address} ({error.strerror}): try again.") from error
        except BaseException:
            self._place.leave()
            raise

    async def close(self) -> None:
        """Stop listening and end every connection. Repeatable."""
        if self._listener is not None:
            self._listener.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._place.leave()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_STARTUP_SECONDS):
                asked = await read_startup(reader, writer)
                if isinstance(asked, CancelRequest):
                    await self._cancel(asked)
                    return
                self._check(asked)
                server = await connect(self._server, self._user, self._password, _passed_on(asked))
            await self._relay(asked, reader, writer, *server)
        except _NotThisOne as refusal:
            writer.write(error_response(refusal.code, str(refusal)))
        except OrchestratorError as error:
            writer.write(error_response("08004", error.message))
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            writer.write(
                error_response("08006", "The database could not be reached: try again, then tell the operator.")
            )
        finally:
            await _end(writer)

    def _check(self, asked: Startup) -> None:
        user, database = asked.parameters.get("user", ""), asked.parameters.get("database", "")
        if len(self._tasks) > _MOST_CONNECTIONS:
            raise _NotThisOne("53300", f"A session may hold {_MOST_CONNECTIONS} connections: close some.")
        if user != USER:
            raise _NotThisOne("28000", f"Log in here as “{USER}”: no other user name is accepted.")
        if database != self._name:
            raise _NotThisOne("3D000", f"The only database here is “{self._name}”.")
        if "replication" in asked.parameters:
            raise _NotThisOne("28000", "Replication is not possible here.")

    async def _cancel(self, request: CancelRequest) -> None:
        if request.key not in self._keys:
            return
        _, upstream = await open_server(self._server)
        upstream.write(struct.pack("!II", 8 + len(request.key), 80877102) + request.key)
        await upstream.drain()
        await _end(upstream)

    async def _relay(
        self,
        asked: Startup,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream_reader: asyncio.StreamReader,
        upstream: asyncio.StreamWriter,
    ) -> None:
        key = b""
        try:
            if asked.minor:
                writer.write(message(b"v", struct.pack("!II", 196608, 0)))
            writer.write(message(b"R", struct.pack("!I", 0)))
            kind = b""
            while kind not in {b"Z", b"E"}:
                async with asyncio.timeout(_STARTUP_SECONDS):
                    kind, body = await read_message(upstream_reader)
                if kind == b"K":
                    key = body
                    self._keys.add(key)
                writer.write(message(kind, body))
            await writer.drain()
            await _first_to_end(_pass(reader, upstream), _pass(upstream_reader, writer))
        finally:
            self._keys.discard(key)
            await _end(upstream)


class _NotThisOne(Exception):
    """The client asked for something that this relay does not offer; ``code`` is PostgreSQL's."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def _passed_on(asked: Startup) -> dict[str, str]:
    own = {"user", "database", "replication"}
    return {name: value for name, value in asked.parameters.items() if name not in own and not name.startswith("_pq_.")}


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while block := await source.read(_BLOCK):
            target.write(block)
            await target.drain()


async def _first_to_end(*ways: Coroutine[Any, Any, None]) -> None:
    """Run both ways until one has ended, so that a server's end is the client's end and the other way round."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _end(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        writer.close()
        async with asyncio.timeout(1.0):
            await writer.wait_closed()
