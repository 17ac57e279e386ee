"""Builds the index's queries out of what was asked: every word is wanted, each with what means the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import tantivy
from tantivy import FieldType, Occur, Query

from .meanings import Terms, alternatives, itself, meaning
from .model import Asked, Facet
from .schema import MARK, schema
from .typed import Place, Wanted

__all__ = ["SAME_MEANING", "Understood", "every", "narrowed", "some", "unlike_mark"]

SAME_MEANING = 0.4
"""What a description counts that has only what means the same; the rest is for the word itself."""

_NEAR_SPELLING = 0.4


@dataclass(frozen=True, kw_only=True)
class Understood:
    """One wanted word with what is searched for in its stead or besides."""

    wanted: Wanted
    terms: Terms
    """What is searched for: the typed stems, or those of the corrected word."""
    fuzzy: bool = False
    """No word of nearly the same spelling could be named; anything close counts."""

    def also(self) -> dict[Terms, str]:
        """Return what means the same; a phrase in quotes means itself."""
        return {} if self.wanted.quoted else alternatives(self.terms, self.wanted.typed)

    def meaning(self) -> str:
        """Return the term of every description that has the word or what means the same; empty where only it does."""
        return "" if self.wanted.quoted or self.fuzzy else meaning(self.terms, self.wanted.typed)

    def parts(self) -> list[tuple[Occur, Query]]:
        """Return what descriptions must have, and what counts besides: the word itself more than its meaning."""
        place = self.wanted.place
        if self.fuzzy:
            return [(Occur.Must, _near(place, self.terms))]
        if not (term := self.meaning()):
            return [(Occur.Must, _exactly(place, self.terms))]
        return [
            (Occur.Must, Query.boost_query(_exactly(place, (term,)), SAME_MEANING)),
            (Occur.Should, Query.boost_query(_exactly(place, (itself(self.terms),)), 1.0 - SAME_MEANING)),
        ]

    def query(self) -> Query:
        """Return the query for this word alone."""
        parts = self.parts()
        return parts[0][1] if len(parts) == 1 else Query.boolean_query(parts)


def every(words: Sequence[Understood]) -> Query:
    """Return the query for descriptions that have every wanted word and none of the unwanted."""
    wanted = [part for word in words if not word.wanted.unwanted for part in word.parts()]
    if len(wanted) == 1 and len(words) == 1:
        return wanted[0][1]
    return Query.boolean_query([*(wanted or [(Occur.Must, unlike_mark())]), *_without(words)])


def some(words: Sequence[Understood], share: float = 0.5) -> Query:
    """Return the query for descriptions that have at least such a share of the wanted words."""
    wanted = [(Occur.Should, word.query()) for word in words if not word.wanted.unwanted]
    if not wanted:
        return every(words)
    least = max(1, round(len(wanted) * share))
    loose = Query.boolean_query(wanted, minimum_number_should_match=least)
    return Query.boolean_query([(Occur.Must, loose), *_without(words)])


def _without(words: Iterable[Understood]) -> list[tuple[Occur, Query]]:
    return [(Occur.MustNot, _exactly(word.wanted.place, word.terms)) for word in words if word.wanted.unwanted]


def narrowed(query: Query, asked: Asked, *, apart_from: Facet | None = None) -> Query:
    """Return ``query`` narrowed to the chosen facets (but one), population and years; narrowing changes no score."""
    chosen = [
        Query.term_set_query(schema(), facet.value, sorted(values))
        for facet, values in asked.chosen.items()
        if values and facet is not apart_from
    ]
    ranges = [
        _range(name, least, most)
        for name, least, most in (
            ("population", asked.people, None),
            ("last_year", asked.since, None),
            ("first_year", None, asked.until),
        )
        if least is not None or most is not None
    ]
    limits = [(Occur.Must, Query.const_score_query(each, 0.0)) for each in (*chosen, *ranges)]
    return Query.boolean_query([(Occur.Must, query), *limits]) if limits else query


def unlike_mark() -> Query:
    """Return the query for every description."""
    mark = Query.term_query(schema(), "id", MARK, "basic")
    return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, mark)])


def _exactly(place: Place, terms: Terms) -> Query:
    if len(terms) == 1:
        return Query.term_query(schema(), place.value, terms[0], "freq")
    return Query.phrase_query(schema(), place.value, list(terms))


def _near(place: Place, terms: Terms) -> Query:
    close = [
        (Occur.Must, Query.fuzzy_term_query(schema(), place.value, term, distance=_edits(term), prefix=False))
        for term in terms
    ]
    return Query.boost_query(Query.boolean_query(close), _NEAR_SPELLING)


def _edits(term: str) -> int:
    return 0 if len(term) < 4 else 1 if len(term) < 7 else 2


def _range(name: str, least: int | None, most: int | None) -> tantivy.Query:
    return Query.range_query(schema(), name, FieldType.Integer, least, most)
