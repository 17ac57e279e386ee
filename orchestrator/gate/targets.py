"""Where a route may lead. The hub says where a server is, and a captured hub may say anything: it is judged here."""

from __future__ import annotations

import os
import re
import socket
from contextlib import closing
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path
from urllib.parse import unquote

import aiohttp

from orchestrator.adapters.addresses import Address, TcpAddress, tcp_session
from orchestrator.adapters.unixsocket import unix_session
from orchestrator.core.errors import Invalid, Refused

__all__ = ["PodTarget", "SocketTarget", "Target", "hub_target", "server_target"]

SERVER_PORT = 8888
"""The one port at which a server's pod may be asked."""

_UNIX = "http+unix://"
_PORT = re.compile(r":\d+\Z")
_POD = re.compile(r"http://([0-9.]{7,15}):([0-9]{1,5})/?")
_DEADLINE = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=300)


@dataclass(frozen=True, kw_only=True)
class SocketTarget:
    """A unix socket below a directory that is trusted."""

    root: Path
    socket: Path

    def client(self) -> aiohttp.ClientSession:
        """Return a client that reaches this socket and nothing else."""
        return unix_session(root=self.root, path=self.socket, timeout=_DEADLINE)


@dataclass(frozen=True, kw_only=True)
class PodTarget:
    """A port at an IP address; no name is ever looked up."""

    host: str
    port: int

    def client(self) -> aiohttp.ClientSession:
        """Return a client that reaches this address and nothing else."""
        return tcp_session(host=self.host, port=self.port, timeout=_DEADLINE)


Target = SocketTarget | PodTarget


def hub_target(target: str, *, hub: Address) -> Target:
    """Return the hub's own place, if that is what the target means."""
    if isinstance(hub, TcpAddress):
        if target.rstrip("/") != str(hub):
            raise Refused("The route “/” may lead to the hub's own address only.")
        return PodTarget(host=hub.host, port=hub.port)
    root, found = _real(_socket_of(target), root=hub.parent)
    if found != root / hub.name:
        raise Refused("The route “/” may lead to the hub's own socket only.")
    return SocketTarget(root=root, socket=found)


def server_target(target: str, *, servers: Path | tuple[IPv4Network, ...]) -> Target:
    """Return a place where a person's server may be, if that is what the target means."""
    if not isinstance(servers, Path):
        return _pod_of(target, servers)
    root, found = _real(_socket_of(target), root=servers)
    if not found.is_relative_to(root) or found == root:
        raise Refused("A person's route may lead to a socket in the directory of servers only.")
    return SocketTarget(root=root, socket=found)


def _real(found: Path, *, root: Path) -> tuple[Path, Path]:
    return Path(os.path.realpath(root)), Path(os.path.realpath(found.parent)) / found.name


def _socket_of(target: str) -> Path:
    if not target.startswith(_UNIX):
        raise Refused("A route may lead to a unix socket only (http+unix://…).")
    quoted = _PORT.sub("", target.removeprefix(_UNIX).rstrip("/"))
    path = Path(unquote(quoted))
    if not path.is_absolute() or "\x00" in str(path) or ".." in path.parts:
        raise Invalid("A route's socket must be an absolute path.", field="target")
    return path


def _pod_of(target: str, networks: tuple[IPv4Network, ...]) -> PodTarget:
    found = _POD.fullmatch(target)
    if found is None:
        raise Refused("A person's route may lead to a pod only (http://ADDRESS:8888).")
    try:
        address = IPv4Address(found[1])
    except AddressValueError:
        raise Invalid("A person's route needs an IP address as it is usually written.", field="target") from None
    if found[2] != str(SERVER_PORT):
        raise Refused(f"A person's server is asked at port {SERVER_PORT} only.")
    homes = [network for network in networks if address in network]
    if not homes or _never(address, homes) or _is_own(address):
        raise Refused("A person's route may lead to a pod in the cluster's networks of pods only.")
    return PodTarget(host=str(address), port=SERVER_PORT)


def _never(address: IPv4Address, homes: list[IPv4Network]) -> bool:
    """Tell whether no pod can have this address, however wide the networks were written.

    Loopback counts only where a network that lies within it was named on purpose, as tests on one machine do.
    """
    loopback = address.is_loopback and not any(network.is_loopback for network in homes)
    strange = address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved
    return loopback or strange


def _is_own(address: IPv4Address) -> bool:
    """Tell whether the address is this pod's own: the system would then also speak from it. Nothing is sent."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect((str(address), SERVER_PORT))
        except OSError:
            return False
        return str(probe.getsockname()[0]) == str(address)
