"""Takes values out of an old record and puts them into a new one; what is not taken, or does not fit, is left over."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..shapes import Either, Part, Shape
from .fitting import NOTHING, below, fitted, is_empty

__all__ = ["Moving", "Translate", "Translation"]

Translate = Callable[[Any], Any]
"""Turns a value of an old field into one of the new field; ``NOTHING`` if it cannot."""


_SHORT = 200


@dataclass(frozen=True)
class Translation:
    """A value that says the same in other words: where it stood, what it was, where it went, what it became."""

    path: str
    was: Any
    target: str
    became: Any


class Moving:
    """One record on its way into ``shape``."""

    def __init__(self, record: Mapping[str, Any], shape: Part) -> None:
        self.rest: dict[str, Any] = copy.deepcopy(dict(record))
        self.made: dict[str, Any] = {}
        self.unplaced: dict[str, Any] = {}
        self.translations: list[Translation] = []
        self._shape = shape

    def take(self, path: str) -> Any:
        """Take the value at a dotted path out of the record; ``NOTHING`` if there is none or it says nothing."""
        value = self._taken(path)
        return NOTHING if value is NOTHING or is_empty(value) else value

    def move(self, source: str, target: str, translate: Translate | None = None) -> None:
        """Move a field; what the new place does not accept is left over under its old path."""
        value = self._taken(source)
        if value is NOTHING:
            return
        if translate is None or is_empty(value):
            self._put(source, value, target)
        else:
            self._translated(source, value, target, translate)

    def leave(self, path: str, value: Any) -> None:
        """Keep a value that has no place."""
        if is_empty(value):
            return
        if path not in self.unplaced:
            self.unplaced[path] = value
        elif (before := self.unplaced[path]) != value:
            self.unplaced[path] = [*(before if isinstance(before, list) else [before]), value]

    def tell(self, path: str, was: Any, target: str, became: Any) -> None:
        """Put a value that was found by translating another one; the old one is remembered beside it."""
        if self._settle(became, target):
            self.translations.append(Translation(path, was, target, became))
        else:
            self.leave(path, was)

    def remember(self, path: str, was: Any, target: str, became: Any) -> None:
        """Note a value that was put in other words on its way, where the caller places it."""
        self.translations.append(Translation(path, was, target, became))

    def finish(self) -> None:
        """Leave over whatever was not taken, and put the sections in their order."""
        for path, value in _leaves(self.rest, ""):
            self.leave(path, value)
        self.rest = {}
        self.made = {name: self.made[name] for name in self._shape.fields if name in self.made}

    def _taken(self, path: str) -> Any:
        here: Any = self.rest
        *way, last = path.split(".")
        for step in way:
            here = here.get(step) if isinstance(here, Mapping) else None
        return here.pop(last) if isinstance(here, dict) and last in here else NOTHING

    def _translated(self, source: str, value: Any, target: str, translate: Translate) -> None:
        items = value if isinstance(value, list) else [value]
        gathered: list[Any] = []
        for number, item in enumerate(items, 1):
            path = below(source, str(number)) if isinstance(value, list) else source
            became = NOTHING if is_empty(item) else translate(item)
            if became is NOTHING or not self._fits(became, target):
                self.leave(path, item)
                continue
            if became not in (item, [item]):
                self.remember(path, item, target, became)
            gathered.append(became)
        if not gathered:
            return
        lists = all(isinstance(each, list) for each in gathered)
        became = _once([one for each in gathered for one in each]) if lists else gathered[0]
        if not self._store(target, became) or (len(gathered) > 1 and not lists):
            self.leave(source, value)

    def _fits(self, value: Any, target: str) -> bool:
        kept, left = fitted(_at(self._shape, target), value)
        return kept is not NOTHING and not left

    def _put(self, source: str, value: Any, target: str) -> None:
        kept, left = fitted(_at(self._shape, target), value)
        for path, rest in left.items():
            self.leave(below(source, path), rest)
        if kept is not NOTHING and not self._store(target, kept):
            self.leave(source, kept)

    def _settle(self, value: Any, target: str) -> bool:
        return self._fits(value, target) and self._store(target, value)

    def _store(self, target: str, value: Any) -> bool:
        """Write a value; lists grow, and a place that holds something else keeps it."""
        here = self.made
        *way, last = target.split(".")
        for step in way:
            here = here.setdefault(step, {})
        joined = _joined(here.get(last, NOTHING), value)
        if joined is NOTHING:
            return False
        here[last] = joined
        return True


def _joined(there: Any, value: Any) -> Any:
    """Return what is there with ``value`` added; ``NOTHING`` if both claim the same place."""
    if there is NOTHING or there == value:
        return value
    if isinstance(there, list) and isinstance(value, list):
        return _once([*there, *value])
    if not (isinstance(there, dict) and isinstance(value, dict)):
        return NOTHING
    joined = {name: _joined(there.get(name, NOTHING), inner) for name, inner in value.items()}
    return NOTHING if any(inner is NOTHING for inner in joined.values()) else {**there, **joined}


def _once(items: list[Any]) -> list[Any]:
    """Return a list of texts with each once; of anything else, as it is where it is long."""
    if all(isinstance(item, str) for item in items):
        return list(dict.fromkeys(items))
    return items if len(items) > _SHORT else [item for at, item in enumerate(items) if item not in items[:at]]


def _leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        return [leaf for name, inner in value.items() for leaf in _leaves(inner, below(path, str(name)))]
    return [(path, value)]


def _at(shape: Shape, path: str) -> Shape:
    for step in path.split("."):
        if isinstance(shape, Either):
            shape = next(option for option in shape.options if isinstance(option, Part))
        if not isinstance(shape, Part):
            raise TypeError(f"{path} is no field of the schema")
        shape = shape.fields[step]
    return shape
