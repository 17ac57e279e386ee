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

from ..core.errors import OrchestratorError
from .configuration import Configuration, PodConfiguration, read_configuration
from .grounds import Standing, on_machine, within_pod
from .holdings import Holdings

__all__ = ["main"]

_PR_SET_DUMPABLE = 4
_IDENTITY_SECONDS = 60.0
_EXPIRE_SECONDS = 0.5


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


async def _run(configuration: Configuration | PodConfiguration) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stands = within_pod if isinstance(configuration, PodConfiguration) else on_machine
    standing: Standing = stands(configuration, stop)  # type: ignore[arg-type]
    await standing.listen()
    expiring = loop.create_task(_expire(standing.holdings))
    try:
        await _watch(standing.holdings, stop, configuration.check_seconds)
    finally:
        expiring.cancel()
        await standing.holdings.drop_all()
        await standing.leave()


async def _expire(holdings: Holdings) -> None:
    """End what has run out also while Vault is slow to answer."""
    while True:
        await asyncio.sleep(_EXPIRE_SECONDS)
        try:
            await holdings.expire()
        except Exception:
            logging.exception("what has run out could not be ended: it is tried again")


async def _watch(holdings: Holdings, stop: asyncio.Event, seconds: float) -> None:
    """Look at the leases again and again; end without an identity, or when it is gone for good."""
    started = asyncio.get_running_loop().time()
    pause = 0.0 if holdings.identity.comes_back else seconds
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
        pause = seconds
        if not await holdings.check():
            logging.warning("the agent's identity has ended: everything is wiped")
            return
        waits = not holdings.identified and not holdings.identity.comes_back
        if waits and asyncio.get_running_loop().time() - started > _IDENTITY_SECONDS:
            logging.warning("the agent was given no identity")
            return


if __name__ == "__main__":
    sys.exit(main())
