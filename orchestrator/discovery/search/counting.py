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
from .schema import BETWEEN, together

__all__ = ["Counted", "count"]

_VALUES = 40
"""Most values shown of one facet."""

_SETS = 2_000
"""Most different sets of values that are counted as sets; where there are more, each value is counted by itself."""


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
    wanted: dict[str, Any] = {facet.value: _terms(facet, by_sets=by_sets) for facet in Facet if facet not in chosen}
    wanted["population"] = {"range": {"field": "population", "ranges": _ranges()}}
    wanted["total"] = {"value_count": {"field": "changed"}}
    whole = narrowed(query, asked)
    answers = searcher.aggregate(whole, wanted)
    facets: dict[Facet, tuple[FacetCount, ...]] = {}
    for facet in Facet:
        apart = narrowed(query, asked, apart_from=facet) if facet in chosen else whole
        alone = {facet.value: _terms(facet, _SETS, by_sets=by_sets)}
        answer = answers.get(facet.value) or searcher.aggregate(apart, alone)[facet.value]
        facets[facet] = _values(_by_value(searcher, apart, facet, answer, by_sets=by_sets), chosen.get(facet, ()))
    buckets = [each for each in answers["population"]["buckets"] if "from" in each and each["doc_count"]]
    return Counted(
        total=int(answers["total"]["value"]),
        facets=facets,
        populations=tuple((int(each["from"]), int(each["doc_count"])) for each in buckets),
    )


def _terms(facet: Facet, values: int = _VALUES, *, by_sets: bool) -> dict[str, Any]:
    if facet.many and by_sets:
        return {"terms": {"field": together(facet), "size": _SETS}}
    return {"terms": {"field": facet.value, "size": values}}


def _ranges() -> list[dict[str, float]]:
    bounds = [*POPULATIONS, None]
    return [
        {"from": float(low), **({"to": float(high)} if high else {})}
        for low, high in zip((1, *POPULATIONS), bounds, strict=True)
    ]


def _by_value(
    searcher: tantivy.Searcher, query: Query, facet: Facet, answer: Mapping[str, Any], *, by_sets: bool
) -> Counter[str]:
    """Return counts by value out of counts by set of values; where there were too many sets, count values instead."""
    counted: Counter[str] = Counter()
    if not facet.many or not by_sets or not answer["sum_other_doc_count"]:
        for bucket in answer["buckets"]:
            for value in str(bucket["key"]).split(BETWEEN):  # one value, where values were counted
                counted[value] += int(bucket["doc_count"])
        return counted
    single = {facet.value: {"terms": {"field": facet.value, "size": _SETS}}}
    for bucket in searcher.aggregate(query, single)[facet.value]["buckets"]:
        counted[str(bucket["key"])] = int(bucket["doc_count"])
    return counted


def _values(counted: Counter[str], chosen: Sequence[str]) -> tuple[FacetCount, ...]:
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0].casefold()))
    shown = dict(ordered[:_VALUES]) | {value: counted[value] for value in chosen}
    return tuple(
        FacetCount(value=value, count=number, chosen=value in chosen)
        for value, number in sorted(shown.items(), key=lambda pair: (-pair[1], pair[0].casefold()))
    )
