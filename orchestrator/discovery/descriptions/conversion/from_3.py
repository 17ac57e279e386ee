"""What 4.0.0 changed in 3.0.0: alternate identifiers are aliases, and each kind of data has its own finer kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..newest import V4_0_0
from ..words import DATASET_TYPES
from .fitting import NOTHING
from .moving import Moving

__all__ = ["KINDS", "SECTIONS", "move_3", "place_kinds"]

SECTIONS = tuple(V4_0_0.fields)
"""The parts of a description, in their order."""

KINDS: Mapping[str, str] = {kind.casefold(): kind for kind in DATASET_TYPES}
"""Kinds of data by their name in small letters: 3.0.0 and 4.0.0 differ in capitals."""

_KINDS_AT = "provenance.origin.datasetType"


def move_3(moving: Moving) -> None:
    """Move a 3.0.0 record."""
    moving.move("summary.alternateIdentifiers", "summary.datasetAliases")
    kinds, finer = moving.take("provenance.origin.datasetType"), moving.take("provenance.origin.datasetSubType")
    place_kinds(moving, "provenance.origin.datasetType", kinds, "provenance.origin.datasetSubType", finer)
    for name in SECTIONS:
        moving.move(name, name)


def place_kinds(moving: Moving, kinds_at: str, kinds: Any, finer_at: str, finer: Any) -> None:
    """Join kinds of data with the finer kinds that belong to exactly one of them; the others are left over."""
    chosen: dict[str, list[str]] = {}
    for number, word in _listed(kinds):
        if isinstance(word, str) and word.casefold() in KINDS:
            chosen.setdefault(KINDS[word.casefold()], [])
        else:
            moving.leave(f"{kinds_at}{number}", word if number else kinds)
    for number, word in _listed(finer):
        homes = [kind for kind in chosen if word in DATASET_TYPES[kind]]
        if len(homes) == 1:
            chosen[homes[0]].append(word)
        else:
            moving.leave(f"{finer_at}{number}", word if number else finer)
    if not chosen:
        return
    typed = [{"name": kind, "subTypes": words or None} for kind, words in chosen.items()]
    moving.tell(kinds_at, kinds, _KINDS_AT, typed)
    if any(chosen.values()):
        moving.tell(finer_at, finer, _KINDS_AT, typed)


def _listed(value: Any) -> list[tuple[str, Any]]:
    """Return items with the end of their path: of a list, or between commas and semicolons of one text."""
    if value is NOTHING:
        return []
    if isinstance(value, str):
        return [("", word.strip()) for word in value.replace(";", ",").split(",")]
    return [(f".{number}", item) for number, item in enumerate(value, 1)] if isinstance(value, list) else [("", value)]
