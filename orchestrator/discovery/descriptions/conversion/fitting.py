"""Splits a value into what a shape has a place for and what is left over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..checking import Fault, check, fits
from ..shapes import Anything, Either, ListOf, Part, Shape

__all__ = ["NOTHING", "below", "fitted", "is_empty"]

NOTHING = object()
"""Stands for: no value at all (null is one)."""

Leftovers = dict[str, Any]


def fitted(shape: Shape, value: Any) -> tuple[Any, Leftovers]:
    """Return what of ``value`` may stand in a place of this shape, and the rest by its dotted path below.

    A text that is only too long or too short stays where it is; it is a finding, and no reason to hide it.
    """
    if isinstance(shape, Anything) or fits(shape, value):
        return value, {}
    if isinstance(shape, Either):
        return _in_either(shape, value)
    if isinstance(shape, Part) and isinstance(value, Mapping):
        return _in_part(shape, value)
    if isinstance(shape, ListOf) and isinstance(value, list):
        return _in_list(shape, value)
    if value is None or all(finding.fault is Fault.LENGTH for finding in check(shape, value)):
        return (NOTHING if value is None else value), {}
    return NOTHING, {"": value}


def _in_part(shape: Part, value: Mapping[str, Any]) -> tuple[Any, Leftovers]:
    kept: dict[str, Any] = {}
    left: Leftovers = {}
    for name, inner in value.items():
        if name in shape.fields:
            stays, over = fitted(shape.fields[name], inner)
        elif shape.open:
            stays, over = inner, {}
        else:
            stays, over = NOTHING, {"": inner}
        if stays is not NOTHING:
            kept[name] = stays
        left |= {below(name, path): rest for path, rest in over.items()}
    return (kept if kept else NOTHING), left


def _in_list(shape: ListOf, value: list[Any]) -> tuple[Any, Leftovers]:
    kept: list[Any] = []
    left: Leftovers = {}
    for number, inner in enumerate(value, 1):
        stays, over = fitted(shape.item, inner)
        if stays is not NOTHING:
            kept.append(stays)
        left |= {below(str(number), path): rest for path, rest in over.items()}
    return (kept if kept or not value else NOTHING), left


def _in_either(shape: Either, value: Any) -> tuple[Any, Leftovers]:
    tries = [fitted(option, value) for option in shape.options]
    placed = [one for one in tries if one[0] is not NOTHING]
    return min(placed or tries, key=lambda one: sum(map(_weight, one[1].values())))


def _weight(value: Any) -> int:
    if isinstance(value, Mapping):
        return 1 + sum(map(_weight, value.values()))
    return 1 + sum(map(_weight, value)) if isinstance(value, list) else 1


def is_empty(value: Any) -> bool:
    """Tell whether a value says nothing: null, or a list or object with nothing inside."""
    if isinstance(value, Mapping):
        return all(is_empty(inner) for inner in value.values())
    if isinstance(value, list):
        return all(is_empty(inner) for inner in value)
    return value is None


def below(path: str, name: str) -> str:
    """Return the dotted path of ``name`` below ``path``; either may be empty."""
    return f"{path}.{name}" if path and name else path or name
