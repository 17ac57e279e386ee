"""Search over the real catalogue: meanings, spelling, phrases, facets, columns, likeness; it follows every change."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from orchestrator.core.errors import Invalid, NotFound
from orchestrator.discovery.search import service
from orchestrator.discovery.search.model import Asked, Facet, Results
from tests.discovery.search.conftest import Searched


def titles(results: Results) -> list[str]:
    return [each.entry.title for each in results.listed]


def test_every_description_that_has_a_word_is_found_and_no_other(national: Searched) -> None:
    entries = national.rooms.catalogue.entries()
    for word in ("asthma", "epilepsy", "dementia", "biobank"):
        results = national.search.find(Asked(words=f'"{word}"', limit=200))
        found = {each.entry.entry_id for each in results.listed}
        having = {
            entry.entry_id for entry in entries if re.search(rf"\b{word}\b", str(entry.description), re.IGNORECASE)
        }
        assert having
        assert having <= found
        for extra in found - having:  # other forms of the word only
            assert re.search(word[:5], str(national.search.entries([extra])[extra].description), re.IGNORECASE)


def test_words_of_the_same_meaning_are_found(national: Searched) -> None:
    results = national.search.find(Asked(words="heart attack"))
    assert any("Myocardial" in title for title in titles(results))
    assert "myocardial infarction" in results.found.read[0].also


def test_a_quoted_phrase_means_itself(national: Searched) -> None:
    results = national.search.find(Asked(words='"heart attack"'))
    for each in results.listed:
        assert re.search(r"heart\W+attack", str(each.entry.description), re.IGNORECASE)


@pytest.mark.parametrize(
    ("typed", "meant"), [("diabtes", "diabetes"), ("epilpesy", "epilepsy"), ("leukeamia", "leukaemia")]
)
def test_typing_errors_are_corrected_and_said(national: Searched, typed: str, meant: str) -> None:
    results = national.search.find(Asked(words=typed, limit=200))
    right = national.search.find(Asked(words=meant, limit=200))
    assert results.found.read[0].corrected == meant
    assert titles(results) == titles(right)


def test_an_error_in_the_first_letter_still_finds_something(national: Searched) -> None:
    assert any("Diabetes" in title for title in titles(national.search.find(Asked(words="siabetes"))))


def test_an_unwanted_word_takes_descriptions_out(national: Searched) -> None:
    some = {each.entry.entry_id for each in national.search.find(Asked(words="cancer", limit=200)).listed}
    fewer = {each.entry.entry_id for each in national.search.find(Asked(words="cancer -breast", limit=200)).listed}
    without = {each.entry.entry_id for each in national.search.find(Asked(words='"breast"', limit=200)).listed}
    assert fewer == some - without


def test_capitals_tell_an_abbreviation(national: Searched) -> None:
    assert "myocardial infarction" in national.search.find(Asked(words="MI")).found.read[0].also
    assert not national.search.find(Asked(words="mi")).found.read[0].also


def test_where_nothing_has_all_words_some_are_enough_and_it_is_said(national: Searched) -> None:
    results = national.search.find(Asked(words="diabetes zzyzx"))
    assert results.found.loosened
    assert any("iabet" in title for title in titles(results))
    nothing = national.search.find(Asked(words="zzyzx qqxqq"))
    assert (nothing.found.total, nothing.found.loosened) == (0, False)


def test_facets_count_what_narrowing_by_them_finds(national: Searched) -> None:
    results = national.search.find(Asked(words="hospital"))
    for facet in (Facet.PUBLISHER, Facet.PLACE, Facet.ORIGIN):
        assert results.found.facets[facet]
        for value in results.found.facets[facet]:
            narrowed = national.search.find(Asked(words="hospital", chosen={facet: (value.value,)}))
            assert narrowed.found.total == value.count


def test_a_choice_does_not_narrow_the_counts_of_its_own_facet(national: Searched) -> None:
    every = national.search.find(Asked(words="hospital")).found.facets[Facet.PUBLISHER]
    chosen = every[1].value
    narrowed = national.search.find(Asked(words="hospital", chosen={Facet.PUBLISHER: (chosen,)})).found
    assert [(each.value, each.count) for each in narrowed.facets[Facet.PUBLISHER]] == [
        (each.value, each.count) for each in every
    ]
    assert [each.value for each in narrowed.facets[Facet.PUBLISHER] if each.chosen] == [chosen]
    both = national.search.find(Asked(words="hospital", chosen={Facet.PUBLISHER: (chosen, every[0].value)})).found
    assert both.total == every[0].count + every[1].count


def test_a_value_that_nothing_has_finds_nothing_and_is_still_shown(national: Searched) -> None:
    found = national.search.find(Asked(chosen={Facet.PUBLISHER: ("Nobody' OR 1=1",)})).found
    assert found.total == 0
    assert found.facets[Facet.PUBLISHER][-1].chosen


def test_paging_goes_through_everything_once(national: Searched) -> None:
    seen: list[str] = []
    for offset in range(0, 1000, 150):
        seen += [each.entry.entry_id for each in national.search.find(Asked(offset=offset, limit=150)).listed]
    assert len(seen) == len(set(seen)) == len(national.rooms.catalogue.entries())


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (Asked(words="a" * 201), "q"),
        (Asked(words="word " * 25), "q"),
        (Asked(limit=0), "limit"),
        (Asked(limit=201), "limit"),
        (Asked(offset=-1), "offset"),
        (Asked(offset=10_000), "offset"),
        (Asked(people=-1), "people"),
        (Asked(since=20), "since"),
        (Asked(since=2020, until=2010), "since"),
        (Asked(chosen={Facet.PLACE: tuple(map(str, range(51)))}), "chosen"),
        (Asked(words="heart \udcff"), "q"),
        (Asked(chosen={Facet.PLACE: ("\ud800",)}), "q"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(searched: Searched, asked: Asked, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        searched.search.find(asked)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "words",
    ['"', '""', "-", "- -", "AND OR NOT", "a:b:c", "title:", "*", "\\", "\x00", "the of and", "🩺", 'column:"', "(("],
)
def test_no_text_breaks_the_search(national: Searched, words: str) -> None:
    assert national.search.find(Asked(words=words)).found.total >= 0


COLUMNS = {
    "tables": [
        {
            "name": "Admissions",
            "columns": [
                {"name": "dateOfAdmission", "dataType": "date", "sensitive": False},
                {"name": "nhs_number_pseudo", "dataType": "text", "sensitive": True, "description": "Keyed pseudonym"},
            ],
        }
    ]
}


def test_columns_are_found_by_their_words_and_shown(searched: Searched, description: dict[str, Any]) -> None:
    with_columns = searched.offer("one", description, "Hospital visits", structuralMetadata=COLUMNS)
    searched.offer("two", description, "Date of admission letters", structuralMetadata={"tables": []})
    for words in (
        "column:dateOfAdmission",
        "column:date_of_admission",
        'column:"date of admission"',
        "column:pseudonym",
    ):
        results = searched.search.find(Asked(words=words))
        assert [each.entry.entry_id for each in results.listed] == [with_columns], words
        assert results.listed[0].where[0].place == "column"
    both = searched.search.find(Asked(words='"date of admission"'))
    assert titles(both) == ["Date of admission letters", "Hospital visits"]


def test_it_says_where_the_words_stand(searched: Searched, description: dict[str, Any]) -> None:
    searched.offer(
        "one", description, "Simulated visits", documentation={"description": "Old. About sneezing rarely. New."}
    )
    where = searched.search.find(Asked(words="sneeze")).listed[0].where
    assert [(each.place, each.text) for each in where] == [("text", "About sneezing rarely.")]


def test_population_and_years_narrow(searched: Searched, description: dict[str, Any]) -> None:
    searched.offer(
        "old",
        description,
        "Old register",
        provenance={
            "temporal": {
                "publishingFrequency": "Static",
                "startDate": "1980-01-01",
                "endDate": "1989-12-31",
                "timeLag": "Variable",
            }
        },
    )
    searched.offer("new", description, "New register")
    assert titles(searched.search.find(Asked(since=1995))) == ["New register"]
    assert titles(searched.search.find(Asked(until=1990))) == ["Old register"]
    assert searched.search.find(Asked(people=2694)).found.total == 2
    assert searched.search.find(Asked(people=2695)).found.total == 0
    assert searched.search.find(Asked()).found.populations == ((1000, 2),)


def test_a_change_is_found_at_once_and_a_withdrawal_hides_it(searched: Searched, description: dict[str, Any]) -> None:
    entry = searched.offer("one", description, "Sneezing register")
    assert searched.search.find(Asked(words="sneezing")).found.total == 1
    description["summary"]["title"] = "Coughing register"
    searched.rooms.discovery.describe_dataset(searched.rooms.actor("cora"), entry, description)
    assert searched.search.find(Asked(words="title:sneezing")).found.total == 0
    assert titles(searched.search.find(Asked(words="title:coughing"))) == ["Coughing register"]
    searched.rooms.discovery.withdraw_dataset(searched.rooms.actor("cora"), entry, "Wrong data.")
    assert searched.search.find(Asked(words="coughing")).found.total == 0
    with pytest.raises(NotFound):
        searched.search.similar(entry)


def test_similar_ones_share_telling_words(national: Searched) -> None:
    first = national.search.find(Asked(words='title:"Joint Registry"')).listed[0].entry
    similar = national.search.similar(first.entry_id)
    assert len(similar) == 5
    assert first.entry_id not in {each.entry.entry_id for each in similar}
    assert all("Joint Registry" in each.entry.title for each in similar)
    assert all(each.where for each in similar)


def test_what_is_offered_here_is_searched_apart_and_by_custodian(
    searched: Searched, description: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LARGEST_PAGE", 2)
    north = [searched.offer(f"north-{number}", description, f"Sneezing register {number}") for number in range(3)]
    south = searched.offer("south", description, "Sneezing letters", officer="carl")
    other = copy.deepcopy(description)
    other["summary"]["title"] = "Sneezing elsewhere"
    searched.rooms.catalogue.import_records(searched.rooms.actor("ada"), [other], source="national")

    def offered(**more: Any) -> set[str | None]:
        return {each.entry.dataset_id for each in searched.search.offered("title:sneeze", **more).listed}

    assert searched.search.find(Asked(words="title:sneeze")).found.total == 5
    assert offered() == {*north, south}
    assert offered(custodian_id=searched.rooms.custodians["South"]) == {south}
    assert offered(custodian_id="nobody") == set()
    of_south = searched.search.offered("title:sneeze", custodian_id=searched.rooms.custodians["South"]).found
    assert (of_south.total, of_south.at_least) == (1, False)
    assert searched.search.offered("title:sneeze").found.total == 4
    assert len(offered(most=1)) == 1
    assert len(offered(most=3)) == 3
    assert offered(most=0) == set()
