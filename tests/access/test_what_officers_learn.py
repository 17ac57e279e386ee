"""What an officer sees of an application tells nothing of other custodians: not what they did, not when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.access.model import Application, ApplicationState
from orchestrator.access.requested import requested
from orchestrator.core.errors import NotFound
from tests import deciding
from tests.access.conftest import World


def submitted(world: World) -> str:
    lead, both = world.actor("lead"), [world.datasets["a"], world.datasets["b"]]
    application_id = world.access.draft(lead, world.answers(), both).application_id
    world.access.submit(lead, application_id)
    world.clock.advance(timedelta(days=1))
    return application_id


def seen(world: World, application_id: str) -> Application:
    return world.access.application(world.actor("officer_a"), application_id)


def refuse(world: World, application_id: str, name: str) -> None:
    officer, custodian_id = world.actor(f"officer_{name}"), world.custodians[name]
    deciding.decide(world.access, officer, application_id, custodian_id, approve=False, reason="It asks for too much.")


def test_a_draft_that_was_never_submitted_stays_unknown_when_it_is_withdrawn(world: World) -> None:
    lead = world.actor("lead")
    made = world.access.draft(lead, world.answers(), [world.datasets["a"]])
    world.access.withdraw_application(lead, made.application_id, "Never mind.")
    for who in ("officer_a", "operator"):
        with pytest.raises(NotFound):
            world.access.application(world.actor(who), made.application_id)
    assert world.access.applications(world.actor("officer_a")) == []
    with world.record.read() as session:
        assert requested(session, [world.datasets["a"]]) == {world.datasets["a"]: 0}


@pytest.mark.parametrize("then", ["refused by all", "refused by an operator", "withdrawn", "approved"])
def test_who_refused_does_not_learn_what_became_of_the_rest(world: World, then: str) -> None:
    application_id = submitted(world)
    refuse(world, application_id, "a")
    before = seen(world, application_id)
    assert before.state is ApplicationState.REFUSED
    world.clock.advance(timedelta(days=1))
    if then == "refused by all":
        refuse(world, application_id, "b")
    elif then == "withdrawn":
        world.access.withdraw_application(world.actor("lead"), application_id, "Trust b asks too much.")
    else:
        world.decide(application_id, "b")
        if then == "approved":
            deciding.approve_project(world.access, world.actor("operator"), application_id)
        else:
            deciding.refuse_project(
                world.access, world.actor("operator"), application_id, "Trust b is not enough for it."
            )
    assert seen(world, application_id) == before


def test_who_is_asked_no_longer_does_not_learn_what_became_of_the_rest(world: World) -> None:
    application_id = submitted(world)
    world.access.changes.withdraw_part(world.actor("lead"), application_id, world.custodians["a"], "Not needed.")
    before = seen(world, application_id)
    assert before.state is ApplicationState.WITHDRAWN
    for step in ("decided", "approved"):
        world.clock.advance(timedelta(days=1))
        if step == "decided":
            world.decide(application_id, "b")
        else:
            deciding.approve_project(world.access, world.actor("operator"), application_id)
        assert seen(world, application_id) == before


def test_who_approved_learns_of_the_end_of_the_whole(world: World) -> None:
    application_id = submitted(world)
    world.decide(application_id, "a")
    world.decide(application_id, "b")
    deciding.refuse_project(world.access, world.actor("operator"), application_id, "There is no room for it.")
    found = seen(world, application_id)
    assert (found.state, found.reason) == (ApplicationState.REFUSED, "There is no room for it.")
