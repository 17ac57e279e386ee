"""Which addresses the installation may call on the public network: resolved, all of them checked, and pinned."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore

from orchestrator.discovery.harvest.faults import Fault, FaultKind

__all__ = ["AddressGuard", "GuardedNetwork", "IpNetwork"]

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

_NEVER_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # special purposes
        "192.88.99.0/24",  # relays to IPv6
        "64:ff9b::/96",  # carries an IPv4 address
        "64:ff9b:1::/48",  # the same, for private use
        "2002::/16",  # 6to4: carries an IPv4 address
        "2001::/23",  # Teredo and others
        "fec0::/10",  # once site-local
        "::/96",  # once carried an IPv4 address
    )
)


def resolve(host: str, port: int) -> list[str]:
    """Return every address of a host name; raises ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))


@dataclass(frozen=True, kw_only=True)
class AddressGuard:
    """Knows which addresses may be called: public ones, and the networks that the settings allow explicitly."""

    allowed: tuple[IpNetwork, ...] = ()
    resolve: Resolve = field(default=resolve)

    def addresses(self, host: str, port: int, *, plain: bool) -> list[str]:
        """Return the addresses of a host if every single one may be called; raise ``Fault`` otherwise.

        Without TLS (``plain``) only addresses in the explicitly allowed networks may be called.
        """
        try:
            found = list(self.resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise Fault(FaultKind.NO_ANSWER, f"The name {host} cannot be resolved to an address.") from error
        if not found:
            raise Fault(FaultKind.NO_ANSWER, f"The name {host} has no address.")
        for text in found:
            if not self._may(ipaddress.ip_address(text), plain=plain):
                raise Fault(
                    FaultKind.FORBIDDEN_ADDRESS,
                    f"The name {host} leads to an address that is not on the public network"
                    + (", or is asked without TLS" if plain else "")
                    + "; nothing was asked there. An operator can allow a network explicitly "
                    "(harvest.allowed_networks).",
                )
        return found

    def _may(self, address: IpAddress, *, plain: bool) -> bool:
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if _within(address, self.allowed):
            return True
        if plain or not address.is_global or address.is_multicast or address.is_reserved:
            return False
        return not _within(address, _NEVER_PUBLIC)


def _within(address: IpAddress, networks: Iterable[IpNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


class GuardedNetwork(httpcore.NetworkBackend):
    """Connects to checked addresses only, whatever a name says a moment later, and never beyond a deadline."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._inner = httpcore.SyncBackend()
        self.deadline = 0.0
        """On the monotonic clock; set before each request."""
        self.plain = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of ``host`` that answers, after all of them were checked."""
        last: Exception | None = None
        for address in self._guard.addresses(host, port, plain=self.plain):
            try:
                stream = self._inner.connect_tcp(
                    address, port, timeout=self.left(timeout), local_address=local_address,
                    socket_options=socket_options,
                )  # fmt: skip
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                return _Timed(stream, self)
        raise last or httpcore.ConnectError("no address")

    def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.NetworkStream:  # noqa: ARG002
        """Refuse: nothing on this machine is called."""
        raise Fault(FaultKind.FORBIDDEN_ADDRESS, "Sockets of this machine are not asked.")

    def left(self, timeout: float | None) -> float:
        """Return how long a step may take: no longer than the whole request has left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole request took too long")
        return left if timeout is None else min(timeout, left)


class _Timed(httpcore.NetworkStream):
    """A connection whose every step ends at the deadline: one byte every few seconds is not for ever."""

    def __init__(self, inner: httpcore.NetworkStream, network: GuardedNetwork) -> None:
        self._inner = inner
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._network.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._network.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._network.left(timeout))
        return _Timed(inner, self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
