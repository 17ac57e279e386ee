"""What the controller needs to know of where it works: whether it leads, what changed, how fresh its picture is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .places.provisioning import Provisioner

__all__ = ["Alone", "Changes", "Leadership", "Surroundings"]


class Leadership(Protocol):
    """Says whether this controller is the one that acts. At most one is, at any moment."""

    def start(self) -> None:
        """Begin to stand for it; returns at once."""

    def leads(self) -> bool:
        """Say whether this process may act now: false as soon as another one might."""

    def age(self) -> float:
        """Return for how many seconds the lead was not renewed; 0 where there is nothing to renew."""

    def stop(self) -> None:
        """Give it up, so that the next one need not wait."""


class Alone:
    """One machine, one controller: it always leads."""

    def start(self) -> None:
        """Nobody else stands for it."""

    def leads(self) -> bool:
        """Say that it may act."""
        return True

    def age(self) -> float:
        """There is nothing to renew."""
        return 0.0

    def stop(self) -> None:
        """Nobody waits for it."""


class Changes:
    """Passes on which project's objects changed, from whoever watches them to whoever puts them back."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[str], None]] = []

    def subscribe(self, listener: Callable[[str], None]) -> None:
        """Have every later change told, from any thread; the listener returns at once."""
        self._listeners.append(listener)

    def __call__(self, project_id: str) -> None:
        """Tell that something of this project changed."""
        for listener in self._listeners:
            listener(project_id)


def _nothing() -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """On one machine there is nothing to lead, to watch or to provision; a cluster has all three."""

    leadership: Leadership = field(default_factory=Alone)
    changes: Changes = field(default_factory=Changes)
    start: Callable[[], None] = _nothing
    """Begin to watch; returns at once."""
    stop: Callable[[], None] = _nothing
    age: Callable[[], float] = lambda: 0.0
    """For how many seconds the watched picture was not confirmed."""
    calls: Callable[[], Mapping[str, int]] = dict
    """Calls to the API server so far, by verb."""
    renew: Callable[[], object] = _nothing
    """Renew the controller's own certificate when it is time; otherwise nothing happens."""
    provisioner: Provisioner | None = None
