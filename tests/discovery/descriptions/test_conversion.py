"""Records of older schemas come up to 4.0.0, and no value of them is lost."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.errors import Invalid
from orchestrator.discovery.descriptions.checking import Fault
from orchestrator.discovery.descriptions.conversion import Converted, convert
from orchestrator.discovery.descriptions.older_words import SAMPLES
from orchestrator.discovery.descriptions.versions import SCHEMAS, validate

from .examples import example, spoilt

Record = dict[str, Any]


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield json.dumps(value)


def _lost(record: Record, converted: Converted) -> list[str]:
    told = Counter(_leaves([converted.description, converted.unplaced, [each.was for each in converted.translations]]))
    return [leaf for leaf in _leaves(record) if leaf not in told]


def test_every_value_of_every_real_record_is_somewhere(catalogue: list[Record]) -> None:
    for record in catalogue:
        before = copy.deepcopy(record)
        converted = convert(record)
        assert record == before
        assert converted.schema == "2.0.0"
        assert _lost(record, converted) == []


def test_real_records_keep_what_a_person_reads_first(catalogue: list[Record]) -> None:
    for record in catalogue:
        description = convert(record).description
        assert description["summary"]["title"] == record["summary"]["title"]
        assert description["summary"]["abstract"] == record["summary"]["abstract"]
        assert description["summary"]["dataCustodian"]["name"] == record["summary"]["publisher"]["name"]


def test_what_stands_in_a_converted_description_fits_its_place(catalogue: list[Record]) -> None:
    """Only what is missing, or a text of the wrong length, is left to mend: no broken date, link or word."""
    for record in catalogue:
        converted = convert(record)
        faults = {finding.fault for finding in validate(converted.description, "4.0.0")}
        assert faults <= {Fault.MISSING, Fault.LENGTH}


@pytest.mark.parametrize("version", ["2.0.2", "2.1.2", "3.0.0", "4.0.0"])
def test_every_value_of_a_full_record_is_somewhere(version: str, official_schema: Callable[[str], Record]) -> None:
    schema = official_schema(version)
    record = example(schema, schema)
    converted = convert(record, version)
    assert _lost(record, converted) == []
    assert {finding.fault for finding in validate(converted.description, "4.0.0")} <= {Fault.MISSING, Fault.LENGTH}


@pytest.mark.parametrize("version", ["2.0.2", "2.1.2", "3.0.0", "4.0.0"])
def test_every_value_of_a_spoilt_record_is_somewhere(version: str, official_schema: Callable[[str], Record]) -> None:
    schema = official_schema(version)
    full = example(schema, schema)

    @settings(max_examples=200, deadline=None)
    @given(st.integers(0, 2**32), st.integers(1, 6))
    def check(seed: int, faults: int) -> None:
        record = spoilt(copy.deepcopy(full), random.Random(seed), faults=faults)  # noqa: S311
        try:
            converted = convert(record, version)
        except Invalid:
            return
        assert _lost(record, converted) == []

    check()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("version", [*SCHEMAS, "2.0.0"])
def test_anything_in_any_section_is_kept(version: str) -> None:
    sections = [*SCHEMAS["4.0.0"].fields, "tissuesSampleCollection", "@schema"]

    @settings(max_examples=60, deadline=None)
    @given(st.dictionaries(st.sampled_from(sections), _JSON, max_size=5))
    def check(record: Record) -> None:
        assert _lost(record, convert(record, version)) == []

    check()


def test_a_valid_description_of_today_comes_through_unchanged(description: Record) -> None:
    converted = convert(description)
    assert converted.description == description
    assert converted.unplaced == {}
    assert [finding.fault for finding in converted.findings] == [Fault.RISK] * 4
    assert convert(converted.description).description == description


def _converted_2(changes: Record) -> Converted:
    record: Record = {"summary": {"title": "A register", "publisher": {"name": "A trust"}}}
    for path, value in changes.items():
        here = record
        *way, last = path.split(".")
        for step in way:
            here = here.setdefault(step, {})
        here[last] = value
    return convert(record, "2.1.2")


@pytest.mark.parametrize(
    ("path", "value", "target", "expected"),
    [
        ("coverage.typicalAgeRange", "0-150", "coverage.typicalAgeRangeMax", 150),
        ("coverage.physicalSampleAvailability", "BONE MARROW, DNA", "coverage.materialType", ["Bone marrow", "DNA"]),
        ("coverage.spatial", ["England", "Wales"], "coverage.spatial", "England, Wales"),
        ("coverage.followup", "1 - 10 YEARS", "coverage.followUp", "1 - 10 Years"),
        (
            "provenance.temporal.accrualPeriodicity",
            "SEMIWEEKLY",
            "provenance.temporal.publishingFrequency",
            "Twice a week",
        ),
        ("provenance.temporal.timeLag", "LESS 1 WEEK", "provenance.temporal.timeLag", "Less than 1 week"),
        ("summary.publisher.memberOf", "HUB", "summary.dataCustodian.memberOf", "Hub"),
        ("summary.doiName", "https://doi.org/10.1093/ije/dyx196", "summary.doiName", "10.1093/ije/dyx196"),
        ("summary.publisher.accessRights", "Ask us.", "accessibility.access.accessRights", "Ask us."),
        (
            "accessibility.usage.dataUseLimitation",
            "PROJECT SPECIFIC RESTRICTIONS,NO LINKAGE",
            "accessibility.usage.dataUseLimitation",
            ["Project-specific restrictions", "No linkage"],
        ),
        (
            "enrichmentAndLinkage.qualifiedRelation",
            ["Deaths", "https://example.org/x"],
            "enrichmentAndLinkage.linkableDatasets",
            [{"title": "Deaths"}, {"url": "https://example.org/x"}],
        ),
    ],
)
def test_words_of_2_are_put_in_those_of_4(path: str, value: Any, target: str, expected: Any) -> None:
    converted = _converted_2({path: value})
    here: Any = converted.description
    for step in target.split("."):
        here = here[step]
    assert here == expected
    assert not [place for place in converted.unplaced if place.startswith(path)]


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("coverage.typicalAgeRange", "Any Age", "coverage.typicalAgeRange"),
        ("coverage.physicalSampleAvailability", ["DNA", "MOON DUST"], "coverage.physicalSampleAvailability.2"),
        ("provenance.temporal.startDate", "3/31/13", "provenance.temporal.startDate"),
        ("provenance.origin.collectionSituation", ["PRIMARY CARE"], "provenance.origin.collectionSituation.1"),
        ("summary.doiName", "not available", "summary.doiName"),
        ("summary.contactPoint", "https://example.org/ask", "summary.contactPoint"),
        ("enrichmentAndLinkage.tools", ["javascript:alert(1) x"], "enrichmentAndLinkage.tools.1"),
        ("colour", "blue", "colour"),
    ],
)
def test_what_4_cannot_say_is_kept_beside_it_and_told(path: str, value: Any, place: str) -> None:
    converted = _converted_2({path: value})
    assert place in converted.unplaced
    finding = next(finding for finding in converted.findings if finding.path == place)
    assert finding.fault is Fault.NOTE
    assert "kept beside the description" in finding.sentence


def test_nothing_is_made_up_for_what_is_missing() -> None:
    converted = _converted_2({})
    missing = {finding.path for finding in converted.findings if finding.fault is Fault.MISSING}
    assert {"identifier", "summary.populationSize", "summary.dataCustodian.identifier", "observations"} <= missing
    assert converted.description == {"summary": {"title": "A register", "dataCustodian": {"name": "A trust"}}}


def test_what_a_publisher_states_for_all_gives_way_to_the_dataset() -> None:
    converted = _converted_2(
        {"summary.publisher.accessRights": "Ask the trust.", "accessibility.access.accessRights": "Ask the registry."}
    )
    assert converted.description["accessibility"]["access"]["accessRights"] == "Ask the registry."
    assert converted.unplaced["summary.publisher.accessRights"] == "Ask the trust."


def test_kinds_of_data_take_the_finer_kinds_that_are_theirs_alone() -> None:
    record = {
        "summary": {"title": "A register"},
        "provenance": {
            "origin": {
                "datasetType": ["Imaging area of the body", "Omics"],
                "datasetSubType": ["Head", "Genomics", "Others", "Smoking"],
            }
        },
    }
    converted = convert(record, "3.0.0")
    assert converted.description["provenance"]["origin"]["datasetType"] == [
        {"name": "Imaging Area Of The Body", "subTypes": ["Head"]},
        {"name": "Omics", "subTypes": ["Genomics"]},
    ]
    assert converted.unplaced == {
        "provenance.origin.datasetSubType.3": "Others",  # belongs to both
        "provenance.origin.datasetSubType.4": "Smoking",  # belongs to none of them
    }


def test_tables_and_elements_become_tables_and_columns() -> None:
    element = {"name": "nhs_number", "dataType": "string", "sensitive": True, "unit": "kept, columns are open"}
    converted = _converted_2({"structuralMetadata": [{"name": "person", "elements": [element], "rows": 5}, "no table"]})
    assert converted.description["structuralMetadata"] == {"tables": [{"name": "person", "columns": [element]}]}
    assert converted.unplaced["structuralMetadata.1.rows"] == 5
    assert converted.unplaced["structuralMetadata.2"] == "no table"


def test_a_flat_record_comes_up_as_well() -> None:
    flat = {
        "id": "0048a401-e54c-49d7-8afc-6c5390fb66b9",
        "title": "A register",
        "publisher": "A trust",
        "keywords": "one, two",
        "periodicity": "Monthly",
        "ageBand": "18-99",
        "license": "See the website",
        "statisticalPopulation": "9847",
    }
    converted = convert(flat)
    assert converted.schema == "1.1.7"
    assert converted.description["identifier"] == flat["id"]
    assert converted.description["summary"]["keywords"] == ["one", "two"]
    assert converted.description["provenance"]["temporal"]["publishingFrequency"] == "Monthly"
    assert converted.description["coverage"] == {"typicalAgeRangeMin": 18, "typicalAgeRangeMax": 99}
    assert converted.unplaced == {"license": "See the website", "statisticalPopulation": "9847"}
    assert _lost(flat, converted) == []


def test_every_sample_has_its_word_in_4() -> None:
    assert all(SAMPLES.values())
    converted = _converted_2({"coverage.physicalSampleAvailability": list(SAMPLES)})
    assert len(converted.description["coverage"]["materialType"]) == len(SAMPLES)


def test_a_version_that_cannot_be_read_is_refused(description: Record) -> None:
    with pytest.raises(Invalid, match="cannot be read here; known are"):
        convert(description, "5.0.0")
