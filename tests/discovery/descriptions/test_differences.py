"""What each schema between the official files at hand changed in the one before it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.discovery.descriptions.checking import Fault, fits
from orchestrator.discovery.descriptions.conversion import convert
from orchestrator.discovery.descriptions.older import amended
from orchestrator.discovery.descriptions.risk import small_counts
from orchestrator.discovery.descriptions.shapes import Flag, or_null, part
from orchestrator.discovery.descriptions.versions import SCHEMAS, detect, validate

from .examples import example

Record = dict[str, Any]


@pytest.fixture
def full_2_1_2(official_schema: Callable[[str], Record]) -> Record:
    schema = official_schema("2.1.2")
    made: Record = example(schema, schema)
    return made


@pytest.fixture
def full_2_0_2(official_schema: Callable[[str], Record]) -> Record:
    schema = official_schema("2.0.2")
    made: Record = example(schema, schema)
    return made


def _as_2_1_3(record: Record) -> Record:
    made = copy.deepcopy(record)
    temporal = made["provenance"]["temporal"]
    temporal["publishingFrequency"] = temporal.pop("accrualPeriodicity")
    return made


def _as_2_2_0(record: Record) -> Record:
    made = _as_2_1_3(record)
    made["summary"] |= {"datasetType": "Health and disease", "datasetSubType": "Cancer", "populationSize": 12}
    del made["coverage"]["physicalSampleAvailability"]
    made["coverage"] |= {"gender": ["Female"], "lifestyle": ["Smoking"], "biologicalsamples": ["Urine"]}
    made["observations"][0]["measuredProperty"] = {"of": "anything"}
    made["tissuesSampleCollection"] = [{"materialType": ["DNA", "Blood"], "collectionType": "Cohort", "more": "kept"}]
    return made


def _as_2_2_1(record: Record) -> Record:
    made = _as_2_2_0(record)
    made["accessibility"]["access"]["accessServiceCategory"] = ["TRE/SDE"]
    made["enrichmentAndLinkage"]["syntheticDataWebLink"] = ["https://example.org/simulated"]
    made["observations"][0]["measuredProperty"] = "Count"
    return made


def test_2_1_0_asks_for_observations_and_knows_structure(full_2_0_2: Record) -> None:
    table = {"name": "person", "elements": [{"name": "age", "dataType": "integer", "sensitive": False, "extra": 1}]}
    with_structure = {**full_2_0_2, "structuralMetadata": [table]}
    assert validate(with_structure, "2.1.0") == ()
    assert not fits(SCHEMAS["2.0.2"], with_structure)
    without = {name: value for name, value in full_2_0_2.items() if name != "observations"}
    assert validate(without, "2.0.2") == ()
    assert [finding.path for finding in validate(without, "2.1.0")] == ["observations"]
    assert detect(with_structure) == "2.1.0"
    assert detect(without) == "2.0.2"


@pytest.mark.parametrize(("version", "change"), [("2.1.3", _as_2_1_3), ("2.2.0", _as_2_2_0), ("2.2.1", _as_2_2_1)])
def test_each_version_takes_what_it_changed_and_no_other_does(
    version: str, change: Callable[[Record], Record], full_2_1_2: Record
) -> None:
    record = change(full_2_1_2)
    assert validate(record, version) == ()
    assert detect(record) == version
    assert [other for other, shape in SCHEMAS.items() if fits(shape, record)] == [version]


def test_2_2_1_takes_lists_only_where_2_2_0_took_texts(full_2_1_2: Record) -> None:
    record = _as_2_2_1(full_2_1_2)
    record["provenance"]["origin"]["purpose"] = "STUDY, CARE"
    assert [finding.path for finding in validate(record, "2.2.1")] == ["provenance.origin.purpose"]
    older = _as_2_2_0(full_2_1_2)
    older["provenance"]["origin"]["purpose"] = "STUDY, CARE"
    assert validate(older, "2.2.0") == ()


def test_what_2_2_lists_by_topic_become_kinds_of_data(full_2_1_2: Record) -> None:
    converted = convert(_as_2_2_1(full_2_1_2))
    assert converted.schema == "2.2.1"
    kinds = converted.description["provenance"]["origin"]["datasetType"]
    assert {"name": "Health and disease", "subTypes": ["Cancer"]} in kinds
    assert {"name": "Lifestyle", "subTypes": ["Smoking"]} in kinds
    assert converted.description["coverage"]["materialType"] == ["DNA", "Urine"]
    assert converted.description["summary"]["populationSize"] == 12
    assert converted.description["accessibility"]["access"]["accessServiceCategory"] == "TRE/SDE"
    assert converted.description["structuralMetadata"]["syntheticDataWebLink"] == ["https://example.org/simulated"]
    assert converted.unplaced["coverage.gender"] == ["Female"]
    assert converted.unplaced["tissuesSampleCollection.1.materialType.2"] == "Blood"
    assert converted.unplaced["tissuesSampleCollection.1.more"] == "kept"


def test_amending_a_schema_leaves_the_first_one_as_it_was() -> None:
    first = part({"a!": or_null(part({"b!": Flag()}))})
    second = amended(first, ["a"], {"c!": Flag()}, without=["b"])
    assert fits(first, {"a": {"b": True}})
    assert not fits(second, {"a": {"b": True}})
    assert fits(second, {"a": {"c": False}})
    assert fits(second, {"a": None})


def test_small_counts_of_people_are_pointed_out(description: Record) -> None:
    found = small_counts(description)
    assert [finding.path for finding in found] == [
        "demographicFrequency.age.1.count",
        "demographicFrequency.ethnicity.1.count",
        "demographicFrequency.disease.1.count",
        "structuralMetadata.tables.1.columns.1.values.1.frequency",
    ]
    assert all(finding.fault is Fault.RISK for finding in found)
    assert "counts 1 person: so few may be recognised" in found[1].sentence


def test_small_counts_follow_the_minimum_and_leave_nought_and_events_alone(description: Record) -> None:
    record = copy.deepcopy(description)
    record["observations"] = [
        {"observedNode": "Persons", "measuredValue": 19},
        {"observedNode": "Events", "measuredValue": 2},
        {"observedNode": "Persons", "measuredValue": 0},
    ]
    record["summary"]["populationSize"] = -1
    assert "observations.1.measuredValue" not in {finding.path for finding in small_counts(record)}
    paths = {finding.path for finding in small_counts(record, minimum=20)}
    assert "observations.1.measuredValue" in paths
    assert not paths & {"observations.2.measuredValue", "observations.3.measuredValue", "summary.populationSize"}


@pytest.mark.parametrize("junk", [None, 5, "x", [], [None], {"age": "x"}, {"age": [5]}, {"age": [{"count": "3"}]}])
def test_broken_counts_are_no_risk(junk: Any) -> None:
    assert small_counts({"demographicFrequency": junk, "observations": junk, "structuralMetadata": junk}) == ()
