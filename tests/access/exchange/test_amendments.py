"""Amendments and renewals: decided anew by every custodian, and nothing is lost while they decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.access.model import ApplicationKind, ApplicationState, GrantState, ProjectState
from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from tests import deciding

World = Any


def amended(world: World, project: Any, *, kind: ApplicationKind = ApplicationKind.AMENDMENT, **changes: Any) -> str:
    lead = world.actor("lead")
    more = [world.datasets[name] for name in changes.pop("datasets", ())]
    answers = replace(world.access.answers_of(lead, project.project_id), **changes)
    made = world.access.amend(lead, project.project_id, answers, kind=kind, dataset_ids=more)
    world.access.submit(lead, made.application_id)
    return made.application_id


def now(world: World, project: Any) -> Any:
    return world.access.project_record(project.project_id)


def test_the_project_goes_on_as_it_is_while_an_amendment_is_decided(world: World) -> None:
    project = world.approved()
    before = now(world, project)
    application_id = amended(world, project, title="Another title", end=world.day(380))
    assert world.held(project, "lead") == {"a", "b"}
    world.decide(application_id, "a")
    assert now(world, project) == before
    world.decide(application_id, "b", days=500)
    assert now(world, project) == before
    changed = deciding.approve_project(world.access, world.actor("operator"), application_id)
    assert changed.project_id == project.project_id
    assert (changed.title, changed.end.date()) == ("Another title", world.day(381))
    ends = {grant.dataset_id: grant.agreement_until.date() for grant in changed.grants}
    assert ends == {world.datasets["a"]: world.day(401), world.datasets["b"]: world.day(501)}
    assert [grant.grant_id for grant in changed.grants] == [grant.grant_id for grant in before.grants]
    assert world.held(project, "lead") == {"a", "b"}
    assert world.access.application(world.actor("lead"), application_id).project_id == project.project_id


def test_a_renewal_that_one_custodian_refuses_leaves_its_grant_as_it_was(world: World) -> None:
    project = world.approved()
    application_id = amended(world, project, kind=ApplicationKind.RENEWAL, end=world.day(450))
    world.decide(application_id, "a", days=460)
    world.decide(application_id, "b", approve=False)
    renewed = deciding.approve_project(world.access, world.actor("operator"), application_id)
    ends = {grant.dataset_id: grant.agreement_until.date() for grant in renewed.grants}
    assert ends == {world.datasets["a"]: world.day(461), world.datasets["b"]: world.day(401)}
    with world.record.read() as session:
        kinds = [row.kind for row in session.scalars(select(EntryRow))]
    assert kinds.count("project.renewed") == 1


def test_a_purpose_that_one_custodian_refused_does_not_reach_its_data(world: World) -> None:
    project = world.approved()
    application_id = amended(world, project, purpose="Something quite different.")
    world.decide(application_id, "a")
    world.decide(application_id, "b", approve=False)
    with pytest.raises(NotPossible, match="Trust b did not agree"):
        deciding.approve_project(world.access, world.actor("operator"), application_id)
    world.access.withdraw_grant(world.actor("officer_b"), world.grant_id(project, "b"), "We did not agree.")
    assert (
        deciding.approve_project(world.access, world.actor("operator"), application_id).project_id == project.project_id
    )
    assert world.access.answers_of(world.actor("lead"), project.project_id).purpose == "Something quite different."
    assert world.held(project, "lead") == {"a"}


def test_more_data_are_asked_of_their_custodian_and_of_those_who_granted_before(world: World) -> None:
    project = world.approved(a=True)
    application_id = amended(world, project, datasets=("b",))
    asked = world.access.application(world.actor("lead"), application_id)
    assert {part.custodian_id for part in asked.parts} == set(world.custodians.values())
    for name in ("a", "b"):
        world.decide(application_id, name)
        world.accept("lead", name)
    assert world.held(project, "lead") == {"a"}
    deciding.approve_project(world.access, world.actor("operator"), application_id)
    assert world.held(project, "lead") == {"a", "b"}


def test_people_who_join_by_an_amendment_decided_nothing_of_it(world: World) -> None:
    project = world.approved()
    world.register("newcomer")
    for name in ("newcomer", "officer_a"):
        lead = world.actor("lead")
        answers = world.access.answers_of(lead, project.project_id)
        members = (*answers.members, world.people[name])
        made = world.access.amend(lead, project.project_id, replace(answers, members=members))
        world.access.submit(lead, made.application_id)
        if name == "officer_a":
            with pytest.raises(Refused, match="Nobody decides"):
                world.decide(made.application_id, "a")
            world.access.withdraw_application(lead, made.application_id)
            continue
        for custodian in ("a", "b"):
            world.decide(made.application_id, custodian)
        changed = deciding.approve_project(world.access, world.actor("operator"), made.application_id)
        assert world.people["newcomer"] in {member.person_id for member in changed.members}


def test_who_ever_worked_in_the_project_decides_no_amendment_of_it(world: World) -> None:
    project = world.approved()
    world.access.end_member(world.actor("operator"), project.project_id, world.people["member"])
    world.give("member", "custodian", custodian_id=world.custodians["a"])
    application_id = amended(world, project)
    with pytest.raises(Refused, match="Nobody decides"):
        deciding.decide(
            world.access,
            world.actor("member"),
            application_id,
            world.custodians["a"],
            approve=True,
            agreement_until=world.day(400),
        )


def test_only_the_lead_asks_and_one_at_a_time(world: World) -> None:
    project = world.approved()
    answers = world.access.answers_of(world.actor("lead"), project.project_id)
    for name in ("member", "operator", "officer_a"):
        with pytest.raises(Refused, match="Only the project’s lead"):
            world.access.amend(world.actor(name), project.project_id, answers)
    with pytest.raises(NotFound):
        world.access.amend(world.actor("stranger"), project.project_id, answers)
    application_id = amended(world, project)
    with pytest.raises(NotPossible, match="under way"):
        world.access.amend(world.actor("lead"), project.project_id, answers)
    world.access.withdraw_application(world.actor("lead"), application_id)
    amended(world, project)


def test_a_closed_project_is_not_amended_and_a_new_one_is_none(world: World) -> None:
    project = world.approved()
    lead = world.actor("lead")
    answers = world.access.answers_of(lead, project.project_id)
    with pytest.raises(Invalid, match="amended or renewed"):
        world.access.amend(lead, project.project_id, answers, kind=ApplicationKind.NEW)
    application_id = amended(world, project)
    for name in ("a", "b"):
        world.decide(application_id, name)
    world.access.close_project(world.actor("operator"), project.project_id)
    with pytest.raises(NotPossible, match="closed meanwhile"):
        deciding.approve_project(world.access, world.actor("operator"), application_id)
    assert now(world, project).state is ProjectState.CLOSED


def test_an_officer_learns_of_an_amendment_what_he_learns_of_any_application(world: World) -> None:
    project = world.approved()
    application_id = amended(world, project, datasets=("b",))
    seen = world.access.application(world.actor("officer_a"), application_id)
    assert [part.custodian_id for part in seen.parts] == [world.custodians["a"]]
    world.decide(application_id, "a", approve=False)
    refused = world.access.application(world.actor("officer_a"), application_id)
    assert refused.state is ApplicationState.REFUSED
    assert world.access.application(world.actor("officer_b"), application_id).state is ApplicationState.SUBMITTED


def test_a_dataset_withdrawn_while_it_is_asked_for_is_taken_out(world: World) -> None:
    world.datasets["a2"] = world.dataset("a2", custodian="a")
    application = world.submitted(("a", "a2", "b"))
    world.discovery.withdraw_dataset(world.actor("officer_a"), world.datasets["a2"], "Wrong data")
    with pytest.raises(NotPossible, match="was withdrawn since"):
        world.decide(application.application_id, "a")
    assert world.access.chase() == 1
    assert world.access.chase() == 0
    world.decide(application.application_id, "a")
    world.decide(application.application_id, "b")
    project = deciding.approve_project(world.access, world.actor("operator"), application.application_id)
    assert {grant.dataset_id for grant in project.grants} == {world.datasets["a"], world.datasets["b"]}


def test_a_custodian_whose_every_dataset_goes_leaves_the_application_to_the_others(world: World) -> None:
    application = world.submitted()
    world.decide(application.application_id, "a")
    world.discovery.withdraw_dataset(world.actor("officer_a"), world.datasets["a"], "We leave")
    assert world.access.chase() == 1
    seen = world.access.application(world.actor("lead"), application.application_id)
    assert {part.custodian_id: part.state.value for part in seen.parts} == {
        world.custodians["a"]: "void",
        world.custodians["b"]: "waiting",
    }
    world.decide(application.application_id, "b")
    project = deciding.approve_project(world.access, world.actor("operator"), application.application_id)
    assert {grant.dataset_id for grant in project.grants} == {world.datasets["b"]}


@pytest.mark.parametrize("decided", [False, True])
def test_an_application_of_which_nothing_is_left_ends(world: World, *, decided: bool) -> None:
    application = world.submitted(("a",))
    if decided:
        world.decide(application.application_id, "a")
    world.discovery.withdraw_dataset(world.actor("officer_a"), world.datasets["a"], "Wrong data")
    assert world.access.chase() == 1
    seen = world.access.application(world.actor("lead"), application.application_id)
    assert seen.state is ApplicationState.WITHDRAWN
    assert seen.parts[0].reason == "Every dataset that was asked for here was withdrawn."


def test_a_dataset_withdrawn_in_a_running_project_stops_and_a_renewal_leaves_it_out(world: World) -> None:
    project = world.approved()
    world.discovery.withdraw_dataset(world.actor("officer_a"), world.datasets["a"], "Wrong data")
    assert world.held(project, "lead") == {"b"}
    application_id = amended(world, project, kind=ApplicationKind.RENEWAL, end=world.day(350))
    asked = world.access.application(world.actor("lead"), application_id)
    assert {part.custodian_id for part in asked.parts} == {world.custodians["b"]}
    world.decide(application_id, "b", days=380)
    deciding.approve_project(world.access, world.actor("operator"), application_id)
    assert world.held(project, "lead") == {"b"}
    states = {grant.dataset_id: grant.state for grant in now(world, project).grants}
    assert states == {world.datasets["a"]: GrantState.ACTIVE, world.datasets["b"]: GrantState.ACTIVE}


def test_an_agreement_that_ends_before_the_approval_is_not_granted(world: World) -> None:
    project = world.approved()
    application_id = amended(world, project)
    for name in ("a", "b"):
        world.decide(application_id, name, days=5)
    world.clock.advance(timedelta(days=9))
    with pytest.raises(NotPossible, match="ended meanwhile"):
        deciding.approve_project(world.access, world.actor("operator"), application_id)
    assert world.held(project, "lead") == {"a", "b"}


def test_answers_of_the_first_application_can_be_taken_over(world: World) -> None:
    from orchestrator.access.forms.model import FormItem

    officer = world.actor("officer_a")
    world.access.forms.publish(
        officer, world.custodians["a"], [FormItem(question_id="public-benefit", version=0, required=True)]
    )
    lead = world.actor("lead")
    first = world.access.draft(lead, world.answers(), [world.datasets["a"]])
    world.access.answers.answer(lead, first.application_id, {"public-benefit": "All."})
    world.access.submit(lead, first.application_id)
    world.decide(first.application_id, "a")
    project = deciding.approve_project(world.access, world.actor("operator"), first.application_id)
    made = world.access.amend(lead, project.project_id, world.access.answers_of(lead, project.project_id))
    assert world.access.answers.reuse(lead, made.application_id).answers == {"public-benefit": "All."}
    assert world.access.submit(lead, made.application_id).state is ApplicationState.SUBMITTED
