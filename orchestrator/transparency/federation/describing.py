"""What of a dataset's description travels to other hubs: everything but people, as far as a document has room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785

from .. import sealed

__all__ = ["ROOM", "fitting", "without_people"]

ROOM = 12 * 1024 * 1024
"""Bytes of a document's items: with its proof, and what JSON adds, it stays below what anybody takes."""

_PEOPLE = frozenset({"contactpoint", "contact", "creator", "author", "email"})


def without_people(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description without addresses of people; empty where it holds what no signed document can carry."""
    kept = _without(description)
    try:
        rfc8785.dumps(kept)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeEncodeError):
        return {}
    return kept if isinstance(kept, dict) else {}


def fitting(items: list[dict[str, Any]], room: int = ROOM) -> list[dict[str, Any]]:
    """Return items that fit into one document: first tables and columns are left out, then whole descriptions."""
    for shortened in (_whole, _without_tables, _without_description):
        found = [shortened(item) for item in items]
        written = rfc8785.dumps(found)
        if len(written) <= room and sealed.values(written) < sealed.MOST_VALUES:
            return found
    return found


def _whole(item: dict[str, Any]) -> dict[str, Any]:
    return item


def _without_tables(item: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in item["description"].items() if key != "structuralMetadata"}
    return {**item, "description": kept}


def _without_description(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "description": {}}


def _without(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {str(key): _without(inner) for key, inner in value.items() if str(key).casefold() not in _PEOPLE}
        return {key: inner for key, inner in kept.items() if inner is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [inner for each in value if (inner := _without(each)) is not None]
    return None if isinstance(value, str) and "@" in value else value
