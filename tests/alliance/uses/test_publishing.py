"""Terms of use are published by the right officer, in versions; tables of diseases are imported whole or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.alliance.uses.codes import CODES
from orchestrator.alliance.uses.model import Clause, Purpose, Verdict
from orchestrator.alliance.uses.rules import check_clauses, check_purpose, read_clause
from orchestrator.alliance.uses.words import LIMITATIONS, REQUIREMENTS, spelt, suggest
from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import Invalid, NotFound, Refused
from orchestrator.policy.model import Actor
from tests.alliance.uses.conftest import MELANOMA, OPERATOR, TUMOUR, UVEAL, Offers, data_file

TABLE = f"""code,label,parents,replaced_by
{TUMOUR},cancer or benign tumor,,
{MELANOMA},melanoma,{TUMOUR},
{UVEAL},uveal melanoma,{MELANOMA},
"""
OBO = f"""format-version: 1.2
ontology: mondo

[Term]
id: {TUMOUR}
name: cancer or benign tumor
is_a: BFO:0000001 ! disease

[Term]
id: {MELANOMA}
name: melanoma
is_a: {TUMOUR} {{source="x"}} ! cancer or benign tumor

[Term]
id: MONDO:0000001
name: obsolete mole
is_obsolete: true
replaced_by: {MELANOMA}

[Term]
id: MONDO:0000002
name: obsolete, without a successor
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""


def test_an_officer_publishes_for_his_own_custodians_data_only(offers: Offers) -> None:
    clauses = [read_clause("HMB"), read_clause("NCU")]
    for other in (OPERATOR, offers.officer(offers.south), Actor(person_id="x", active=True, second_factor=True)):
        with pytest.raises(Refused):
            offers.uses.publish(other, "northdata", clauses)
    assert offers.uses.current("northdata") is None
    made = offers.uses.publish(offers.officer(offers.north), "northdata", clauses)
    assert (made.version, [each.code for each in made.clauses]) == (1, ["DUO:0000006", "DUO:0000046"])
    assert offers.uses.current("northdata") == made


def test_versions_are_kept_and_the_newest_is_judged_by(offers: Offers) -> None:
    officer = offers.officer(offers.north)
    first = offers.uses.publish(officer, "northdata", [read_clause("GRU")])
    second = offers.uses.publish(officer, "northdata", [read_clause("CC")])
    assert offers.uses.versions("northdata") == [second, first]
    answer, other = offers.uses.assess(["northdata", "southdata"], Purpose(uses=("HMB",)))
    assert (answer.version, answer.verdict) == (2, Verdict.NOT_PERMITTED)
    assert (other.dataset_id, other.version, other.verdict) == ("southdata", 0, Verdict.NEEDS_PERSON)


def test_an_unknown_dataset_is_told(offers: Offers) -> None:
    for call in (offers.uses.current, offers.uses.versions):
        with pytest.raises(NotFound):
            call("nothing")
    with pytest.raises(NotFound):
        offers.uses.publish(offers.officer(offers.north), "nothing", [read_clause("GRU")])


def test_the_log_holds_codes_and_a_hash_and_no_words(offers: Offers) -> None:
    made = offers.uses.publish(offers.officer(offers.north), "northdata", [read_clause("GRU # canary words")])
    with offers.record.read() as session:
        body = session.scalars(select(EntryRow.body).where(EntryRow.kind == "uses.published")).one()
    assert json.loads(body)["details"]["sha256"] == made.sha256
    assert "canary" not in body


