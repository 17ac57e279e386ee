"""Gathers places of one kind into one finding, so that a bad file gives a page and not a million lines."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from orchestrator.airlock.model import Finding, Severity

__all__ = ["Places", "counted", "shown"]

_NAMED = 8


def shown(text: str, limit: int = 60) -> str:
    """Return words of a file so that they can be shown anywhere: printable, and not long."""
    plain = "".join(character if character.isprintable() else "�" for character in text[: limit + 1])
    return plain if len(text) <= limit else plain[: limit - 1] + "…"


def counted(count: int, one: str, several: str) -> str:
    """Return a number with its noun, and a verb that agrees: ``1 cell says``, ``1,200 cells say``."""
    return f"{count:,} {one if count == 1 else several}"


class Places:
    """Counts places and keeps the first few of them."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def add(self, place: str) -> None:
        """Note one more place."""
        self.count += 1
        if len(self.first) < _NAMED:
            self.first.append(place)

    def add_many(self, count: int, places: Iterable[str]) -> None:
        """Note ``count`` more places; only as many of them are asked for as are kept."""
        self.count += count
        self.first += islice(places, max(0, _NAMED - len(self.first)))

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        rest = self.count - len(self.first)
        return ", ".join(self.first) + (f" and {rest} more" if rest > 0 else "")

    def finding(self, rule: str, severity: Severity, message: str, guidance: str = "", *, place: str = "") -> Finding:
        """Return one finding for all the places."""
        where = f"{place}: {self}" if place else str(self)
        return Finding(rule=rule, severity=severity, where=where, message=message, guidance=guidance)
