"""What a rule book may say: the name of every number, its bounds, and which of two values is the stricter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .model import ANSWERS, REPLAYS

__all__ = [
    "DOMINANCE",
    "NUMBERS",
    "ROUNDING",
    "WORDS",
    "checked_number",
    "checked_pairs",
    "checked_schemes",
    "scheme_base",
]

NUMBERS: Final[Mapping[str, tuple[bool, int, int]]] = {
    # name: (whether larger is stricter, least, most)
    "minimum_count": (True, 1, 1_000_000),
    "maximum_rows": (False, 1, 10_000_000),
    "checkers_needed": (True, 2, 20),
    "identifiers_distinct": (False, 1, 1_000_000),
    "identifiers_share_percent": (False, 1, 100),
    "p_percent": (True, 0, 100),
    "minimum_degrees": (True, 1, 1_000_000),
    "parameters_percent": (False, 1, 100),
    "minimum_at_risk": (True, 1, 1_000_000),
}
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "zeros": ANSWERS,
    "small_counts": ANSWERS[1:],
    "replay": REPLAYS,
}
ROUNDING: Final = "rounding"
DOMINANCE: Final = "dominance"
_SCHEME = re.compile(r"(?:nearest|midpoint)-([1-9]\d{0,3})")


def checked_number(key: str, value: Any) -> int:
    """Return a number within its bounds; raises ``ValueError`` naming the key."""
    _, least, most = NUMBERS[key]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{key} must be a whole number from {least} to {most}")
    return value


def scheme_base(scheme: str) -> int:
    """Return the base of a way of rounding (“nearest-5”: 5); raises ``ValueError`` when it is none that is known."""
    found = _SCHEME.fullmatch(scheme)
    if found is None:
        raise ValueError(f"rounding does not know “{scheme}”: it is nearest-BASE or midpoint-BASE")
    return int(found.group(1))


def checked_schemes(value: Any) -> tuple[tuple[str, ...], ...]:
    """Return ways of rounding of which one must be met: a list of schemes, empty for none."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(each, str) for each in value):
        raise ValueError("rounding must be a list of schemes")
    for scheme in value:
        scheme_base(scheme)
    return (tuple(sorted(set(value))),) if value else ()


def checked_pairs(value: Any) -> tuple[tuple[int, int], ...]:
    """Return (n, k) rules from a list of mappings with ``largest`` and ``percent``."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError("dominance must be a list of largest and percent")
    pairs = set()
    for each in value:
        if not isinstance(each, Mapping) or set(each) != {"largest", "percent"}:
            raise ValueError("dominance must name largest and percent")
        n, k = each["largest"], each["percent"]
        if (
            not all(isinstance(part, int) and not isinstance(part, bool) for part in (n, k))
            or n < 1
            or not 1 <= k <= 100
        ):
            raise ValueError("dominance needs a whole number of contributors and a percentage")
        pairs.add((n, k))
    return tuple(sorted(pairs))
