"""What of a description can be used: placeholder text counts as empty, and the fields to mend are named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..versions import FLAT
from .places import places
from .profiles import PROFILES
from .reading import filled
from .scoring import score

__all__ = ["Mend", "Usable", "is_placeholder", "usable"]

_PLACEHOLDER_WORDS = """
- | -- | . | ? | n/a | na | n.a | nil | none | null | nan | no | tbc | tbd | tba | to be confirmed | to be decided |
to be determined | to be announced | to be added | to follow | yet to be decided | yet to be determined |
unknown | not known | not available | not applicable | not specified | not provided | not stated |
not recorded | unspecified | undefined | in progress | in preparation | pending | coming soon |
under development | under review | awaiting | under construction | other | local | various | variable | varies |
see above | see description | as above | test | no group | availability to be confirmed | please contact |
contact us | contact publisher | lorem ipsum | xxx | string | accessibility_usage_investigations
"""
_PLACEHOLDERS = frozenset(" ".join(word.split()) for word in _PLACEHOLDER_WORDS.split("|"))
"""Texts that fill a field and say nothing; those of the 2020 catalogue among them, one left by its conversion too."""

_STARTS = re.compile(
    r"(please contact the (publisher|data custodian|custodian)\b|please see (the )?website|this field (is|has)\b|"
    r"to be (confirmed|decided|determined|completed|added)\b|yet to be\b|governance of the datasets is yet\b)",
    re.IGNORECASE,
)
_UNKNOWN_NUMBER = -1
"""The published sentinel for a number that nobody knows."""


@dataclass(frozen=True)
class Mend:
    """A field to mend: its name, what is there (empty if nothing), and how much of the score it would bring."""

    field: str
    now: str
    sentence: str
    points: float


@dataclass(frozen=True)
class Usable:
    """A score in which placeholders count as empty, and what to mend, what brings most first."""

    score: float
    rating: str
    completeness: float
    mend: tuple[Mend, ...]


def is_placeholder(value: Any) -> bool:
    """Tell whether a value fills a field without saying anything."""
    if isinstance(value, str):
        text = " ".join(value.split()).strip(" .:;!").casefold()
        return text in _PLACEHOLDERS or text == "" or bool(_STARTS.match(text))
    return value == _UNKNOWN_NUMBER and not isinstance(value, bool)


def _says_something(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_says_something(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_says_something(inner) for inner in value)
    return filled(value) and not is_placeholder(value)


def usable(record: Any, profile: str = "hdruk-2022") -> Usable:
    """Return how much of a record can be used. Raises ``Invalid`` as ``score`` does."""
    base = score(record, profile)
    strict = score(record, profile, says=_says_something)
    chosen = PROFILES[profile]
    mend = []
    for field in chosen.fields:
        worth = strict.flags[field.name]
        if worth is None or worth >= 1 or not field.weight or field.never:
            continue
        place = (places(field, base.schema) or (field.flat,))[0] if base.schema != FLAT else field.flat
        points = round(50 * field.weight * (1 - worth) / chosen.parts, 2)
        mend.append(Mend(place, *_told(place, base.flags[field.name]), points))
    mend.sort(key=lambda one: (-one.points, one.field))
    return Usable(strict.score, strict.rating, strict.completeness, tuple(mend))


def _told(place: str, flag: float | None) -> tuple[str, str]:
    if flag:
        return "placeholder", f"“{place}” holds text that says nothing; write what is meant, or what is known of it."
    return "empty", f"“{place}” is empty; fill it."
