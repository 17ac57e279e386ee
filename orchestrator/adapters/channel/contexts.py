"""TLS as the private channel uses it: version 1.3, both sides with certificates of the one authority, nothing else.

Certificates are renewed while programs run. A context looks at its files whenever a connection begins and takes what
is new; a file that is half written or does not fit the others leaves the former certificates in use.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from orchestrator.core.errors import Unavailable

__all__ = ["Channel", "client_context", "server_context"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Channel:
    """The files of one end: its certificate, its key, and the authority that the other end must come from."""

    certificate: Path
    key: Path
    authority: Path

    @classmethod
    def at(cls, directory: Path) -> Self:
        """Return the channel in a directory, under the names that a mounted Kubernetes TLS secret gives its files."""
        return cls(certificate=directory / "tls.crt", key=directory / "tls.key", authority=directory / "ca.crt")

    def stamp(self) -> tuple[tuple[int, int, int], ...]:
        """Return what changes when any of the files does."""
        stats = [file.stat() for file in (self.certificate, self.key, self.authority)]
        return tuple((stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats)


def server_context(channel: Channel, *, strangers: bool = False) -> ssl.SSLContext:
    """Return a context for listening; who shows no certificate of the authority does not get past the handshake.

    ``strangers``: callers have no certificates and prove later, and otherwise, who they are.
    """
    return _Renewing.of(channel, ssl.PROTOCOL_TLS_SERVER, strangers=strangers)


@lru_cache(maxsize=32)
def client_context(channel: Channel) -> ssl.SSLContext:
    """Return a context for calling; with ``host_of(part)`` as the server's name, the other end must be that part.

    The same for every call over this channel: reading key and authority cost more than a handshake, and each gate and
    each agent is asked every second.
    """
    return _Renewing.of(channel, ssl.PROTOCOL_TLS_CLIENT)


class _Renewing(ssl.SSLContext):
    """A context that begins every connection with a plain one, made from the files as they are now."""

    _renew: Callable[[], ssl.SSLContext]

    @classmethod
    def of(cls, channel: Channel, protocol: int, *, strangers: bool = False) -> _Renewing:
        context = cls(protocol)
        _configure(context, channel, strangers=strangers)
        context._renew = _Present(channel, protocol, strangers=strangers)
        return context

    def wrap_socket(self, *arguments: Any, **named: Any) -> ssl.SSLSocket:
        """Begin a connection of a blocking socket."""
        return self._renew().wrap_socket(*arguments, **named)

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """Begin a connection as asyncio does."""
        return self._renew().wrap_bio(*arguments, **named)


class _Present:
    """The plain context of the files as they are now."""

    def __init__(self, channel: Channel, protocol: int, *, strangers: bool) -> None:
        self._channel = channel
        self._protocol = protocol
        self._strangers = strangers
        self._lock = threading.Lock()
        self._stamp = channel.stamp()
        self._context = self._read()

    def __call__(self) -> ssl.SSLContext:
        with self._lock:
            try:
                stamp = self._channel.stamp()
                if stamp != self._stamp:
                    self._context, self._stamp = self._read(), stamp
            except (OSError, Unavailable) as error:
                _log.warning("the certificate %s cannot be renewed yet: %s", self._channel.certificate, error)
            return self._context

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(self._protocol)
        _configure(context, self._channel, strangers=self._strangers)
        return context


def _configure(context: ssl.SSLContext, channel: Channel, *, strangers: bool) -> None:
    """Demand version 1.3 and a certificate of the authority; tickets would let an expired one come back."""
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_NONE if strangers else ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if context.protocol == ssl.PROTOCOL_TLS_SERVER:
        context.num_tickets = 0
    try:
        context.load_cert_chain(channel.certificate, channel.key)
        context.load_verify_locations(channel.authority)
    except OSError as error:  # ssl.SSLError is one
        raise Unavailable(
            f"The certificate {channel.certificate} cannot be used ({error}); have it issued again.", system="channel"
        ) from error
