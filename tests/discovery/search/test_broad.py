"""A search for words that very many descriptions have scores few of them, and answers as if it scored them all."""

from __future__ import annotations

import random

import pytest
import tantivy

from orchestrator.discovery.search import strongest
from orchestrator.discovery.search.index import Index, Mark
from orchestrator.discovery.search.model import Asked, Facet, Found, Searchable
from orchestrator.discovery.search.querying import Understood, every, narrowed
from orchestrator.discovery.search.schema import schema
from orchestrator.discovery.search.searching import answer
from orchestrator.discovery.search.strength import GRADES, graded, highest_below, token
from orchestrator.discovery.search.typed import read_words

COUNT = 2_000
WORDS = (
    *("cancer", "tumour", "patient", "health", "hospital", "imaging", "heart", "attack", "myocardial", "infarction"),
    *("stroke", "register", "survey", "blood", "genome", "children", "asthma", "cohort", "audit", "ward"),
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Texts of twenty common words, some far more common than others, in several segments, with deleted ones."""
    chance = random.Random(6)  # noqa: S311 - chance of a test
    weights = [1 / (1 + place / 4) for place in range(len(WORDS))]

    def words(number: int) -> str:
        return " ".join(chance.choices(WORDS, weights, k=number))

    made = [
        Searchable(
            entry_id=f"e{number}",
            title=words(chance.randint(1, 5)),
            text=f"{words(chance.randint(2, 60))} {'filling ' * chance.randint(0, 300)}",
            facets={Facet.PLACE: ("Wales" if number % 3 else "England",)},
        )
        for number in range(COUNT)
    ]
    index = Index(tmp_path_factory.mktemp("broad"))
    with index.writing():
        for turn in range(4):
            index.apply(made[turn::4], (), Mark(sequence=turn, of="test"))
        index.apply(made[:50], [f"e{number}" for number in range(50, 80)], Mark(sequence=9, of="test"))
    return index


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is broad, and few are scored."""
    monkeypatch.setattr(strongest, "_BROAD", 50)
    monkeypatch.setattr(strongest, "_SCORED", 700)


def pairs() -> list[str]:
    return [f"{one} {other}" for place, one in enumerate(WORDS) for other in WORDS[place + 1 :: 2]]


def ask(index: Index, words: str, **more: object) -> Found:
    return index.look(lambda searcher: answer(searcher, Asked(words=words, **more)))  # type: ignore[arg-type]


def everything(index: Index, asked: Asked) -> tuple[list[float], int]:
    """The scores of the best, by scoring all, and how many there are."""

    def score(searcher: tantivy.Searcher) -> tuple[list[float], int]:
        words = [Understood(wanted=wanted, terms=wanted.terms) for wanted in read_words(asked.words)]
        result = searcher.search(narrowed(every(words), asked), asked.limit, offset=asked.offset)
        return [hit[0] for hit in result.hits], result.count  # type: ignore[attr-defined]

    return index.look(score)


@pytest.mark.usefixtures("few")
def test_the_best_of_a_broad_search_are_those_of_scoring_everything(index: Index) -> None:
    told = 0
    for words in pairs():
        found = ask(index, words, counted=False)
        scores, _ = everything(index, Asked(words=words))
        told += found.at_least
        assert [hit.score for hit in found.hits] == pytest.approx(scores), words
    assert told >= 75, "of 100 searches, most were answered without scoring all"


@pytest.mark.usefixtures("few")
def test_what_is_proven_is_never_wrong(index: Index) -> None:
    told = 0
    for words in pairs():
        for more in ({}, {"offset": 20, "limit": 10}, {"chosen": {Facet.PLACE: ("Wales",)}}):
            asked = Asked(words=words, counted=False, **more)
            found = index.look(lambda searcher, asked=asked: answer(searcher, asked))  # type: ignore[misc]
            told += found.at_least
            assert [hit.score for hit in found.hits] == pytest.approx(everything(index, asked)[0]), (words, more)
    assert told >= 150, "of 300 searches, most were answered without scoring all"


@pytest.mark.usefixtures("few")
def test_the_number_is_a_bound_and_exact_with_facets(index: Index) -> None:
    scores, number = everything(index, Asked(words="cancer tumour"))
    found = ask(index, "cancer tumour", counted=False)
    assert len(found.hits) == len(scores) == 20
    assert found.at_least
    assert 20 <= found.total <= number
    counted = ask(index, "cancer tumour")
    assert (counted.total, counted.at_least) == (number, False)
    assert [hit.entry_id for hit in counted.hits] == [hit.entry_id for hit in found.hits]
    assert sum(each.count for each in counted.facets[Facet.PLACE]) == number


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("words", ["title:cancer title:tumour", '"heart attack" register', "cancer -ward tumour"])
def test_other_searches_are_answered_as_ever(index: Index, words: str) -> None:
    scores, number = everything(index, Asked(words=words))
    found = ask(index, words)
    assert [hit.score for hit in found.hits] == pytest.approx(scores)
    assert found.total == number


@pytest.mark.usefixtures("few")
def test_pages_follow_each_other(index: Index) -> None:
    pages = [ask(index, "cancer patient", counted=False, offset=offset).hits for offset in range(0, 100, 20)]
    scores = [hit.score for page in pages for hit in page]
    assert scores == sorted(scores, reverse=True)
    assert len({hit.entry_id for page in pages for hit in page}) == 100


@pytest.mark.parametrize("word", ["cancer", "ward", "heart attack", "tumour", '"heart"'])
def test_the_bound_is_the_librarys_own_score(index: Index, word: str) -> None:
    """Grades, rarity and mean length are computed here as the library scores: no score is above its grades' bound."""

    def look(searcher: tantivy.Searcher) -> None:
        (wanted,) = read_words(word)
        understood = Understood(wanted=wanted, terms=wanted.terms)
        hits = searcher.search(understood.query(), COUNT).hits
        parts = strongest._weighed(searcher, understood)
        assert len(hits) >= COUNT // 10
        of, mean = strongest._statistics(searcher, parts, hits[0][1])
        assert hits[0][0] < sum(part.most(of) for part in parts)
        grades = {part.term: _grades(searcher, part.term) for part in parts}
        assert all(grades.values())
        for score, place in hits:
            where = (place.segment_ord, place.doc)
            kept = [grades[part.term].get(where, GRADES[0] - 1) for part in parts]
            bounds = [part.most(of) * highest_below(each + 1, mean) for part, each in zip(parts, kept, strict=True)]
            assert score <= sum(bounds) * 1.0001

    index.look(look)


def _grades(searcher: tantivy.Searcher, term: str) -> dict[tuple[int, int], int]:
    """The grade of each description in which a term stands strongly."""
    return {
        (place.segment_ord, place.doc): grade
        for grade in GRADES
        for _, place in searcher.search(
            tantivy.Query.term_query(schema(), "strong", token(term, grade), "basic"), COUNT
        ).hits
    }


def test_grades() -> None:
    assert graded([]) == []
    assert graded(["asthma"] * 3 + ["ward"]) == [token("asthma", 13), token("ward", 6)]
    assert graded(["word"] + ["filling"] * 249) == [token("filling", GRADES[-1])]
    assert graded(["x"] * 100) == [token("x", GRADES[-1])]
    assert highest_below(GRADES[-1] + 1, 250) == 1.0
    assert highest_below(4, 250) == pytest.approx(2 / 3)
    assert highest_below(4, 500) > highest_below(4, 250)
