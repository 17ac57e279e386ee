"""Our description models give the verdict of the published schema, and name the wrong field in words."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from orchestrator.core.errors import Invalid
from orchestrator.discovery.rules import check_description

from .examples import formats

Validator = Callable[[Any], bool]

_ODD: tuple[Any, ...] = (
    None, True, 0, 5.0, 1.5, "", "x", "https://example.org/x", "not a date", "2026-02-30", "2026-02-28", "CONTINUOUS",
    "2026-02-28T10:00:00Z", "GB", "english", "1.2", "1.2.3", "a@b", "10.1234/x", ",", "x" * 151, "x" * 501, "x" * 1001,
    "x" * 10_001, "x" * 50_001, [], [None], ["x"], ["Others"], ["Head", "CT"], {}, {"name": "x"}, "Other", ["Other"],
)  # fmt: skip


@pytest.fixture(scope="session")
def official(published_schema: dict[str, Any]) -> Validator:
    return Draft202012Validator(published_schema, format_checker=formats()).is_valid


def _ours(document: Any) -> bool:
    try:
        check_description(document)
    except Invalid:
        return False
    return True


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


def _holder(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        document = document[step]
    return document


def _disagreement(document: Any, official: Validator, what: str) -> str | None:
    theirs, ours = official(document), _ours(document)
    return None if theirs == ours else f"{what}: published schema says {theirs}, ours says {ours}"


def test_the_example_is_valid_on_both_sides(official: Validator, description: dict[str, Any]) -> None:
    assert official(description)
    assert check_description(description) == description


def test_every_field_removed_is_judged_alike(official: Validator, description: dict[str, Any]) -> None:
    faults = []
    for path in _places(description):
        document = copy.deepcopy(description)
        del _holder(document, path)[path[-1]]
        faults.append(_disagreement(document, official, f"without {path}"))
    assert not [fault for fault in faults if fault]


def test_every_field_replaced_by_odd_values_is_judged_alike(official: Validator, description: dict[str, Any]) -> None:
    faults, refused = list[str](), 0
    for path in _places(description):
        for odd in _ODD:
            document = copy.deepcopy(description)
            _holder(document, path)[path[-1]] = odd
            theirs, ours = official(document), _ours(document)
            refused += not theirs
            if theirs != ours:
                faults.append(f"{path} = {str(odd)[:30]!r}: published schema says {theirs}, ours says {ours}")
    assert refused > 500
    assert not faults


def test_every_unknown_key_is_judged_alike(official: Validator, description: dict[str, Any]) -> None:
    faults, refused = [], 0
    for path in [(), *_places(description)]:
        document = copy.deepcopy(description)
        here = document
        for step in path:
            here = here[step]
        if isinstance(here, dict):
            here["unheardOf"] = "x"
            refused += not official(document)
            faults.append(_disagreement(document, official, f"unknown key in {path}"))
    assert refused > 8
    assert not [fault for fault in faults if fault]


def test_every_word_of_every_closed_list_is_accepted(
    official: Validator, published_schema: dict[str, Any], description: dict[str, Any]
) -> None:
    places = {
        "FollowupV2": ("coverage", "followUp"),
        "TimeLagV2": ("provenance", "temporal", "timeLag"),
        "PeriodicityV2": ("provenance", "temporal", "publishingFrequency"),
        "DeliveryLeadTimeV2": ("accessibility", "access", "deliveryLeadTime"),
        "AccessService": ("accessibility", "access", "accessServiceCategory"),
        "Assay": ("omics", "assay"),
        "Platform": ("omics", "platform"),
        "MemberOfV2": ("summary", "dataCustodian", "memberOf"),
        "StatisticalPopulationConstrainedV2": ("observations", 0, "observedNode"),
        "AgeEnum": ("demographicFrequency", "age", 0, "bin"),
        "EthnicityEnum": ("demographicFrequency", "ethnicity", 0, "bin"),
        "DiseaseCodeEnum": ("demographicFrequency", "disease", 0, "diseaseCodeVocabulary"),
        "LanguageEnum": ("accessibility", "formatAndStandards", "language", 0),
        "ControlledVocabularyEnum": ("accessibility", "formatAndStandards", "vocabularyEncodingScheme", 0),
        "StandardisedDataModelsEnum": ("accessibility", "formatAndStandards", "conformsTo", 0),
        "PurposeV2": ("provenance", "origin", "purpose", 0),
        "SourceV2": ("provenance", "origin", "source", 0),
        "SettingV2": ("provenance", "origin", "collectionSource", 0),
        "Ternary": ("provenance", "origin", "imageContrast"),
        "DataUseLimitationV2": ("accessibility", "usage", "dataUseLimitation", 0),
    }
    others = {
        "DataUseRequirementsV2": ("accessibility", "usage", "dataUseRequirements"),
        "MaterialTypeCategoriesV2": ("coverage", "materialType"),
    }
    for name, path in [*places.items(), *others.items()]:
        for word in published_schema["$defs"][name]["enum"]:
            document = copy.deepcopy(description)
            _holder(document, path)[path[-1]] = [word] if name in others else word
            assert official(document), (name, word)
            assert _ours(document), (name, word)


def test_the_finer_kinds_of_data_are_those_of_the_published_schema(
    official: Validator, published_schema: dict[str, Any], description: dict[str, Any]
) -> None:
    kinds = [kind for name, kind in published_schema["$defs"].items() if name.endswith("SubTypes")]
    for kind in kinds:
        words = kind.get("enum") or [kind["const"]]
        document = copy.deepcopy(description)
        document["provenance"]["origin"]["datasetType"] = [{"subTypes": words}]
        assert official(document)
        assert _ours(document)


def test_documents_with_several_random_faults_are_judged_alike(
    official: Validator, description: dict[str, Any]
) -> None:
    @settings(max_examples=300, deadline=None)
    @given(st.integers(0, 2**32))
    def check(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        document = copy.deepcopy(description)
        for _ in range(chance.randint(1, 3)):
            path = chance.choice(list(_places(document)))
            holder = _holder(document, path)
            if chance.random() < 0.4:
                del holder[path[-1]]
            else:
                holder[path[-1]] = copy.deepcopy(chance.choice(_ODD))
        assert _disagreement(document, official, json.dumps(document)[:500]) is None

    check()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_anything_at_all_is_answered_with_a_sentence(document: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        check_description(document)
    assert refusal.value.message.endswith((".", ".)"))


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        (("summary", "title"), "x", "summary.title", "at least 2"),
        (("summary", "contactPoint"), "nobody", "summary.contactPoint", "e-mail address"),
        (("summary", "populationSize"), "many", "summary.populationSize", "whole number"),
        (("issued",), "yesterday", "issued", "date with a time"),
        (("coverage", "followUp"), "a while", "coverage.followUp", "must be one of “0 - 6 Months”"),
        (("observations", 0, "observationDate"), "x", "observations.1.observationDate", "2026-11-22"),
        (("summary", "colour"), "blue", "summary.colour", "not known to HDR UK 4.0.0"),
    ],
)
def test_a_refusal_names_the_field_and_what_is_wrong(
    description: dict[str, Any], path: tuple[Any, ...], value: Any, field: str, words: str
) -> None:
    check_description(description)
    _holder(description, path)[path[-1]] = value
    with pytest.raises(Invalid) as refusal:
        check_description(description)
    assert refusal.value.field == field
    assert f"“{field}”" in refusal.value.message
    assert words in refusal.value.message


def test_a_missing_field_is_named_and_others_are_counted(description: dict[str, Any]) -> None:
    del description["summary"]["title"]
    del description["version"]
    with pytest.raises(Invalid, match=r"is missing; add it\. \(1 further field to mend\.\)"):
        check_description(description)


def test_whole_numbers_written_with_a_point_are_kept_as_whole_numbers(description: dict[str, Any]) -> None:
    description["summary"]["populationSize"] = 2694.0
    kept = check_description(description)
    assert json.dumps(kept["summary"]).count("2694.0") == 0


def test_a_description_that_is_too_deep_or_too_large_is_refused(description: dict[str, Any]) -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(Invalid, match="plain JSON"):
        check_description(description | {"omics": deep})
    with pytest.raises(Invalid, match="8 MiB"):
        check_description(description | {"omics": "x" * 9_000_000})
