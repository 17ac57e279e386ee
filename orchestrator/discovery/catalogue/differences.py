"""What differs between two descriptions, value by value; lists of named things are compared by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .model import Difference

__all__ = ["differences"]

_NONE: Any = object()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return every value that was added, removed or changed, in the order of the newer description."""
    return tuple(_between("", before, after))


def _between(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_fields(path, before, after)
    elif isinstance(before, list) and isinstance(after, list):
        old, new = _by_name(before), _by_name(after)
        if old is not None and new is not None:
            yield from _of_fields(path, old, new)
        else:
            yield from _of_fields(path, _by_place(before), _by_place(after))
    elif before is _NONE or after is _NONE or type(before) is not type(after) or before != after:
        yield Difference(path=path, before=None if before is _NONE else before, after=None if after is _NONE else after)


def _of_fields(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name in [*after, *(name for name in before if name not in after)]:
        yield from _between(f"{path}.{name}" if path else name, before.get(name, _NONE), after.get(name, _NONE))


def _by_name(things: list[Any]) -> Mapping[str, Any] | None:
    """Return tables, columns and the like by their names, where each has one of its own."""
    names = [thing.get("name") if isinstance(thing, Mapping) else None for thing in things]
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        return None
    return {f"“{name}”": thing for name, thing in zip(names, things, strict=True)}


def _by_place(things: list[Any]) -> Mapping[str, Any]:
    return {str(place): thing for place, thing in enumerate(things, start=1)}
