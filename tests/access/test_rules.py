"""The grant rule as a pure function: every single condition, every combination, and its ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.access.conditions import Facts, PersonFacts, TermsFacts, VersionFacts, judge
from orchestrator.access.model import (
    Grant,
    GrantState,
    MemberRole,
    Membership,
    Project,
    ProjectStanding,
    ProjectState,
)

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def _in(days: float) -> datetime:
    return NOW + timedelta(days=days)


def _membership(person_id: str) -> Membership:
    return Membership(
        membership_id=f"m{person_id}",
        project_id="p",
        person_id=person_id,
        role=MemberRole.RESEARCHER,
        since=_in(-10),
        until=_in(91),
    )


def _grant(name: str) -> Grant:
    return Grant(
        grant_id=f"g{name}",
        project_id="p",
        dataset_id=f"d{name}",
        version_id=f"v{name}",
        custodian_id=f"c{name}",
        agreement_until=_in(92),
        state=GrantState.ACTIVE,
        granted_at=_in(-10),
    )


PERSON = PersonFacts(active=True, trained_until=_in(93), accredited_until=_in(94))
TERMS = TermsFacts(custodian="Trust", version=3, valid_until=_in(95), accepted_by=frozenset({"x", "y"}))
VERSION = VersionFacts(title="Set", sealed=True, withdrawn=False)
PROJECT = Project(
    project_id="p",
    application_id="a",
    title="T",
    lay_summary="L",
    organisation="O",
    ethics_reference="E",
    ethics_until=_in(96),
    start=_in(-5),
    end=_in(97),
    state=ProjectState.ACTIVE,
    state_since=_in(-5),
    approved_by="o",
    approved_at=_in(-5),
    members=(_membership("x"), _membership("y")),
    grants=(_grant("1"), _grant("2")),
)
FACTS = Facts(
    people={"x": PERSON, "y": PERSON}, terms={"c1": TERMS, "c2": TERMS}, versions={"v1": VERSION, "v2": VERSION}
)
Case = tuple[Project, Facts]


def _person(case: Case, facts: PersonFacts | None) -> Case:
    project, known = case
    people = {**known.people, "x": facts} if facts else {"y": known.people["y"]}
    return project, replace(known, people={name: each for name, each in people.items() if each})


def _changed_person(case: Case, **changes: object) -> Case:
    facts = case[1].people.get("x")
    return _person(case, replace(facts, **changes)) if facts else case  # type: ignore[arg-type]


def _member(case: Case, **changes: object) -> Case:
    first, *rest = case[0].members
    return replace(case[0], members=(replace(first, **changes), *rest)), case[1]  # type: ignore[arg-type]


def _grant1(case: Case, **changes: object) -> Case:
    first, *rest = case[0].grants
    return replace(case[0], grants=(replace(first, **changes), *rest)), case[1]  # type: ignore[arg-type]


def _terms(case: Case, terms: TermsFacts | None) -> Case:
    every = {**case[1].terms, "c1": terms}
    return case[0], replace(case[1], terms={name: each for name, each in every.items() if each})


def _changed_terms(case: Case, **changes: object) -> Case:
    terms = case[1].terms.get("c1")
    return _terms(case, replace(terms, **changes)) if terms else case  # type: ignore[arg-type]


def _version(case: Case, **changes: object) -> Case:
    versions = {**case[1].versions, "v1": replace(case[1].versions["v1"], **changes)}  # type: ignore[arg-type]
    return case[0], replace(case[1], versions=versions)


def _project(case: Case, **changes: object) -> Case:
    return replace(case[0], **changes), case[1]  # type: ignore[arg-type]


EVERYTHING = frozenset(product("xy", ("g1", "g2")))
OF_X, OF_G1, X_TO_G1 = (
    frozenset(pair for pair in EVERYTHING if pair[0] == "x"),
    frozenset(pair for pair in EVERYTHING if pair[1] == "g1"),
    frozenset({("x", "g1")}),
)
PAST = _in(-1)

FAILURES = {
    "project suspended": (lambda c: _project(c, state=ProjectState.SUSPENDED), EVERYTHING, "suspended; an operator"),
    "project closed": (lambda c: _project(c, state=ProjectState.CLOSED), EVERYTHING, "closed; apply"),
    "project not begun": (lambda c: _project(c, start=_in(1)), EVERYTHING, "starts on 23 November 2026"),
    "project over": (lambda c: _project(c, end=PAST), EVERYTHING, "last day was 21 November 2026"),
    "project over this instant": (lambda c: _project(c, end=NOW), EVERYTHING, "ask an operator to extend it"),
    "ethics over": (lambda c: _project(c, ethics_until=PAST), EVERYTHING, "ethics approval ended"),
    "ethics over this instant": (lambda c: _project(c, ethics_until=NOW), EVERYTHING, "renew it"),
    "member not begun": (lambda c: _member(c, since=_in(1)), OF_X, "membership begins"),
    "member over": (lambda c: _member(c, until=PAST), OF_X, "membership ended"),
    "member over this instant": (lambda c: _member(c, until=NOW), OF_X, "add this person again"),
    "person unknown": (lambda c: _person(c, None), OF_X, "not known any more"),
    "person suspended": (lambda c: _changed_person(c, active=False), OF_X, "account is suspended"),
    "no training": (lambda c: _changed_person(c, trained_until=None), OF_X, "No valid training"),
    "training over": (lambda c: _changed_person(c, trained_until=PAST), OF_X, "training ended"),
    "no accreditation": (lambda c: _changed_person(c, accredited_until=None), OF_X, "No valid accreditation"),
    "accreditation over": (lambda c: _changed_person(c, accredited_until=NOW), OF_X, "accreditation ended"),
    "terms not accepted": (
        lambda c: _changed_terms(c, accepted_by=frozenset({"y"})),
        X_TO_G1,
        "Version 3 of the terms of Trust is not accepted",
    ),
    "terms over": (lambda c: _changed_terms(c, valid_until=PAST), OF_G1, "The terms of Trust ended"),
    "no terms": (lambda c: _terms(c, None), OF_G1, "no terms"),
    "agreement over": (lambda c: _grant1(c, agreement_until=PAST), OF_G1, "agreement on “Set” ended"),
    "agreement over this instant": (lambda c: _grant1(c, agreement_until=NOW), OF_G1, "ask Trust to renew it"),
    "grant withdrawn": (lambda c: _grant1(c, state=GrantState.WITHDRAWN), OF_G1, "grant of “Set” was withdrawn"),
    "grant ended": (lambda c: _grant1(c, state=GrantState.ENDED), OF_G1, "grant of “Set” was ended"),
    "version not sealed": (lambda c: _version(c, sealed=False), OF_G1, "not sealed yet"),
    "version withdrawn": (lambda c: _version(c, sealed=False, withdrawn=True), OF_G1, "was withdrawn; apply"),
}


def held(standing: ProjectStanding) -> frozenset[tuple[str, str]]:
    """Return who may hold what."""
    return frozenset(
        (person, grant.grant_id) for grant in standing.grants if not grant.reasons for person in grant.people
    )


def sentences(standing: ProjectStanding) -> set[str]:
    """Return every sentence of a standing."""
    found = set(standing.reasons)
    for member in standing.members:
        found |= set(member.reasons)
    for grant in standing.grants:
        found |= set(grant.reasons)
        for reasons in grant.people_reasons.values():
            found |= set(reasons)
    return found


def test_while_every_condition_holds_everybody_holds_everything_until_the_first_end() -> None:
    standing = judge(PROJECT, FACTS, NOW)
    assert held(standing) == EVERYTHING
    assert sentences(standing) == set()
    assert [member.until for member in standing.members] == [_in(91), _in(91)]
    assert [grant.until for grant in standing.grants] == [_in(92), _in(92)]
    assert standing.grants[0].people == {"x": _in(91), "y": _in(91)}
    assert standing.until == _in(91)


@pytest.mark.parametrize("name", FAILURES)
def test_each_condition_alone_takes_exactly_what_hangs_on_it_and_says_so_in_one_sentence(name: str) -> None:
    fail, lost, words = FAILURES[name]
    standing = judge(*fail((PROJECT, FACTS)), NOW)
    assert held(standing) == EVERYTHING - lost
    (sentence,) = sentences(standing)
    assert words in sentence
    assert sentence.endswith(".")
    assert ";" in sentence


def _about(name: str) -> str:
    return name.split(maxsplit=1)[0]


@pytest.mark.parametrize("first", FAILURES)
def test_two_failures_take_what_each_takes(first: str) -> None:
    fail_first, lost_first, _ = FAILURES[first]
    for second, (fail_second, lost_second, _) in FAILURES.items():
        left = held(judge(*fail_second(fail_first((PROJECT, FACTS))), NOW))
        if _about(first) != _about(second):  # failures of the same thing may undo one another
            assert left == EVERYTHING - lost_first - lost_second, second
        assert not left & lost_second, second


@given(st.lists(st.sampled_from(sorted(FAILURES)), max_size=6), st.sampled_from(sorted(FAILURES)))
def test_one_more_failure_never_widens(earlier: list[str], further: str) -> None:
    case: Case = (PROJECT, FACTS)
    for name in earlier:
        case = FAILURES[name][0](case)
    before = held(judge(*case, NOW))
    after = held(judge(*FAILURES[further][0](case), NOW))
    if _about(further) in {_about(name) for name in earlier}:
        assert not after & FAILURES[further][1]
    else:
        assert after <= before


@given(st.integers(-200, 200), st.integers(1, 400), st.lists(st.sampled_from(sorted(FAILURES)), max_size=3))
def test_nothing_changes_before_the_moment_that_a_standing_names(start: int, step: int, names: list[str]) -> None:
    case: Case = (PROJECT, FACTS)
    for name in names:
        case = FAILURES[name][0](case)
    at = _in(start)
    standing = judge(*case, at)
    later = at + timedelta(days=step)
    if standing.until > at:
        later = min(later, standing.until - timedelta(microseconds=1))
    assert held(judge(*case, later)) == held(standing)


@given(st.integers(-200, 200))
def test_nobody_holds_anything_longer_than_he_may_enter_or_the_grant_lasts(start: int) -> None:
    standing = judge(PROJECT, FACTS, _in(start))
    entrance = {member.person_id: member.until for member in standing.members if not member.reasons}
    for grant in standing.grants:
        for person, until in grant.people.items():
            assert until <= min(entrance[person], grant.until)
            assert until > standing.at


def test_a_project_without_grants_lets_its_members_in_to_their_own_work() -> None:
    standing = judge(replace(PROJECT, grants=()), FACTS, NOW)
    assert standing.grants == ()
    assert all(not member.reasons for member in standing.members)
