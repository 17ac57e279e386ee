"""Custodians keep their own terms: versions never change, a new one must be accepted anew, all of them end."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from orchestrator.alliance import store
from orchestrator.alliance.model import Custodian, Terms
from orchestrator.alliance.rules import check_acceptable, check_terms
from orchestrator.alliance.service import AllianceService
from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, Refused
from orchestrator.core.events import Event
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy

OPERATOR = Actor(person_id="operator", roles=frozenset({"operator"}), active=True, second_factor=True)
RESEARCHER = Actor(person_id="researcher", active=True, second_factor=False)
YEAR = timedelta(days=365)


def as_given(_session: object, actor: Actor) -> Actor:
    """People are not this room's business: here everybody is still who he says."""
    return actor


@pytest.fixture
def alliance(record: Record, policy: Policy) -> AllianceService:
    return AllianceService(record, policy, as_now=as_given)


@pytest.fixture
def trust(alliance: AllianceService) -> Custodian:
    return alliance.register_custodian(OPERATOR, "An NHS trust")


def officer(custodian: Custodian) -> Actor:
    return Actor(person_id="officer", custodians=frozenset({custodian.custodian_id}), active=True, second_factor=True)


def publish(alliance: AllianceService, custodian: Custodian, clock: FixedClock, text: str = "Be careful.") -> Terms:
    return alliance.publish_terms(officer(custodian), custodian.custodian_id, text=text, valid_until=clock() + YEAR)


def test_an_operator_registers_a_custodian_and_nobody_else_does(alliance: AllianceService) -> None:
    trust = alliance.register_custodian(OPERATOR, "  An NHS trust ")
    assert alliance.custodians() == [trust]
    assert trust.name == "An NHS trust"
    assert alliance.knows(trust.custodian_id)
    assert not alliance.knows("nobody")
    for other in (RESEARCHER, officer(trust)):
        with pytest.raises(Refused):
            alliance.register_custodian(other, "Another")


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "two\nlines", "\u2800", "Nоrth trust"])
def test_a_custodian_needs_a_name_in_one_line(alliance: AllianceService, name: str) -> None:
    with pytest.raises(Invalid):
        alliance.register_custodian(OPERATOR, name)


@pytest.mark.parametrize("name", ["AN NHS TRUST", "An  NHS trust", "An NHS-trust.", "Аn NHЅ trust"])
def test_a_name_is_registered_once_however_it_is_spelt(alliance: AllianceService, trust: Custodian, name: str) -> None:
    with pytest.raises((NotPossible, Invalid), match=r"can be taken for the custodian “An NHS trust”|mixes letters"):
        alliance.register_custodian(OPERATOR, name)
    assert alliance.custodians() == [trust]


def test_only_its_own_officer_publishes_a_custodians_terms(
    alliance: AllianceService, trust: Custodian, clock: FixedClock
) -> None:
    other = alliance.register_custodian(OPERATOR, "Another")
    terms = publish(alliance, trust, clock)
    assert (terms.version, terms.checkers_needed, terms.minimum_count) == (1, 2, 10)
    assert terms.text_sha256 == hashlib.sha256(b"Be careful.").hexdigest()
    for actor in (OPERATOR, RESEARCHER, officer(other)):
        with pytest.raises(Refused):
            alliance.publish_terms(actor, trust.custodian_id, text="Mine.", valid_until=clock() + YEAR)
    assert alliance.current_terms(trust.custodian_id) == terms


def test_an_officer_of_an_unknown_custodian_publishes_nothing(alliance: AllianceService, clock: FixedClock) -> None:
    ghost = Actor(person_id="o", custodians=frozenset({"ghost"}), active=True, second_factor=True)
    with pytest.raises(NotFound):
        alliance.publish_terms(ghost, "ghost", text="x", valid_until=clock() + YEAR)


def test_a_new_version_makes_the_earlier_acceptance_insufficient(
    alliance: AllianceService, trust: Custodian, clock: FixedClock
) -> None:
    first = publish(alliance, trust, clock)
    alliance.accept_terms(RESEARCHER, trust.custodian_id, 1)
    assert alliance.accepted_until("researcher", trust.custodian_id) == first.valid_until
    second = publish(alliance, trust, clock, "Be more careful.")
    assert second.version == 2
    assert alliance.accepted_until("researcher", trust.custodian_id) is None
    with pytest.raises(NotPossible, match="version 2"):
        alliance.accept_terms(RESEARCHER, trust.custodian_id, 1)
    alliance.accept_terms(RESEARCHER, trust.custodian_id, 2)
    assert alliance.accepted_until("researcher", trust.custodian_id) == second.valid_until
    assert [terms.text for terms in alliance.terms(trust.custodian_id)] == ["Be more careful.", "Be careful."]
    assert {accepted.version for accepted in alliance.acceptances("researcher")} == {1, 2}


def test_terms_end_and_their_acceptance_with_them(
    alliance: AllianceService, trust: Custodian, clock: FixedClock
) -> None:
    publish(alliance, trust, clock)
    alliance.accept_terms(RESEARCHER, trust.custodian_id, 1)
    clock.advance(YEAR)
    assert alliance.accepted_until("researcher", trust.custodian_id) is None
    with pytest.raises(NotPossible, match="no terms in force"):
        alliance.current_terms(trust.custodian_id)
    with pytest.raises(NotPossible, match="ended"):
        alliance.accept_terms(RESEARCHER, trust.custodian_id, 1)


