"""The desk tells the gate who signed out and when, and lets no ticket in that was made before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from orchestrator.access.model import Project
from orchestrator.adapters.desk import admitted_from
from orchestrator.controller.desk import DeskParts, ProjectDesk
from orchestrator.core.errors import Refused
from orchestrator.workspaces.service import WorkspaceService
from orchestrator.workspaces.sessions import SessionRegister

from .conftest import World
from .test_entering_workspaces import awake, project, register, secret_of, workspaces  # noqa: F401 - its fixtures

NOT_ASKED = cast("Any", None)


@pytest.fixture
def desk(world: World, project: Project, register: SessionRegister) -> ProjectDesk:  # noqa: F811
    parts = DeskParts(
        identity=world.identity,
        register=register,
        launcher=NOT_ASKED,
        keeper=NOT_ASKED,
        admitted=world.access.admitted,
    )
    return ProjectDesk(project.project_id, parts)


def test_a_ticket_made_before_signing_out_opens_nothing_and_one_made_after_does(
    world: World,
    project: Project,  # noqa: F811
    workspaces: WorkspaceService,  # noqa: F811
    register: SessionRegister,  # noqa: F811
    desk: ProjectDesk,
) -> None:
    awake(workspaces, register, world, project)
    browser = world.identity.open_session(world.people["lead"], "web", second_factor=True)
    before = secret_of(workspaces.ticket(world.actor("lead"), project.project_id))
    world.clock.advance(timedelta(seconds=5))
    world.identity.sign_out(browser)
    with pytest.raises(Refused, match="signed out"):
        desk.answer("POST", "/tickets/redeem", {"ticket": before})
    world.clock.advance(timedelta(seconds=1))
    after = secret_of(workspaces.ticket(world.actor("lead"), project.project_id))
    status, entered = desk.answer("POST", "/tickets/redeem", {"ticket": after})
    assert (status, entered["person"]) == (200, world.people["lead"])
    _, answer = desk.answer("GET", "/admission", {})
    told = admitted_from(answer)
    assert set(told.people) == {world.people["lead"], world.people["member"]}
    assert told.signed_out == {world.people["lead"]: world.clock() - timedelta(seconds=1)}
