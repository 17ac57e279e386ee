"""Asks custodians' endpoints: bounded in size and time, guarded at every hop, secrets in headers only."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpcore

from orchestrator.discovery.harvest.faults import Fault, FaultKind
from orchestrator.discovery.harvest.ports import Answer
from orchestrator.discovery.harvest.rules import is_usual_port, origin_of

from .guarded_addresses import AddressGuard, GuardedNetwork

__all__ = ["HarvestClient"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_HOPS = 3
_STEP = 10.0
"""Seconds without a single byte after which an endpoint counts as silent."""
_AGENT = "tre-harvest/1"


class HarvestClient:
    """A ``Fetcher`` over HTTP/1.1. Reads no proxy, no cookie and no credential of the environment."""

    def __init__(self, guard: AddressGuard, *, seconds: float = 30.0, authority: Path | None = None) -> None:
        """``seconds`` bounds one request with all its hops; ``authority``: whose certificates count besides none."""
        self._network = GuardedNetwork(guard)
        self._seconds = seconds
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=8,
            max_keepalive_connections=8,
            keepalive_expiry=20.0,
            network_backend=self._network,
        )
        self._lock = threading.Lock()

    def close(self) -> None:
        """End every connection."""
        self._pool.close()

    def get(self, url: str, *, headers: Mapping[str, str], secret: Mapping[str, str], largest: int) -> Answer:
        """Return the answer to a GET after following redirects; see ``Fetcher``."""
        with self._lock:
            self._network.deadline = time.monotonic() + self._seconds
            here = url
            for _ in range(_MOST_HOPS + 1):
                answer = self._once(here, {**headers, **secret}, largest)
                if answer.status not in _REDIRECTS:
                    return answer
                here = _onward(here, answer.headers.get("location", ""), bare=not secret)
            raise Fault(FaultKind.REDIRECT, f"The endpoint redirects more than {_MOST_HOPS} times.")

    def _once(self, url: str, headers: Mapping[str, str], largest: int) -> Answer:
        parts = urlsplit(url)
        self._network.plain = parts.scheme == "http"
        sent = [(b"host", parts.netloc.encode()), (b"user-agent", _AGENT.encode()), (b"accept-encoding", b"identity")]
        sent += [(name.encode(), value.encode()) for name, value in headers.items()]
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), min(_STEP, self._seconds))
        try:
            with self._pool.stream("GET", url, headers=sent, extensions={"timeout": timeout}) as response:
                return _read(response, largest)
        except httpcore.TimeoutException as error:
            raise Fault(
                FaultKind.TOO_SLOW, f"The endpoint did not answer in {self._seconds:.0f} seconds, or fell silent."
            ) from error
        except ssl.SSLError as error:
            raise _no_answer("its certificate is not accepted") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
            raise _no_answer(_cause(error)) from error


def _read(response: httpcore.Response, largest: int) -> Answer:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Fault(FaultKind.NOT_JSON, "The endpoint compresses its answer although it was asked not to.", retry=False)
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > largest:
        raise _too_large(int(declared), largest)
    body = bytearray()
    for block in response.iter_stream():
        body += block
        if len(body) > largest:
            raise _too_large(len(body), largest)
    return Answer(status=response.status, headers=headers, body=bytes(body))


def _onward(here: str, location: str, *, bare: bool) -> str:
    """Return where a redirect leads; a secret goes to its own origin only, and TLS is never left."""
    try:
        there = urljoin(here, location)
        parts = urlsplit(there)
        port = parts.port
    except ValueError:  # no port, no IPv6 address, no name of a host
        location, there, parts, port = "", "", urlsplit(""), None
    known = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and is_usual_port(port)
    if not location or not there.isascii() or not known:
        raise Fault(FaultKind.REDIRECT, "The endpoint redirects to something that is no web address.")
    if urlsplit(here).scheme == "https" and parts.scheme != "https":
        raise Fault(FaultKind.REDIRECT, "The endpoint redirects away from https; nothing was asked there.")
    if not bare and origin_of(there) != origin_of(here):
        raise Fault(
            FaultKind.REDIRECT,
            f"The endpoint redirects to another host ({str(parts.hostname)[:100]}), and our key was not sent there. If "
            "that is right, change the endpoint's address.",
        )
    return there.partition("#")[0]


def _too_large(size: int, largest: int) -> Fault:
    return Fault(
        FaultKind.TOO_LARGE,
        f"The endpoint's answer has {size:,} bytes or more; at most {largest:,} are read.",
    )


def _no_answer(why: str) -> Fault:
    return Fault(FaultKind.NO_ANSWER, f"The endpoint cannot be reached: {why}.")


def _cause(error: Exception) -> str:
    """Return a cause in words: what libraries say may hold headers, and a key is a header."""
    if isinstance(error, httpcore.ConnectError | OSError):
        return "no connection is made"
    if isinstance(error, httpcore.ProtocolError):
        return "it breaks off, or does not speak HTTP"
    return "the connection breaks"
