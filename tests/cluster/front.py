"""What an ingress controller does, in small: one port for all workspaces, led to each project's gate by the Host."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

from orchestrator.core.errors import OrchestratorError

_HEAD = 64 * 1024


class Front:
    """Listens on loopback from a thread of its own; ``gate_of`` gives host and port of a host name's gate."""

    def __init__(self, port: int, gate_of: Callable[[str], tuple[str, int] | None]) -> None:
        self._port = port
        self._gate_of = gate_of
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="front", daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Front:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=_HEAD))
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            try:
                gate = await asyncio.to_thread(self._gate_of, _host(head))
                far = await asyncio.wait_for(asyncio.open_connection(*gate), 5) if gate else None
            except (OSError, TimeoutError, OrchestratorError):
                far = None  # the service knows no pod yet, or no more
            if far is None:
                writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
            else:
                await _pipe(head, (reader, writer), far)
        writer.close()


_Way = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _pipe(head: bytes, near: _Way, far: _Way) -> None:
    far[1].write(head)
    ways = [asyncio.create_task(_copy(near[0], far[1])), asyncio.create_task(_copy(far[0], near[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        far[1].close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while block := await source.read(65536):
        target.write(block)
        await target.drain()


def _host(head: bytes) -> str:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"host":
            return value.strip().decode("ascii", "replace").rpartition(":")[0] or value.strip().decode("ascii")
    return ""
