"""The airlock's entrance for pods: one TLS port for all sessions, each known by a secret that it shows first.

Whoever connects has a few seconds for the handshake and one small frame: ``S`` with ``{"secret": …}``. Only then does
the conversation of the sockets begin. Connections that have not said who they are take no place from those that have.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import socket
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from orchestrator.airlock.ports import LiveSession
from orchestrator.core.errors import Invalid, OrchestratorError, Refused, Unavailable

from .frames import Channel, HungUpError, TooSlowError, problem

__all__ = ["Entrance", "Port", "farewell", "open_port", "session_of", "shut"]

_log = logging.getLogger(__name__)
_LONGEST_SECRET = 256
_DRAIN_BYTES = 1 << 20
_DRAIN_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Port:
    """Where pods reach the airlock: the listening socket is bound already, ``context`` proves who answers there."""

    listener: socket.socket
    context: ssl.SSLContext
    first_seconds: float = 10.0
    """How long handshake and first frame may take together."""
    strangers: int = 64
    """How many connections may wait to say who they are; the oldest makes room for the next."""
    strangers_per_address: int = 4


def open_port(host: str, port: int, context: ssl.SSLContext) -> Port:
    """Listen at an address; ``Unavailable`` says in words why that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise Unavailable(
            f"The airlock cannot listen at {host} port {port} ({error.strerror}): choose another one.", system="airlock"
        ) from error
    return Port(listener=listener, context=context)


class Entrance:
    """Takes connections on one port, learns whose they are, and hands them on to ``serve``."""

    def __init__(
        self,
        port: Port,
        *,
        live: Callable[[], list[LiveSession]],
        serve: Callable[[LiveSession, socket.socket], None],
    ) -> None:
        self._port, self._live, self._serve = port, live, serve
        self._strangers: OrderedDict[socket.socket, str] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def listener(self) -> socket.socket:
        """The socket to wait at."""
        return self._port.listener

    def accept(self) -> None:
        """Take one connection; it is spoken to in a thread of its own."""
        try:
            connection, address = self._port.listener.accept()
        except OSError:
            return
        with self._lock:
            self._make_room(str(address[0]))
            self._strangers[connection] = str(address[0])
        threading.Thread(target=self._welcome, args=(connection,), name="entrance", daemon=True).start()

    def _make_room(self, host: str) -> None:
        """Show out the oldest of those who have not said who they are: of one address first, then of all."""
        neighbours = [each for each, address in self._strangers.items() if address == host]
        surplus = neighbours[: max(0, len(neighbours) + 1 - self._port.strangers_per_address)]
        rest = [each for each in self._strangers if each not in surplus]
        for each in (*surplus, *rest[: max(0, len(rest) + 1 - self._port.strangers)]):
            del self._strangers[each]
            shut(each)

    def close(self) -> None:
        """Stop listening and end every connection that has not said who it is."""
        self._port.listener.close()
        with self._lock:
            for connection in self._strangers:
                shut(connection)

    def _welcome(self, connection: socket.socket) -> None:
        try:
            known = self._known(connection)
        finally:
            with self._lock:
                self._strangers.pop(connection, None)
        if known is not None:
            session, secured = known
            self._serve(session, secured)
            farewell(secured)

    def _known(self, connection: socket.socket) -> tuple[LiveSession, ssl.SSLSocket] | None:
        """Do the handshake and read the first frame; return none when that failed, with everything closed."""
        secured = self._secured(connection)
        if secured is None:
            return None
        channel = Channel(secured, idle=self._port.first_seconds, total=self._port.first_seconds)
        try:
            return self._session(channel), secured
        except OrchestratorError as error:
            channel.answer(problem(error))
        except (HungUpError, TooSlowError):
            pass
        finally:
            with self._lock:
                self._strangers.pop(secured, None)
        farewell(secured)
        return None

    def _secured(self, connection: socket.socket) -> ssl.SSLSocket | None:
        try:
            connection.settimeout(self._port.first_seconds)
            secured = self._port.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        except (OSError, ValueError):
            connection.close()
            return None
        try:
            with self._lock:
                self._strangers[secured] = self._strangers.pop(connection)
            secured.do_handshake()
        except (KeyError, OSError, ValueError):  # it had to make room, or speaks no TLS
            with self._lock:
                self._strangers.pop(secured, None)
            secured.close()
            return None
        return secured

    def _session(self, channel: Channel) -> LiveSession:
        said = channel.json(channel.next(b"S")[1])
        secret = said.get("secret") if isinstance(said, dict) else None
        if not isinstance(secret, str) or not 0 < len(secret) <= _LONGEST_SECRET:
            raise Invalid("That is not how a session says who it is; use the workspace’s own entrance.", field="secret")
        session = session_of(secret, self._live())
        if session is None:
            _log.warning("somebody came to the airlock's port with a secret that no live session has")
            raise Refused("Your session is not known here or has ended; start your workspace again.")
        return session


def session_of(secret: str, live: list[LiveSession]) -> LiveSession | None:
    """Return the session that has this secret; every session is compared, each in constant time."""
    shown, found = hashlib.sha256(secret.encode(errors="replace")).digest(), None
    for session in live:
        if session.intake_sha256 is not None and hmac.compare_digest(session.intake_sha256, shown):
            found = session
    return found


def shut(connection: socket.socket) -> None:
    """End a connection that another thread may be reading from; that thread closes it."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # not SSLSocket's own, which takes the layer away


def farewell(connection: socket.socket) -> None:
    """Close after an answer so that it arrives: what is still being sent is read and dropped, within bounds."""
    left, end = _DRAIN_BYTES, time.monotonic() + _DRAIN_SECONDS
    with suppress(OSError, ValueError):
        socket.socket.shutdown(connection, socket.SHUT_WR)
        while left > 0 and (seconds := end - time.monotonic()) > 0:
            connection.settimeout(seconds)
            if not (piece := connection.recv(1 << 16)):
                break
            left -= len(piece)
    connection.close()
