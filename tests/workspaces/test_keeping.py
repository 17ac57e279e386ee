"""Workspaces follow the record: what may not be there goes, whatever fails on the way; what should be comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.access.model import Granted
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import NotPossible, Refused, Unavailable
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.workspaces.fakes import FakeBackend, FakeDelivery
from orchestrator.workspaces.keeping import WorkspaceKeeper
from orchestrator.workspaces.launching import SessionLauncher
from orchestrator.workspaces.model import Limits, SeenSession, SessionState
from orchestrator.workspaces.sessions import SessionRegister
from orchestrator.workspaces.store import WorkspaceRow

PROJECT, OTHER = new_id(), new_id()
ANNA, BEN = new_id(), new_id()
HEART, LUNG = new_id(), new_id()
TRIAL = new_id()


@dataclass
class Approved:
    """Stands for the access room: who may do what, as tests say it."""

    until: datetime
    people: dict[str, set[str]] = field(default_factory=dict)

    def admitted(self, project_id: str) -> dict[str, datetime]:
        return dict.fromkeys(self.people, self.until) if project_id == PROJECT else {}

    def granted(self, project_id: str, person_id: str) -> list[Granted]:
        versions = self.people.get(person_id, set()) if project_id == PROJECT else set()
        return [granted(version, self.until) for version in sorted(versions)]

    def project_record(self, _project_id: str) -> Any:
        return SimpleNamespace(title="A project", members=())


def granted(version: str, until: datetime) -> Granted:
    return Granted(
        grant_id=new_id(),
        project_id=PROJECT,
        dataset_id=new_id(),
        version_id=version,
        custodian_id=new_id(),
        name={HEART: "heart", LUNG: "lung", TRIAL: "trial"}[version],
        delivery="database" if version == TRIAL else "files",
        manifest_sha256="0" * 64,
        until=until,
    )


class World:
    """A controller over a world that outlives it: drop the parts and build them again to play a restart."""

    def __init__(self, record: Record, clock: FixedClock, directory: Path) -> None:
        self.record, self.clock, self.directory = record, clock, directory
        self.backend, self.delivery = FakeBackend(directory), FakeDelivery(directory)
        self.access = Approved(clock() + timedelta(days=30), {ANNA: {HEART, LUNG}, BEN: {HEART}})
        self.restart()

    def restart(self) -> None:
        access: Any = self.access
        self.register = SessionRegister(record=self.record, access=access)
        self.launcher = SessionLauncher(
            access=access,
            credentials=self.delivery,
            register=self.register,
            backend=self.backend,
            limits=Limits(),
        )
        self.keeper = WorkspaceKeeper(
            access=access,
            credentials=self.delivery,
            register=self.register,
            launcher=self.launcher,
            backend=self.backend,
            address=lambda row: f"http://{row.project_id}.localhost:{row.port}",
            portal_url="http://localhost:8700",
            sleep_after=timedelta(hours=1),
            clock=self.clock,
        )

    def open(self, project_id: str = PROJECT) -> None:
        with self.record.change() as change:
            now = self.clock()
            change.session.add(
                WorkspaceRow(
                    project_id=project_id, port=8710, user_number=200_000, awake=True, opened_at=now, used_at=now
                )
            )
            change.tell(Event(kind="workspace.opened", actor="system:test", subject=f"project:{project_id}"))

    def launch(self, person: str) -> str:
        return self.launcher.launch(PROJECT, person, environment={}, arguments=())

    def mounted(self) -> dict[str, set[str]]:
        return {plan.person_id: {mount.name for mount in plan.mounts} for plan in self.backend.sessions.values()}

    def nothing_is_too_much(self) -> None:
        """Assert that no session, mount or unsealed version goes beyond what is approved now."""
        for plan in self.backend.sessions.values():
            allowed = self.access.people.get(plan.person_id)
            assert allowed is not None, "a session of somebody who is not admitted"
            assert {mount.source.name for mount in plan.mounts} <= allowed, "a mount beyond the grants"
            lives = {mount.source.parent.name for mount in plan.mounts}
            assert lives <= {self.delivery.life(PROJECT)}, "a mount of data that were taken away"
        wanted = set().union(*self.access.people.values()) if self.access.people else set()
        for held in self.delivery.held.values():
            assert set(held) <= wanted, "data unsealed that nobody may use"
        for session in self.delivery.roles:
            assert session in self.backend.sessions, "a database role without its session"


@pytest.fixture
def world(record: Record, clock: FixedClock, tmp_path: Path) -> World:
    world = World(record, clock, tmp_path)
    world.open()
    return world


def test_sessions_from_before_a_wall_was_open_end_and_later_ones_go_on(world: World) -> None:
    opened: list[datetime] = []
    told: list[tuple[str, str]] = []
    world.launcher._told = lambda _project, reason, words: told.append((reason, words))
    world.keeper._wall_open = lambda _project: max(opened, default=None)
    world.keeper.keep(PROJECT)
    session = world.launch(ANNA)
    world.keeper.withdraw(PROJECT)
    assert session in world.backend.sessions
    opened.append(world.clock())
    assert world.keeper.withdraw(PROJECT) == []
    assert not world.backend.sessions
    assert world.register.session(PROJECT, session).reason == "wall-open"
    ((reason, words),) = told
    assert reason == "wall-open"
    assert "network policies" in words
    world.clock.advance(timedelta(seconds=1))
    later = world.launch(ANNA)
    world.keeper.withdraw(PROJECT)
    assert later in world.backend.sessions


@pytest.mark.parametrize("reason", ["hub-lost", "out-of-memory"])
def test_why_a_session_ended_by_itself_is_recorded_and_told(world: World, reason: str) -> None:
    told: list[tuple[str, str]] = []
    world.launcher._told = lambda _project, word, words: told.append((word, words))
    world.keeper.keep(PROJECT)
    session = world.launch(ANNA)
    seen = SeenSession(session_id=session, state=SessionState.ENDED, trouble="Because.", reason=reason)
    world.backend.session = lambda _project, _session: seen  # type: ignore[method-assign]
    assert world.keeper.keep(PROJECT) == []
    assert world.register.session(PROJECT, session).reason == reason
    assert told == [(reason, "Because.")]


def test_an_opened_workspace_becomes_ready_with_the_granted_data(world: World) -> None:
    assert world.keeper.keep(PROJECT) == []
    assert set(world.backend.awake) == {PROJECT}
    assert set(world.delivery.held[PROJECT]) == {HEART, LUNG}
    assert set(world.backend.admitted[PROJECT].people) == {ANNA, BEN}
    assert world.register.workspace(PROJECT).ready_at is not None


def test_each_session_holds_its_own_persons_grants_and_nothing_else(world: World) -> None:
    world.keeper.keep(PROJECT)
    world.launch(ANNA)
    world.launch(BEN)
    assert world.mounted() == {ANNA: {"heart", "lung"}, BEN: {"heart"}}


def test_a_person_who_is_not_admitted_gets_no_session(world: World) -> None:
    world.keeper.keep(PROJECT)
    with pytest.raises(Refused):
        world.launch(new_id())
    assert world.backend.sessions == {}


def test_a_withdrawn_dataset_ends_every_session_that_mounts_it_and_no_other(world: World) -> None:
    world.keeper.keep(PROJECT)
    world.launch(ANNA)
    bens = world.launch(BEN)
    world.access.people[ANNA].discard(LUNG)
    world.keeper.keep(PROJECT)
    assert set(world.backend.sessions) == {bens}
    assert set(world.delivery.held[PROJECT]) == {HEART}
    world.launch(ANNA)
    assert world.mounted()[ANNA] == {"heart"}


def test_a_member_who_ends_loses_session_and_role_and_the_others_keep_theirs(world: World) -> None:
    world.access.people = {ANNA: {HEART, TRIAL}, BEN: {HEART, TRIAL}}
    world.keeper.keep(PROJECT)
    anna, ben = world.launch(ANNA), world.launch(BEN)
    assert set(world.delivery.roles) == {anna, ben}
    del world.access.people[ANNA]
    world.keeper.keep(PROJECT)
    assert set(world.backend.sessions) == {ben} == set(world.delivery.roles)
    assert set(world.backend.admitted[PROJECT].people) == {BEN}


def test_a_session_that_cannot_be_ended_keeps_no_way_to_a_database(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = world.launch(ANNA)
    world.delivery.roles[session] = {"views"}

    def stuck(*_: object) -> None:
        raise Unavailable("Its node may be away.", system="kubernetes")

    monkeypatch.setattr(world.backend, "stop_session", stuck)
    with pytest.raises(Unavailable, match="node"):
        world.launcher.end(PROJECT, session, "closed")
    assert session not in world.delivery.roles
    assert [row.session_id for row in world.register.live(PROJECT)] == [session], "it is ended again at the next look"


def test_when_nobody_is_admitted_the_workspace_sleeps_and_holds_nothing(world: World) -> None:
    world.keeper.keep(PROJECT)
    world.launch(ANNA)
    world.access.people.clear()
    world.keeper.keep(PROJECT)
    assert world.backend.observe() == []
    assert world.delivery.held == {}
    assert not world.register.workspace(PROJECT).awake


def test_an_idle_workspace_sleeps_and_one_whose_kernel_works_does_not(world: World, clock: FixedClock) -> None:
    world.keeper.keep(PROJECT)
    session = world.launch(ANNA)
    clock.advance(timedelta(minutes=59))
    world.register.active(PROJECT, session, busy=True, last_activity=clock() - timedelta(minutes=59))
    clock.advance(timedelta(minutes=59))
    world.keeper.keep(PROJECT)
    assert set(world.backend.sessions) == {session}
    clock.advance(timedelta(minutes=2))
    world.keeper.keep(PROJECT)
    assert world.backend.observe() == []


def test_a_workspace_and_a_session_that_nobody_wants_are_ended(world: World) -> None:
    world.keeper.keep(PROJECT)
    session = world.launch(ANNA)
    plan = world.backend.sessions[session]
    world.register.ended(session, "closed")
    world.backend.sessions["orphan-of-another"] = plan.__class__(
        **{**vars(plan), "project_id": OTHER, "session_id": "orphan-of-another"}
    )
    world.keeper.end_orphans()
    assert world.backend.sessions == {}
    assert set(world.backend.awake) == {PROJECT}


def test_a_start_cut_off_by_a_crash_is_cleaned_up(world: World) -> None:
    world.keeper.keep(PROJECT)
    world.register.begin(PROJECT, ANNA, world.access.granted(PROJECT, ANNA))
    world.restart()
    world.keeper.keep(PROJECT)
    assert world.register.live(PROJECT) == []


def test_the_second_start_of_one_person_replaces_the_first(world: World) -> None:
    world.keeper.keep(PROJECT)
    first = world.launch(ANNA)
    second = world.launch(ANNA)
    assert set(world.backend.sessions) == {second}
    assert world.register.session(PROJECT, first).state is SessionState.ENDED


def test_a_second_pass_without_a_change_changes_nothing(world: World) -> None:
    world.keeper.keep(PROJECT)
    world.launch(ANNA)
    with world.record.read() as session:
        before = session.connection().exec_driver_sql("SELECT size FROM audit_tree").scalar()
    for _ in range(3):
        world.keeper.keep(PROJECT)
        world.keeper.end_orphans()
    with world.record.read() as session:
        assert session.connection().exec_driver_sql("SELECT size FROM audit_tree").scalar() == before


def test_a_withdrawal_is_not_held_up_by_a_launch_that_is_busy_making_data_ready(world: World) -> None:
    world.keeper.keep(PROJECT)
    world.launch(ANNA)
    busy, go_on = threading.Event(), threading.Event()
    ensure = world.delivery.ensure

    def slow(project_id: str, wanted: Any) -> Any:
        busy.set()
        assert go_on.wait(90)
        return ensure(project_id, wanted)

    world.delivery.ensure = slow  # type: ignore[method-assign]
    launch = threading.Thread(target=lambda: locked(world, PROJECT))
    launch.start()
    try:
        assert busy.wait(90)
        world.access.people[ANNA].discard(LUNG)
        assert world.keeper.withdraw(PROJECT) == []
        assert world.backend.sessions == {}
        assert set(world.delivery.held[PROJECT]) == {HEART}
    finally:
        go_on.set()
        launch.join()


def locked(world: World, project_id: str) -> None:
    with world.keeper.lock(project_id):
        world.launcher.provide(project_id)


def test_access_that_ends_while_a_session_starts_ends_the_start(world: World) -> None:
    world.keeper.keep(PROJECT)
    ensure = world.delivery.ensure

    def withdrawn_meanwhile(project_id: str, wanted: Any) -> Any:
        delivered = ensure(project_id, wanted)
        world.access.people[ANNA].discard(LUNG)
        return delivered

    world.delivery.ensure = withdrawn_meanwhile  # type: ignore[method-assign]
    with pytest.raises(Refused, match="changed while"):
        world.launch(ANNA)
    assert world.backend.sessions == {}
    assert world.register.live(PROJECT) == []


def test_the_withdrawing_pass_changes_nothing_where_nothing_was_withdrawn(world: World) -> None:
    world.keeper.keep(PROJECT)
    session = world.launch(ANNA)
    held = dict(world.delivery.held[PROJECT])
    assert world.keeper.withdraw(PROJECT) == []
    assert set(world.backend.sessions) == {session}
    assert world.delivery.held[PROJECT] == held


def test_an_incident_at_the_agent_ends_the_workspace_and_everything_in_it(world: World) -> None:
    world.keeper.keep(PROJECT)
    world.launch(ANNA)
    world.delivery.incidents.add(PROJECT)
    assert world.keeper.keep(PROJECT) == ["An incident."]
    assert world.backend.observe() == []
    assert world.delivery.held == {}
    assert not world.register.workspace(PROJECT).awake


def test_data_that_came_anew_end_the_sessions_that_mount_the_old_ones(world: World) -> None:
    world.keeper.keep(PROJECT)
    world.launch(ANNA)
    world.launch(BEN)
    world.delivery.withdraw_all(PROJECT)
    world.keeper.keep(PROJECT)
    assert world.backend.sessions == {}
    world.launch(ANNA)
    assert world.mounted() == {ANNA: {"heart", "lung"}}


def test_an_agent_that_was_replaced_while_nobody_looked_ends_the_sessions_of_its_former_life(world: World) -> None:
    world.keeper.keep(PROJECT)
    for person in (ANNA, BEN):
        world.launch(person)
    world.keeper.keep(PROJECT)
    assert len(world.backend.sessions) == 2
    world.delivery.replaced(PROJECT)
    world.keeper.keep(PROJECT)
    assert world.backend.sessions == {}
    world.launch(ANNA)
    world.keeper.keep(PROJECT)
    assert world.mounted() == {ANNA: {"heart", "lung"}}
    world.nothing_is_too_much()


def test_a_controller_that_dies_in_the_look_that_brought_the_data_anew_leaves_the_ending_to_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.keeper.keep(PROJECT)
    session, ensure = world.launch(ANNA), world.delivery.ensure

    def killed(project_id: str, wanted: Any) -> Any:
        world.delivery.withdraw_all(project_id)
        ensure(project_id, wanted)
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(world.delivery, "ensure", killed)
        with pytest.raises(Cut):
            world.keeper.keep(PROJECT)
    assert set(world.backend.sessions) == {session}
    world.restart()
    world.keeper.keep(PROJECT)
    assert world.backend.sessions == {}
    assert world.register.session(PROJECT, session).reason == "data-anew"


def test_sessions_of_a_former_life_end_also_while_the_data_cannot_be_brought_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.keeper.keep(PROJECT)
    world.launch(ANNA)
    world.delivery.replaced(PROJECT)

    def away(*_: object) -> None:
        raise Unavailable("Vault does not answer.", system="vault")

    monkeypatch.setattr(world.delivery, "ensure", away)
    assert world.keeper.keep(PROJECT) == ["Vault does not answer."]
    assert world.backend.sessions == {}


def test_an_agent_that_is_replaced_while_a_session_starts_ends_it_at_the_next_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.keeper.keep(PROJECT)
    start = world.backend.start_session

    def replaced(plan: Any) -> None:
        world.delivery.replaced(PROJECT)
        start(plan)

    monkeypatch.setattr(world.backend, "start_session", replaced)
    world.launch(ANNA)
    monkeypatch.undo()
    world.keeper.keep(PROJECT)
    assert world.backend.sessions == {}


def test_a_session_that_holds_nothing_of_the_agent_outlives_it(world: World) -> None:
    world.access.people = {ANNA: set(), BEN: {HEART}}
    world.keeper.keep(PROJECT)
    anna = world.launch(ANNA)
    world.launch(BEN)
    world.delivery.replaced(PROJECT)
    world.keeper.keep(PROJECT)
    assert set(world.backend.sessions) == {anna}
    world.delivery.withdraw_all(PROJECT)
    world.keeper.keep(PROJECT)
    assert set(world.backend.sessions) == {anna}


def test_an_agent_that_does_not_tell_its_life_ends_sessions_by_what_it_lost_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.delivery, "life", lambda _project: "")
    world.keeper.keep(PROJECT)
    session = world.launch(ANNA)
    world.keeper.keep(PROJECT)
    assert set(world.backend.sessions) == {session}
    world.delivery.withdraw_all(PROJECT)
    world.keeper.keep(PROJECT)
    assert world.backend.sessions == {}


def test_an_agent_that_tells_no_more_of_its_life_is_another_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.keeper.keep(PROJECT)
    world.launch(ANNA)
    monkeypatch.setattr(world.delivery, "life", lambda _project: "")  # an older image took the place of the newer
    world.keeper.keep(PROJECT)
    assert world.backend.sessions == {}


def test_an_unreachable_vault_stops_new_access_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise Unavailable("Vault does not answer.", system="vault")

    monkeypatch.setattr(world.delivery, "ensure", away)
    assert world.keeper.keep(PROJECT) == ["Vault does not answer."]
    assert world.register.workspace(PROJECT).ready_at is None
    with pytest.raises(Unavailable):
        world.launch(ANNA)
    assert world.backend.sessions == {}
    assert world.register.live(PROJECT) == []


class Cut(BaseException):
    """The process is killed: no handler of ours sees it."""


EFFECTS = {
    "backend": ("wake", "admit", "start_session", "stop_session", "sleep", "observe"),
    "delivery": ("ensure", "open_databases", "close_session", "withdraw_all", "withdraw_unwanted", "projects"),
}


def cutting(world: World, number: int, *, before: bool, kill: bool) -> Callable[[], int]:
    """Wrap every effect: the ``number``-th is cut off before it happens, or after it with its answer lost."""
    count = 0

    def wrap(effect: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count != number:
                return effect(*arguments, **named)
            if not before:
                effect(*arguments, **named)
            if kill:
                raise Cut
            raise Unavailable("No answer.", system="test", unknown_outcome=True)

        return call

    for part, names in EFFECTS.items():
        target = getattr(world, part)
        for name in names:
            setattr(target, name, wrap(getattr(target, name)))
    return lambda: count


def uncut(world: World) -> None:
    for part, names in EFFECTS.items():
        for name in names:
            vars(getattr(world, part)).pop(name, None)


def story(world: World) -> Iterator[None]:
    """Open, work, lose the agent unseen, a dataset, a member, close: yields after each step."""
    world.keeper.keep(PROJECT)
    yield
    for person in (ANNA, BEN):
        world.launch(person)
        yield
    world.delivery.replaced(PROJECT)
    world.keeper.keep(PROJECT)
    yield
    for person in (ANNA, BEN):
        world.launch(person)
        yield
    world.access.people[ANNA].discard(LUNG)
    world.keeper.keep(PROJECT)
    yield
    world.access.people.pop(BEN, None)
    world.keeper.keep(PROJECT)
    yield
    world.keeper.end_orphans()
    world.access.people.clear()
    world.keeper.keep(PROJECT)
    yield


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "failed"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_cut_off_at_any_effect_a_fresh_controller_converges_and_nothing_is_too_much(
    record: Record, clock: FixedClock, tmp_path: Path, *, before: bool, kill: bool
) -> None:
    number = reached = 0
    while True:
        number += 1
        world = World(record, clock, tmp_path / f"{number}")
        with record.change() as change:
            for table in ("workspace_mount", "workspace_session", "workspace"):
                change.session.connection().exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608
            change.tell(Event(kind="test.cleared", actor="system:test", subject="test:record"))
        world.open()
        world.access.people = {ANNA: {HEART, LUNG, TRIAL}, BEN: {HEART, TRIAL}}
        count = cutting(world, number, before=before, kill=kill)
        try:
            for _ in story(world):
                pass
        except (Cut, Unavailable, NotPossible):
            pass
        reached = count()
        uncut(world)
        world.restart()
        for _ in range(3):
            if world.register.workspace(PROJECT).awake:
                world.keeper.keep(PROJECT)
            world.keeper.end_orphans()
        world.nothing_is_too_much()
        live = {row.session_id for row in world.register.live(PROJECT)}
        assert live == set(world.backend.sessions), "record and world differ"
        if reached < number:
            break
    assert number > 15
