"""The two grounds an agent stands on: one machine, with sockets and a given identity; a pod, with ports and a login."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiohttp import web

from ..adapters.channel import Channel, peer_of, server_context
from ..adapters.memory_volume import MemoryVolume
from ..adapters.vault.token import log_in
from ..core.errors import Refused, Unavailable
from .configuration import Configuration, PodConfiguration
from .control import application
from .holdings import Ground, Holdings
from .identity import GivenIdentity, LoggedInIdentity
from .places import PortPlaces, SocketPlaces

__all__ = ["Standing", "on_machine", "within_pod"]

_ADDRESS = "POD_ADDRESS"
"""The pod's own address, when the pod's description gives it; its hosts file knows it too."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An agent ready to listen, and how it leaves."""

    holdings: Holdings
    listen: Callable[[], Awaitable[None]]
    leave: Callable[[], Awaitable[None]]


def on_machine(configuration: Configuration, stop: asyncio.Event) -> Standing:
    """Stand on one machine: whoever can open the control socket is the controller."""
    ground = Ground(
        project_id=configuration.project_id,
        vault_address=configuration.vault_address,
        vault_certificate=configuration.vault_certificate,
        databases=configuration.databases,
        places=SocketPlaces(configuration.relay_directory, group=configuration.group),
    )
    volume = MemoryVolume(configuration.memory_directory, group=configuration.group)
    holdings = Holdings(ground, volume=volume, identity=GivenIdentity())
    runner = _runner(application(holdings, stop))
    return Standing(
        holdings=holdings,
        listen=partial(_listen_on_socket, runner, configuration.control_socket),
        leave=partial(_leave_socket, runner, configuration.control_socket),
    )


def within_pod(configuration: PodConfiguration, stop: asyncio.Event) -> Standing:
    """Stand in a pod: the controller proves by its certificate who it is, and nobody else is answered."""
    host = _own_address()
    ground = Ground(
        project_id=configuration.project_id,
        vault_address=configuration.vault_address,
        vault_certificate=configuration.vault_certificate,
        databases=configuration.databases,
        places=PortPlaces(host, configuration.relay_ports),
    )
    volume = MemoryVolume(
        configuration.data_directory, mounted=True, encrypted=configuration.data_protection == "encrypted"
    )
    login = configuration.vault_login
    identity = LoggedInIdentity(
        partial(
            log_in,
            configuration.vault_address,
            mount=login.mount,
            role=login.role,
            token_file=login.token_file,
            certificate=configuration.vault_certificate,
        )
    )
    holdings = Holdings(ground, volume=volume, identity=identity)
    runner = _runner(application(holdings, stop, admits=_from_the_controller))
    context = server_context(Channel.at(configuration.channel))
    return Standing(
        holdings=holdings,
        listen=partial(_listen_on_port, runner, host, configuration.control_port, context),
        leave=runner.cleanup,
    )


def _runner(application: web.Application) -> web.AppRunner:
    return web.AppRunner(application, access_log=None, shutdown_timeout=1.0)


async def _listen_on_socket(runner: web.AppRunner, path: Path) -> None:
    await runner.setup()
    path.unlink(missing_ok=True)  # noqa: ASYNC240 (nobody is served yet)
    await web.UnixSite(runner, str(path)).start()
    path.chmod(0o600)  # noqa: ASYNC240


async def _leave_socket(runner: web.AppRunner, path: Path) -> None:
    path.unlink(missing_ok=True)  # noqa: ASYNC240 (nobody is served any more)
    await runner.cleanup()


async def _listen_on_port(runner: web.AppRunner, host: str, port: int, context: ssl.SSLContext) -> None:
    await runner.setup()
    await web.TCPSite(runner, host, port, ssl_context=context).start()


def _from_the_controller(request: web.Request) -> bool:
    connection = request.transport.get_extra_info("ssl_object") if request.transport else None
    try:
        return peer_of(connection).part == "controller"
    except Refused:
        return False


def _own_address() -> str:
    """Return the address that the cluster gave this pod."""
    try:
        return os.environ.get(_ADDRESS) or socket.gethostbyname(socket.gethostname())
    except OSError as error:
        raise Unavailable(
            f"The agent does not know its own address: set {_ADDRESS} from the pod's status.", system="agent"
        ) from error
