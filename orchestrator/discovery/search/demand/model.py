"""What custodians are told of searches without a hit."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FEWEST", "Missed", "Unmet"]

FEWEST = 5
"""As many different people must have looked for the same words within a month before anybody is told the words."""


@dataclass(frozen=True, kw_only=True)
class Missed:
    """Words that at least ``people`` different people looked for in vain in a month such as ``2026-11``."""

    month: str
    words: str
    people: int
    """Rounded down to a multiple of five."""


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """Every search without a hit of some months: those that may be told, and how many kinds are too rare to be."""

    missed: tuple[Missed, ...]
    others: int
    """How many different searches had fewer people; rounded down to a multiple of five."""