@pytest.mark.parametrize(
    "clauses",
    [
        [],
        ["NCU"],
        ["DS"],
        ["DS=cancer"],
        ["HMB=x"],
        ["HMB", "HMB"],
        ["HMB", "TS"],
        ["HMB", "TS=0"],
        ["HMB", "TS=601"],
        ["HMB", "TS=twelve"],
        ["HMB", "TS=12,24"],
        ["HMB", "TS=١٢"],
        ["HMB", "MOR=2027-02-30"],
        ["HMB", "MOR=soon"],
        ["HMB", "GS=Scotland"],
        ["HMB", "GS=gb"],
        ["HMB", "RS"],
        ["HMB", "IS"],
        ["GRU", "POA", "NPOA"],
        ["HMB # " + "x" * 301],
        ["HMB # two\x1blines"],
        ["HMB", "US=" + ",".join(str(number) for number in range(201))],
    ],
    ids=str,
)
def test_clauses_that_could_be_read_in_two_ways_are_refused(clauses: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        check_clauses(read_clause(each) for each in clauses)
    assert refused.value.field == "clauses"


def test_unknown_codes_are_refused_wherever_they_come_from() -> None:
    for text in ("XYZ", "DUO:0000001", "DUO:0000017", ""):
        with pytest.raises(Invalid):
            read_clause(text)
    with pytest.raises(Invalid):
        check_clauses([Clause(code="DUO:0000001")])


@pytest.mark.parametrize(
    ("purpose", "field"),
    [
        (Purpose(uses=("NCU",)), "uses"),
        (Purpose(uses=("nonsense",)), "uses"),
        (Purpose(diseases=("cancer",)), "diseases"),
        (Purpose(regions=("UK?",)), "regions"),
        (Purpose(months=0), "months"),
        (Purpose(words="x" * 4001), "words"),
        (Purpose(people=tuple(str(number) for number in range(201))), "people"),
    ],
    ids=str,
)
def test_a_purpose_that_cannot_be_judged_is_refused_by_field(purpose: Purpose, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_purpose(purpose)
    assert refused.value.field == field


# ---- diseases --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "terms"), [(TABLE, 3), (OBO, 4)], ids=["csv", "obo"])
def test_a_table_of_diseases_is_imported_and_judged_by(offers: Offers, content: str, terms: int) -> None:
    offers.uses.publish(offers.officer(offers.north), "northdata", [read_clause(f"DS={TUMOUR}")])
    purpose = Purpose(uses=("DS",), diseases=(MELANOMA,))
    assert offers.uses.assess(["northdata"], purpose)[0].verdict is Verdict.NEEDS_PERSON
    made = offers.uses.import_diseases(OPERATOR, content.encode(), version="2026-11-01")
    assert (made.vocabulary, made.terms) == ("MONDO", terms)
    assert offers.uses.disease_tables() == [made]
    answer = offers.uses.assess(["northdata"], purpose)[0]
    assert answer.verdict is Verdict.PERMITTED
    assert "cancer or benign tumor (MONDO:0045024)" in answer.answers[0].reason


def test_codes_that_were_given_up_lead_to_their_successor_or_to_a_person(offers: Offers) -> None:
    offers.uses.publish(offers.officer(offers.north), "northdata", [read_clause(f"DS={TUMOUR}")])
    offers.uses.import_diseases(OPERATOR, OBO.encode(), version="1")
    for code, verdict in (("MONDO:0000001", Verdict.PERMITTED), ("MONDO:0000002", Verdict.NEEDS_PERSON)):
        assert offers.uses.assess(["northdata"], Purpose(uses=("DS",), diseases=(code,)))[0].verdict is verdict


def test_a_newer_table_takes_the_place_of_the_earlier_one_and_leaves_other_vocabularies(offers: Offers) -> None:
    offers.uses.import_diseases(OPERATOR, TABLE.encode(), version="1")
    offers.uses.import_diseases(OPERATOR, b"code,parents\nICD10:C43,\n", version="2019")
    offers.uses.import_diseases(OPERATOR, f"code,parents\n{TUMOUR},\n".encode(), version="2")
    assert [(each.vocabulary, each.version, each.terms) for each in offers.uses.disease_tables()] == [
        ("ICD10", "2019", 1),
        ("MONDO", "2", 1),
    ]
    assert offers.uses.diseases([MELANOMA]).resolve(MELANOMA) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"code,parents\n",
        b"code;parents\nA:1;\n",
        b"\xff\xfe",
        b"code,parents\ncancer,\n",
        b"code,parents\nA:1,A:2\n",
        b"code,parents\nA:1,\nA:1,\n",
        b"code,parents\nA:1,A:2\nA:2,A:1\n",
        b"code,parents\nA:1,A:1\n",
        b"format-version: 1.2\n",
        b"<html></html>",
    ],
    ids=repr,
)
def test_a_broken_table_is_refused_and_the_old_one_stays(offers: Offers, content: bytes) -> None:
    before = offers.uses.import_diseases(OPERATOR, TABLE.encode(), version="1")
    with pytest.raises(Invalid):
        offers.uses.import_diseases(OPERATOR, content, version="2")
    assert offers.uses.disease_tables() == [before]
    assert offers.uses.diseases([UVEAL]).within(UVEAL, TUMOUR) is True


