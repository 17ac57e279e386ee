"""Who may open, see, enter and end a workspace: asked anew at every step, told in words when not."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from orchestrator.access.model import Project
from orchestrator.core.errors import NotFound, NotPossible, Refused
from orchestrator.workspaces.model import WorkspaceState
from orchestrator.workspaces.service import Numbers, WorkspaceService
from orchestrator.workspaces.sessions import SessionRegister

from .conftest import World


@pytest.fixture
def project(world: World) -> Project:
    return world.approved()


@pytest.fixture
def workspaces(world: World) -> WorkspaceService:
    return WorkspaceService(
        record=world.record,
        policy=world.access._policy,
        access=world.access,
        numbers=Numbers(first_port=8710, last_port=8711, first_user_number=200_000),
        as_now=world.identity.as_now,
    )


@pytest.fixture
def register(world: World) -> SessionRegister:
    return SessionRegister(record=world.record, access=world.access)


def awake(workspaces: WorkspaceService, register: SessionRegister, world: World, project: Project) -> None:
    workspaces.open(world.actor("lead"), project.project_id)
    register.ready(project.project_id)


def secret_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["ticket"][0]


def test_a_member_opens_it_and_it_wakes_at_an_address_of_its_own(
    world: World, project: Project, workspaces: WorkspaceService, register: SessionRegister
) -> None:
    seen = workspaces.open(world.actor("lead"), project.project_id)
    assert seen.state is WorkspaceState.WAKING
    register.ready(project.project_id)
    seen = workspaces.status(world.actor("member"), project.project_id)
    assert seen.state is WorkspaceState.AWAKE
    assert seen.url == f"http://{project.project_id}.localhost:8710"


def test_operators_see_and_end_it_but_never_enter(
    world: World, project: Project, workspaces: WorkspaceService, register: SessionRegister
) -> None:
    awake(workspaces, register, world, project)
    operator = world.actor("operator")
    assert workspaces.status(operator, project.project_id).state is WorkspaceState.AWAKE
    for entering in (workspaces.open, workspaces.ticket):
        with pytest.raises(Refused, match="member"):
            entering(operator, project.project_id)
    assert workspaces.sleep(operator, project.project_id).state is WorkspaceState.ASLEEP


def test_to_strangers_it_does_not_exist(world: World, project: Project, workspaces: WorkspaceService) -> None:
    for act in (workspaces.open, workspaces.status, workspaces.ticket, workspaces.sleep):
        with pytest.raises(NotFound):
            act(world.actor("stranger"), project.project_id)


def test_a_member_whose_training_ended_is_told_so_and_stays_out(
    world: World, project: Project, workspaces: WorkspaceService
) -> None:
    training = world.identity.profile(world.actor("operator"), world.people["lead"]).trainings[0]
    world.identity.end_training(world.actor("operator"), training.training_id)
    with pytest.raises(Refused) as refused:
        workspaces.open(world.actor("lead"), project.project_id)
    assert any("training" in reason for reason in refused.value.reasons)


def test_an_actor_from_before_a_suspension_gains_nothing(
    world: World, project: Project, workspaces: WorkspaceService, register: SessionRegister
) -> None:
    awake(workspaces, register, world, project)
    stale = world.actor("lead")
    world.identity.suspend(world.actor("operator"), world.people["lead"], "A look is needed.")
    for act in (workspaces.ticket, workspaces.sleep, workspaces.status):
        with pytest.raises((Refused, NotFound)):
            act(stale, project.project_id)


def test_a_membership_that_ran_out_neither_shows_nor_ends_the_workspace(
    world: World, project: Project, workspaces: WorkspaceService, register: SessionRegister
) -> None:
    awake(workspaces, register, world, project)
    world.access.end_member(world.actor("operator"), project.project_id, world.people["member"])
    world.access.add_member(world.actor("operator"), project.project_id, world.people["member"], until=world.day(2))
    assert workspaces.status(world.actor("member"), project.project_id).state is WorkspaceState.AWAKE
    world.clock.advance(timedelta(days=4))
    for act in (workspaces.status, workspaces.sleep):
        with pytest.raises(NotFound):
            act(world.actor("member"), project.project_id)


def test_a_ticket_is_for_an_awake_workspace_only(world: World, project: Project, workspaces: WorkspaceService) -> None:
    with pytest.raises(NotFound):
        workspaces.ticket(world.actor("lead"), project.project_id)
    workspaces.open(world.actor("lead"), project.project_id)
    with pytest.raises(NotPossible, match="not awake"):
        workspaces.ticket(world.actor("lead"), project.project_id)


def test_a_ticket_works_once_in_time_and_in_its_own_project(
    world: World, project: Project, workspaces: WorkspaceService, register: SessionRegister
) -> None:
    awake(workspaces, register, world, project)

    def ticket() -> str:
        return secret_of(workspaces.ticket(world.actor("lead"), project.project_id))

    first = ticket()
    assert register.redeem(project.project_id, first).person_id == world.people["lead"]
    with pytest.raises(Refused, match="used"):
        register.redeem(project.project_id, first)
    with pytest.raises(Refused, match="not known"):
        register.redeem("aaaaaaaaaaaaaaaa", ticket())
    late = ticket()
    world.clock.advance(timedelta(seconds=61))
    with pytest.raises(Refused, match="too old"):
        register.redeem(project.project_id, late)
    with pytest.raises(Refused, match="not known"):
        register.redeem(project.project_id, "guess")


def test_a_ticket_made_before_a_withdrawal_does_not_outlive_it(
    world: World, project: Project, workspaces: WorkspaceService, register: SessionRegister
) -> None:
    awake(workspaces, register, world, project)
    secret = secret_of(workspaces.ticket(world.actor("member"), project.project_id))
    world.access.end_member(world.actor("operator"), project.project_id, world.people["member"])
    with pytest.raises(Refused, match="no longer"):
        register.redeem(project.project_id, secret)


def test_ports_are_never_used_again_and_when_none_is_left_that_is_told(
    world: World, workspaces: WorkspaceService
) -> None:
    ports = []
    for _ in range(2):
        project = world.approved()
        workspaces.open(world.actor("lead"), project.project_id)
        ports.append(workspaces.status(world.actor("lead"), project.project_id).url.rpartition(":")[2])
        workspaces.sleep(world.actor("lead"), project.project_id)
    assert ports == ["8710", "8711"]
    with pytest.raises(NotPossible, match="last_port"):
        workspaces.open(world.actor("lead"), world.approved().project_id)


def test_bytes_are_counted_per_person_and_day(
    world: World, project: Project, workspaces: WorkspaceService, register: SessionRegister
) -> None:
    awake(workspaces, register, world, project)
    register.note_bytes(project.project_id, {world.people["lead"]: 10, world.people["member"]: 0})
    register.note_bytes(project.project_id, {world.people["lead"]: 5})
    assert workspaces.status(world.actor("lead"), project.project_id).bytes_today == 15
    world.clock.advance(timedelta(days=1))
    assert workspaces.status(world.actor("lead"), project.project_id).bytes_today == 0
