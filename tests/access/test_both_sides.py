"""Nobody stands on both sides of a decision by leaving a project for a moment, or by joining it afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.access.model import MemberRole
from orchestrator.core.errors import NotPossible, Refused
from tests.access.conftest import World


def test_an_operator_who_left_a_project_still_does_not_widen_it(world: World) -> None:
    project = world.approved().project_id
    operator, other = world.actor("operator"), world.actor("operator2")
    world.access.add_member(operator, project, world.people["operator2"])
    world.access.end_member(other, project, world.people["operator2"])
    world.access.suspend_project(other, project, "Stopping is anybody's.")
    for attempt in (
        lambda: world.access.resume_project(other, project),
        lambda: world.access.renew_ethics(other, project, "26/XX/0002", world.day(600)),
        lambda: world.access.add_member(other, project, world.people["stranger"]),
        lambda: world.access.extend_project(other, project, world.day(350)),
    ):
        with pytest.raises(Refused, match="Nobody widens a project"):
            attempt()
    world.access.resume_project(operator, project)
    world.access.renew_ethics(operator, project, "26/XX/0002", world.day(600))
    world.access.add_member(operator, project, world.people["stranger"])
    world.access.extend_project(operator, project, world.day(350))


def test_an_officer_who_left_a_project_still_does_not_renew_its_grant(world: World) -> None:
    project = world.approved()
    world.give("stranger", "custodian", custodian_id=world.custodians["a"])
    world.access.add_member(world.actor("operator"), project.project_id, world.people["stranger"])
    world.access.end_member(world.actor("stranger"), project.project_id, world.people["stranger"])
    with pytest.raises(Refused, match="Nobody renews a grant"):
        world.access.renew_grant(world.actor("stranger"), world.grant_id(project, "a"), world.day(500))
    world.access.renew_grant(world.actor("officer_a"), world.grant_id(project, "a"), world.day(500))


def test_who_widened_a_project_does_not_join_it_afterwards(world: World) -> None:
    project = world.approved()
    world.give("stranger", "custodian", custodian_id=world.custodians["a"])
    world.access.extend_project(world.actor("operator2"), project.project_id, world.day(350))
    world.access.renew_grant(world.actor("stranger"), world.grant_id(project, "a"), world.day(500))
    for name in ("operator2", "stranger"):
        with pytest.raises(NotPossible, match="does not work in it"):
            world.access.add_member(world.actor("operator"), project.project_id, world.people[name])
    world.register("somebody")
    world.access.add_member(world.actor("operator"), project.project_id, world.people["somebody"])


def test_a_person_whose_membership_ran_out_is_added_again_and_leads_no_more_meanwhile(world: World) -> None:
    project = world.approved().project_id
    operator = world.actor("operator")
    world.access.end_member(operator, project, world.people["lead"])
    world.access.add_member(operator, project, world.people["lead"], role=MemberRole.LEAD, until=world.day(5))
    world.clock.advance(timedelta(days=7))
    with pytest.raises(Refused, match="A membership is ended by"):
        world.access.end_member(world.actor("lead"), project, world.people["member"])
    world.access.add_member(world.actor("operator"), project, world.people["lead"], role=MemberRole.LEAD)
    assert world.people["lead"] in world.access.admitted(project)
    world.access.end_member(world.actor("lead"), project, world.people["member"])


def test_an_officer_whose_role_ended_meanwhile_publishes_and_accepts_nothing(world: World) -> None:
    holding = world.give("stranger", "custodian", custodian_id=world.custodians["a"])
    before = world.actor("stranger")
    terms = {"text": "New terms.", "valid_until": world.now + timedelta(days=30)}
    world.alliance.publish_terms(before, world.custodians["a"], **terms)
    world.identity.propose_end_role(world.actor("operator"), holding)
    world.identity.confirm_end_role(world.actor("operator2"), holding)
    with pytest.raises(Refused):
        world.alliance.publish_terms(before, world.custodians["a"], **terms)
    world.alliance.accept_terms(before, world.custodians["a"], 2)
    world.identity.suspend(world.actor("operator"), world.people["stranger"], "A question is open.")
    with pytest.raises(Refused, match="suspended"):
        world.alliance.accept_terms(before, world.custodians["a"], 2)
    operator = world.actor("operator2")
    world.alliance.register_custodian(operator, "Before")
    world.identity.suspend(world.actor("operator"), world.people["operator2"], "A question is open.")
    with pytest.raises(Refused, match="suspended"):
        world.alliance.register_custodian(operator, "After")
