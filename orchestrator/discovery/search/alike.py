"""Finds which descriptions may be like one: those that name its conditions or keywords, and those of like wording.

What of them is shown, and why, is told by what they really share (``likeness``).
"""

from __future__ import annotations

import math

import tantivy
from tantivy import Occur, Query

from orchestrator.discovery.catalogue.model import Entry

from .following import of_entry
from .likeness import Rarity, Things
from .meanings import meaning
from .schema import schema
from .words import stems

__all__ = ["near", "rarity_in"]

_QUERY_TERMS = 25
_MOST_NAMED = 8
"""Keywords and conditions that are looked for: each is a list of the index to read."""


def near(searcher: tantivy.Searcher, entry: Entry, most: int) -> list[str]:
    """Return the identifiers of up to twice ``most`` other descriptions."""
    queries = [_wording(entry), *_naming(entry)]
    found = [searcher.doc(place) for query in queries for _, place in searcher.search(query, most + 1).hits]
    ids = dict.fromkeys(str(each["id"][0]) for each in found)
    return [each for each in ids if each != entry.entry_id]


def rarity_in(searcher: tantivy.Searcher) -> Rarity:
    """Return how rare phrases are in an index: by their meaning, or by the rarest of their words."""
    of = searcher.num_docs

    def rarity(phrase: str) -> float:
        terms = stems(phrase)
        known = meaning(terms)
        having = min((searcher.doc_freq("words", term) for term in ((known,) if known else terms)), default=of)
        return math.log((of + 1) / (min(max(having, 2), of) + 1))

    return rarity


def _wording(entry: Entry) -> Query:
    read = of_entry(entry)
    text = "\n".join((read.title, read.title, *read.keywords, read.text, *read.columns))
    return Query.more_like_this_document_fields_query(
        schema(),
        {"words": [text]},
        min_doc_frequency=2,
        min_term_frequency=1,
        max_query_terms=_QUERY_TERMS,
        min_word_length=3,
    )


def _naming(entry: Entry) -> list[Query]:
    """Return the query for what names the same conditions or keywords, where there are any."""
    kinds = Things(entry).kinds
    names = [*kinds["condition"], *kinds["keyword"].values()][:_MOST_NAMED]
    parts = [_names(name) for name in names if stems(name)]
    return [Query.boolean_query([(Occur.Should, part) for part in parts])] if parts else []


def _names(name: str) -> Query:
    terms = stems(name)
    if term := meaning(terms):
        terms = (term,)
    if len(terms) == 1:
        return Query.term_query(schema(), "words", terms[0], "freq")
    return Query.phrase_query(schema(), "words", list(terms))
