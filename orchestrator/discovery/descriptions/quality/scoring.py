"""Computes a published score of a record: 50 × (completeness + (1 − error)), both weighted, in percent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.errors import Invalid

from ..versions import CATALOGUE_2020, FLAT, check_plain, detect
from .mistakes import mistaken
from .places import has_structure, places, values
from .profiles import PROFILES, FlagField, Profile, rating
from .reading import Tables, field_at, filled, tables_of
from .rules_2020 import mistaken_2020

__all__ = ["Score", "score"]


@dataclass(frozen=True)
class Score:
    """What a profile says of one record.

    ``flags`` by published field name: 1 filled, 0 empty, a share for tables and columns, nothing where the record's
    schema has no such field, so that it cannot be told; ``errors`` in the same way: 1 wrong, 0 not. ``completeness``,
    ``error`` and ``score`` count what is told, ``completeness_at_most`` and ``error_at_most`` also what is not;
    ``score_between`` is as low and as high as the score can be. All are percentages with two places.
    """

    profile: str
    schema: str
    flags: dict[str, float | None]
    errors: dict[str, float | None]
    completeness: float
    completeness_at_most: float
    error: float
    error_at_most: float
    score: float
    score_between: tuple[float, float]
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
    judge = mistaken_2020 if profile == "hdruk-2020" and schema in {FLAT, CATALOGUE_2020} else mistaken
    errors = judge(plain, chosen, schema)
    told = _weighed(chosen, flags, unknown=0)
    most = _weighed(chosen, flags, unknown=1)
    error, worst = _weighed(chosen, errors, unknown=0), _weighed(chosen, errors, unknown=1)
    total = _total(told, error)
    return Score(
        profile=profile,
        schema=schema,
        flags=flags,
        errors=errors,
        completeness=told,
        completeness_at_most=most,
        error=error,
        error_at_most=worst,
        score=total,
        score_between=(_total(told, worst), _total(most, error)),
        rating=rating(chosen, total),
    )


def _total(completeness: float, error: float) -> float:
    return round((completeness + 100 - error) / 2, 2)


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
    default = None if schema == FLAT else field.default
    found = [value for value in values(record, field, schema) if value != default]
    return int(any(says(value) for value in found))


def _structure(place: str, tables: Tables | None, *, by_share: bool) -> float | None:
    """Tell what of tables and columns is there; in 2020 one table at all filled all these flags, described or not."""
    if tables is None:
        return None
    return tables.share(place) if by_share else int(tables.count > 0)


def _periodicity(record: Mapping[str, Any]) -> Any:
    return field_at(record, "provenance.temporal.accrualPeriodicity")
