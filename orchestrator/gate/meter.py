"""Counts the bytes that pass the gate, per person and direction, for as long as this gate lives.

Counts only grow and are never reset by being read: a reader whose answer was lost reads again and misses nothing. A new
``generation`` tells the reader that a restarted gate counts from zero.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

__all__ = ["Meter"]


@dataclass
class _Count:
    to_browser: int = 0
    from_browser: int = 0


@dataclass(kw_only=True)
class Meter:
    """Cumulative byte counts of one gate's life."""

    generation: str = field(default_factory=lambda: secrets.token_hex(8))
    _counts: dict[str, _Count] = field(default_factory=dict)

    def to_browser(self, person: str, number: int) -> None:
        """Count bytes that left the workspace."""
        self._of(person).to_browser += number

    def from_browser(self, person: str, number: int) -> None:
        """Count bytes that came into the workspace."""
        self._of(person).from_browser += number

    def report(self) -> dict[str, object]:
        """Return all counts, as the control socket gives them."""
        people = {
            person: {"to_browser": count.to_browser, "from_browser": count.from_browser}
            for person, count in self._counts.items()
        }
        return {"generation": self.generation, "people": people}

    def _of(self, person: str) -> _Count:
        count = self._counts.get(person)
        if count is None:
            count = self._counts[person] = _Count()
        return count
