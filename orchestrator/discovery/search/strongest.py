"""Finds the best of a broad search without scoring all it finds: only those in which some word stands strongly.

No other description can score above a bound that follows from the grades left out. Where the last of the wanted best is
above it, they are the very ones that scoring everything would give; where they fall short by little, they are taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tantivy
from tantivy import Occur, Query

from .model import Asked
from .querying import Understood
from .schema import schema
from .strength import GRADES, highest_below, most, rarity, token
from .typed import Place

__all__ = ["best", "is_broad"]

_BROAD = 20_000
"""A search each of whose words stands in more descriptions than this is broad."""

_ROUNDS = (8_000, 32_000)
"""About how many descriptions are scored at first, and when these do not tell."""

_NEARLY = 0.9
"""The last of the best may be so far below the bound in the end: measured in ``benchmarks/results/search.md``."""


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """One way to read a word: itself, or what means the same; ``having`` tells how many have each of its terms."""

    boost: float
    having: Mapping[str, int]

    @property
    def rarest(self) -> str:
        return min(self.having, key=lambda term: self.having[term])

    @property
    def found(self) -> int:
        return self.having[self.rarest]

    def most(self, of: int) -> float:
        """Return the most it can add to a score, in an index of so many descriptions."""
        return self.boost * most(sum(rarity(number, of) for number in self.having.values()))


@dataclass(frozen=True, kw_only=True)
class _Candidates:
    """What is scored: everything with a term of ``whole``, and what has a token of ``strong``."""

    whole: Sequence[str]
    strong: Sequence[str]
    below: Sequence[Sequence[tuple[_Reading, int]]]
    """For each word: its readings and the grade below which they were left out."""

    def query(self) -> Query:
        terms = [Query.term_query(schema(), Place.ANYWHERE.value, term, "basic") for term in self.whole]
        graded = Query.term_set_query(schema(), "strong", list(self.strong))
        return Query.const_score_query(Query.boolean_query([(Occur.Should, each) for each in (*terms, graded)]), 0.0)

    def bound(self, of: int, mean_length: float) -> float:
        """Return what no other description's score reaches: each word counts by the best of its readings."""
        return sum(
            max((reading.most(of) * highest_below(grade, mean_length) for reading, grade in word), default=0.0)
            for word in self.below
        )


def is_broad(searcher: tantivy.Searcher, words: Sequence[Understood]) -> bool:
    """Say whether so many descriptions may have every word that scoring them all takes long."""
    if searcher.num_docs <= _BROAD or any(word.fuzzy or word.wanted.place is not Place.ANYWHERE for word in words):
        return False
    found = [sum(each.found for each in _readings(searcher, word)) for word in words if not word.wanted.unwanted]
    return bool(found) and min(found) > _BROAD


def best(
    searcher: tantivy.Searcher, words: Sequence[Understood], query: Query, asked: Asked
) -> tantivy.SearchResult | None:
    """Return the best for ``query``, which wants ``words`` and may narrow; nothing where only scoring all tells."""
    wanted = [_readings(searcher, word) for word in words if not word.wanted.unwanted]
    last = asked.offset + asked.limit
    for about in _ROUNDS:
        if last * 4 > about:
            continue
        candidates = _candidates(searcher, wanted, about)
        limited = Query.boolean_query([(Occur.Must, candidates.query()), (Occur.Must, query)])
        result = searcher.search(limited, asked.limit, count=False, offset=asked.offset)
        if len(result.hits) < asked.limit:
            continue
        lowest, place = result.hits[-1]
        bound = candidates.bound(*_statistics(searcher, wanted, place))
        if lowest >= bound * (1.0 if about != _ROUNDS[-1] else _NEARLY):
            return result
    return None


def _readings(searcher: tantivy.Searcher, word: Understood) -> list[_Reading]:
    found = (
        _Reading(boost=boost, having={term: searcher.doc_freq(Place.ANYWHERE.value, term) for term in terms})
        for terms, boost in word.readings()
    )
    return [each for each in found if each.found]


def _candidates(searcher: tantivy.Searcher, words: Sequence[Sequence[_Reading]], about: int) -> _Candidates:
    """Choose some ``about`` descriptions: of each reading those of its highest grades, more of the telling ones."""
    of = searcher.num_docs
    each = about / (sum(reading.most(of) for word in words for reading in word) or 1.0)
    whole: list[str] = []
    strong: list[str] = []
    below: list[list[tuple[_Reading, int]]] = []
    for word in words:
        left: list[tuple[_Reading, int]] = []
        for reading in word:
            share = each * reading.most(of)
            if reading.found <= share:
                whole.append(reading.rarest)
                continue
            grade = _lowest_grade(searcher, reading.rarest, share)
            strong += [token(reading.rarest, higher) for higher in range(grade, GRADES[-1] + 1)]
            left.append((reading, grade))
        below.append(left)
    return _Candidates(whole=whole, strong=strong, below=below)


def _lowest_grade(searcher: tantivy.Searcher, term: str, share: float) -> int:
    """Return the grade down to which a term stands in no more than ``share`` descriptions."""
    found = 0
    for grade in reversed(GRADES):
        found += searcher.doc_freq("strong", token(term, grade))
        if found > share:
            return grade + 1
    return GRADES[0]


def _statistics(
    searcher: tantivy.Searcher, words: Sequence[Sequence[_Reading]], place: tantivy.DocAddress
) -> tuple[int, float]:
    """Return the number of descriptions and their mean length, as the library scores by: it says so of any hit."""
    terms = sorted({term for word in words for reading in word for term in reading.having})
    each = [(Occur.Should, Query.term_query(schema(), Place.ANYWHERE.value, term, "freq")) for term in terms]
    told = dict(_told(json.loads(Query.boolean_query(each).explain(searcher, place).to_json())))
    return int(told["N"]), told["avgdl"]


def _told(part: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield str(part["description"]).partition(",")[0], float(part["value"])
    for detail in part.get("details") or ():
        yield from _told(detail)
