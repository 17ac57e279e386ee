"""Finds the best of a broad search without scoring all it finds: only those in which some word stands strongly.

No other description can score above a bound that follows from the grades left out. Where the last of the wanted best is
above it, they are the very ones that scoring everything would give; where it falls short by little, they are taken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tantivy
from tantivy import Occur, Query

from .model import Asked
from .querying import Understood
from .schema import schema
from .strength import GRADES, USUAL_LENGTH, highest_below, most, rarity, token
from .typed import Place

__all__ = ["best", "is_broad", "rarest"]

_BROAD = 50_000
"""A search each of whose words stands in more descriptions than this is broad; scoring fewer takes some 2 ms."""

_FAR_FEWER = 8

_SCORED = 16_000
"""Up to how many descriptions are scored."""

_DEEP = 4
"""So many times as many are scored as the pages up to the wanted one show; deeper pages take scoring all."""

_NEARLY = 0.95
"""The last of the best may be so little below the bound, which hardly any description reaches."""


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
class _Left:
    """A reading and the grade below which descriptions are left out; nothing is left out of a ``whole`` one."""

    reading: _Reading
    grade: int = GRADES[-1] + 1
    whole: bool = False

    def bound(self, of: int, mean_length: float) -> float:
        """Return what this reading adds at most to the score of a description that is left out."""
        return 0.0 if self.whole else self.reading.most(of) * highest_below(self.grade, mean_length)

    def lower(self) -> _Left:
        """Return it with one grade more taken in; below the last of them all that have the term are."""
        if self.grade > GRADES[0]:
            return replace(self, grade=self.grade - 1)
        return replace(self, whole=True)

    def adds(self, searcher: tantivy.Searcher) -> int:
        """Return how many descriptions its last grade has."""
        if self.whole:
            return self.reading.found
        return searcher.doc_freq("strong", token(self.reading.rarest, self.grade))


@dataclass(frozen=True, kw_only=True)
class _Candidates:
    """What is scored, told by what is left out: for each word its readings."""

    words: Sequence[Sequence[_Left]]

    def query(self) -> Query:
        left = [each for word in self.words for each in word]
        whole = {each.reading.rarest for each in left if each.whole}
        graded = [token(each.reading.rarest, grade) for each in left for grade in range(each.grade, GRADES[-1] + 1)]
        parts = [Query.term_query(schema(), Place.ANYWHERE.value, term, "basic") for term in sorted(whole)]
        parts.append(Query.term_set_query(schema(), "strong", graded))
        return Query.const_score_query(Query.boolean_query([(Occur.Should, each) for each in parts]), 0.0)

    def bound(self, of: int, mean_length: float) -> float:
        """Return what no other description's score reaches: each word counts by the best of its readings."""
        return sum(max((each.bound(of, mean_length) for each in word), default=0.0) for word in self.words)


def is_broad(searcher: tantivy.Searcher, words: Sequence[Understood]) -> bool:
    """Say whether so many descriptions may have every word that scoring them all takes long."""
    if searcher.num_docs <= _BROAD or any(word.fuzzy or word.wanted.place is not Place.ANYWHERE for word in words):
        return False
    found = [_found(searcher, word) for word in words if not word.wanted.unwanted]
    return bool(found) and min(found) > _BROAD


def rarest(searcher: tantivy.Searcher, words: Sequence[Understood]) -> Understood | None:
    """Return a word that far fewer descriptions have than every other one, or nothing."""
    if any(word.fuzzy for word in words):
        return None
    ordered = sorted((_found(searcher, word), place) for place, word in enumerate(words) if not word.wanted.unwanted)
    few = len(ordered) > 1 and ordered[0][0] * _FAR_FEWER < ordered[1][0]
    return words[ordered[0][1]] if few else None


def best(
    searcher: tantivy.Searcher, words: Sequence[Understood], query: Callable[[Query], Query], asked: Asked
) -> tantivy.SearchResult | None:
    """Return the best of those that have ``words``; nothing where only scoring all tells.

    ``query`` gives the whole query for when nobody asks for descriptions beyond some.
    """
    if (asked.offset + asked.limit) * _DEEP > _SCORED:
        return None
    wanted = [_readings(searcher, word) for word in words if not word.wanted.unwanted]
    candidates = _candidates(searcher, wanted, _SCORED)
    scored = candidates.query()
    limited = Query.boolean_query([(Occur.Must, scored), (Occur.Must, query(scored))])
    result = searcher.search(limited, asked.limit, offset=asked.offset)
    if len(result.hits) < asked.limit:
        return None
    lowest, place = result.hits[-1]
    enough = lowest >= _NEARLY * candidates.bound(*_statistics(searcher, wanted, place))
    return result if enough else None


def _found(searcher: tantivy.Searcher, word: Understood) -> int:
    """Return how many descriptions have a word at most, roughly: of a phrase those with its rarest term."""
    return sum(each.found for each in _readings(searcher, word))


def _readings(searcher: tantivy.Searcher, word: Understood) -> list[_Reading]:
    found = (
        _Reading(boost=boost, having={term: searcher.doc_freq(word.wanted.place.value, term) for term in terms})
        for terms, boost in word.readings()
    )
    return [each for each in found if each.found]


def _candidates(searcher: tantivy.Searcher, words: Sequence[Sequence[_Reading]], about: int) -> _Candidates:
    """Choose up to ``about`` descriptions, grade by grade: next is always what lowers the bound most for its number."""
    left = [[_Left(reading=reading) for reading in word] for word in words]
    going = {place for place, word in enumerate(left) if word}
    while going:
        worth, place, first, lowered, adds = max(
            (_step(searcher, left[place], place) for place in going), key=lambda step: step[0]
        )
        if adds > about or worth <= 0:
            going.discard(place)
        else:
            about -= adds
            left[place][first] = lowered
    return _Candidates(words=left)


def _step(searcher: tantivy.Searcher, word: Sequence[_Left], place: int) -> tuple[float, int, int, _Left, int]:
    """Return what taking in one grade more of a word's foremost reading is worth, and what it is."""
    of = searcher.num_docs
    bounds = [each.bound(of, USUAL_LENGTH) for each in word]
    first = max(range(len(word)), key=lambda each: bounds[each])
    lowered = word[first].lower()
    adds = lowered.adds(searcher)
    return (bounds[first] - lowered.bound(of, USUAL_LENGTH)) / (adds + 1), place, first, lowered, adds


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
