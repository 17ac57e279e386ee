"""One call over the private channel: to an address, of a peer that must prove itself, with an end to all waiting."""

from __future__ import annotations

import http.client
import io
import json
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any, cast

from orchestrator.core.errors import Refused, Unavailable

from .contexts import Channel, client_context
from .peer import Peer, host_of, peer_of

__all__ = ["Answer", "call"]

_MOST_BYTES = 8 * 1024 * 1024
_PIECE = 16 * 1024


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: the status, and the JSON content or None."""

    status: int
    content: Any


def call(  # noqa: PLR0917 - in the order in which one says it: whom, how, what
    address: str,
    channel: Channel,
    peer: Peer,
    method: str,
    target: str,
    body: object = None,
    *,
    seconds: float = 10.0,
) -> Answer:
    """Send one request to ``HOST:PORT`` and return its answer, whatever its status.

    ``Refused`` when the other end is another part or another project's, before anything is sent; ``Unavailable`` when
    it does not answer within ``seconds`` in all, however slowly it drips.
    """
    connection = _Connection(address, channel, peer, seconds)
    content = None if body is None else json.dumps(body).encode()
    try:
        connection.request(method, target, body=content, headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ValueError("the answer is too large")
        return Answer(status=answer.status, content=json.loads(text) if text else None)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(
            f"The {peer.part} at {address} did not answer {method} {target} ({error}); it is asked again.",
            system=peer.part,
            unknown_outcome=True,
        ) from error
    finally:
        connection.end()


class _Connection(http.client.HTTPConnection):
    """One connection, which looks at the other end's certificate before it sends anything."""

    def __init__(self, address: str, channel: Channel, peer: Peer, seconds: float) -> None:
        super().__init__(host_of(peer.part))
        self._address = address
        self._channel = channel
        self._peer = peer
        self._end = time.monotonic() + seconds
        self._secure: ssl.SSLSocket | None = None

    def connect(self) -> None:
        """Connect, shake hands, and compare who answered with who is wanted."""
        host, _, port = self._address.rpartition(":")
        plain = socket.create_connection((host.strip("[]"), int(port)), timeout=_left(self._end))
        try:
            plain.settimeout(_left(self._end))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secure = client_context(self._channel).wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise
        self._secure = secure
        self.sock = cast("socket.socket", _Limited(secure, self._end))
        if peer_of(secure) != self._peer:
            raise Refused(f"Another part of the platform answered at {self._address}; nothing was sent to it.")

    def end(self) -> None:
        """Give the connection back."""
        self.close()
        if self._secure is not None:
            self._secure.close()


class _Limited:
    """A socket all of whose waiting together ends at one moment."""

    def __init__(self, secure: ssl.SSLSocket, end: float) -> None:
        self._secure = secure
        self._end = end

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._secure.settimeout(_left(self._end))
            view = view[self._secure.send(view[:_PIECE]) :]

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - http.client reads bytes only
        return io.BufferedReader(_Reading(self._secure, self._end))

    def close(self) -> None:
        """Do nothing yet: http.client closes before the answer is read."""


class _Reading(io.RawIOBase):
    def __init__(self, secure: ssl.SSLSocket, end: float) -> None:
        self._secure = secure
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._secure.settimeout(_left(self._end))
        return self._secure.recv_into(buffer)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time is left")
    return left
