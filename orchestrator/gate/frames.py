"""Writes many small messages to a browser at once: one write to the socket for all that already wait, not one each."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sized
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.abc import AbstractStreamWriter

__all__ = ["FrameWriter", "frame_header"]

_LARGE = 32 * 1024
_MOST = 128 * 1024
_FINAL = 0x80


def frame_header(kind: WSMsgType, length: int) -> bytes:
    """Return the header of a whole, unmasked websocket frame, as a server sends it (RFC 6455, section 5.2).

    >>> frame_header(WSMsgType.TEXT, 5).hex(), frame_header(WSMsgType.BINARY, 300).hex()
    ('8105', '827e012c')
    """
    first = _FINAL | int(kind)
    if length < 126:
        return struct.pack("!BB", first, length)
    if length < 65536:
        return struct.pack("!BBH", first, 126, length)
    return struct.pack("!BBQ", first, 127, length)


class FrameWriter:
    """Gathers frames while more messages wait in ``waiting``, and writes them when none does.

    Nothing is held back: whatever was gathered is written before the reader waits again. Control frames are the
    library's; they fall between two writes, which always end with a whole frame.
    """

    def __init__(
        self,
        sink: web.WebSocketResponse[Any],
        *,
        transport: asyncio.WriteTransport,
        writer: AbstractStreamWriter,
        waiting: Sized,
    ) -> None:
        self._sink = sink
        self._transport = transport
        self._writer = writer
        self._waiting = waiting
        self._gathered = bytearray()

    async def write(self, kind: WSMsgType, data: bytes) -> None:
        """Send one message, now or together with those that already wait behind it."""
        if len(data) > _LARGE:
            await self.flush()
            await self._sink.send_frame(data, kind)
            return
        self._gathered += frame_header(kind, len(data))
        self._gathered += data
        if not self._waiting or len(self._gathered) > _MOST:
            await self.flush()

    async def flush(self) -> None:
        """Write what was gathered, and wait while the browser does not read."""
        if not self._gathered:
            return
        gathered, self._gathered = self._gathered, bytearray()
        if self._sink.closed or self._transport.is_closing():
            raise ConnectionResetError("The browser has gone.")
        self._transport.write(gathered)
        await self._writer.drain()
