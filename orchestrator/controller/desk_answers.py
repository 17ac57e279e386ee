"""What each peer of the desk may ask, and how many threads its questions may hold at once."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from orchestrator.adapters.channel import Peer
from orchestrator.core.errors import NotFound, Refused

from .desk import DeskParts, ProjectDesk, answer_in_words, object_from

__all__ = ["Answers", "DeskLimits"]

_MAY = {
    "gate": re.compile(r"GET /admission|POST /tickets/redeem"),
    "hub": re.compile(r"GET /admission|POST /activity|POST /sessions|(GET|DELETE) /sessions/[a-z2-7]{16}"),
}
"""What each part may ask. The hub asks for the list too: it signs nobody on who is not on it."""

_LONG = re.compile(r"POST /sessions|DELETE /sessions/.*")
"""What may take long, because pods are started or ended; it has threads of its own."""


@dataclass(frozen=True, kw_only=True)
class DeskLimits:
    """What strangers and peers may take up."""

    handshake_seconds: float = 10.0
    request_seconds: float = 10.0
    """For the first request to begin, and for each one's content to arrive."""
    connection_seconds: float = 600.0
    """After that a connection is closed, so that certificates are looked at again."""
    knocking: int = 32
    """Unfinished handshakes from one address."""
    connections: int = 32
    """Connections of one peer."""
    threads: int = 16
    long_threads: int = 32
    at_once: int = 4
    long_at_once: int = 2
    """Requests of one peer that hold a thread."""


class Answers:
    """Answers whole requests in a limited number of threads, of which no peer takes more than its share."""

    def __init__(self, parts: DeskParts, limits: DeskLimits) -> None:
        self._parts = parts
        self._pools = {
            False: ThreadPoolExecutor(limits.threads, thread_name_prefix="desk"),
            True: ThreadPoolExecutor(limits.long_threads, thread_name_prefix="desk-long"),
        }
        self._shares = {
            False: defaultdict[Peer, asyncio.Semaphore](lambda: asyncio.Semaphore(limits.at_once)),
            True: defaultdict[Peer, asyncio.Semaphore](lambda: asyncio.Semaphore(limits.long_at_once)),
        }

    async def answer(self, peer: Peer, wanted: str, raw: bytes) -> tuple[int, dict[str, Any]]:
        """Return the status and content for ``METHOD /path``, asked by this peer."""
        long = _LONG.fullmatch(wanted) is not None
        step: Callable[[], tuple[int, dict[str, Any]]] = lambda: self._ask(peer, wanted, raw)  # noqa: E731
        async with self._shares[long][peer]:
            return await asyncio.get_running_loop().run_in_executor(self._pools[long], answer_in_words, step)

    def close(self) -> None:
        """Finish what was begun."""
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, peer: Peer, wanted: str, raw: bytes) -> tuple[int, dict[str, Any]]:
        may = _MAY.get(peer.part)
        if may is None or not may.fullmatch(wanted):
            raise Refused(f"The {peer.part} may not ask that of the desk.")
        if not self._awake(peer.project_id):
            raise Refused("This project has no open workspace.")
        method, _, path = wanted.partition(" ")
        return ProjectDesk(peer.project_id, self._parts).answer(method, path, object_from(raw))

    def _awake(self, project_id: str) -> bool:
        try:
            return self._parts.register.workspace(project_id).awake
        except NotFound:
            return False
