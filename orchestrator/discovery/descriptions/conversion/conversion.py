"""Converts a description of any known schema to HDR UK 4.0.0; every value is placed, translated or left over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.errors import Invalid

from ..checking import Fault, Finding
from ..risk import small_counts
from ..versions import CATALOGUE_2020, FLAT, NEWEST, SCHEMAS, check_plain, detect, validate
from .from_2 import move_2
from .from_3 import move_3
from .from_flat import move_flat
from .moving import Moving, Translation

__all__ = ["Converted", "Translation", "convert"]


@dataclass(frozen=True)
class Converted:
    """A record brought up to 4.0.0.

    ``schema`` is what it followed before; ``unplaced`` holds, by old dotted path (positions in lists from 1), what
    4.0.0 has no place for; ``translations`` what now stands in other words; ``findings`` what is still not right.
    """

    schema: str
    description: dict[str, Any]
    unplaced: dict[str, Any]
    findings: tuple[Finding, ...]
    translations: tuple[Translation, ...] = ()


_Moves = Callable[[Moving], None]


def _as_it_is(moving: Moving) -> None:
    for name in SCHEMAS[NEWEST].fields:
        moving.move(name, name)


_MOVES: dict[str, _Moves] = {
    FLAT: move_flat,
    CATALOGUE_2020: move_2,
    **dict.fromkeys(("2.0.2", "2.1.0", "2.1.2", "2.1.3", "2.2.0", "2.2.1"), move_2),
    "3.0.0": move_3,
    NEWEST: _as_it_is,
}


def convert(record: Any, version: str | None = None) -> Converted:
    """Return a record of ``version`` (found out, if none is given) in the shape of 4.0.0.

    The result is as valid as the record allows: nothing is made up for fields that were missing; ``findings`` names
    them. Raises ``Invalid`` for what is no description of a dataset.
    """
    plain: Mapping[str, Any] = check_plain(record)
    schema = version or detect(plain)
    if schema is None:
        raise Invalid(
            "This is no description of a dataset: it has neither a “summary” nor a “title”. Check the file, or the "
            "address that it came from.",
            field="description",
        )
    if schema not in _MOVES:
        raise Invalid(f"HDR UK {schema[:20]} cannot be read here; known are {', '.join(_MOVES)}.", field="version")
    moving = Moving(plain, SCHEMAS[NEWEST])
    _MOVES[schema](moving)
    moving.finish()
    findings = (*_about_the_rest(moving.unplaced), *validate(moving.made, NEWEST), *small_counts(moving.made))
    return Converted(schema, moving.made, moving.unplaced, findings, tuple(moving.translations))


def _about_the_rest(unplaced: Mapping[str, Any]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            path, f"“{path}” has no place in HDR UK 4.0.0 as it stands; it is kept beside the description.", Fault.NOTE
        )
        for path in unplaced
    )
