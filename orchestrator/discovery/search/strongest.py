"""Finds the best of a broad search without scoring all it finds: only those in which some word stands strongly.

No other description can score above a bound that follows from the grades left out. Where the last of the wanted best is
above it, they are the very ones that scoring everything would give; where it falls short, everything is scored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tantivy
from tantivy import Occur, Query

from .meanings import itself
from .model import Asked
from .querying import SAME_MEANING, Understood
from .schema import schema
from .strength import GRADES, USUAL_LENGTH, highest_below, most, rarity, token
from .typed import Place

__all__ = ["best", "is_broad"]

_BROAD = 50_000
"""A search each of whose words stands in more descriptions than this is broad; scoring fewer takes some 2 ms."""

_SCORED = 30_000
"""Up to how many descriptions are scored: some 4 ms. With half as many 18 of 225 broad searches of 840,000 need all."""

_DEEP = 4
"""So many times as many are scored as the pages up to the wanted one show; deeper pages take scoring all."""


@dataclass(frozen=True, kw_only=True)
class _Weighed:
    """What counts of a wanted word, as it is scored: a word with synonyms counts as its meaning and as itself."""

    term: str
    """By whose grades descriptions are chosen."""
    having: Mapping[str, int]
    """How many descriptions have each term that counts; none stands in a text more often than ``term``."""
    boost: float = 1.0

    @property
    def found(self) -> int:
        return self.having[self.term]

    def most(self, of: int) -> float:
        """Return the most it can add to a score, in an index of so many descriptions."""
        return self.boost * sum(most(rarity(having, of)) for having in self.having.values())


@dataclass(frozen=True, kw_only=True)
class _Left:
    """What counts and the grade below which descriptions are left out; nothing is left out of a ``whole`` one."""

    word: _Weighed
    grade: int = GRADES[-1] + 1
    whole: bool = False

    def bound(self, of: int, mean_length: float) -> float:
        """Return what it adds at most to the score of a description that is left out."""
        return 0.0 if self.whole else self.word.most(of) * highest_below(self.grade, mean_length)

    def lower(self) -> _Left:
        """Return it with one grade more taken in; below the last of them all that have the term are."""
        if self.grade > GRADES[0]:
            return replace(self, grade=self.grade - 1)
        return replace(self, whole=True)

    def adds(self, searcher: tantivy.Searcher) -> int:
        """Return how many descriptions its last grade has."""
        if self.whole:
            return self.word.found
        return searcher.doc_freq("strong", token(self.word.term, self.grade))


@dataclass(frozen=True, kw_only=True)
class _Candidates:
    """What is scored, told by what is left out of all that counts."""

    words: Sequence[_Left]

    def query(self) -> Query:
        whole = {left.word.term for left in self.words if left.whole}
        graded = [token(left.word.term, grade) for left in self.words for grade in range(left.grade, GRADES[-1] + 1)]
        parts = [Query.term_query(schema(), Place.ANYWHERE.value, term, "basic") for term in sorted(whole)]
        parts.append(Query.term_set_query(schema(), "strong", graded))
        return Query.const_score_query(Query.boolean_query([(Occur.Should, each) for each in parts]), 0.0)

    def bound(self, of: int, mean_length: float) -> float:
        """Return what no other description's score reaches."""
        return sum(left.bound(of, mean_length) for left in self.words)


def is_broad(searcher: tantivy.Searcher, words: Sequence[Understood]) -> bool:
    """Say whether so many descriptions may have every word that scoring them all takes long."""
    if searcher.num_docs <= _BROAD or any(word.fuzzy or word.wanted.place is not Place.ANYWHERE for word in words):
        return False
    found = [_weighed(searcher, word)[0].found for word in words if not word.wanted.unwanted]
    return bool(found) and min(found) > _BROAD


def best(
    searcher: tantivy.Searcher, words: Sequence[Understood], query: Query, asked: Asked
) -> tantivy.SearchResult | None:
    """Return the best that ``query`` for ``words`` finds; nothing where only scoring all tells."""
    if (asked.offset + asked.limit) * _DEEP > _SCORED:
        return None
    wanted = [each for word in words if not word.wanted.unwanted for each in _weighed(searcher, word)]
    candidates = _candidates(searcher, wanted, _SCORED)
    limited = Query.boolean_query([(Occur.Must, candidates.query()), (Occur.Must, query)])
    result = searcher.search(limited, asked.limit, offset=asked.offset)
    if len(result.hits) < asked.limit:
        return None
    lowest, place = result.hits[-1]
    enough = lowest >= candidates.bound(*_statistics(searcher, wanted, place))
    return result if enough else None


def _weighed(searcher: tantivy.Searcher, word: Understood) -> list[_Weighed]:
    """Return what a word is scored by, first what each description that has the word has.

    A meaning may be many times as common as the typed word, which then decides what is best: each has grades of its
    own. Of a phrase without a known meaning the rarest term is graded.
    """
    if meaning := word.meaning():
        shares = {meaning: SAME_MEANING, itself(word.terms): 1.0 - SAME_MEANING}
        return [
            _Weighed(term=term, having=_having(searcher, word, [term]), boost=boost) for term, boost in shares.items()
        ]
    having = _having(searcher, word, word.terms)
    return [_Weighed(term=min(having, key=lambda term: having[term]), having=having)]


def _having(searcher: tantivy.Searcher, word: Understood, terms: Sequence[str]) -> dict[str, int]:
    return {term: searcher.doc_freq(word.wanted.place.value, term) for term in terms}


def _candidates(searcher: tantivy.Searcher, words: Sequence[_Weighed], about: int) -> _Candidates:
    """Choose up to ``about`` descriptions, grade by grade: next is always what lowers the bound most for its number."""
    left = [_Left(word=word) for word in words]
    going = set(range(len(left)))
    while going:
        worth, place, lowered, adds = max(
            (_step(searcher, left[place], place) for place in going), key=lambda step: step[0]
        )
        if adds > about or worth <= 0:
            going.discard(place)
        else:
            about -= adds
            left[place] = lowered
    return _Candidates(words=left)


def _step(searcher: tantivy.Searcher, left: _Left, place: int) -> tuple[float, int, _Left, int]:
    """Return what taking in one grade more of a word is worth, and what it is."""
    of = searcher.num_docs
    lowered = left.lower()
    adds = lowered.adds(searcher)
    lowers = left.bound(of, USUAL_LENGTH) - lowered.bound(of, USUAL_LENGTH)
    return lowers / (adds + 1), place, lowered, adds


def _statistics(searcher: tantivy.Searcher, words: Sequence[_Weighed], place: tantivy.DocAddress) -> tuple[int, float]:
    """Return the number of descriptions and their mean length, as the library scores by: it says so of any hit."""
    terms = sorted({term for word in words for term in word.having})
    each = [(Occur.Should, Query.term_query(schema(), Place.ANYWHERE.value, term, "freq")) for term in terms]
    told = dict(_told(json.loads(Query.boolean_query(each).explain(searcher, place).to_json())))
    return int(told["N"]), told["avgdl"]


def _told(part: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield str(part["description"]).partition(",")[0], float(part["value"])
    for detail in part.get("details") or ():
        yield from _told(detail)
