"""The answer to a purpose: subsumption, diseases, every modifier, and never a yes where something is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.alliance.uses.codes import CODES, PARENTS, Kind, Takes, code_of
from orchestrator.alliance.uses.diseases import DiseaseTable
from orchestrator.alliance.uses.matching import assess, covers, judge_clause
from orchestrator.alliance.uses.model import Clause, Purpose, UseTerms, Verdict
from orchestrator.alliance.uses.questions import MODIFIERS, QUESTIONS
from orchestrator.alliance.uses.rules import check_clauses, read_clause
from tests.alliance.uses.conftest import DIABETES, MELANOMA, TUMOUR, UVEAL

YES, ASK, NO = Verdict.PERMITTED, Verdict.NEEDS_PERSON, Verdict.NOT_PERMITTED
UNKNOWN = "MONDO:0100253"


def terms(*clauses: str) -> UseTerms:
    return UseTerms(
        dataset_id="d",
        version=1,
        custodian_id="c",
        clauses=check_clauses(read_clause(each) for each in clauses),
        sha256="",
        published_by="p",
        published_at=datetime(2026, 11, 22, tzinfo=UTC),
    )


def asking(*uses: str, **more: Any) -> Purpose:
    found = [code_of(each) for each in uses]
    return Purpose(uses=tuple(each.code for each in found if each), **more)


def test_every_code_of_the_ontology_is_known_under_its_own_short_form(ontology: list[dict[str, str]]) -> None:
    published = {row["id"]: row["shorthand"] for row in ontology if row["shorthand"]}
    assert len(published) == 23
    assert {code: each.short for code, each in CODES.items() if code.startswith("DUO:")} == published
    assert all(code.startswith(("DUO:", "TRE:")) for code in CODES)


def test_the_sentences_of_the_codes_are_our_own(ontology: list[dict[str, str]]) -> None:
    theirs = {row["description"].strip() for row in ontology}
    assert not theirs & {each.says for each in CODES.values()}


def test_permissions_include_one_another_as_the_ontology_has_it() -> None:
    includes = {
        "NRES": {"NRES", "GRU", "HMB", "DS", "POA", "CC"},
        "GRU": {"GRU", "HMB", "DS", "POA"},
        "HMB": {"HMB", "DS"},
        "DS": {"DS"},
        "POA": {"POA"},
        "CC": {"CC"},
    }
    permissions = [each for each in CODES.values() if each.kind is Kind.PERMISSION]
    for wide in permissions:
        found = {narrow.short for narrow in permissions if covers(wide.code, narrow.code)}
        assert found == includes[wide.short], wide.short
    assert set(PARENTS) == {each.code for each in permissions} - {"DUO:0000004"}


@pytest.mark.parametrize(
    ("permitted", "asked", "verdict"),
    [
        ("NRES", "CC", YES),
        ("NRES", "HMB", YES),
        ("GRU", "HMB", YES),
        ("GRU", "POA", YES),
        ("GRU", "CC", NO),
        ("HMB", "HMB", YES),
        ("HMB", "GRU", NO),
        ("HMB", "POA", NO),
        ("POA", "HMB", NO),
        ("CC", "HMB", NO),
        (f"DS={TUMOUR}", "HMB", NO),
    ],
)
def test_a_wider_permission_includes_a_narrower_use_and_never_the_reverse(
    permitted: str, asked: str, verdict: Verdict, diseases: DiseaseTable
) -> None:
    answer = assess(terms(permitted), asking(asked), diseases)
    assert answer.verdict is verdict
    assert answer.answers[0].code == code_of(permitted.partition("=")[0]).code  # type: ignore[union-attr]
    assert answer.answers[0].reason.endswith(".")


@pytest.mark.parametrize(
    ("permitted", "asked", "verdict"),
    [
        ([MELANOMA], [MELANOMA], YES),
        ([MELANOMA], [UVEAL], YES),
        ([TUMOUR], [UVEAL], YES),
        ([UVEAL], [MELANOMA], NO),
        ([MELANOMA, UVEAL], [MELANOMA], YES),
        ([TUMOUR, UVEAL], [MELANOMA], YES),
        ([MELANOMA], [DIABETES], NO),
        ([MELANOMA], [MELANOMA, DIABETES], NO),
        ([MELANOMA, DIABETES], [UVEAL, DIABETES], YES),
        ([MELANOMA], [UNKNOWN], ASK),
        ([UNKNOWN], [MELANOMA], ASK),
        ([UNKNOWN], [UNKNOWN], YES),
        ([MELANOMA], [UNKNOWN, DIABETES], NO),
        ([MELANOMA], [], ASK),
        ([MELANOMA], ["MONDO:9999999"], YES),
        (["MONDO:9999999"], [UVEAL], YES),
        ([MELANOMA], ["ICD10:C43"], ASK),
    ],
)
def test_a_disease_is_permitted_when_it_is_a_kind_of_what_is(
    permitted: list[str], asked: list[str], verdict: Verdict, diseases: DiseaseTable
) -> None:
    answer = assess(terms(f"DS={','.join(permitted)}"), asking("DS", diseases=tuple(asked)), diseases)
    assert answer.verdict is verdict, answer.answers


def test_without_a_table_only_the_very_same_disease_is_certain() -> None:
    nothing = DiseaseTable()
    assert assess(terms(f"DS={TUMOUR}"), asking("DS", diseases=(UVEAL,)), nothing).verdict is ASK
    assert assess(terms(f"DS={UVEAL}"), asking("DS", diseases=(UVEAL,)), nothing).verdict is YES


def test_health_research_includes_every_disease_even_an_unknown_one() -> None:
    assert assess(terms("HMB"), asking("DS", diseases=(UNKNOWN,)), DiseaseTable()).verdict is YES


def test_one_of_several_permissions_is_enough_and_every_use_needs_one(diseases: DiseaseTable) -> None:
    both = terms(f"DS={DIABETES}", "POA")
    assert assess(both, asking("POA"), diseases).verdict is YES
    assert assess(both, asking("DS", diseases=(DIABETES,)), diseases).verdict is YES
    assert assess(both, asking("POA", "HMB"), diseases).verdict is NO


def test_who_studies_ancestry_asks_for_it_whatever_he_calls_it(diseases: DiseaseTable) -> None:
    assert assess(terms("HMB"), asking("HMB", ancestry=True), diseases).verdict is NO
    assert assess(terms("GRU", "NPOA"), asking("POA", ancestry=False), diseases).verdict is NO
    assert assess(terms("GRU", "NPOA"), asking("GRU"), diseases).verdict is ASK
    assert assess(terms("GRU", "NPOA"), asking("GRU", ancestry=False), diseases).verdict is YES


def test_without_terms_or_without_a_purpose_a_person_has_to_judge(diseases: DiseaseTable) -> None:
    assert assess(None, asking("HMB"), diseases, dataset_id="d").verdict is ASK
    assert assess(terms("NRES"), Purpose(), diseases).verdict is ASK


YES_OR_NO = [(code, name, wanted) for code, asked in MODIFIERS.items() for name, wanted, _ in asked]


@pytest.mark.parametrize(("code", "name", "wanted"), YES_OR_NO)
def test_a_yes_or_no_modifier_has_three_answers(code: str, name: str, wanted: bool) -> None:
    kept = {field: right for field, right, _ in MODIFIERS[code]}
    for said, verdict in ((wanted, YES), (not wanted, NO), (None, ASK)):
        purpose = replace(Purpose(), **{**kept, name: said})
        answer = judge_clause(Clause(code=code), purpose)
        assert answer.verdict is verdict
        assert answer.reason.endswith(".")


def test_every_modifier_is_judged_and_every_question_is_wanted_by_one() -> None:
    for code in CODES.values():
        if code.kind is Kind.MODIFIER:
            value = {Takes.DAY: "2027-01-01", Takes.MONTHS: "12"}.get(code.takes, "GB")
            values = () if code.takes is Takes.NOTHING else (value,)
            assert judge_clause(Clause(code=code.code, values=values), Purpose()).verdict is ASK, code.short
    assert {name for _, name, _ in YES_OR_NO} == set(QUESTIONS)


@pytest.mark.parametrize(
    ("clause", "purpose", "verdict"),
    [
        ("GS=GB", {"regions": ("GB-SCT", "GB")}, YES),
        ("GS=GB-SCT", {"regions": ("GB",)}, NO),
        ("GS=GB", {"regions": ("GB", "FR")}, NO),
        ("GS=GB,FR", {"regions": ("FR",)}, YES),
        ("GS=GB", {"regions": ("GBX",)}, NO),
        ("MOR=2027-02-08", {"publishes_from": date(2027, 2, 7)}, NO),
        ("MOR=2027-02-08", {"publishes_from": date(2027, 2, 8)}, YES),
        ("MOR=2027-02-08", {"publishes": False}, YES),
        ("MOR=2027-02-08", {"publishes": True}, ASK),
        ("TS=12", {"months": 12}, YES),
        ("TS=12", {"months": 13}, NO),
        ("US=Ann Lee", {"people": ("ann  lee",)}, YES),
        ("US=Ann Lee", {"people": ("Ann Lee", "Bob")}, ASK),
        ("IS=University of Nowhere", {"institutions": ("university of nowhere",)}, YES),
        ("IS=University of Nowhere", {"institutions": ("Nowhere University",)}, ASK),
        ("PS=CSC/REMS", {"project": "csc/rems"}, YES),
        ("PS=CSC/REMS", {"project": "other"}, ASK),
        ("RS=Studies of sleep", {"words": "Studies of sleep"}, ASK),
        ("OTHER=Ask the panel first", {}, ASK),
        ("NCU # renewed each year", {"commercial": False}, ASK),
        ("NCU # renewed each year", {"commercial": True}, NO),
    ],
)
def test_a_modifier_with_values(clause: str, purpose: dict[str, Any], verdict: Verdict) -> None:
    answer = judge_clause(read_clause(clause), Purpose(**purpose))
    assert answer.verdict is verdict, answer.reason


def test_free_text_beside_a_permission_is_for_a_person(diseases: DiseaseTable) -> None:
    assert assess(terms("HMB # after review by the panel"), asking("HMB"), diseases).verdict is ASK
    assert assess(terms("HMB # after review by the panel"), asking("GRU"), diseases).verdict is NO


SINGLE = [each.short for each in CODES.values() if each.kind is Kind.MODIFIER and each.takes is Takes.NOTHING]
PURPOSES = st.builds(
    Purpose,
    uses=st.lists(st.sampled_from(sorted(["DUO:0000004", *PARENTS])), unique=True).map(tuple),
    diseases=st.lists(st.sampled_from([TUMOUR, MELANOMA, UVEAL, DIABETES, UNKNOWN]), unique=True).map(tuple),
    **{name: st.none() | st.booleans() for name in QUESTIONS},
)
RANK = [YES, ASK, NO]


@given(PURPOSES, st.lists(st.sampled_from(SINGLE), unique=True), st.sampled_from(SINGLE))
def test_another_modifier_never_makes_an_answer_kinder(purpose: Purpose, some: list[str], one: str) -> None:
    fewer = assess(terms("GRU", *some), purpose, DiseaseTable())
    more = assess(terms("GRU", *{*some, one}), purpose, DiseaseTable())
    assert RANK.index(more.verdict) >= RANK.index(fewer.verdict)


@given(PURPOSES, st.sampled_from(sorted(PARENTS)))
def test_a_wider_permission_never_makes_an_answer_stricter(
    diseases: DiseaseTable, purpose: Purpose, narrow: str
) -> None:
    clause = f"{narrow}={MELANOMA}" if CODES[narrow].takes is Takes.DISEASES else narrow
    before, after = assess(terms(clause), purpose, diseases), assess(terms(PARENTS[narrow]), purpose, diseases)
    assert RANK.index(after.verdict) <= RANK.index(before.verdict)
