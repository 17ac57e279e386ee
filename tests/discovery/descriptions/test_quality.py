"""The published scores of 2020 come out again, as far as a record tells; and what can be used is told apart."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.core.errors import Invalid
from orchestrator.discovery.descriptions.quality import PROFILES, score, usable
from orchestrator.discovery.descriptions.quality.profiles import rating
from orchestrator.discovery.descriptions.quality.usable import is_placeholder

from .conftest import data_file

Record = dict[str, Any]
Tables = Callable[[str], dict[str, Record]]

UNTOLD = {
    "B: Business, accessRequestCost",
    "B: Business, license",
    "C: Coverage & Detail, populationType",
    "C: Coverage & Detail, statisticalPopulation",
    "D: Format & Structure, fileSize",
}
"""No field of the 2.0.0 catalogue holds these; its conversion from the flat format dropped them."""

NEARLY = {"A: Summary, identifier": 17, "A: Summary, group": 8, "C: Coverage & Detail, periodicity": 2}
"""Told wrongly for so many records: the conversion filled in an identifier, a group and a frequency."""


def _by_id(catalogue: list[Record], flags: dict[str, Record]) -> dict[str, Record]:
    records = {record["identifier"][-36:]: record for record in catalogue}
    return {name: record for name, record in records.items() if name in flags}


def test_the_published_flags_come_out_of_the_real_catalogue(catalogue: list[Record], published: Tables) -> None:
    flags = published("quality-flags-2020-11-20.csv")
    wrong: Counter[str] = Counter()
    equal: Counter[str] = Counter()
    records = _by_id(catalogue, flags)
    assert len(records) == 526
    for name, record in records.items():
        for flag, value in score(record).flags.items():
            if value is None:
                assert flag in UNTOLD or flag.startswith("F: "), flag
            elif value == int(flags[name][flag]):
                equal[flag] += 1
            else:
                wrong[flag] += 1
    assert wrong == NEARLY
    outside = {flag: count for flag, count in equal.items() if not flag.startswith("F: ")}
    assert len(outside) == 30
    assert sum(count == 526 for count in outside.values()) == 27
    assert sum(outside.values()) == 30 * 526 - 27


def test_the_published_scores_lie_where_a_record_says_they_can(catalogue: list[Record], published: Tables) -> None:
    flags, scores = published("quality-flags-2020-11-20.csv"), published("quality-scores-2020-11-20.csv")
    outside = 0
    for name, record in _by_id(catalogue, flags).items():
        ours, theirs = score(record), scores[name]
        low, high = ours.score_between
        assert low - 0.01 <= float(theirs["weighted_quality_score"]) <= high + 0.01
        assert ours.error <= float(theirs["weighted_error_percent"]) + 0.01
        assert float(theirs["weighted_error_percent"]) <= ours.error_at_most + 0.01
        complete = float(theirs["weighted_completeness_percent"])
        outside += not ours.completeness - 0.01 <= complete <= ours.completeness_at_most + 0.01
    assert outside == 5  # of those whose identifier, group or frequency was filled in


def test_weights_are_the_published_ones(published: Tables) -> None:
    del published
    weights = json.loads(data_file("quality-weights-2020-11-20.v1.json").read_text())
    theirs = {f"{section}, {name}": value for section, part in weights.items() for name, value in part.items()}
    profile = PROFILES["hdruk-2020"]
    assert sum(field.weight for field in profile.fields) == profile.parts == 63
    assert len([field for field in profile.fields if not field.name.startswith("F: ")]) == 35
    for field in profile.fields:
        assert theirs.get(field.name, 0) == pytest.approx(field.weight / profile.parts, abs=1e-7)


def test_the_profile_of_2022_has_its_56_fields_and_their_weights() -> None:
    profile = PROFILES["hdruk-2022"]
    counts = Counter(field.weight for field in profile.fields)
    assert counts == {4: 34, 1: 13, 0: 9}
    assert sum(field.weight for field in profile.fields) == profile.parts
    assert round(4 / profile.parts, 4) == 0.0268
    assert round(1 / profile.parts, 4) == 0.0067


@pytest.mark.parametrize(
    ("profile", "value", "name"),
    [
        ("hdruk-2020", 66.0, "Not Rated"),
        ("hdruk-2020", 66.01, "Bronze"),
        ("hdruk-2020", 76.0, "Bronze"),
        ("hdruk-2020", 86.01, "Gold"),
        ("hdruk-2022", 60.0, "Not Rated"),
        ("hdruk-2022", 90.0, "Gold"),
        ("hdruk-2022", 90.01, "Platinum"),
        ("hdruk-2022", 0.0, "Not Rated"),
    ],
)
def test_a_medal_begins_above_its_lower_bound(profile: str, value: float, name: str) -> None:
    assert rating(PROFILES[profile], value) == name


def test_published_ratings_are_those_of_published_scores(published: Tables) -> None:
    for row in published("quality-scores-2020-11-20.csv").values():
        assert rating(PROFILES["hdruk-2020"], float(row["weighted_quality_score"])) == row["weighted_quality_rating"]


def _flat(**fields: Any) -> Record:
    return {"id": "0048a401-e54c-49d7-8afc-6c5390fb66b9", "title": "A register of eyes", **fields}


def test_a_flat_record_is_scored_to_the_last_flag() -> None:
    record = _flat(
        identifier="EYES",
        abstract="All eyes of one town.",
        publisher="ALLIANCE > TOWN",
        contactPoint="eyes@example.org",
        accessRights="https://example.org/rights",
        license="See the website",
        statisticalPopulation="9847",
        dataController="CPRD",
        periodicity="Monthly",
        dataClassesCount=2,
        dataClasses=[
            {"label": "eye", "description": "One row an eye"},
            {"label": "visit", "description": "One a visit"},
        ],
    )
    found = score(record)
    assert None not in found.flags.values()
    assert found.completeness == found.completeness_at_most
    assert found.score_between == (found.score, found.score)
    assert sum(found.flags.values()) == 10 + 6
    assert found.errors["B: Business, dataController"] == 1  # shorter than five characters
    assert found.errors["B: Business, accessRequestCost"] == 1  # must be there
    assert found.errors["B: Business, dataProcessor"] == 0  # need not be there
    assert found.errors["F: Technical Metadata, dataClassesCount"] == 0
    assert found.score == round((found.completeness + 100 - found.error) / 2, 2)


def test_an_empty_but_named_record_keeps_what_the_formula_gives_it() -> None:
    found = score(_flat())
    assert found.flags["A: Summary, title"] == 1
    assert sum(value or 0 for value in found.flags.values()) == 1
    assert found.rating == "Not Rated"
    assert 0 < found.score < 50


def test_structure_counts_by_its_share_in_2022(description: Record) -> None:
    record = copy.deepcopy(description)
    (table,) = record["structuralMetadata"]["tables"]
    table["columns"] = [
        {"name": "sex", "dataType": "string", "description": "As recorded at birth", "sensitive": False},
        {"name": "age", "dataType": "integer", "sensitive": False},
    ]
    found = score(record, "hdruk-2022")
    assert found.flags["structuralMetadata.columnDescription"] == 0.5
    assert found.errors["structuralMetadata.columnDescription"] == 0.5
    assert found.flags["structuralMetadata.tableDescription"] == 0


def test_continuous_data_need_no_end(catalogue: list[Record]) -> None:
    record = next(each for each in catalogue if each["provenance"]["temporal"]["accrualPeriodicity"] == "CONTINUOUS")
    record = copy.deepcopy(record)
    record["provenance"]["temporal"]["endDate"] = None
    assert score(record, "hdruk-2022").flags["provenance.temporal.endDate"] == 1


def test_placeholders_count_as_empty_and_are_named(description: Record) -> None:
    record = copy.deepcopy(description)
    record["accessibility"]["access"]["accessRequestCost"] = "To be confirmed"
    record["documentation"]["description"] = "Please contact the publisher using Contact Point details provided."
    base, strict = score(record, "hdruk-2022"), usable(record)
    assert strict.score < base.score
    told = {mend.field: mend for mend in strict.mend}
    assert told["accessibility.access.accessRequestCost"].now == "placeholder"
    assert told["documentation.description"].now == "placeholder"
    assert told["coverage.pathway"].now == "empty"
    assert "holds text that says nothing" in told["documentation.description"].sentence
    assert [mend.points for mend in strict.mend] == sorted((mend.points for mend in strict.mend), reverse=True)


def test_mending_everything_brings_the_points_that_were_promised(description: Record) -> None:
    before = usable(description)
    record = copy.deepcopy(description)
    first = next(mend for mend in before.mend if mend.field == "accessibility.access.accessRequestCost")
    record["accessibility"]["access"]["accessRequestCost"] = "£800 for each request, by the published list."
    assert usable(record).score == pytest.approx(before.score + first.points, abs=0.02)


@pytest.mark.parametrize(
    "text",
    ["TBC", " n/a ", "Not specified.", "To be decided later", "NOT AVAILABLE", "In Progress", "-", "", -1, "None"],
)
def test_what_says_nothing_is_a_placeholder(text: Any) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["No charge for NHS bodies", "Other local authorities", "Unknown causes of death", 0, 12, "https://tbc.org"]
)
def test_what_says_something_is_none(text: Any) -> None:
    assert not is_placeholder(text)


def test_real_records_score_less_when_placeholders_do_not_count(catalogue: list[Record]) -> None:
    pairs = [(score(record, "hdruk-2022").score, usable(record).score) for record in catalogue]
    assert all(strict <= base for base, strict in pairs)
    assert sum(strict < base for base, strict in pairs) > 400


def test_every_schema_can_be_scored_by_every_profile(description: Record, catalogue: list[Record]) -> None:
    for profile in PROFILES:
        for record in (description, catalogue[0], _flat()):
            found = score(record, profile)
            assert 0 <= found.score_between[0] <= found.score <= found.score_between[1] <= 100
            assert set(found.flags) == set(found.errors) == {field.name for field in PROFILES[profile].fields}


def test_an_unknown_profile_and_no_description_are_refused(description: Record) -> None:
    with pytest.raises(Invalid, match="choose one of hdruk-2020, hdruk-2022"):
        score(description, "best")
    with pytest.raises(Invalid, match="no description of a dataset"):
        score({"colour": "blue"})
