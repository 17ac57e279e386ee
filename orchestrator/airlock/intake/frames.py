"""The intake's wire: one letter, four bytes of length, that many bytes; with a limit and a deadline for everything."""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

from orchestrator.core.errors import Invalid, OrchestratorError, Refused

__all__ = ["Channel", "HungUpError", "TooSlowError", "problem"]

_HEAD = 5
_HEADER_BYTES = 2 << 20
_PIECE_BYTES = 1 << 20
_LARGEST = {b"H": _HEADER_BYTES, b"D": _PIECE_BYTES, b"E": 1024, b"F": 0, b"S": 1024}


class HungUpError(Exception):
    """The other side is gone; there is nobody to answer."""


class TooSlowError(Exception):
    """The other side took longer than it may."""


class Channel:
    """One connection from a workspace. ``idle`` bounds each wait, ``total`` the whole conversation."""

    def __init__(self, connection: socket.socket, *, idle: float, total: float) -> None:
        self._connection = connection
        self._idle = idle
        self._end = time.monotonic() + total

    def next(self, *expected: bytes) -> tuple[bytes, bytes]:
        """Return the next frame; raise ``Invalid`` when it is none of ``expected`` or larger than such frames are."""
        head = self._exactly(_HEAD)
        letter, length = head[:1], struct.unpack(">I", head[1:])[0]
        if letter not in expected or length > _LARGEST.get(letter, 0):
            raise Invalid("That is not how files are submitted; use the tre-airlock of this workspace.", field="frame")
        return letter, self._exactly(length)

    def json(self, payload: bytes) -> Any:
        """Read a frame as JSON; raise ``Invalid`` when it is not."""
        try:
            return json.loads(payload.decode("utf-8"))
        except (ValueError, RecursionError):
            raise Invalid("The header cannot be read; use the tre-airlock of this workspace.", field="header") from None

    def answer(self, said: dict[str, Any]) -> None:
        """Send the one answer; who no longer listens is not waited for."""
        payload = json.dumps(said).encode()
        try:
            self._connection.settimeout(min(self._idle, 10.0))
            self._connection.sendall(b"R" + struct.pack(">I", len(payload)) + payload)
        except OSError:
            return

    def _exactly(self, length: int) -> bytes:
        received = bytearray()
        while len(received) < length:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TooSlowError
            self._connection.settimeout(min(self._idle, left))
            try:
                piece = self._connection.recv(min(_PIECE_BYTES, length - len(received)))
            except TimeoutError:
                raise TooSlowError from None
            except OSError:
                raise HungUpError from None
            if not piece:
                raise HungUpError
            received += piece
        return bytes(received)


def problem(error: OrchestratorError) -> dict[str, Any]:
    """Return the answer that tells of an error."""
    reasons = list(error.reasons) if isinstance(error, Refused) else []
    return {"error": error.word, "message": error.message, "reasons": reasons}
