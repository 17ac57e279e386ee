"""The story of one project on each kind of database: the same calls, the same answers."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from orchestrator.access.exchange.model import Opinion
from orchestrator.access.forms.model import FormItem
from orchestrator.access.model import GrantState, ProjectState
from orchestrator.core.errors import Conflict, NotPossible
from tests import deciding

World = Any


def test_a_project_lives_alike_on_each_database(world_everywhere: World) -> None:
    world = world_everywhere
    lead, operator = world.actor("lead"), world.actor("operator")
    draft = world.access.draft(lead, world.answers(), [world.datasets["a"]])
    world.access.redraft(lead, draft.application_id, world.answers(title="Both"), list(world.datasets.values()))
    world.access.submit(lead, draft.application_id)
    for name in ("a", "b"):
        world.decide(draft.application_id, name)
    project = deciding.approve_project(world.access, operator, draft.application_id)
    assert project.title == "Both"
    for name in ("a", "b"):
        world.accept("lead", name)
    assert world.held(project, "lead") == {"a", "b"}
    world.access.withdraw_grant(world.actor("officer_b"), world.grant_id(project, "b"), "Misused")
    assert world.held(project, "lead") == {"a"}
    world.access.end_member(operator, project.project_id, world.people["member"])
    world.access.add_member(operator, project.project_id, world.people["member"])
    closed = world.access.close_project(operator, project.project_id)
    assert closed.state is ProjectState.CLOSED
    assert {grant.state for grant in closed.grants} == {GrantState.ENDED, GrantState.WITHDRAWN}


def test_each_database_refuses_a_second_active_grant_and_a_second_current_membership(world_everywhere: World) -> None:
    world = world_everywhere
    world.approved()
    for statement in (
        "INSERT INTO project_grant SELECT 'a', project_id, dataset_id, version_id, custodian_id, agreement_until,"
        " state, granted_at, ended_by, ended_at, reason FROM project_grant LIMIT 1",
        "INSERT INTO membership SELECT 'a', project_id, person_id, role, since, until, named, ended_at, ended_by"
        " FROM membership LIMIT 1",
    ):
        with pytest.raises(Conflict), world.record.change() as change:
            change.session.execute(text(statement))


def test_an_approved_application_cannot_be_approved_again_on_either_database(world_everywhere: World) -> None:
    world = world_everywhere
    project = world.approved()
    with pytest.raises(NotPossible):
        deciding.approve_project(world.access, world.actor("operator2"), project.application_id)


def test_questions_changes_and_an_amendment_go_alike_on_each_database(world_everywhere: World) -> None:
    world = world_everywhere
    lead, officer, a = world.actor("lead"), world.actor("officer_a"), world.custodians["a"]
    items = [FormItem(question_id="public-benefit", version=0, required=True)]
    world.access.forms.publish(officer, a, items, panel=1)
    world.access.panels.add(officer, a, world.people["stranger"])
    draft = world.access.draft(lead, world.answers(), list(world.datasets.values())).application_id
    for words in ("First.", "All gain."):
        world.access.answers.answer(lead, draft, {"public-benefit": words})
    world.access.submit(lead, draft)
    world.access.talks.comment(officer, draft, a, "Who exactly?", question_id="public-benefit")
    deciding.ask_changes(world.access, officer, draft, a, "Say who.", questions=["public-benefit"])
    world.access.answers.answer(lead, draft, {"public-benefit": "Children."})
    world.access.changes.answer_changes(lead, draft, a)
    deciding.advise(world.access, world.actor("stranger"), draft, a, Opinion.SUPPORT, "Good for children.")
    for name in ("a", "b"):
        world.decide(draft, name)
    project = deciding.approve_project(world.access, world.actor("operator"), draft)
    amended = world.access.amend(lead, project.project_id, world.access.answers_of(lead, project.project_id))
    with pytest.raises(Conflict), world.record.change() as change:
        change.session.execute(text("UPDATE application SET state = 'draft', amends = 'x'"))
    assert world.access.answers.reuse(lead, amended.application_id).answers == {"public-benefit": "Children."}
    steps = world.access.talks.course(officer, draft, a).steps
    assert [step.state.value for step in steps] == ["waiting", "returned", "waiting", "approved"]
