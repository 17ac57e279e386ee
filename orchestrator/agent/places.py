"""Where a session finds a database: a unix socket of its own on one machine, a port of its own between pods."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ..core.errors import Invalid, NotPossible
from ..core.ids import check_id
from ..core.sockets import LONGEST_SOCKET_PATH

__all__ = ["Accept", "PortPlaces", "RelayPlace", "RelayPlaces", "SocketPlaces"]

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]


class RelayPlace(Protocol):
    """One place to listen at. ``address`` is what the session is told."""

    @property
    def address(self) -> str:
        """Return the socket's directory, or ``host:port``."""

    async def listen(self, accept: Accept) -> asyncio.Server:
        """Begin to listen; nobody was listening here before."""

    def leave(self) -> None:
        """Remove what listening left, when it has ended. Repeatable."""


class RelayPlaces(Protocol):
    """Gives every session and database a place of its own."""

    def place(self, session_id: str, name: str) -> RelayPlace:
        """Return a place that nobody else has."""

    def leave(self, session_id: str) -> None:
        """Remove what was made for a session as a whole. Repeatable."""


class SocketPlaces:
    """``directory/SESSION/NAME/.s.PGSQL.5432``. ``group`` may reach them where the agent runs as root."""

    def __init__(self, directory: Path, *, group: int | None) -> None:
        self._directory = directory
        self._group = group

    def place(self, session_id: str, name: str) -> RelayPlace:
        """Return the session's directory for one database."""
        return _SocketPlace(self._directory / check_id(session_id, field="session_id") / name, group=self._group)

    def leave(self, session_id: str) -> None:
        """Remove the session's directory when it is empty."""
        with contextlib.suppress(OSError):
            (self._directory / check_id(session_id, field="session_id")).rmdir()


class _SocketPlace:
    def __init__(self, directory: Path, *, group: int | None) -> None:
        self._directory = directory
        self._socket = directory / ".s.PGSQL.5432"
        self._group = group

    @property
    def address(self) -> str:
        return str(self._directory)

    async def listen(self, accept: Accept) -> asyncio.Server:
        """Listen; the directory and the socket are the session's alone."""
        if len(os.fsencode(self._socket)) > LONGEST_SOCKET_PATH:
            raise Invalid(
                f"The path {self._socket} is too long for a socket: choose a shorter state directory.", field="state"
            )
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o750)
        self._socket.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(accept, path=self._socket)
        self._socket.chmod(0o660)
        if self._group is not None and os.geteuid() == 0:
            for path, mode in ((self._socket, 0o660), (self._directory, 0o750), (self._directory.parent, 0o750)):
                os.chown(path, -1, self._group)
                path.chmod(mode)
        return server

    def leave(self) -> None:
        self._socket.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._directory.rmdir()


class PortPlaces:
    """Ports of a range at the pod's address, each given to one session and database, the longest unused one first."""

    def __init__(self, host: str, ports: tuple[int, int]) -> None:
        self.host = host
        self._free = list(range(ports[0], ports[1] + 1))

    def place(self, session_id: str, name: str) -> RelayPlace:  # noqa: ARG002
        """Return a port that nobody has."""
        if not self._free:
            raise NotPossible("All database ports of this workspace are in use: end a session that is not needed.")
        return _PortPlace(self.host, self._free.pop(0), self._free)

    def leave(self, session_id: str) -> None:
        """Do nothing: a port belongs to one database, not to the session as a whole."""


class _PortPlace:
    def __init__(self, host: str, port: int, free: list[int]) -> None:
        self._host = host
        self._port = port
        self._free = free
        self._left = False

    @property
    def address(self) -> str:
        return f"[{self._host}]:{self._port}" if ":" in self._host else f"{self._host}:{self._port}"

    async def listen(self, accept: Accept) -> asyncio.Server:
        return await asyncio.start_server(accept, host=self._host, port=self._port)

    def leave(self) -> None:
        if not self._left:
            self._left = True
            self._free.append(self._port)
