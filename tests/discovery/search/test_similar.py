"""Similar datasets are told by what they really share, among few as among many, and never by words that say nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.discovery.catalogue.model import Entry, EntryState, Origin
from orchestrator.discovery.search.likeness import Things, likeness
from orchestrator.discovery.search.model import Asked, Listed
from orchestrator.discovery.search.subjects import conditions, is_subject, sites
from tests.discovery.search.conftest import Searched

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def entry(title: str, *, publisher: str = "", keywords: tuple[str, ...] = (), **description: Any) -> Entry:
    summary = {"title": title, "keywords": list(keywords), "abstract": description.pop("abstract", "")}
    return Entry(
        entry_id=title, origin=Origin.IMPORTED, source="", custodian_id=None, publisher=publisher, persistent_id="",
        version="", schema="", title=title, description={"summary": summary, **description}, original={}, unplaced={},
        findings=(), dataset_id=None, state=EntryState.LISTED, first_seen=NOW, changed_at=NOW, confirmed_at=NOW,
    )  # fmt: skip


def tables(*columns: str) -> dict[str, Any]:
    return {"tables": [{"name": "main", "columns": [{"name": column} for column in columns]}]}


def shared(one: Entry, other: Entry) -> dict[str, str]:
    score, where = likeness(Things(one), Things(other), lambda _: 0.0)
    assert (score > 0) == bool(where)
    return {each.place: each.text for each in where}


def said(each: Listed) -> dict[str, str]:
    return {where.place: where.text for where in each.where}


def test_a_condition_is_the_same_by_any_of_its_names() -> None:
    one = entry("Registry", abstract="Of those who had a heart attack.")
    other = entry("Audit", keywords=("Myocardial infarction",))
    assert shared(one, other) == {"condition": "myocardial infarction"}


def test_every_kind_of_thing_is_told_and_what_data_are_about_comes_first() -> None:
    one = entry(
        "Lung function tests of Leeds", publisher="Leeds", keywords=("spirometry", "COPD"), abstract="Asthma too.",
        structuralMetadata=tables("forced_vital_capacity", "patient_id"),
    )  # fmt: skip
    other = entry(
        "Lung function tests of York", publisher="LEEDS", keywords=("Spirometry",), abstract="On asthma and COPD.",
        structuralMetadata=tables("forcedVitalCapacity", "patient_id"),
    )  # fmt: skip
    told = shared(one, other)
    assert list(told) == ["condition", "body site", "keyword", "title", "column", "custodian"]
    assert told["condition"] == "asthma, chronic obstructive pulmonary disease"
    assert (told["body site"], told["keyword"]) == ("lung", "spirometry")
    assert told["title"] == "Lung function tests"
    assert told["column"] == "forced_vital_capacity"
    assert shared(other, one).keys() == told.keys()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            entry("Hospital data", abstract="Records of patients"),
            entry("Hospital data", abstract="Records of patients"),
        ),
        (
            entry("One", keywords=("NHS", "Data", "Health", "UK")),
            entry("Two", keywords=("nhs", "data", "health", "uk")),
        ),
        (
            entry("One", structuralMetadata=tables("patient_id", "date", "sex", "nhs_number", "v1")),
            entry("Two", structuralMetadata=tables("patient_id", "date", "sex", "nhs_number", "v1")),
        ),
        (entry("Births", publisher="SAIL"), entry("Care homes", publisher="SAIL")),
        (
            entry("Births", publisher="SAIL", keywords=("SAIL",)),
            entry("Care homes", publisher="SAIL", keywords=("sail", "SAIL Databank")),
        ),
        (entry("", keywords=()), entry("", keywords=())),
        (entry("–"), entry("–")),
    ],
    ids=["running words", "generic keywords", "generic columns", "custodian", "its name as keyword", "empty", "a dash"],
)
def test_what_says_nothing_makes_nothing_similar(one: Entry, other: Entry) -> None:
    assert shared(one, other) == {}


def test_what_has_no_such_shape_shares_nothing_there() -> None:
    odd = entry("Odd", keywords=("spirometry",), structuralMetadata="none")
    odder = entry("Odder", structuralMetadata={"tables": [{"columns": {"name": "forced_vital_capacity"}}, 7]})
    assert shared(odd, odder) == {}
    assert shared(odd, entry("Plain", keywords=("spirometry",))) == {"keyword": "spirometry"}


def test_the_rarer_a_thing_is_the_more_it_counts() -> None:
    one = entry("One", keywords=("spirometry", "oximetry"))
    rare = {"spirometry": 5.0, "oximetry": 0.1}
    by_rare, _ = likeness(Things(one), Things(entry("Two", keywords=("spirometry",))), rare.__getitem__)
    by_common, _ = likeness(Things(one), Things(entry("Two", keywords=("oximetry",))), rare.__getitem__)
    assert by_rare > by_common > 0


def test_many_columns_are_counted_and_told_in_moderation() -> None:
    names = [f"measurement{chr(97 + number)}" for number in range(26)]
    score, where = likeness(
        Things(entry("One", structuralMetadata=tables(*names))),
        Things(entry("Two", structuralMetadata=tables(*names))),
        lambda _: 0.0,
    )
    assert score <= 3.0
    assert where[0].text.endswith("measurementd and 22 more")


def test_of_a_condition_and_a_broader_word_in_its_name_the_former_is_told() -> None:
    assert conditions("Type 2 diabetes and lung cancer") == {"type 2 diabetes", "lung cancer"}
    assert conditions("Dementias, anaemia; a stroke") == {"dementia", "anaemia", "stroke"}
    assert conditions("") == frozenset()
    assert sites("Renal units, ophthalmology") == {"kidney", "eye"}
    assert is_subject("COPD")
    assert is_subject("Colon")
    assert not is_subject("malignant tumour of colon")
    assert not is_subject("")


def test_among_few_datasets_only_those_that_share_something_are_similar(
    searched: Searched, description: dict[str, Any]
) -> None:
    """All descriptions are the same but for title and keywords, so their wording says nothing."""
    description["summary"]["keywords"] = ["health", "data"]
    description["summary"]["abstract"] = "Records of patients in hospitals, with dates and codes, for research."

    def offer(name: str, title: str, *keywords: str) -> str:
        summary = {**description["summary"], "keywords": [*keywords, "health"]}
        return searched.offer(name, {**description, "summary": summary}, title, structuralMetadata={"tables": []})

    asthma = offer("one", "Asthma clinics", "peak flow")
    other = offer("two", "Bronchial asthma letters", "steroids")
    flow = offer("three", "Home readings", "Peak flow")
    births = offer("four", "Births", "maternity notes")
    found = searched.search.similar(asthma)
    assert [each.entry.entry_id for each in found] == [other, flow]
    assert said(found[0]) == {"condition": "asthma", "custodian": found[0].entry.publisher}
    assert said(found[1]) == {"keyword": "peak flow", "custodian": found[1].entry.publisher}
    assert searched.search.similar(births) == []


def test_a_withdrawn_dataset_is_nobodys_like(searched: Searched, description: dict[str, Any]) -> None:
    one = searched.offer("one", description, "Asthma clinics")
    other = searched.offer("two", description, "Asthma letters")
    assert [each.entry.entry_id for each in searched.search.similar(one)] == [other]
    searched.rooms.discovery.withdraw_dataset(searched.rooms.actor("cora"), other, "Wrong data.")
    assert searched.search.similar(one) == []


def test_in_the_national_catalogue_those_of_one_condition_come_first(national: Searched) -> None:
    first = national.search.find(Asked(words='title:"Cystic Fibrosis Patient"')).listed[0].entry
    similar = national.search.similar(first.entry_id, limit=20)
    assert len(similar) >= 5
    assert all(said(each)["condition"] == "cystic fibrosis" for each in similar[:5])
    assert [each.score for each in similar] == sorted((each.score for each in similar), reverse=True)
    assert all(each.where for each in similar)
