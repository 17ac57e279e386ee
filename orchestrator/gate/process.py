"""Puts a gate together and keeps it running until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import ssl
import time
from pathlib import Path

from aiohttp import web

from orchestrator.adapters.addresses import Address, TcpAddress
from orchestrator.adapters.channel import Channel, server_context
from orchestrator.adapters.desk import Desk
from orchestrator.core.clock import Clock, system_clock

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


class Gate:
    """One running gate: a public port, two private places, and the tasks that keep its list fresh."""

    def __init__(
        self, configuration: GateConfiguration, *, clock: Clock = system_clock, limits: Limits | None = None
    ) -> None:
        self.configuration = configuration
        self.meter = Meter()
        self.desk = Desk(configuration.desk, channel=configuration.channel)
        self.upstreams = Upstreams(hub=configuration.hub, servers=configuration.servers)
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
        control = control_application(
            keeper=self.keeper,
            upstreams=self.upstreams,
            meter=self.meter,
            private=isinstance(self.configuration.control, TcpAddress),
        )
        routes = routes_application(upstreams=self.upstreams, generation=self.meter.generation)
        await self._listen(web.AppRunner(control, access_log=None, shutdown_timeout=1), self.configuration.control)
        await self._listen(web.AppRunner(routes, access_log=None, shutdown_timeout=1), self.configuration.routes_socket)
        public = web.ServerRunner(
            web.Server(self._front.handle, access_log=None, keepalive_timeout=75.0), shutdown_timeout=1
        )
        await self._listen(public, self.configuration.listen)
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

    async def _listen(self, runner: web.BaseRunner, place: Address) -> None:
        await runner.setup()
        self._runners.append(runner)
        if isinstance(place, TcpAddress):
            await web.TCPSite(runner, place.host, place.port, ssl_context=self._private(place)).start()
            return
        _remove_stale(place)
        await web.UnixSite(runner, str(place)).start()

    def _private(self, place: TcpAddress) -> ssl.SSLContext | None:
        channel = self.configuration.channel
        return server_context(Channel.at(channel)) if place.scheme == "https" and channel is not None else None


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