def test_a_custodian_without_terms_has_nothing_to_accept(alliance: AllianceService, trust: Custodian) -> None:
    for version in (0, 1, -1):
        with pytest.raises(NotPossible):
            alliance.accept_terms(RESEARCHER, trust.custodian_id, version)
    assert alliance.accepted_until("researcher", trust.custodian_id) is None
    with pytest.raises(NotFound):
        alliance.accept_terms(RESEARCHER, "nobody", 1)


def test_accepting_again_changes_nothing(
    alliance: AllianceService, record: Record, trust: Custodian, clock: FixedClock
) -> None:
    publish(alliance, trust, clock)
    first = alliance.accept_terms(RESEARCHER, trust.custodian_id, 1)
    clock.advance(timedelta(days=1))
    assert alliance.accept_terms(RESEARCHER, trust.custodian_id, 1) == first
    with record.read() as session:
        kinds = list(session.scalars(select(EntryRow.kind).order_by(EntryRow.position)))
    assert kinds == ["custodian.registered", "terms.published", "terms.accepted"]


def test_one_persons_acceptance_is_not_anothers_nor_another_custodians(
    alliance: AllianceService, trust: Custodian, clock: FixedClock
) -> None:
    other = alliance.register_custodian(OPERATOR, "Another")
    publish(alliance, trust, clock)
    publish(alliance, other, clock)
    alliance.accept_terms(RESEARCHER, trust.custodian_id, 1)
    assert alliance.accepted_until("researcher", other.custodian_id) is None
    assert alliance.accepted_until("somebody", trust.custodian_id) is None


def test_the_log_holds_the_hash_of_the_terms_and_not_their_words(
    alliance: AllianceService, record: Record, trust: Custodian, clock: FixedClock
) -> None:
    terms = publish(alliance, trust, clock, "canary-words")
    with record.read() as session:
        log = "".join(session.scalars(select(EntryRow.body)))
    assert terms.text_sha256 in log
    assert "canary" not in log
    assert trust.name not in log


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"checkers_needed": 1}, "checkers_needed"),
        ({"checkers_needed": 0}, "checkers_needed"),
        ({"checkers_needed": 10}, "checkers_needed"),
        ({"minimum_count": 0}, "minimum_count"),
        ({"minimum_count": -5}, "minimum_count"),
        ({"text": "  "}, "text"),
        ({"text": "x" * 200_001}, "text"),
        ({"days": 0}, "valid_until"),
        ({"days": -1}, "valid_until"),
        ({"days": 5 * 366 + 1}, "valid_until"),
    ],
    ids=str,
)
def test_terms_that_protect_too_little_or_never_end_are_refused_by_field(
    *, alliance: AllianceService, trust: Custodian, clock: FixedClock, changes: dict[str, int | str], field: str
) -> None:
    details = {"text": "x", "checkers_needed": 2, "minimum_count": 1, "days": 1} | changes
    until = clock() + timedelta(days=int(details.pop("days")))
    with pytest.raises(Invalid) as raised:
        alliance.publish_terms(officer(trust), trust.custodian_id, valid_until=until, **details)  # type: ignore[arg-type]
    assert raised.value.field == field


@given(checkers=st.integers(), minimum=st.integers())
def test_whatever_numbers_are_given_two_check_and_no_empty_group_is_shown(checkers: int, minimum: int) -> None:
    now = FixedClock()()
    try:
        check_terms("x", valid_until=now + YEAR, checkers_needed=checkers, minimum_count=minimum, now=now)
    except Invalid:
        return
    assert checkers >= 2
    assert minimum >= 1


def test_only_the_current_version_within_its_dates_is_acceptable() -> None:
    now = FixedClock()()
    terms = Terms(
        custodian_id="c",
        version=3,
        text="x",
        text_sha256="0",
        valid_until=now + YEAR,
        checkers_needed=2,
        minimum_count=10,
        published_by="o",
        published_at=now,
    )
    assert check_acceptable(terms, version=3, now=now) == terms
    for version, moment in [(2, now), (4, now), (3, now + YEAR), (3, now - timedelta(seconds=1))]:
        with pytest.raises(NotPossible):
            check_acceptable(terms, version=version, now=moment)


def test_terms_are_written_once_on_every_database(record_everywhere: Record, policy: Policy, clock: FixedClock) -> None:
    alliance = AllianceService(record_everywhere, policy, as_now=as_given)
    trust = alliance.register_custodian(OPERATOR, "Trust")
    terms = publish(alliance, trust, clock)
    assert alliance.terms(trust.custodian_id) == [terms]
    accepted = alliance.accept_terms(RESEARCHER, trust.custodian_id, 1)
    assert alliance.acceptances("researcher") == [accepted]
    event = Event(kind="terms.published", actor="x", subject="custodian:x")
    with pytest.raises(Conflict), record_everywhere.change() as change:
        store.add(change, terms, event=event)
    assert alliance.current_terms(trust.custodian_id) == terms


@pytest.mark.parametrize("column", ["checkers_needed", "minimum_count"])
def test_the_database_itself_refuses_terms_that_protect_too_little(
    record_everywhere: Record, policy: Policy, clock: FixedClock, column: str
) -> None:
    alliance = AllianceService(record_everywhere, policy, as_now=as_given)
    trust = alliance.register_custodian(OPERATOR, "Trust")
    terms = publish(alliance, trust, clock)
    weak = Terms(**(vars(terms) | {"version": 2, column: 0}))
    with pytest.raises(Conflict), record_everywhere.change() as change:
        store.add(change, weak, event=Event(kind="terms.published", actor="x", subject="custodian:x"))
