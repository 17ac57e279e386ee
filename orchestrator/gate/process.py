"""Puts a gate together and keeps it running until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from pathlib import Path

from aiohttp import web

from orchestrator.adapters.desk import Desk
from orchestrator.core.clock import Clock, system_clock
from orchestrator.core.errors import Invalid
from orchestrator.core.sockets import LONGEST_SOCKET_PATH

from .configuration import GateConfiguration
from .control import control_application, routes_application
from .front import Front
from .judge import Limits
from .keeper import Keeper
from .meter import Meter
from .people import Admissions, Sessions
from .upstream import Upstreams

__all__ = ["Gate", "run"]

_log = logging.getLogger("gate")
_LOOPBACK = "127.0.0.1"


class Gate:
    """One running gate: a public port, two private sockets, and the tasks that keep its list fresh."""

    def __init__(
        self, configuration: GateConfiguration, *, clock: Clock = system_clock, limits: Limits | None = None
    ) -> None:
        self.configuration = configuration
        self.meter = Meter()
        self.desk = Desk(configuration.desk_socket)
        self.upstreams = Upstreams(hub_socket=configuration.hub_socket, server_directory=configuration.server_directory)
        self.keeper = Keeper(
            admissions=Admissions(clock=clock, monotonic=time.monotonic),
            sessions=Sessions(clock=clock),
            desk=self.desk,
        )
        self._front = Front(
            configuration=configuration, keeper=self.keeper, upstreams=self.upstreams, meter=self.meter, limits=limits
        )
        self._runners: list[web.BaseRunner] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen; closed until an admission list is there."""
        os.umask(0o177)
        control = control_application(keeper=self.keeper, upstreams=self.upstreams, meter=self.meter)
        routes = routes_application(upstreams=self.upstreams, generation=self.meter.generation)
        await self._listen_private(
            web.AppRunner(control, access_log=None, shutdown_timeout=1), self.configuration.control_socket
        )
        await self._listen_private(
            web.AppRunner(routes, access_log=None, shutdown_timeout=1), self.configuration.routes_socket
        )
        public = web.ServerRunner(
            web.Server(self._front.handle, access_log=None, keepalive_timeout=75.0), shutdown_timeout=1
        )
        await public.setup()
        self._runners.append(public)
        await web.TCPSite(public, _LOOPBACK, self.configuration.port).start()
        self._tasks = [asyncio.create_task(self.keeper.poll()), asyncio.create_task(self.keeper.watch())]
        _log.info("gate of %s listens at %s", self.configuration.project_id, self.configuration.origin)

    async def stop(self) -> None:
        """End every session and listener. Kernels live on; they are not the gate's."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in self.keeper.sessions.all():
            await self.keeper.leave(session)
        for runner in self._runners:
            await runner.cleanup()
        await self.upstreams.close()
        await self.desk.close()

    async def _listen_private(self, runner: web.AppRunner, socket: Path) -> None:
        if len(os.fsencode(socket)) > LONGEST_SOCKET_PATH:
            raise Invalid(
                f"The socket path {socket} is longer than {LONGEST_SOCKET_PATH} bytes; "
                "choose a shorter state directory.",
                field="configuration",
            )
        _remove_stale(socket)
        await runner.setup()
        self._runners.append(runner)
        await web.UnixSite(runner, str(socket)).start()


def _remove_stale(socket: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if socket.is_socket():
            socket.unlink()


async def run(configuration: GateConfiguration) -> None:
    """Run a gate until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gate = Gate(configuration)
    await gate.start()
    try:
        await stop.wait()
    finally:
        await gate.stop()
