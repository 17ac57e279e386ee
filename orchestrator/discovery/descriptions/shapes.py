"""What a JSON value must look like, as small tables: checked, and walked, elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = [
    "Anything",
    "Either",
    "Flag",
    "ListOf",
    "Nothing",
    "Part",
    "Shape",
    "Text",
    "Whole",
    "Words",
    "or_null",
    "part",
]


@dataclass(frozen=True)
class Text:
    """A text; ``pattern`` is searched for, ``form`` says in words what does not fit (or returns nothing)."""

    least: int = 0
    most: int | None = None
    pattern: re.Pattern[str] | None = None
    form: Callable[[str], str | None] | None = None


@dataclass(frozen=True)
class Words:
    """One of a closed list of texts."""

    words: tuple[str, ...]
    known: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", frozenset(self.words))


@dataclass(frozen=True)
class Whole:
    """A whole number; ``5.0`` is one, ``true`` is not."""


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Nothing:
    """Null."""


@dataclass(frozen=True)
class Anything:
    """Any value at all."""


@dataclass(frozen=True)
class ListOf:
    """A list; ``first_only`` where the published schema looks at the first item only, ``some`` what one must be."""

    item: Shape
    least: int = 0
    distinct: bool = False
    first_only: bool = False
    some: Words | None = None


@dataclass(frozen=True)
class Part:
    """An object with named fields; ``open`` allows further ones, ``loose`` also lets through what is no object."""

    fields: Mapping[str, Shape]
    needed: frozenset[str]
    open: bool = False
    loose: bool = False


@dataclass(frozen=True)
class Either:
    """Any one of several shapes; ``words`` says in words what is asked for."""

    options: tuple[Shape, ...]
    words: str = ""


Shape = Text | Words | Whole | Flag | Nothing | Anything | ListOf | Part | Either


def or_null(shape: Shape) -> Either:
    """Return the shape or null."""
    if isinstance(shape, Either):
        return Either((*shape.options, Nothing()), shape.words)
    return Either((shape, Nothing()))


def part(fields: Mapping[str, Shape], *, open: bool = False, loose: bool = False) -> Part:  # noqa: A002
    """Return an object's shape; a field whose name ends with “!” must be there."""
    return Part(
        {name.removesuffix("!"): shape for name, shape in fields.items()},
        frozenset(name[:-1] for name in fields if name.endswith("!")),
        open,
        loose,
    )
