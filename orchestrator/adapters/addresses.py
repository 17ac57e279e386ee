"""Where a part listens or is reached: a unix socket on one machine, or an address and a port between pods."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from orchestrator.core.errors import Invalid
from orchestrator.core.sockets import LONGEST_SOCKET_PATH

__all__ = ["Address", "TcpAddress", "read_address", "tcp_session"]

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_NAME = re.compile(r"[a-z0-9]([a-z0-9\-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9\-]*[a-z0-9])?)*")


@dataclass(frozen=True, kw_only=True)
class TcpAddress:
    """A port at a host, and how it is spoken to: ``http`` or, over the private channel, ``https``."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


Address = Path | TcpAddress


def read_address(text: Any, *, schemes: Collection[str], field: str, sockets: bool = True) -> Address:
    """Read ``/path/of.sock`` or ``SCHEME://HOST:PORT``, with one of the schemes that make sense for ``field``."""
    if sockets and isinstance(text, (str, Path)) and str(text).startswith("/"):
        if len(os.fsencode(str(text))) > LONGEST_SOCKET_PATH:
            raise Invalid(
                f"The socket path {text} is longer than {LONGEST_SOCKET_PATH} bytes; choose a shorter state directory.",
                field=field,
            )
        return Path(text)
    try:
        parts = urlsplit(str(text))
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme not in schemes or not host or not port or str(text) != f"{scheme}://{parts.netloc}" or parts.username:
        wanted = [*(["/path/of.sock"] if sockets else []), *(f"{scheme}://HOST:PORT" for scheme in sorted(schemes))]
        raise Invalid(f"“{text}” is no address; write it as {' or '.join(wanted)}.", field=field)
    return TcpAddress(scheme=scheme, host=_host(host, field), port=port)


def _host(host: str, field: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if not _NAME.fullmatch(host) or len(host) > 253:
            raise Invalid(f"“{host}” is neither an address nor a name.", field=field) from None
        return host


class _OnePlace(AbstractResolver):
    """Answers every name with one address and port, so that a client cannot be led anywhere else."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:  # noqa: ARG002
        version = ipaddress.ip_address(self._host).version
        kind = int(_FAMILIES[version])
        return [ResolveResult(hostname=host, host=self._host, port=self._port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        """Have nothing to give back."""


def tcp_session(*, host: str, port: int, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
    """Return a client that reaches ``host:port`` whatever name it asks, keeps no cookies and changes nothing."""
    connector = aiohttp.TCPConnector(
        resolver=_OnePlace(host, port), use_dns_cache=False, limit=0, keepalive_timeout=60.0, happy_eyeballs_delay=None
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=timeout,
        read_bufsize=256 * 1024,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
