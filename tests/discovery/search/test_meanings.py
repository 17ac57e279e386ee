"""A word finds what means the same by one list of the index, as all its readings together would, itself first."""

from __future__ import annotations

from pathlib import Path

import pytest
import tantivy

from orchestrator.discovery.search import meanings, schema
from orchestrator.discovery.search.index import Index, Mark
from orchestrator.discovery.search.meanings import Terms, alternatives, itself, marks, meaning
from orchestrator.discovery.search.model import Asked, Searchable
from orchestrator.discovery.search.searching import answer
from orchestrator.discovery.search.synonyms import GROUPS
from orchestrator.discovery.search.words import stems

WRITTEN = sorted({written for group in GROUPS for written in (*group.same, *group.short)})


def found(index: Index, words: str) -> list[str]:
    asked = Asked(words=words, limit=200)
    return [hit.entry_id for hit in index.look(lambda searcher: answer(searcher, asked)).hits]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Each phrase of the table in a description of its own, amid other words."""
    index = Index(tmp_path_factory.mktemp("meanings"))
    made = [
        Searchable(entry_id=written, title="Of these", text=f"Those who were seen for {written} twice.")
        for written in WRITTEN
    ]
    with index.writing():
        index.apply(made, (), Mark(sequence=1, of="test"))
    return index


def by_each_reading(searcher: tantivy.Searcher, readings: set[Terms]) -> set[str]:
    """What the readings find one by one, by words and phrases as they stand in the texts."""
    having = set()
    for terms in readings:
        query = (
            tantivy.Query.phrase_query(schema.schema(), "words", list(terms))
            if len(terms) > 1
            else tantivy.Query.term_query(schema.schema(), "words", terms[0])
        )
        having |= {str(searcher.doc(place)["id"][0]) for _, place in searcher.search(query, 1000).hits}
    return having


def test_each_word_finds_what_its_readings_find_one_by_one(index: Index) -> None:
    told = 0
    for written in WRITTEN:
        terms = stems(written)
        also = alternatives(terms, written)
        if len(terms) == 1 or also:
            whole = index.look(lambda searcher, each={terms, *also}: by_each_reading(searcher, each))  # type: ignore[misc]
            assert written in whole
            assert set(found(index, written)) == whole, written
            told += bool(also)
    assert told > 400


def test_the_typed_word_stands_before_what_means_the_same(index: Index) -> None:
    for written in ("tumour", "heart attack", "cancer", "parturition"):
        assert found(index, written)[0] == written


def test_a_rare_word_of_the_same_meaning_does_not_come_before_the_typed_one(tmp_path: Path) -> None:
    made = [Searchable(entry_id=f"cancer{number}", title="Cancer register") for number in range(40)]
    made += [Searchable(entry_id=f"other{number}", title="Eye register") for number in range(40)]
    made += [Searchable(entry_id="rare", title="Malignancy register")]
    index = Index(tmp_path)
    with index.writing():
        index.apply(made, (), Mark(sequence=1, of="test"))
    assert found(index, "cancer")[-1] == "rare"
    assert len(found(index, "cancer")) == 41
    assert found(index, "malignancy")[0] == "rare"


def test_terms_of_the_index_are_taken_as_they_are() -> None:
    kept = {*meanings._meanings().values(), *meanings._phrases().values()}
    assert len(kept) == len(meanings._meanings()) + len(meanings._phrases())
    assert all(stems(term) == (term,) for term in kept)


def test_a_text_is_marked_for_each_place_and_meaning() -> None:
    assert marks(stems("Nothing of the table")) == []
    assert marks(("heart",)) == []
    once = marks(stems("A heart attack"))
    assert itself(stems("heart attack")) in once
    assert meaning(stems("myocardial infarction")) in once
    assert meaning(stems("MI"), "MI") in once
    assert meaning(stems("MI")) == ""
    twice = marks(stems("A heart attack, then a heart attack"))
    assert sorted(twice) == sorted([*once, *once])


def test_another_table_is_another_index(monkeypatch: pytest.MonkeyPatch) -> None:
    schema.fingerprint.cache_clear()
    before = schema.fingerprint()
    monkeypatch.setattr(schema, "table_hash", lambda: "another")
    schema.fingerprint.cache_clear()
    assert schema.fingerprint() != before
    schema.fingerprint.cache_clear()
