"""Computes a published score of a record: 50 × (completeness + (1 − error)), both weighted, in percent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.errors import Invalid

from ..versions import FLAT, check_plain, detect
from .mistakes import mistaken
from .places import has_structure, places, values
from .profiles import PROFILES, FlagField, Profile, rating
from .reading import Tables, field_at, filled, tables_of

__all__ = ["Score", "score"]


@dataclass(frozen=True)
class Score:
    """What a profile says of one record.

    ``flags`` by published field name: 1 filled, 0 empty, a share for tables and columns, nothing where the record's
    schema has no such field, so that it cannot be told. ``completeness`` counts the latter as empty and
    ``completeness_at_most`` as filled; both, ``error`` and ``score`` are percentages with two places.
    """

    profile: str
    schema: str
    flags: dict[str, float | None]
    errors: dict[str, float | None]
    completeness: float
    completeness_at_most: float
    error: float
    score: float
    rating: str


_Says = Callable[[Any], bool]


def score(record: Any, profile: str = "hdruk-2020", *, says: _Says = filled) -> Score:
    """Return the score of a record of any schema; ``says`` decides what counts as filled.

    Raises ``Invalid`` for an unknown profile and for what is no description of a dataset.
    """
    if profile not in PROFILES:
        raise Invalid(f"“{profile[:40]}” is no way of scoring; choose one of {', '.join(PROFILES)}.", field="profile")
    plain = check_plain(record)
    schema = detect(plain)
    if schema is None:
        raise Invalid("This is no description of a dataset, so it has no score.", field="description")
    chosen = PROFILES[profile]
    flags = _flags(plain, chosen, schema, says)
    errors = mistaken(plain, chosen, schema)
    told = _weighed(chosen, flags, unknown=0)
    most = _weighed(chosen, flags, unknown=1)
    error = _weighed(chosen, errors, unknown=0)
    total = round((told + 100 - error) / 2, 2)
    return Score(profile, schema, flags, errors, told, most, error, total, rating(chosen, total))


def _weighed(profile: Profile, flags: Mapping[str, float | None], *, unknown: int) -> float:
    shares = ((flags[field.name], field.weight) for field in profile.fields)
    return round(
        100 * sum(weight * (unknown if share is None else share) for share, weight in shares) / profile.parts, 2
    )


def _flags(record: Mapping[str, Any], profile: Profile, schema: str, says: _Says) -> dict[str, float | None]:
    tables = tables_of(record) if has_structure(record, schema) else None
    flags: dict[str, float | None] = {}
    for field in profile.fields:
        if field.place is not None and field.place.startswith("structuralMetadata.") and not field.never:
            flags[field.name] = _structure(field.place, tables, by_share=profile.name == "hdruk-2022")
        else:
            flags[field.name] = _flag(record, field, schema, says)
    if profile.name == "hdruk-2022" and _periodicity(record) == "CONTINUOUS":
        flags["provenance.temporal.endDate"] = flags["provenance.temporal.distributionReleaseDate"] = 1
    return flags


def _flag(record: Mapping[str, Any], field: FlagField, schema: str, says: _Says) -> int | None:
    if field.never:
        return 0
    if field.place == "identifier" and schema != FLAT:
        return 1
    if not places(field, schema):
        return None
    found = [value for value in values(record, field, schema) if value != field.default]
    return int(any(says(value) for value in found))


def _structure(place: str, tables: Tables | None, *, by_share: bool) -> float | None:
    if tables is None:
        return None
    share = tables.share(place)
    return share if by_share else int(share > 0)


def _periodicity(record: Mapping[str, Any]) -> Any:
    return field_at(record, "provenance.temporal.accrualPeriodicity")
