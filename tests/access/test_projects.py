"""Projects: approved by one operator who is nobody else in the story, changed, stopped, closed, registered."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.access.model import GrantState, MemberRole, ProjectState
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, OrchestratorError, Refused
from tests import deciding

World = Any


def test_an_approved_project_has_members_and_grants_on_the_current_sealed_versions(world: World) -> None:
    newer = world.version("a")
    world.version("a", sealed=False)
    project = world.approved()
    assert [(member.person_id, member.role) for member in project.members] == [
        (world.people["lead"], MemberRole.LEAD),
        (world.people["member"], MemberRole.RESEARCHER),
    ]
    assert {grant.version_id for grant in project.grants} == {newer, world.versions["b"]}
    assert project.project_id != project.application_id


def test_a_project_gets_the_approved_parts_only(world: World) -> None:
    project = world.approved(a=True, b=False)
    assert [grant.custodian_id for grant in project.grants] == [world.custodians["a"]]
    assert world.held(project, "lead") == {"a"}


def test_a_project_waits_until_every_custodian_has_decided(world: World) -> None:
    application = world.submitted()
    world.decide(application.application_id, "a")
    with pytest.raises(NotPossible, match="it must be decided"):
        deciding.approve_project(world.access, world.actor("operator"), application.application_id)
    world.decide(application.application_id, "b")
    assert deciding.approve_project(world.access, world.actor("operator"), application.application_id).grants


def test_a_project_that_every_custodian_refused_cannot_be_approved(world: World) -> None:
    application = world.decided(a=False, b=False)
    with pytest.raises(NotPossible, match="refused"):
        deciding.approve_project(world.access, world.actor("operator"), application.application_id)


def test_only_an_operator_approves(world: World) -> None:
    application = world.decided()
    for name in ("officer_a", "lead", "member"):
        with pytest.raises(Refused):
            deciding.approve_project(world.access, world.actor(name), application.application_id)
    with pytest.raises(NotFound):
        deciding.approve_project(world.access, world.actor("stranger"), application.application_id)
    assert deciding.approve_project(world.access, world.actor("operator2"), application.application_id)


@pytest.mark.parametrize("name", ["lead", "member", "officer_a"])
def test_an_operator_who_applied_works_in_it_or_decided_does_not_approve(world: World, name: str) -> None:
    world.give(name, "operator")
    application = world.decided()
    for call in (
        lambda: deciding.approve_project(world.access, world.actor(name), application.application_id),
        lambda: deciding.refuse_project(world.access, world.actor(name), application.application_id, "No reason"),
    ):
        with pytest.raises(Refused, match="has to"):
            call()
    assert deciding.approve_project(world.access, world.actor("operator"), application.application_id)


def test_an_operator_may_refuse_what_custodians_approved(world: World) -> None:
    application = world.decided()
    with pytest.raises(Invalid):
        deciding.refuse_project(world.access, world.actor("operator"), application.application_id, "")
    deciding.refuse_project(world.access, world.actor("operator"), application.application_id, "No capacity this year")
    with pytest.raises(NotPossible, match="refused"):
        deciding.approve_project(world.access, world.actor("operator2"), application.application_id)


def test_a_dataset_without_a_sealed_version_stops_the_approval(world: World) -> None:
    world.discovery.withdraw_version(world.actor("officer_b"), world.versions["b"], "Wrong rows")
    application = world.decided()
    with pytest.raises(NotPossible, match="“Dataset b” has no sealed version"):
        deciding.approve_project(world.access, world.actor("operator"), application.application_id)
    world.version("b")
    assert deciding.approve_project(world.access, world.actor("operator"), application.application_id)


def test_an_agreement_that_ended_before_the_approval_stops_it(world: World) -> None:
    application = world.submitted()
    world.decide(application.application_id, "a", days=3)
    world.decide(application.application_id, "b")
    world.clock.advance(timedelta(days=5))
    with pytest.raises(NotPossible, match="agreement has ended"):
        deciding.approve_project(world.access, world.actor("operator"), application.application_id)


def test_two_operators_approving_at_once_make_one_project(world_everywhere: World) -> None:
    world = world_everywhere
    application = world.decided()
    start, outcomes = threading.Barrier(2), []

    def approve(name: str) -> None:
        actor = world.actor(name)
        start.wait(timeout=90)
        try:
            outcomes.append(deciding.approve_project(world.access, actor, application.application_id).project_id)
        except OrchestratorError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=approve, args=(name,)) for name in ("operator", "operator2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    (made,) = [each for each in outcomes if isinstance(each, str)]
    (stopped,) = [each for each in outcomes if isinstance(each, OrchestratorError)]
    assert isinstance(stopped, NotPossible | Conflict)
    assert world.access.project_ids() == [made]


def test_a_project_is_seen_by_those_concerned(world: World) -> None:
    project = world.approved()
    for name in ("lead", "member", "operator"):
        assert len(world.access.project(world.actor(name), project.project_id).grants) == 2
    seen = world.access.project(world.actor("officer_a"), project.project_id)
    assert [grant.custodian_id for grant in seen.grants] == [world.custodians["a"]]
    with pytest.raises(NotFound):
        world.access.project(world.actor("stranger"), project.project_id)
    assert world.access.projects(world.actor("stranger")) == []
    assert len(world.access.projects(world.actor("officer_b"))) == 1


def test_suspension_is_immediate_by_one_person_and_ends_by_another_than_a_member(world: World) -> None:
    world.give("member", "operator")
    project = world.approved()
    assert world.held(project, "lead") == {"a", "b"}
    world.access.suspend_project(world.actor("member"), project.project_id, "A worry")
    assert world.held(project, "lead") == set()
    assert world.access.admitted(project.project_id) == {}
    assert "suspended" in world.access.standing(project.project_id).reasons[0]
    with pytest.raises(Refused, match="another operator has to"):
        world.access.resume_project(world.actor("member"), project.project_id)
    world.access.resume_project(world.actor("operator"), project.project_id)
    assert world.held(project, "lead") == {"a", "b"}


def test_a_suspension_nobody_ends_is_remembered(world: World) -> None:
    project = world.approved()
    world.access.suspend_project(world.actor("operator"), project.project_id, "A worry")
    assert world.access.chase() == 0
    world.clock.advance(timedelta(days=31))
    assert world.access.chase() == 1
    assert world.access.chase() == 0


def test_a_closed_project_is_closed_for_ever(world: World) -> None:
    project = world.approved()
    closed = world.access.close_project(world.actor("operator"), project.project_id, "Finished")
    assert closed.state is ProjectState.CLOSED
    assert {grant.state for grant in closed.grants} == {GrantState.ENDED}
    assert closed.members == ()
    assert world.held(project, "lead") == set()
    assert world.access.project_ids() == []
    assert world.access.is_member(project.project_id, world.people["lead"])
    operator = world.actor("operator")
    for call in (
        lambda: world.access.resume_project(operator, project.project_id),
        lambda: world.access.extend_project(operator, project.project_id, world.day(310)),
        lambda: world.access.add_member(operator, project.project_id, world.people["stranger"]),
        lambda: world.access.renew_ethics(operator, project.project_id, "26/XX/2", world.day(510)),
        lambda: world.access.close_project(operator, project.project_id),
        lambda: world.access.withdraw_grant(operator, project.grants[0].grant_id, "Too late"),
    ):
        with pytest.raises(NotPossible):
            call()


def test_an_extension_stays_within_ethics_and_every_agreement(world: World) -> None:
    project = world.approved()
    operator = world.actor("operator")
    for day, words in ((world.day(290), "after"), (world.day(401), "An agreement ends"), (world.day(501), "ethics")):
        with pytest.raises(Invalid, match=words):
            world.access.extend_project(operator, project.project_id, day)
    with pytest.raises(Refused):
        world.access.extend_project(world.actor("lead"), project.project_id, world.day(400))
    extended = world.access.extend_project(operator, project.project_id, world.day(400))
    assert extended.end.date() == world.day(401)
    for name in ("a", "b"):
        officer = world.actor(f"officer_{name}")
        world.access.renew_grant(officer, world.grant_id(project, name), world.day(600))
    with pytest.raises(Invalid, match="ethics"):
        world.access.extend_project(operator, project.project_id, world.day(590))
    world.access.renew_ethics(operator, project.project_id, "26/XX/0002", world.day(650))
    assert world.access.extend_project(operator, project.project_id, world.day(600)).end.date() == world.day(601)


def test_an_ended_project_works_again_after_its_extension(world: World) -> None:
    project = world.approved()
    world.clock.advance(timedelta(days=302))
    assert world.held(project, "lead") == set()
    world.access.extend_project(world.actor("operator2"), project.project_id, world.day(50))
    assert world.held(project, "lead") == {"a", "b"}


def test_a_grant_is_renewed_by_its_custodian_within_current_terms(world: World) -> None:
    project = world.approved()
    grant_id = world.grant_id(project, "a")
    for name in ("operator", "lead"):
        with pytest.raises(Refused):
            world.access.renew_grant(world.actor(name), grant_id, world.day(500))
    with pytest.raises(NotFound):
        world.access.renew_grant(world.actor("stranger"), grant_id, world.day(500))
    with pytest.raises(NotFound):
        world.access.renew_grant(world.actor("officer_b"), grant_id, world.day(500))
    for day, words in ((world.day(400), "after"), (world.day(701), "terms end")):
        with pytest.raises(Invalid, match=words):
            world.access.renew_grant(world.actor("officer_a"), grant_id, day)
    world.publish_terms("a", days=900)
    renewed = world.access.renew_grant(world.actor("officer_a"), grant_id, world.day(701))
    assert renewed.agreement_until.date() == world.day(702)


@pytest.mark.parametrize("what", ["dataset", "version"])
def test_a_grant_on_what_was_withdrawn_is_not_renewed_and_the_others_are(world: World, what: str) -> None:
    project = world.approved()
    officer, last = world.actor("officer_a"), world.day(500)
    if what == "dataset":
        world.discovery.withdraw_dataset(officer, world.datasets["a"], "Wrong data")
    else:
        world.discovery.withdraw_version(officer, world.versions["a"], "Wrong rows")
    before = world.access.project(world.actor("lead"), project.project_id)
    with pytest.raises(NotPossible, match="was withdrawn: nobody works in it any more"):
        world.access.renew_grant(officer, world.grant_id(project, "a"), last)
    assert world.access.project(world.actor("lead"), project.project_id) == before
    assert world.held(project, "member") == {"b"}
    renewed = world.access.renew_grant(world.actor("officer_b"), world.grant_id(project, "b"), last)
    assert renewed.agreement_until.date() == world.day(501)


def test_a_grant_is_withdrawn_at_once_by_its_custodian_or_an_operator(world: World) -> None:
    project = world.approved()
    for name, error in (("lead", Refused), ("officer_b", NotFound), ("stranger", NotFound)):
        with pytest.raises(error):
            world.access.withdraw_grant(world.actor(name), world.grant_id(project, "a"), "Not mine")
    assert world.held(project, "member") == {"a", "b"}
    with pytest.raises(Invalid):
        world.access.withdraw_grant(world.actor("officer_a"), world.grant_id(project, "a"), "")
    world.access.withdraw_grant(world.actor("officer_a"), world.grant_id(project, "a"), "Misused")
    assert world.held(project, "member") == {"b"}
    with pytest.raises(NotPossible):
        world.access.withdraw_grant(world.actor("operator"), world.grant_id(project, "a"), "Again")
    world.access.withdraw_grant(world.actor("operator"), world.grant_id(project, "b"), "The custodian asked by letter")
    assert world.held(project, "member") == set()
    assert set(world.access.admitted(project.project_id)) == {world.people["lead"], world.people["member"]}


def test_members_are_added_by_an_operator_who_is_not_one(world: World) -> None:
    project = world.approved()
    stranger = world.people["stranger"]
    for name in ("lead", "officer_a"):
        with pytest.raises(Refused):
            world.access.add_member(world.actor(name), project.project_id, stranger)
    with pytest.raises(Refused, match="another operator"):
        world.access.add_member(world.actor("operator"), project.project_id, world.people["operator"])
    with pytest.raises(Invalid, match="last day is"):
        world.access.add_member(world.actor("operator"), project.project_id, stranger, until=world.day(301))
    world.access.add_member(world.actor("operator"), project.project_id, stranger, until=world.day(5))
    with pytest.raises(NotPossible, match="already"):
        world.access.add_member(world.actor("operator"), project.project_id, stranger)
    with pytest.raises(NotPossible, match="has a lead"):
        world.access.add_member(
            world.actor("operator"), project.project_id, world.register("another"), role=MemberRole.LEAD
        )
    with pytest.raises(Invalid, match="not registered"):
        world.access.add_member(world.actor("operator"), project.project_id, "a" * 16)
    assert world.held(project, "stranger") == set()
    world.qualify("stranger")
    world.accept("stranger", "a")
    assert world.held(project, "stranger") == {"a"}
    world.clock.advance(timedelta(days=6))
    assert world.held(project, "stranger") == set()
    assert world.held(project, "lead") == {"a", "b"}


def test_a_membership_is_ended_by_operator_lead_or_the_member_and_others_stay(world: World) -> None:
    for name in ("operator", "lead", "member"):
        project = world.approved()
        with pytest.raises(Refused):
            world.access.end_member(world.actor("officer_a"), project.project_id, world.people["member"])
        world.access.end_member(world.actor(name), project.project_id, world.people["member"])
        assert world.held(project, "member") == set()
        assert set(world.access.admitted(project.project_id)) == {world.people["lead"]}
        assert world.access.is_member(project.project_id, world.people["member"])
    project = world.approved()
    with pytest.raises(Refused, match="A membership is ended by an operator"):
        world.access.end_member(world.actor("member"), project.project_id, world.people["lead"])


def test_a_member_who_left_may_come_back_and_a_lead_be_followed(world: World) -> None:
    project = world.approved()
    operator = world.actor("operator")
    world.access.end_member(operator, project.project_id, world.people["lead"])
    assert world.held(project, "lead") == set()
    world.access.add_member(operator, project.project_id, world.people["lead"])
    world.access.end_member(operator, project.project_id, world.people["member"])
    world.access.add_member(operator, project.project_id, world.people["member"], role=MemberRole.LEAD)
    assert world.held(project, "lead") == {"a", "b"}
    assert world.access.project(operator, project.project_id).members[0].person_id == world.people["member"]


def test_who_decided_or_approved_does_not_join_the_project_later(world: World) -> None:
    application = world.decided()
    project = deciding.approve_project(world.access, world.actor("operator2"), application.application_id)
    for name in ("officer_a", "officer_b", "operator2"):
        with pytest.raises(NotPossible, match="does not work in it"):
            world.access.add_member(world.actor("operator"), project.project_id, world.people[name])
    assert world.access.add_member(world.actor("operator"), project.project_id, world.people["stranger"])


def test_a_project_past_its_last_day_is_remembered_until_it_is_extended_or_closed(world: World) -> None:
    project = world.approved()
    world.clock.advance(timedelta(days=331))
    assert world.access.chase() == 1
    world.access.close_project(world.actor("operator"), project.project_id)
    world.clock.advance(timedelta(days=8))
    assert world.access.chase() == 0


def test_members_are_told_once_that_a_version_was_withdrawn_and_operators_that_one_is_not_sealed(world: World) -> None:
    world.approved()
    assert world.access.chase() == 0
    world.discovery.withdraw_version(world.actor("officer_a"), world.versions["a"], "Wrong rows")
    world.version("b", sealed=False)
    assert world.access.chase() == 1
    world.clock.advance(timedelta(days=2))
    assert world.access.chase() == 1
    assert world.access.chase() == 0
