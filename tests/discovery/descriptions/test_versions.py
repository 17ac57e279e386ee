"""Our tables give the verdict of the published schemas, and a record's schema is found out."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema.protocols import Validator

from orchestrator.core.errors import Invalid
from orchestrator.discovery.descriptions.checking import Fault, fits
from orchestrator.discovery.descriptions.conversion import convert
from orchestrator.discovery.descriptions.versions import SCHEMAS, detect, validate

from .examples import LONG, ODD, Path, example, holder, places, replaced, spoilt, validator, without

OFFICIAL = ("2.0.2", "2.1.2", "3.0.0", "4.0.0")
"""Of the other versions no official file is at hand for tests; they are told by their differences to these."""

Case = tuple[str, Any]


@pytest.fixture(scope="module", params=OFFICIAL)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def official(version: str, official_schema: Callable[[str], dict[str, Any]]) -> Validator:
    return validator(official_schema(version))


@pytest.fixture(scope="module")
def full(version: str, official: Validator, official_schema: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = example(official_schema(version), official_schema(version))
    assert official.is_valid(made)
    return made


def _disagreements(version: str, official: Validator, cases: Iterator[Case]) -> tuple[list[str], int, int]:
    faults, refused, tried = [], 0, 0
    for what, document in cases:
        theirs, ours = official.is_valid(document), fits(SCHEMAS[version], document)
        tried, refused = tried + 1, refused + (not theirs)
        if theirs != ours:
            faults.append(f"{version} {what}: published schema says {theirs}, ours says {ours}")
    return faults, tried, refused


def _one_change(full: dict[str, Any]) -> Iterator[Case]:
    for path in places(full):
        yield f"without {path}", without(full, path)
        for odd in ODD:
            yield f"{path} = {odd!r}", replaced(full, path, odd)


def test_every_field_removed_or_replaced_is_judged_alike(
    version: str, official: Validator, full: dict[str, Any]
) -> None:
    faults, tried, refused = _disagreements(version, official, _one_change(full))
    assert not faults
    assert tried > 3000
    assert refused > 1500


def test_texts_that_are_too_long_are_judged_alike(version: str, official: Validator, full: dict[str, Any]) -> None:
    def cases() -> Iterator[Case]:
        for path in places(full):
            if isinstance(holder(full, path)[path[-1]], str) and path[0] != "revisions":
                yield from ((f"{path} of {len(each)}", replaced(full, path, each)) for each in LONG)

    faults, _, refused = _disagreements(version, official, cases())
    assert not faults
    assert refused > 100


def test_unknown_fields_are_judged_alike(version: str, official: Validator, full: dict[str, Any]) -> None:
    def cases() -> Iterator[Case]:
        for path in [(), *places(full)]:
            here = document = copy.deepcopy(full)
            for step in path:
                here = here[step]
            if isinstance(here, dict):
                here["unheardOf"] = "x"
                yield f"unknown field in {path}", document

    faults, _, refused = _disagreements(version, official, cases())
    assert not faults
    assert refused > 8


def test_records_with_several_faults_are_judged_alike(version: str, official: Validator, full: dict[str, Any]) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.integers(0, 2**32), st.integers(1, 4))
    def check(seed: int, faults: int) -> None:
        document = spoilt(full, random.Random(seed), faults=faults)  # noqa: S311
        assert official.is_valid(document) == fits(SCHEMAS[version], document)

    check()


def test_real_records_are_judged_alike(version: str, official: Validator, catalogue: list[dict[str, Any]]) -> None:
    faults, tried, _ = _disagreements(version, official, ((each["identifier"], each) for each in catalogue))
    assert not faults
    assert tried == 531


def test_a_full_record_of_each_schema_is_recognised(version: str, full: dict[str, Any]) -> None:
    assert detect(full) == {"2.0.2": "2.1.0"}.get(version, version)  # 2.1.0 only asks for more: the newer one is named
    assert validate(full, version) == ()


def test_real_records_follow_none_of_the_published_schemas(catalogue: list[dict[str, Any]]) -> None:
    assert {detect(record) for record in catalogue} == {"2.0.0"}
    assert not any(fits(schema, record) for record in catalogue[:40] for schema in SCHEMAS.values())


def test_a_declared_schema_counts_where_several_fit(description: dict[str, Any]) -> None:
    assert detect(description) == "4.0.0"
    assert detect({**description, "@schema": {"version": "4.0.0"}}) == "4.0.0"


@pytest.mark.parametrize("nothing", [None, [], "x", 5, {}, {"summary": "text"}, {"title": "without an id"}, {"id": 5}])
def test_what_is_no_description_is_said_to_be_none(nothing: Any) -> None:
    assert detect(nothing) is None
    with pytest.raises(Invalid):
        convert(nothing)


def test_an_unknown_version_is_refused_with_the_known_ones(description: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match=r"HDR UK 9\.9\.9 is not known here; choose one of 2\.0\.2, .*4\.0\.0"):
        validate(description, "9.9.9")


def test_a_format_without_a_schema_is_noted_as_such(catalogue: list[dict[str, Any]]) -> None:
    (finding,) = validate(catalogue[0])
    assert finding.fault is Fault.NOTE
    assert "has no published schema" in finding.sentence


def test_nesting_without_end_is_refused(description: dict[str, Any]) -> None:
    deep: Any = "x"
    for _ in range(80):
        deep = {"x": deep}
    with pytest.raises(Invalid, match="nested more than 60 deep"):
        validate(description | {"omics": deep})


def test_the_nested_repeats_of_a_published_pattern_cannot_be_used_to_stall(description: dict[str, Any]) -> None:
    record = copy.deepcopy(description)
    record["revisions"] = [{"version": "1.0.0", "url": "x" * 1_000_000 + "!"}]
    found = {finding.path for finding in validate(record, "3.0.0")}
    assert "revisions.1.url" in found


def test_positions_in_lists_are_counted_from_one(description: dict[str, Any]) -> None:
    document = replaced(description, ("observations", 0, "measuredValue"), "many")
    (finding,) = validate(document)
    assert finding.path == "observations.1.measuredValue"
    assert finding.sentence == "“observations.1.measuredValue” must be a whole number."


def test_paths_are_unique_names_of_places(description: dict[str, Any]) -> None:
    paths: list[Path] = list(places(description))
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("reading", [validate, convert])
def test_a_description_of_endless_lists_is_refused_before_it_is_held_against_anything(
    reading: Callable[[object], object],
) -> None:
    kinds = [{"name": "x", "subTypes": ["y"]}] * 7_000
    with pytest.raises(Invalid, match="20,000 values beside its tables and columns"):
        reading({"summary": {"title": "Kinds"}, "provenance": {"origin": {"datasetType": kinds}}})
    columns = [{"name": "c"}] * 20_000
    assert reading({"summary": {"title": "Wide"}, "structuralMetadata": {"tables": [{"columns": columns}]}})
