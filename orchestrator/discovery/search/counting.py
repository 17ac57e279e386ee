"""Counts the values of facets, and classes of population, over everything that a search finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tantivy
from tantivy import Query

from .model import POPULATIONS, Asked, Facet, FacetCount
from .querying import narrowed
from .schema import BETWEEN, NAMED, SMALL_FACETS, together

__all__ = ["Counted", "count"]

_VALUES = 40
"""Most values shown of one facet."""

_SETS = 2_000
"""Most different sets of values that are counted as sets; where there are more, each value is counted by itself."""

_OF_A_SEGMENT = 20_000
"""Most values that each part of the index hands over: with fewer, counts over several parts would be inexact."""

_TOTAL = {"value_count": {"field": "changed"}}


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How many there are in all, by value of each facet, and by class of population."""

    total: int
    facets: Mapping[Facet, tuple[FacetCount, ...]]
    populations: tuple[tuple[int, int], ...]


def count(searcher: tantivy.Searcher, query: Query, asked: Asked, *, by_sets: bool) -> Counted:
    """Count values of every facet; those of a facet in which something is chosen as if nothing were chosen in it.

    ``by_sets`` counts whole sets of values and sums them up: slower where little is found, faster where much is.
    """
    chosen = {facet: values for facet, values in asked.chosen.items() if values}
    free = [facet for facet in Facet if facet not in chosen]
    whole = narrowed(query, asked)
    more = {"population": {"range": {"field": "population", "ranges": _ranges()}}, "total": _TOTAL}
    found, answers = _counted(searcher, whole, free, more, by_sets=by_sets)
    for facet in chosen:
        apart = narrowed(query, asked, apart_from=facet)
        found |= _counted(searcher, apart, [facet], {}, by_sets=by_sets, most=_SETS)[0]
    buckets = [each for each in answers["population"]["buckets"] if "from" in each and each["doc_count"]]
    return Counted(
        total=int(answers["total"]["value"]),
        facets={facet: _values(found[facet], chosen.get(facet, ())) for facet in Facet},
        populations=tuple((int(each["from"]), int(each["doc_count"])) for each in buckets),
    )


def _counted(
    searcher: tantivy.Searcher,
    query: Query,
    facets: Sequence[Facet],
    more: Mapping[str, Any],
    *,
    by_sets: bool,
    most: int = _VALUES,
) -> tuple[dict[Facet, Counter[str]], Mapping[str, Any]]:
    """Return how many have each value of these facets, and the answers to what ``more`` is asked in the same pass."""
    fields = _by_sets(facets) if by_sets else {facet.value: [facet] for facet in facets}
    asked = {field: _terms(_SETS if field != kept[0].value else most, field) for field, kept in fields.items()}
    answers = searcher.aggregate(query, {**asked, **more})
    found: dict[Facet, Counter[str]] = {}
    for field, kept in fields.items():
        if field != kept[0].value and answers[field]["sum_other_doc_count"]:
            found |= _counted(searcher, query, kept, {}, by_sets=False, most=_SETS)[0]
        else:
            found |= _summed(answers[field]["buckets"], kept)
    return found, answers


def _terms(most: int, field: str) -> dict[str, Any]:
    return {"terms": {"field": field, "size": most, "segment_size": _OF_A_SEGMENT}}


def _by_sets(facets: Sequence[Facet]) -> dict[str, list[Facet]]:
    """Return the fields to count, each with its facets: sets of values, and those of small facets in one."""
    fields: dict[str, list[Facet]] = {}
    for facet in facets:
        field = SMALL_FACETS if facet.small else together(facet) if facet.many else facet.value
        fields.setdefault(field, []).append(facet)
    return fields


def _summed(buckets: Sequence[Mapping[str, Any]], facets: Sequence[Facet]) -> dict[Facet, Counter[str]]:
    """Return counts by value out of counts by what was kept: one value, several, or several with their facets."""
    found: dict[Facet, Counter[str]] = {facet: Counter() for facet in facets}
    for bucket in buckets:
        for value in filter(None, str(bucket["key"]).split(BETWEEN)):
            name, named, rest = value.partition(NAMED)
            facet = Facet(name) if named else facets[0]
            if facet in found:
                found[facet][rest if named else value] += int(bucket["doc_count"])
    return found


def _ranges() -> list[dict[str, float]]:
    bounds = [*POPULATIONS, None]
    return [
        {"from": float(low), **({"to": float(high)} if high else {})}
        for low, high in zip((1, *POPULATIONS), bounds, strict=True)
    ]


def _values(counted: Counter[str], chosen: Sequence[str]) -> tuple[FacetCount, ...]:
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0].casefold()))
    shown = dict(ordered[:_VALUES]) | {value: counted[value] for value in chosen}
    return tuple(
        FacetCount(value=value, count=number, chosen=value in chosen)
        for value, number in sorted(shown.items(), key=lambda pair: (-pair[1], pair[0].casefold()))
    )
