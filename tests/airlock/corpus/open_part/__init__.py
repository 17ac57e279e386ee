"""The open part: templates over real tables at the edges of every rule; detectors may be tuned to it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.airlock.corpus.held_back.case import Case

from .containers import containers
from .disguised import disguised
from .identities import identities
from .leaks import leaks
from .linked import linked
from .numbers import numbers

__all__ = ["PARTS", "cases"]

PARTS = {
    "numbers": numbers,
    "linked": linked,
    "leaks": leaks,
    "identities": identities,
    "containers": containers,
    "disguised": disguised,
}


def cases() -> Iterator[Case]:
    """Yield every case of the open part."""
    for part in PARTS.values():
        yield from part()
