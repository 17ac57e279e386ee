"""Reaches a unix socket in a directory that somebody else may write to, without being led elsewhere by a link.

A kernel owns the directory of its server's socket: it may put a link to the gate's own control socket there. So the
way from the trusted root down is opened without following links, and the connection goes to what was opened.
"""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.client_exceptions import UnixClientConnectorError

from orchestrator.core.errors import Refused

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.tracing import Trace

__all__ = ["SocketConnector", "open_socket", "unix_session"]


def open_socket(root: Path, path: Path) -> int:
    """Return an ``O_PATH`` descriptor of the socket ``path`` below ``root``; the caller closes it.

    Raises ``Refused`` when ``path`` leaves ``root``, passes through a link or is no socket; ``OSError`` when absent.
    """
    try:
        parts = path.relative_to(root).parts
    except ValueError:
        raise Refused(f"The socket {path.name} is outside its directory and was not opened.") from None
    if not parts or ".." in parts:
        raise Refused(f"The socket {path.name} is outside its directory and was not opened.")
    descriptor = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in parts:
        parent = descriptor
        try:
            descriptor = os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        finally:
            os.close(parent)
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Refused(f"{path.name} is not a socket but a link or a file, and was not opened.")
    return descriptor


class SocketConnector(aiohttp.UnixConnector):
    """Connects to one socket below a trusted root, looking again for links at every connection."""

    def __init__(self, *, root: Path, path: Path, keepalive_seconds: float = 60.0) -> None:
        super().__init__(path=str(path), limit=0, keepalive_timeout=keepalive_seconds)
        self._root = root
        self._target = path

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],  # noqa: ARG002
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> ResponseHandler:
        try:
            descriptor = open_socket(self._root, self._target)
        except OSError as error:
            raise UnixClientConnectorError(self.path, req.connection_key, error) from error
        except Refused as refusal:
            raise UnixClientConnectorError(self.path, req.connection_key, OSError(refusal.message)) from refusal
        try:
            async with asyncio.timeout(timeout.sock_connect):
                _, protocol = await self._loop.create_unix_connection(self._factory, f"/proc/self/fd/{descriptor}")
        except (OSError, TimeoutError) as error:
            cause = error if isinstance(error, OSError) else OSError(str(error))
            raise UnixClientConnectorError(self.path, req.connection_key, cause) from error
        finally:
            os.close(descriptor)
        return protocol


def unix_session(*, root: Path, path: Path, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
    """Return a client for the socket ``path`` that keeps no cookies and changes nothing of what passes through."""
    return aiohttp.ClientSession(
        connector=SocketConnector(root=root, path=path),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=timeout,
        read_bufsize=256 * 1024,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
