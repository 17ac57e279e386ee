"""What every step of the story has: the house, who plays in it as themselves, and what was seen so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from orchestrator.assembly import House
from orchestrator.core.errors import Refused, Unavailable
from orchestrator.identity.model import Person

from .browser import WorkspaceBrowser
from .people import Cast
from .portal import PortalClient

__all__ = ["Stage", "await_until", "see"]


@dataclass(kw_only=True)
class Stage:
    """One walk of the story, as it stands."""

    house: House
    cast: Cast
    awake_seconds: float = 60.0
    """How long a workspace may take to wake, the first time with all that is made for it."""
    clients: dict[str, PortalClient] = field(default_factory=dict)
    """By the short name of the person who signed in."""
    seen: dict[str, Any] = field(default_factory=dict)
    """What later steps need of earlier ones."""
    released: list[dict[str, str]] = field(default_factory=list)

    def get(self, key: str, path: str, **query: str) -> Any:
        """Ask the portal as one of the cast."""
        return self.clients[key].get(path, **query)

    def post(self, key: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Do something on the portal as one of the cast."""
        return self.clients[key].post(path, body)

    def person(self, key: str) -> Person:
        """Return one of the cast."""
        return self.cast.people[key]

    def browser(self) -> WorkspaceBrowser:
        """Return James' browser, on its way into his workspace."""
        ticket = self.post("james", f"/projects/{self.seen['project']}/workspace/ticket")
        return WorkspaceBrowser(ticket["url"])

    def await_awake(self) -> None:
        """Wait until the workspace is awake; raise ``Unavailable`` with what keeps it if it does not wake in time."""

        def awake() -> bool:
            seen = self.get("james", f"/projects/{self.seen['project']}/workspace")
            self.seen["trouble"] = seen["trouble"]
            return bool(seen["state"] == "awake")

        def trouble() -> str:
            return str(self.seen.get("trouble", ""))

        await_until(awake, self.awake_seconds, "the workspace did not wake", why=trouble)

    def close(self) -> None:
        """Hang up."""
        for client in self.clients.values():
            client.close()


def see(observed: bool, otherwise: str) -> None:
    """Raise ``Refused`` unless something was observed."""
    if not observed:
        raise Refused(otherwise)


def await_until(
    condition: Callable[[], bool], seconds: float, otherwise: str, *, why: Callable[[], str] = lambda: ""
) -> None:
    """Wait for a condition; raise ``Unavailable`` when it does not come in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Unavailable(f"{otherwise} {why()}".strip(), system="story")
        time.sleep(0.2)
