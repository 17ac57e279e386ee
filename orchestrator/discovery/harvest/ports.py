"""What a pull needs from outside: an answer from an address, and the secret for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .model import Endpoint

__all__ = ["Answer", "Custodians", "Fetcher", "Secrets"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an address answered: names of headers in lower case, the body as it came."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Fetcher(Protocol):
    """Asks one address on the public network. Guards addresses, sizes and time at every hop."""

    def get(self, url: str, *, headers: Mapping[str, str], secret: Mapping[str, str], largest: int) -> Answer:
        """Return the answer to a GET, of any status; raise ``Fault`` where there is none.

        ``secret`` are headers that go to the address's own origin only, and are never told in a message.
        ``largest`` bounds the body in bytes.
        """


class Secrets(Protocol):
    """Finds an endpoint's secret: held by the controller only."""

    def headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        """Return the headers that prove who asks, empty where none are wanted; raise ``Fault`` if there are none."""


class Custodians(Protocol):
    """What the harvest asks the alliance: does this custodian exist. Raises ``NotFound`` if not."""

    def custodian(self, custodian_id: str) -> Any:
        """Return the custodian, who has a name."""
