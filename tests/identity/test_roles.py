"""Roles: two people give them, two people end them, all of them end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from orchestrator.audit.record import Record
from orchestrator.audit.store import NoticeRow
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import Base, make_engine
from orchestrator.core.errors import Invalid, NotFound, NotPossible, OrchestratorError, Refused
from orchestrator.core.ids import new_id
from orchestrator.identity.model import Person, Role, RoleHolding
from orchestrator.identity.service import IdentityService
from orchestrator.identity.states import HOLDING_STATES, PERSON_STATES, HoldingState
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy

YEAR = timedelta(days=365)
Acting = Callable[[Person], Actor]


def test_the_second_operator_confirms_his_own_role_and_the_third_does_not(
    *, identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting, clock: FixedClock
) -> None:
    assert acting(ben).roles == {"operator"}
    holding = identity.propose_role(acting(ann), eve.person_id, "operator", clock() + YEAR)
    with pytest.raises(Refused):
        identity.confirm_role(acting(eve), holding.holding_id)
    identity.confirm_role(acting(ben), holding.holding_id)
    assert acting(eve).roles == {"operator"}


def test_suspending_the_others_makes_nobody_the_only_operator(
    *, identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting, clock: FixedClock
) -> None:
    identity.suspend(acting(ann), ben.person_id, "to be alone")
    holding = identity.propose_role(acting(ann), eve.person_id, "operator", clock() + YEAR)
    with pytest.raises(Refused):
        identity.confirm_role(acting(eve), holding.holding_id)


@pytest.mark.parametrize("role", ["checker", "custodian"])
def test_one_operator_alone_gives_no_other_role(
    *, identity: IdentityService, ann: Person, eve: Person, acting: Acting, clock: FixedClock, role: str
) -> None:
    custodian = new_id() if role == "custodian" else None
    holding = identity.propose_role(acting(ann), eve.person_id, role, clock() + YEAR, custodian)
    for person in (ann, eve):
        with pytest.raises(Refused):
            identity.confirm_role(acting(person), holding.holding_id)
    assert acting(eve).roles == frozenset()


def test_a_role_counts_from_its_confirmation_to_its_end_date(
    *, identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting, clock: FixedClock
) -> None:
    holding = identity.propose_role(acting(ann), eve.person_id, "checker", clock() + timedelta(days=30))
    assert acting(eve).roles == frozenset()
    with pytest.raises(Refused, match="another person"):
        identity.confirm_role(acting(ann), holding.holding_id)
    identity.confirm_role(acting(ben), holding.holding_id)
    assert acting(eve).roles == {"checker"}
    clock.advance(timedelta(days=30))
    assert acting(eve).roles == frozenset()
    with pytest.raises(NotPossible):
        identity.confirm_role(acting(ben), holding.holding_id)


def test_an_officer_speaks_for_one_custodian_only(
    *, identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting, clock: FixedClock
) -> None:
    custodian = new_id()
    holding = identity.propose_role(acting(ann), eve.person_id, Role.CUSTODIAN, clock() + YEAR, custodian)
    identity.confirm_role(acting(ben), holding.holding_id)
    assert acting(eve).custodians == {custodian}
    assert acting(eve).roles == frozenset()


@pytest.mark.parametrize(
    ("role", "days", "custodian", "field"),
    [
        ("king", 1, None, "role"),
        ("checker", 0, None, "until"),
        ("checker", -1, None, "until"),
        ("checker", 367, None, "until"),
        ("custodian", 1, None, "custodian_id"),
        ("custodian", 1, "not an id", "custodian_id"),
        ("checker", 1, "abcdefghijklmnop", "custodian_id"),
        ("custodian", 1, "abcdefghijklmnop", "custodian_id"),
    ],
)
def test_an_unusable_proposal_is_told_by_field(
    identity: IdentityService,
    ann: Person,
    eve: Person,
    acting: Acting,
    clock: FixedClock,
    role: str,
    days: int,
    custodian: str | None,
    field: str,
) -> None:
    identity.knows_custodian = lambda _: False
    with pytest.raises(Invalid) as raised:
        identity.propose_role(acting(ann), eve.person_id, role, clock() + timedelta(days=days), custodian)
    assert raised.value.field == field


def test_the_same_role_is_proposed_once_at_a_time(
    *, identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting, clock: FixedClock
) -> None:
    holding = identity.propose_role(acting(ann), eve.person_id, "checker", clock() + YEAR)
    with pytest.raises(NotPossible, match="already proposed"):
        identity.propose_role(acting(ben), eve.person_id, "checker", clock() + YEAR)
    identity.withdraw_proposal(acting(ben), holding.holding_id)
    with pytest.raises(NotPossible):
        identity.confirm_role(acting(ben), holding.holding_id)
    identity.propose_role(acting(ben), eve.person_id, "checker", clock() + YEAR)


def test_a_proposal_lapses_after_fourteen_days(
    *, identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting, clock: FixedClock
) -> None:
    holding = identity.propose_role(acting(ann), eve.person_id, "checker", clock() + timedelta(days=60))
    clock.advance(timedelta(days=14))
    with pytest.raises(NotPossible, match="lapsed"):
        identity.confirm_role(acting(ben), holding.holding_id)
    again = identity.propose_role(acting(ann), eve.person_id, "checker", clock() + timedelta(days=60))
    assert identity.confirm_role(acting(ben), again.holding_id).state is HoldingState.HELD


def test_a_role_is_ended_by_two_and_its_sessions_with_it(
    *, identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting, clock: FixedClock
) -> None:
    holding = identity.propose_role(acting(ann), eve.person_id, "checker", clock() + YEAR)
    identity.confirm_role(acting(ben), holding.holding_id)
    secret = identity.open_session(eve.person_id, "web", second_factor=True)
    identity.propose_end_role(acting(ann), holding.holding_id)
    assert acting(eve).roles == {"checker"}
    for person in (ann, eve):
        with pytest.raises(Refused):
            identity.confirm_end_role(acting(person), holding.holding_id)
    identity.confirm_end_role(acting(ben), holding.holding_id)
    assert acting(eve).roles == frozenset()
    with pytest.raises(NotFound):
        identity.session(secret)
    with pytest.raises(NotPossible):
        identity.confirm_end_role(acting(ben), holding.holding_id)


def test_an_operator_cannot_keep_his_role_by_withdrawing_the_proposal_to_end_it(
    *, identity: IdentityService, ann: Person, ben: Person, acting: Acting
) -> None:
    holding = next(each for each in identity.holdings(ben.person_id) if each.role is Role.OPERATOR)
    identity.propose_end_role(acting(ann), holding.holding_id)
    with pytest.raises(Refused):
        identity.withdraw_proposal(acting(ben), holding.holding_id)
    assert identity.withdraw_proposal(acting(ann), holding.holding_id).state is HoldingState.HELD


def test_a_role_that_ended_is_gone_from_an_actor_made_before(
    *, identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting, clock: FixedClock
) -> None:
    third = identity.propose_role(acting(ann), eve.person_id, "operator", clock() + timedelta(days=1))
    identity.confirm_role(acting(ben), third.holding_id)
    before = acting(eve)
    clock.advance(timedelta(days=1))
    with pytest.raises(Refused):
        identity.people(before)
    with pytest.raises(Refused):
        identity.propose_role(before, ben.person_id, "checker", clock() + YEAR)


def test_a_suspended_person_is_given_no_role(
    *, identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting, clock: FixedClock
) -> None:
    holding = identity.propose_role(acting(ann), eve.person_id, "checker", clock() + YEAR)
    identity.suspend(acting(ann), eve.person_id, "reason")
    with pytest.raises(NotPossible, match="suspended"):
        identity.confirm_role(acting(ben), holding.holding_id)
    with pytest.raises(NotPossible, match="suspended"):
        identity.propose_role(acting(ann), eve.person_id, "operator", clock() + YEAR)


def test_those_who_can_act_are_told(
    *,
    identity: IdentityService,
    record: Record,
    ann: Person,
    ben: Person,
    eve: Person,
    acting: Acting,
    clock: FixedClock,
) -> None:
    holding = identity.propose_role(acting(ann), eve.person_id, "checker", clock() + YEAR)
    subject = f"role:{holding.holding_id}"
    with record.read() as session:
        told = session.execute(select(NoticeRow.person_id, NoticeRow.kind).where(NoticeRow.subject == subject)).all()
    assert told == [(ben.person_id, "role.proposed")]
    assert [each.holding_id for each in identity.waiting(acting(ben)).holdings] == [holding.holding_id]


def test_of_two_operators_who_confirm_at_once_one_is_told_it_is_done(
    *, identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting, clock: FixedClock
) -> None:
    third = identity.propose_role(acting(ann), eve.person_id, "operator", clock() + YEAR)
    identity.confirm_role(acting(ben), third.holding_id)
    mal = identity.register_person(acting(ann), "Mal", "m@example.org", "https://id.example", "mal")
    holding = identity.propose_role(acting(ann), mal.person_id, "checker", clock() + YEAR)
    actors, start = [acting(ben), acting(eve)], threading.Barrier(2)
    outcomes: list[RoleHolding | OrchestratorError] = []

    def confirm(actor: Actor) -> None:
        start.wait(90)
        try:
            outcomes.append(identity.confirm_role(actor, holding.holding_id))
        except OrchestratorError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=confirm, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotPossible", "RoleHolding"]


@pytest.mark.parametrize("table", [HOLDING_STATES, PERSON_STATES], ids=lambda table: table.noun)
def test_every_state_waits_lasts_or_is_final(table: object) -> None:
    states = set(table.states())  # type: ignore[attr-defined]
    waiting, lasting, final = set(table.waiting), set(table.lasting), set(table.final())  # type: ignore[attr-defined]
    assert waiting | lasting | final == states
    assert not waiting & lasting | waiting & final | lasting & final


class TwoPeople(RuleBasedStateMachine):
    """Whatever is tried, by whomever, in whatever order: nobody holds a role that two other people did not give."""

    policy: Policy

    @initialize()
    def begin(self) -> None:
        self.clock = FixedClock()
        engine = make_engine("sqlite://")
        Base.metadata.create_all(engine)
        self.identity = IdentityService(Record(engine, self.clock), self.policy)
        first = self.identity.first_operator("P0", "p0@example.org", "i", "0")
        actor = self.identity.actor(first.person_id, second_factor=True)
        others = [self.identity.register_person(actor, f"P{n}", f"p{n}@x.org", "i", str(n)) for n in range(1, 5)]
        self.people = [first, *others]
        self.holdings: list[str] = []
        for proposer, person, confirmer in [(0, 1, 1), (0, 2, 1)]:
            until = self.clock() + timedelta(days=300)
            holding = self.identity.propose_role(
                self._actor(proposer), self.people[person].person_id, "operator", until
            )
            self.identity.confirm_role(self._actor(confirmer), holding.holding_id)
            self.holdings.append(holding.holding_id)

    def _actor(self, number: int) -> Actor:
        return self.identity.actor(self.people[number].person_id, second_factor=True)

    def _try(self, act: Callable[[], object]) -> None:
        with suppress(Refused, NotPossible, NotFound):
            act()

    @rule(who=st.integers(0, 4), whom=st.integers(0, 4), role=st.sampled_from(["operator", "checker"]))
    def propose(self, who: int, whom: int, role: str) -> None:
        until = self.clock() + timedelta(days=40)
        try:
            holding = self.identity.propose_role(self._actor(who), self.people[whom].person_id, role, until)
        except (Refused, NotPossible, NotFound):
            return
        self.holdings.append(holding.holding_id)

    @rule(
        who=st.integers(0, 4),
        which=st.integers(0, 30),
        act=st.sampled_from(["confirm_role", "propose_end_role", "confirm_end_role", "withdraw_proposal"]),
    )
    def move(self, who: int, which: int, act: str) -> None:
        if self.holdings:
            holding_id = self.holdings[which % len(self.holdings)]
            self._try(lambda: getattr(self.identity, act)(self._actor(who), holding_id))

    @rule(who=st.integers(0, 4), whom=st.integers(0, 4), act=st.sampled_from(["propose_resume", "confirm_resume"]))
    def resume(self, who: int, whom: int, act: str) -> None:
        self._try(lambda: getattr(self.identity, act)(self._actor(who), self.people[whom].person_id))

    @rule(who=st.integers(0, 4), whom=st.integers(0, 4))
    def suspend(self, who: int, whom: int) -> None:
        self._try(lambda: self.identity.suspend(self._actor(who), self.people[whom].person_id, "reason"))

    @rule(who=st.integers(0, 4), whom=st.integers(0, 4), other=st.integers(0, 4))
    def give(self, who: int, whom: int, other: int) -> None:
        before = len(self.holdings)
        self.propose(who, whom, "operator")
        if len(self.holdings) > before:
            self._try(lambda: self.identity.confirm_role(self._actor(other), self.holdings[-1]))

    @rule(who=st.integers(0, 4), which=st.integers(0, 6), other=st.integers(0, 4))
    def end(self, who: int, which: int, other: int) -> None:
        holding_id = self.holdings[which % len(self.holdings)]
        self._try(lambda: self.identity.propose_end_role(self._actor(who), holding_id))
        self._try(lambda: self.identity.confirm_end_role(self._actor(other), holding_id))

    @rule(days=st.integers(1, 15))
    def wait(self, days: int) -> None:
        self.clock.advance(timedelta(days=days))

    @invariant()
    def two_people_gave_every_role(self) -> None:
        for person in getattr(self, "people", []):
            for holding in self.identity.holdings(person.person_id):
                if holding.proposed_by == "system:setup":
                    continue
                assert holding.proposed_by != person.person_id
                assert holding.confirmed_by != holding.proposed_by
                if holding.confirmed_by == person.person_id:
                    assert holding.role is Role.OPERATOR
                if holding.state is HoldingState.ENDED:
                    assert len({holding.end_proposed_by, holding.ended_by, person.person_id}) == 3

    def teardown(self) -> None:
        if hasattr(self, "identity"):
            self.identity._record.engine.dispose()


def test_nobody_ever_holds_a_role_that_two_people_did_not_give(policy: Policy) -> None:
    machine = type("Machine", (TwoPeople,), {"policy": policy})
    effort = settings(max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine, settings=effort)
