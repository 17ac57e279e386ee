"""Standard conditions bind from their day on; a custodian that leaves takes along what it gave, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from orchestrator.access.model import ApplicationState, GrantState, PartState
from orchestrator.alliance.onboarding.model import ConditionsState, DepartureState
from orchestrator.alliance.onboarding.states import CONDITIONS_STATES, DEPARTURE_STATES
from orchestrator.audit.store import EntryRow, NoticeRow
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.discovery.model import DatasetState, VersionState
from orchestrator.policy.service import Policy
from tests import deciding
from tests.access.conftest import World
from tests.alliance.conftest import Alliance, alliance_of, more

WEEK = timedelta(days=7)


def published(members: Alliance, text: str = "We keep to the ten standards.", *, ahead: timedelta = WEEK) -> int:
    made = members.onboarding.propose_conditions(members.actor("operator"), text, members.clock() + ahead)
    members.onboarding.publish_conditions(members.actor("operator2"), made.version)
    return made.version


def leaving(members: Alliance, *, days: int = 30):
    made = members.onboarding.announce_departure(
        members.actor("officer_a"),
        members.world.custodians["a"],
        members.clock() + timedelta(days=days),
        "The trust is being merged.",
    )
    return members.onboarding.confirm_departure(members.actor("officer_a2"), made.departure_id)


# ---- standard conditions --------------------------------------------------------------------------------------------


def test_conditions_are_published_by_two_and_bind_from_their_day_on(members: Alliance) -> None:
    world, onboarding = members.world, members.onboarding
    application = world.submitted(("a",))
    made = onboarding.propose_conditions(members.actor("operator"), "We keep to the law.", members.clock() + WEEK)
    with pytest.raises(Refused, match="proposed standard conditions"):
        onboarding.publish_conditions(members.actor("operator"), made.version)
    with pytest.raises(NotPossible, match="newest published"):
        onboarding.accept_conditions(members.actor("officer_a"), world.custodians["a"], made.version)
    onboarding.publish_conditions(members.actor("operator2"), made.version)
    assert onboarding.joined(world.custodians["a"]).barriers == ()
    members.clock.advance(WEEK)
    with pytest.raises(NotPossible, match="version 1 of the alliance's standard conditions"):
        world.decide(application.application_id, "a")
    onboarding.accept_conditions(members.actor("officer_a"), world.custodians["a"], 1)
    onboarding.accept_conditions(members.actor("officer_a2"), world.custodians["a"], 1)
    assert world.decide(application.application_id, "a").parts
    with world.record.read() as session:
        kinds = list(session.scalars(select(EntryRow.kind).where(EntryRow.kind == "conditions.accepted")))
    assert len(kinds) == 1, "accepting again changes nothing"


def test_the_next_version_may_be_accepted_before_it_binds(members: Alliance) -> None:
    custodian = members.world.custodians["a"]
    published(members, ahead=timedelta(0))
    members.onboarding.accept_conditions(members.actor("officer_a"), custodian, 1)
    published(members, "And to the second.", ahead=WEEK)
    assert members.onboarding.joined(custodian).barriers == ()
    with pytest.raises(NotPossible, match="newest published version, 2"):
        members.onboarding.accept_conditions(members.actor("officer_a"), custodian, 1)
    members.onboarding.accept_conditions(members.actor("officer_a"), custodian, 2)
    members.clock.advance(WEEK)
    assert members.onboarding.joined(custodian).barriers == ()
    (barrier,) = members.onboarding.joined(members.world.custodians["b"]).barriers
    assert "version 2" in barrier


@pytest.mark.parametrize("name", ["officer_b", "lead", "operator"])
def test_nobody_accepts_in_another_custodians_name(members: Alliance, name: str) -> None:
    published(members)
    with pytest.raises(Refused):
        members.onboarding.accept_conditions(members.actor(name), members.world.custodians["a"], 1)


def test_only_operators_write_conditions_and_a_proposed_version_may_be_taken_back(members: Alliance) -> None:
    onboarding = members.onboarding
    with pytest.raises(Refused):
        onboarding.propose_conditions(members.actor("officer_a"), "Ours.", members.clock() + WEEK)
    made = onboarding.propose_conditions(members.actor("operator"), "Wrong.", members.clock() + WEEK)
    with pytest.raises(NotPossible, match="proposed already"):
        onboarding.propose_conditions(members.actor("operator2"), "Other.", members.clock() + WEEK)
    assert onboarding.withdraw_conditions(members.actor("operator"), made.version).state is ConditionsState.WITHDRAWN
    assert published(members) == 2
    with pytest.raises(NotPossible):
        onboarding.withdraw_conditions(members.actor("operator"), 2)
    with pytest.raises(NotFound):
        onboarding.publish_conditions(members.actor("operator"), 9)


@pytest.mark.parametrize(("text", "days"), [("", 1), ("x" * 200_001, 1), ("Fine.", -1), ("Fine.", 732)], ids=str)
def test_conditions_that_cannot_bind_are_refused(members: Alliance, text: str, days: int) -> None:
    with pytest.raises(Invalid):
        members.onboarding.propose_conditions(members.actor("operator"), text, members.clock() + timedelta(days=days))


# ---- leaving --------------------------------------------------------------------------------------------------------


def test_from_the_confirmation_on_nothing_new_is_granted_and_until_the_day_everything_stands(members: Alliance) -> None:
    world = members.world
    project, waiting = world.approved(), world.submitted(("a", "b"))
    leaving(members)
    assert world.held(project, "lead") == {"a", "b"}
    with pytest.raises(NotPossible, match="leaves the alliance after 22 December 2026"):
        world.decide(waiting.application_id, "a")
    with pytest.raises(NotPossible, match="leaves"):
        world.access.renew_grant(members.actor("officer_a"), world.grant_id(project, "a"), world.day(401))
    members.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    assert members.departures.chase() == 0
    assert world.held(project, "lead") == {"a", "b"}


def test_on_its_day_grants_and_datasets_of_the_custodian_go_and_nothing_of_another(members: Alliance) -> None:
    world = members.world
    project = world.approved()
    departure = leaving(members)
    members.clock.advance(timedelta(days=30))
    assert members.departures.chase() == 1
    assert members.departures.chase() == 0
    assert world.held(project, "lead") == {"b"}
    grants = {grant.custodian_id: grant for grant in world.access.project_record(project.project_id).grants}
    assert grants[world.custodians["a"]].state is GrantState.WITHDRAWN
    assert grants[world.custodians["a"]].reason == "Trust a has left the alliance."
    assert grants[world.custodians["b"]].state is GrantState.ACTIVE
    assert world.discovery.dataset(world.datasets["a"]).state is DatasetState.WITHDRAWN
    assert world.discovery.version(world.versions["a"]).state is VersionState.WITHDRAWN
    assert [each.dataset_id for each in world.discovery.datasets()] == [world.datasets["b"]]
    joined = members.onboarding.joined(world.custodians["a"])
    assert joined.departure is not None
    assert joined.departure.state is DepartureState.LEFT
    assert joined.barriers == ("This custodian has left the alliance.",)
    with world.record.read() as session:
        told = set(session.scalars(select(NoticeRow.person_id).where(NoticeRow.kind == "grant.withdrawn")))
        kinds = list(
            session.scalars(select(EntryRow.kind).where(EntryRow.subject == f"departure:{departure.departure_id}"))
        )
    assert told == {world.people["lead"], world.people["member"]}
    assert kinds == ["departure.announced", "departure.confirmed", "departure.done"]
    with pytest.raises(NotPossible):
        members.onboarding.withdraw_departure(members.actor("officer_a"), departure.departure_id)


def test_an_application_that_waits_for_a_leaving_custodian_goes_on_with_the_others(members: Alliance) -> None:
    world = members.world
    application = world.submitted(("a", "b"))
    leaving(members, days=2)
    members.clock.advance(timedelta(days=2))
    assert members.departures.chase() == 1
    world.access.chase()
    seen = world.access.application(members.actor("lead"), application.application_id)
    parts = {part.custodian_id: part for part in seen.parts}
    assert parts[world.custodians["a"]].state in (PartState.VOID, PartState.REFUSED)
    assert parts[world.custodians["b"]].state is PartState.WAITING
    world.decide(application.application_id, "b")
    project = deciding.approve_project(world.access, members.actor("operator"), application.application_id)
    assert {grant.custodian_id for grant in project.grants} == {world.custodians["b"]}


def test_an_application_to_a_leaving_custodian_alone_ends_in_words(members: Alliance) -> None:
    world = members.world
    application = world.submitted(("a",))
    leaving(members, days=2)
    members.clock.advance(timedelta(days=2))
    members.departures.chase()
    world.access.chase()
    seen = world.access.application(members.actor("lead"), application.application_id)
    assert seen.state not in (ApplicationState.SUBMITTED, ApplicationState.DECIDED, ApplicationState.APPROVED)


def test_a_crash_on_the_last_day_leaves_all_as_it_was_and_the_next_look_does_it_all(
    members: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = members.world
    project = world.approved()
    leaving(members)
    members.clock.advance(timedelta(days=30))
    with monkeypatch.context() as broken:
        broken.setattr(world.discovery, "withdraw_all", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError):
            members.departures.chase()
    assert world.held(project, "lead") == {"a", "b"}
    assert world.discovery.dataset(world.datasets["a"]).state is DatasetState.LISTED
    assert members.departures.chase() == 1
    assert world.held(project, "lead") == {"b"}


def test_leaving_takes_two_people_and_can_be_taken_back(members: Alliance) -> None:
    world, onboarding = members.world, members.onboarding
    soon = members.clock() + WEEK
    made = onboarding.announce_departure(members.actor("officer_a"), world.custodians["a"], soon, "We merge.")
    assert onboarding.joined(world.custodians["a"]).barriers == (), "an announcement alone stops nothing"
    with pytest.raises(Refused, match="announced"):
        onboarding.confirm_departure(members.actor("officer_a"), made.departure_id)
    for other in ("officer_b", "lead"):
        with pytest.raises(NotFound):
            onboarding.confirm_departure(members.actor(other), made.departure_id)
        with pytest.raises(NotFound):
            onboarding.withdraw_departure(members.actor(other), made.departure_id)
    with pytest.raises(NotPossible, match="announced already"):
        onboarding.announce_departure(members.actor("officer_a2"), world.custodians["a"], soon, "We merge.")
    onboarding.confirm_departure(members.actor("operator"), made.departure_id)
    onboarding.withdraw_departure(members.actor("officer_a2"), made.departure_id)
    assert onboarding.joined(world.custodians["a"]).barriers == ()
    members.clock.advance(WEEK)
    assert members.departures.chase() == 0
    assert leaving(members).state is DepartureState.CONFIRMED, "it may change its mind again"


@pytest.mark.parametrize(
    ("days", "reason", "field"), [(0, "Because.", "last_day"), (800, "Because.", "last_day"), (9, " ", "reason")]
)
def test_a_departure_needs_a_day_ahead_and_a_reason(members: Alliance, days: int, reason: str, field: str) -> None:
    with pytest.raises(Invalid) as raised:
        members.onboarding.announce_departure(
            members.actor("officer_a"), members.world.custodians["a"], members.clock() + timedelta(days=days), reason
        )
    assert raised.value.field == field


@pytest.mark.parametrize("table", [CONDITIONS_STATES, DEPARTURE_STATES], ids=lambda table: table.noun)
def test_every_state_has_an_owner_a_term_or_is_final(table) -> None:
    for state in table.states():
        assert (state in table.waiting) + (state in table.lasting) + (state in table.final()) == 1


def test_joining_and_leaving_are_kept_alike_on_every_database(
    record_everywhere, policy: Policy, clock, tmp_path
) -> None:
    world = World(record_everywhere, policy, clock, tmp_path)
    more(world)
    members = alliance_of(world, policy)
    project = world.approved()
    published(members, ahead=timedelta(0))
    members.onboarding.accept_conditions(members.actor("officer_a"), world.custodians["a"], 1)
    leaving(members)
    members.clock.advance(timedelta(days=30))
    assert members.departures.chase() == 1
    assert world.held(project, "lead") == {"b"}