def test_only_an_operator_imports_diseases(offers: Offers) -> None:
    with pytest.raises(Refused):
        offers.uses.import_diseases(offers.officer(offers.north), TABLE.encode(), version="1")
    with pytest.raises(Invalid):
        offers.uses.import_diseases(OPERATOR, TABLE.encode(), version=" ")


def test_thousands_of_diseases_in_a_long_line_are_followed_to_the_top(offers: Offers) -> None:
    rows = ["code,parents", "X:0,", *(f"X:{number},X:{number - 1}" for number in range(1, 3000))]
    offers.uses.import_diseases(OPERATOR, "\n".join(rows).encode(), version="1")
    assert offers.uses.diseases(["X:2999"]).within("X:2999", "X:0") is True


# ---- words of HDR UK -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.0.2", "2.1.2", "3.0.0", "4.0.0"])
def test_every_word_of_every_schema_is_placed(version: str) -> None:
    schema = json.loads(data_file(f"hdruk-schema-{version}.json").read_text())
    lists = dict(_enumerations(schema))
    limitations, requirements = _like(lists, "GENERAL RESEARCH USE"), _like(lists, "COLLABORATION REQUIRED")
    assert {spelt(word) for word in limitations} == set(LIMITATIONS)
    assert {spelt(word) for word in requirements} == set(REQUIREMENTS)
    assert {code for code in (*LIMITATIONS.values(), *REQUIREMENTS.values()) if code} <= set(CODES)


def _enumerations(node: Any, path: str = "") -> Any:
    if isinstance(node, dict):
        if isinstance(node.get("enum"), list):
            yield path, [each for each in node["enum"] if isinstance(each, str)]
        for name, value in node.items():
            yield from _enumerations(value, f"{path}/{name}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _enumerations(value, f"{path}/{number}")


def _like(lists: dict[str, list[str]], word: str) -> list[str]:
    return next(words for words in lists.values() if word in {each.upper() for each in words})


def test_a_description_suggests_clauses_and_says_what_is_missing() -> None:
    usage = {
        "dataUseLimitation": [
            "General research use",
            "No linkage",
            "Commercial research use",
            "Geographical restrictions",
        ],
        "dataUseRequirements": ["Ethics approval required", "Time limit on use", None, "Bring cake"],
    }
    found = suggest({"accessibility": {"usage": usage}})
    assert [each.code for each in found.clauses] == ["DUO:0000042", "DUO:0000021", "TRE:NO-LINKAGE"]
    assert found.incomplete == ("DUO:0000022", "DUO:0000025")
    assert found.unplaced == ("Commercial research use", "Bring cake")


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"accessibility": None},
        {"accessibility": {"usage": []}},
        {"accessibility": {"usage": {"dataUseLimitation": 3}}},
    ],
    ids=str,
)
def test_a_description_without_words_on_use_suggests_nothing(description: dict[str, Any]) -> None:
    found = suggest(description)
    assert (found.clauses, found.incomplete, found.unplaced) == ((), (), ())


def test_older_records_hold_the_words_in_one_string() -> None:
    found = suggest({"accessibility": {"usage": {"dataUseLimitation": "NO RESTRICTION,NO LINKAGE"}}})
    assert [each.code for each in found.clauses] == ["DUO:0000004", "TRE:NO-LINKAGE"]
