"""``python -m orchestrator.agent CONFIG``: run one project's dataset agent until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import resource
import signal
import sys
from pathlib import Path

from aiohttp import web

from ..core.errors import OrchestratorError
from .configuration import Configuration, read_configuration
from .control import application
from .holdings import Holdings

__all__ = ["main"]

_PR_SET_DUMPABLE = 4
_IDENTITY_SECONDS = 60.0


def main() -> int:
    """Run the agent; return its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if len(sys.argv) != 2:
        logging.error("usage: python -m orchestrator.agent CONFIG")
        return 2
    _keep_memory_private()
    try:
        asyncio.run(_run(read_configuration(Path(sys.argv[1]))))
    except OrchestratorError as error:
        logging.error("%s", error.message)
        return 1
    return 0


def _keep_memory_private() -> None:
    """No core file, no tracing by the same user, and files for the owner alone unless opened to the group."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


async def _run(configuration: Configuration) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    holdings = Holdings(configuration)
    runner = web.AppRunner(application(holdings, stop), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    configuration.control_socket.unlink(missing_ok=True)
    await web.UnixSite(runner, str(configuration.control_socket)).start()
    configuration.control_socket.chmod(0o600)
    try:
        await _watch(holdings, stop, configuration.check_seconds)
    finally:
        await holdings.drop_all()
        configuration.control_socket.unlink(missing_ok=True)
        await runner.cleanup()


async def _watch(holdings: Holdings, stop: asyncio.Event, seconds: float) -> None:
    """Look at the leases again and again; end without an identity, or when it is gone."""
    started = asyncio.get_running_loop().time()
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
        if not await holdings.check():
            logging.warning("the agent's identity has ended: everything is wiped")
            return
        if not holdings.identified and asyncio.get_running_loop().time() - started > _IDENTITY_SECONDS:
            logging.warning("the agent was given no identity")
            return


if __name__ == "__main__":
    sys.exit(main())
