"""Answers one search on an opened index: understands the words, finds and counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import tantivy
from tantivy import Query

from orchestrator.core.errors import Invalid

from .counting import count
from .model import DEEPEST, LARGEST_PAGE, Asked, Found, Hit, Read
from .querying import Understood, every, narrowed, some, unlike_mark
from .spelling import is_likelier, nearest
from .strongest import best, is_broad
from .typed import Wanted, read_words
from .words import bare, stems

__all__ = ["answer", "check", "matching"]

_MANY = 20_000
"""Where more is found than this, facets are counted by sets of values."""

_MOST_CHOSEN = 50
_BROKEN = re.compile("[\ud800-\udfff]")
"""Halves of characters: a shell hands them over for bytes that are no text, and the index keeps none."""

_ENOUGH = 0.2
"""The share of a question's words that a description must have."""


@dataclass(frozen=True, kw_only=True)
class _Matched:
    query: Query
    """Everything but what narrows it."""
    result: tantivy.SearchResult
    loosened: bool = False
    at_least: bool = False
    """The result holds the best, and more were found than it counts."""


def check(asked: Asked) -> Asked:
    """Return what was asked if it makes sense; raise ``Invalid`` with the field otherwise."""
    if not 1 <= asked.limit <= LARGEST_PAGE:
        raise Invalid(f"Ask for 1 to {LARGEST_PAGE} results at once.", field="limit")
    if asked.offset < 0 or asked.offset + asked.limit > DEEPEST:
        raise Invalid(f"Only the first {DEEPEST:,} results can be paged through; narrow the search.", field="offset")
    if sum(map(len, asked.chosen.values())) > _MOST_CHOSEN:
        raise Invalid(f"Choose at most {_MOST_CHOSEN} values of all facets together.", field="chosen")
    if any(map(_BROKEN.search, chain((asked.words,), *asked.chosen.values()))):
        raise Invalid("The search holds a broken character; type it anew.", field="q")
    if asked.people is not None and not 0 <= asked.people <= 10**12:
        raise Invalid("Enter the least number of people as a whole number.", field="people")
    for name, year in (("since", asked.since), ("until", asked.until)):
        if year is not None and not 1000 <= year <= 9999:
            raise Invalid(f"Enter the year “{name}” with four digits.", field=name)
    if asked.since is not None and asked.until is not None and asked.since > asked.until:
        raise Invalid("The first year must not be after the last.", field="since")
    return asked


def answer(searcher: tantivy.Searcher, asked: Asked) -> Found:
    """Return what is found. Where no description has all words, the hits are those that have some, and it is said."""
    words = read_words(check(asked).words)
    understood = [_understand(searcher, word) for word in words]
    matched = _match(searcher, asked, [each for each, _ in understood])
    hits = [
        Hit(entry_id=str(searcher.doc(place)["id"][0]), score=float(score or 0.0))
        for score, place in matched.result.hits
    ]
    many = matched.at_least or count_of(matched.result) > _MANY
    counted = count(searcher, matched.query, asked, by_sets=many) if asked.counted else None
    return Found(
        hits=tuple(hits),
        total=counted.total if counted else count_of(matched.result),
        at_least=matched.at_least and counted is None,
        read=tuple(read for _, read in understood),
        loosened=matched.loosened,
        facets=counted.facets if counted else {},
        populations=counted.populations if counted else (),
    )


def matching(searcher: tantivy.Searcher, asked: Asked, most: int) -> tuple[list[str], int]:
    """Return the identifiers of up to ``most`` descriptions that have all words, and how many there are."""
    words = [_understand(searcher, word)[0] for word in read_words(check(asked).words)]
    query = narrowed(every(words) if words else unlike_mark(), asked)
    result = searcher.search(query, most)
    return [str(searcher.doc(place)["id"][0]) for _, place in result.hits], count_of(result)


def count_of(result: tantivy.SearchResult) -> int:
    """Return how many descriptions answer."""
    count: int | None = getattr(result, "count", None)
    return count or 0


def _match(searcher: tantivy.Searcher, asked: Asked, words: Sequence[Understood]) -> _Matched:
    if not words:
        query = unlike_mark()
        result = searcher.search(
            narrowed(query, asked), asked.limit, offset=asked.offset, order_by_field="changed", order=tantivy.Order.Desc
        )
        return _Matched(query=query, result=result)
    query = some(words, _ENOUGH) if asked.loose else every(words)
    if is_broad(searcher, words):
        found = best(searcher, words, narrowed(query, asked), asked)
        if found is not None:
            return _Matched(query=query, result=found, at_least=True)
    result = searcher.search(narrowed(query, asked), asked.limit, offset=asked.offset)
    if asked.loose or count_of(result) or sum(not word.wanted.unwanted for word in words) < 2:
        return _Matched(query=query, result=result)
    loose = some(words)
    result = searcher.search(narrowed(loose, asked), asked.limit, offset=asked.offset)
    return _Matched(query=loose, result=result, loosened=count_of(result) > 0)


def _understand(searcher: tantivy.Searcher, wanted: Wanted) -> tuple[Understood, Read]:
    """Return what is searched for: the typed words, or those most like them where no description has them."""
    understood = Understood(wanted=wanted, terms=wanted.terms)
    if wanted.quoted or wanted.unwanted or len(wanted.terms) > 1 or not wanted.terms[0].isalpha():
        return understood, _read(understood)
    known = searcher.doc_freq(wanted.place.value, wanted.terms[0])
    if known and not is_likelier(searcher.num_docs, known):
        return understood, _read(understood)
    if not known and understood.also():
        return understood, _read(understood)
    typed = "".join(bare(wanted.typed))
    likely, count = nearest(searcher, typed)
    if known:
        offered = likely if is_likelier(count, known) and stems(likely) != wanted.terms else ""
        return understood, _read(understood, likely=offered)
    if not likely:
        return Understood(wanted=wanted, terms=wanted.terms, fuzzy=True), Read(typed=wanted.typed)
    corrected = Understood(wanted=wanted, terms=stems(likely))
    return corrected, _read(corrected, corrected=likely)


def _read(word: Understood, *, corrected: str = "", likely: str = "") -> Read:
    also = () if word.wanted.unwanted else tuple(word.also().values())
    return Read(typed=word.wanted.typed, corrected=corrected, also=also, likely=likely, unwanted=word.wanted.unwanted)
