"""The airlock on the real rooms below it: who may submit and review, and what a withdrawal holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.airlock.desk import Desk
from orchestrator.airlock.fakes import FakeInspector, FakeSessions, FakeSigner
from orchestrator.airlock.frozen import FrozenStore
from orchestrator.airlock.governance import LiveGovernance
from orchestrator.airlock.packs import load_pack
from tests.access.conftest import World as Rooms
from tests.airlock.world import PACK


@pytest.fixture
def rooms(record, policy, clock, tmp_path) -> Rooms:
    return Rooms(record, policy, clock, tmp_path)


@pytest.fixture
def project(rooms):
    return rooms.approved()


@pytest.fixture
def governance(rooms) -> LiveGovernance:
    return LiveGovernance(rooms.record, rooms.identity, rooms.alliance, rooms.access)


def test_a_working_project_may_submit(rooms, project, governance):
    assert governance.hold_reasons(project.project_id, rooms.people["lead"], since=rooms.now) == ()
    assert rooms.people["lead"] in governance.members_within_a_year(project.project_id)


def test_somebody_who_is_no_member_is_held(rooms, project, governance):
    reasons = governance.hold_reasons(project.project_id, rooms.people["stranger"], since=rooms.now)
    assert any("no longer a member" in reason for reason in reasons)


def test_a_suspended_project_is_held_and_a_resumed_one_is_not(rooms, project, governance):
    rooms.access.suspend_project(rooms.actor("operator"), project.project_id, "A question is open.")
    assert governance.hold_reasons(project.project_id, rooms.people["lead"], since=rooms.now)
    rooms.access.resume_project(rooms.actor("operator"), project.project_id)
    assert governance.hold_reasons(project.project_id, rooms.people["lead"], since=rooms.now) == ()


def test_withdrawn_data_holds_what_was_submitted_before_and_not_what_comes_after(rooms, project, governance):
    before = rooms.now
    rooms.clock.advance(timedelta(minutes=1))
    grant = rooms.access.project_record(project.project_id).grants[0]
    officer = next(name for name, each in rooms.custodians.items() if each == grant.custodian_id)
    rooms.access.withdraw_grant(rooms.actor(f"officer_{officer}"), grant.grant_id, "The agreement was broken.")
    rooms.clock.advance(timedelta(minutes=1))
    lead = rooms.people["lead"]
    assert any("withdrawn" in each for each in governance.hold_reasons(project.project_id, lead, since=before))
    assert governance.hold_reasons(project.project_id, lead, since=rooms.now) == ()


@pytest.mark.parametrize("whole_dataset", [False, True], ids=["version", "dataset"])
def test_a_withdrawn_version_holds_what_was_submitted_before_and_not_what_comes_after(
    rooms, project, governance, whole_dataset
):
    before = rooms.now
    lead, officer = rooms.people["lead"], rooms.actor("officer_a")
    rooms.clock.advance(timedelta(minutes=1))
    assert governance.hold_reasons(project.project_id, lead, since=before) == ()
    if whole_dataset:
        rooms.discovery.withdraw_dataset(officer, rooms.datasets["a"], "People were in it who had opted out.")
    else:
        rooms.discovery.withdraw_version(officer, rooms.versions["a"], "Two columns were swapped.")
    rooms.clock.advance(timedelta(minutes=1))
    assert any("withdrawn" in each for each in governance.hold_reasons(project.project_id, lead, since=before))
    assert governance.hold_reasons(project.project_id, lead, since=rooms.now) == ()


def test_who_left_within_a_year_still_counts_as_a_member(rooms, project, governance):
    person = rooms.people["member"]
    if person not in governance.members_within_a_year(project.project_id):
        rooms.access.add_member(rooms.actor("operator"), project.project_id, person)
    rooms.access.end_member(rooms.actor("operator"), project.project_id, person)
    rooms.clock.advance(timedelta(days=364))
    assert person in governance.members_within_a_year(project.project_id)
    rooms.clock.advance(timedelta(days=2))
    assert person not in governance.members_within_a_year(project.project_id)


def test_terms_and_checkers_come_from_the_rooms(rooms, project, governance):
    terms = governance.terms(project.project_id)
    assert {each.custodian_id for each in terms} <= set(rooms.custodians.values())
    assert all(each.checkers_needed >= 2 and each.version >= 1 for each in terms)
    rooms.register("checker")
    rooms.give("checker", "checker")
    assert governance.holders("checker") == frozenset({rooms.people["checker"]})
    assert governance.officers(rooms.custodians["a"]) == frozenset({rooms.people["officer_a"]})
    assert not governance.trained(rooms.people["checker"])
    trained = rooms.now + timedelta(days=30)
    rooms.identity.record_training(rooms.actor("operator"), rooms.people["checker"], "Output checking", trained)
    assert governance.trained(rooms.people["checker"])
    rooms.clock.advance(timedelta(days=31))
    assert not governance.trained(rooms.people["checker"])


def test_a_submission_goes_through_the_real_rooms(rooms, project, governance, policy, tmp_path):
    from orchestrator.airlock.model import State
    from orchestrator.airlock.ports import LiveSession
    from orchestrator.airlock.service import AirlockService
    from orchestrator.airlock.worker import Worker
    from orchestrator.core.ids import new_id
    from tests.airlock.world import World

    checkers = ["checker_one", "checker_two"]
    for name in checkers:
        rooms.register(name)
        rooms.give(name, "checker")
        until = rooms.now + timedelta(days=30)
        rooms.identity.record_training(rooms.actor("operator"), rooms.people[name], "Output checking", until)
    desk = Desk(
        record=rooms.record,
        policy=policy,
        governance=governance,
        pack=load_pack(PACK),
        frozen=FrozenStore(tmp_path / "airlock"),
    )
    live = LiveSession(
        session_id=new_id(), project_id=project.project_id, person_id=rooms.people["lead"], directory=tmp_path / "i"
    )
    sessions, signer = FakeSessions([live]), FakeSigner()
    world = World(
        record=rooms.record,
        clock=rooms.clock,
        governance=governance,
        sessions=sessions,
        desk=desk,
        service=AirlockService.of(desk),
        worker=Worker.of(desk, sessions, FakeInspector(), signer),
        signer=signer,
        project=project.project_id,
        author=rooms.people["lead"],
        colleague=rooms.people["stranger"],
        checkers=[rooms.people[name] for name in checkers],
        operator=rooms.people["operator"],
        officer=rooms.people["officer_a"],
        lead=rooms.people["stranger"],
        custodian=rooms.custodians["a"],
        live=live,
    )
    submission = world.submit()
    world.worker.once()
    assert world.state(submission) is State.IN_REVIEW
    for checker in world.checkers:
        world.review(checker, submission)
    world.worker.once()
    assert world.state(submission) is State.RELEASED
    assert b'"custodians":[{' in world.service.signed_record(world.actor(world.officer), submission.submission_id)
