"""Places follow the record: made at approval, put back, removed without residue, and certified; killed anywhere."""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from orchestrator.access.model import Granted, Project, ProjectState
from orchestrator.audit.fakes import FakeSigner
from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import NotFound, OrchestratorError, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.workspaces import store
from orchestrator.workspaces.fakes import FakeBackend, FakeDelivery, FakePlaces
from orchestrator.workspaces.keeping import WorkspaceKeeper
from orchestrator.workspaces.launching import SessionLauncher
from orchestrator.workspaces.model import Limits, SessionState
from orchestrator.workspaces.places import store as place_store
from orchestrator.workspaces.places.certificates import sign_certificates, signed, verify_certificate
from orchestrator.workspaces.places.conditions import WALL_OPEN, Condition, ConditionKind, Conditions, ConditionState
from orchestrator.workspaces.places.model import PlacePlan, Profile, Removal
from orchestrator.workspaces.places.provisioning import Enforcement, Provisioner, Terms
from orchestrator.workspaces.places.removal import Ending, Remover
from orchestrator.workspaces.sessions import SessionRegister
from orchestrator.workspaces.store import SessionRow, WorkspaceRow

KEPT = timedelta(days=30)
NUMBERS = itertools.count(200_000)
HEART = new_id()
IMAGE = "registry.example.org/tre/workspace@sha256:" + "0" * 64


class Governed:
    """Stands for the access room."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.projects: dict[str, Project] = {}

    def approve(self) -> str:
        now, project_id = self.clock(), new_id()
        self.projects[project_id] = Project(
            project_id=project_id,
            application_id=new_id(),
            title="A project",
            lay_summary="",
            organisation="",
            ethics_reference="1",
            ethics_until=now + timedelta(days=90),
            start=now,
            end=now + timedelta(days=90),
            state=ProjectState.ACTIVE,
            state_since=now,
            approved_by=new_id(),
            approved_at=now,
        )
        return project_id

    def move(self, project_id: str, state: ProjectState) -> None:
        self.projects[project_id] = replace(self.projects[project_id], state=state, state_since=self.clock())

    def project_record(self, project_id: str) -> Project:
        if project_id not in self.projects:
            raise NotFound("There is no such project, or none that you may see.")
        return self.projects[project_id]

    def admitted(self, _project_id: str) -> dict[str, datetime]:
        return {}

    def granted(self, _project_id: str, _person_id: str) -> list[Granted]:
        return []


class World:
    """What survives a controller: the record and the fakes. ``restart`` throws everything else away."""

    def __init__(self, record: Record, clock: FixedClock, directory: Path) -> None:
        self.record, self.clock = record, clock
        self.places, self.backend, self.delivery = FakePlaces(), FakeBackend(directory), FakeDelivery(directory)
        self.access, self.proved, self.tried = Governed(clock), True, True
        self.kept = KEPT
        self.drifted = 0
        self.restart()

    def restart(self) -> None:
        access: Any = self.access
        self.conditions = Conditions(self.record)
        self.register = SessionRegister(record=self.record, access=access)
        launcher = SessionLauncher(
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
            launcher=launcher,
            backend=self.backend,
            address=lambda row: row.project_id,
            portal_url="http://localhost:8700",
            sleep_after=timedelta(hours=1),
            clock=self.clock,
        )
        ending = Ending(
            sleep=lambda each: self.keeper.put_to_sleep(each, "closed"),
            held=self.delivery.projects,
            identity=lambda each: (f"identity/{each} auth/kubernetes/role/{each}",),
        )
        remover = Remover(record=self.record, places=self.places, conditions=self.conditions, ending=ending)
        self.provisioner = Provisioner(
            record=self.record,
            access=access,
            places=self.places,
            conditions=self.conditions,
            remover=remover,
            terms=Terms(
                profiles={name: Profile(name=name, display_name=name, image=IMAGE) for name in ("small", "large")},
                host=lambda each: f"{each}.workspaces.example.org",
                work_kept=self.kept,
            ),
            enforced=lambda: Enforcement(proved=self.proved, known=self.tried, message="Tried."),
        )
        self.provisioner.drifted = self.count_drift

    def count_drift(self, count: int) -> None:
        self.drifted += count

    def to_rest(self, project_id: str, passes: int = 20) -> None:
        """Pass until nothing asks to come again soon."""
        for _ in range(passes):
            step = self.provisioner.keep(project_id)
            if not step.trouble and (step.again is None or step.again > 60):
                return
        raise AssertionError(f"no rest after {passes} passes: {self.readable(project_id)}")

    def closed(self, *, kept: timedelta = KEPT) -> str:
        """Return a provisioned project with a session, data and leases, that was closed just now."""
        self.kept = kept
        self.restart()
        project_id = self.access.approve()
        self.provisioner.keep(project_id)
        now = self.clock()
        with self.record.change() as change:
            change.session.add(
                WorkspaceRow(project_id=project_id, user_number=next(NUMBERS), awake=True, opened_at=now, used_at=now)
            )
            change.session.flush()
            change.session.add(
                SessionRow(
                    session_id=new_id(),
                    project_id=project_id,
                    person_id=new_id(),
                    state=SessionState.RUNNING,
                    started_at=now,
                    active_at=now,
                )
            )
            change.tell(_event("lease.issued", project_id, grant=new_id(), version=HEART))
        self.delivery.held[project_id] = {HEART: Path("/nowhere")}
        self.places.objects[self.name(project_id)]["Pod/hub"] = new_id()
        self.access.move(project_id, ProjectState.CLOSED)
        return project_id

    def name(self, project_id: str) -> str:
        with self.record.read() as session:
            return place_store.known_place(session, project_id).name

    def condition(self, project_id: str, kind: ConditionKind) -> Condition:
        return {one.kind: one for one in self.conditions.of(project_id)}[kind]

    def readable(self, project_id: str) -> list[str]:
        return [f"{one.kind} {one.state} {one.reason}: {one.message}" for one in self.conditions.of(project_id)]

    def certificates(self, project_id: str) -> list[dict[str, Any]]:
        with self.record.read() as session:
            return [json.loads(row.document) for row in place_store.certificates(session, project_id)]

    def entries(self) -> int:
        with self.record.read() as session:
            return session.scalar(select(func.count()).select_from(EntryRow)) or 0

    def kinds(self, project_id: str) -> list[str]:
        with self.record.read() as session:
            query = select(EntryRow.kind).where(EntryRow.subject == f"project:{project_id}")
            return list(session.scalars(query.order_by(EntryRow.position)))

    def nothing_is_left(self, project_id: str) -> None:
        assert self.places.objects == {}
        assert self.places.owners == {}
        assert project_id not in self.delivery.projects()
        assert self.register.live(project_id) == []


def _event(kind: str, project_id: str, **details: Any) -> Any:
    from orchestrator.core.events import Event

    return Event(kind=kind, actor="system:controller", subject=f"project:{project_id}", details=details)


@pytest.fixture
def world(record: Record, clock: FixedClock, tmp_path: Path) -> World:
    return World(record, clock, tmp_path)


# ---- made, and kept in step -----------------------------------------------------------------------------------------


def test_an_approved_project_has_a_place_although_it_sleeps(world: World) -> None:
    project = world.access.approve()
    assert world.provisioner.keep(project).trouble == ()
    name = world.name(project)
    assert name.startswith("tre-")
    assert project not in name
    assert len(world.places.objects[name]) == len(FakePlaces.KINDS)
    assert world.condition(project, ConditionKind.PROVISIONED).state is ConditionState.TRUE
    assert world.backend.awake == {}


def test_a_second_pass_writes_nothing_anywhere(world: World) -> None:
    project = world.access.approve()
    world.provisioner.keep(project)
    world.clock.advance(timedelta(minutes=5))
    before = (world.entries(), world.places.writes, world.conditions.of(project))
    for _ in range(3):
        world.restart()
        world.provisioner.keep(project)
    assert (world.entries(), world.places.writes, world.conditions.of(project)) == before


@pytest.mark.parametrize("lost", FakePlaces.KINDS[1:])
def test_drift_is_put_back_and_recorded(world: World, lost: str) -> None:
    project = world.access.approve()
    world.provisioner.keep(project)
    del world.places.objects[world.name(project)][lost]
    world.clock.advance(timedelta(minutes=1))
    world.provisioner.keep(project)
    assert lost in world.places.objects[world.name(project)]
    assert world.kinds(project).count("workspace.drift") == 1
    drift = world.condition(project, ConditionKind.DRIFT)
    assert (drift.state, drift.since) == (ConditionState.TRUE, world.clock())
    assert lost in drift.message
    assert world.drifted == 1
    world.clock.advance(timedelta(hours=2))
    world.provisioner.keep(project)
    assert world.condition(project, ConditionKind.DRIFT).state is ConditionState.FALSE


def test_an_open_wall_is_told_apart_and_stays_told_when_something_else_drifts(world: World) -> None:
    project = world.access.approve()
    world.provisioner.keep(project)
    there = world.places.objects[world.name(project)]
    del there["NetworkPolicy/default-deny"]
    world.provisioner.keep(project)
    opened = world.clock()
    assert world.conditions.when(project, ConditionKind.DRIFT, WALL_OPEN) == opened
    world.clock.advance(timedelta(minutes=1))
    del there["ServiceAccount/session"]
    world.provisioner.keep(project)
    assert world.conditions.when(project, ConditionKind.DRIFT, WALL_OPEN) == opened
    assert "ServiceAccount/session" in world.condition(project, ConditionKind.DRIFT).message


def test_a_suspended_project_keeps_its_place(world: World) -> None:
    project = world.access.approve()
    world.provisioner.keep(project)
    world.access.move(project, ProjectState.SUSPENDED)
    world.provisioner.keep(project)
    assert world.name(project) in world.places.objects


def test_nothing_is_provisioned_before_enforcement_is_proved(world: World) -> None:
    world.proved = False
    project = world.access.approve()
    assert world.provisioner.keep(project).trouble
    assert world.places.writes == 0
    assert world.condition(project, ConditionKind.NETWORK_ENFORCED).state is ConditionState.FALSE
    assert world.condition(project, ConditionKind.PROVISIONED).reason == "NetworkNotEnforced"
    world.proved = True
    world.clock.advance(timedelta(minutes=1))
    world.provisioner.keep(project)
    proved = world.condition(project, ConditionKind.NETWORK_ENFORCED)
    assert (proved.state, proved.since) == (ConditionState.TRUE, world.clock())


def test_a_controller_that_has_not_tried_yet_changes_nothing_that_was_noted(world: World) -> None:
    project, later = world.access.approve(), world.access.approve()
    world.provisioner.keep(project)
    before = world.conditions.of(project)
    world.proved = world.tried = False
    assert world.provisioner.keep(project).trouble == ()
    assert world.conditions.of(project) == before
    assert world.provisioner.keep(later).trouble
    assert world.condition(later, ConditionKind.NETWORK_ENFORCED).state is ConditionState.UNKNOWN


def test_what_is_there_is_still_put_back_when_enforcement_is_in_doubt(world: World) -> None:
    project = world.access.approve()
    world.provisioner.keep(project)
    world.proved = False
    del world.places.objects[world.name(project)]["NetworkPolicy/default-deny"]
    world.provisioner.keep(project)
    assert "NetworkPolicy/default-deny" in world.places.objects[world.name(project)]


def test_somebody_elses_namespace_of_that_name_is_left_alone(world: World) -> None:
    project = world.access.approve()
    with world.record.change() as change:
        row = place_store.make_place(change, project, now=world.clock(), actor="system:test")
    world.places.owners[row.name] = new_id()
    world.places.objects[row.name] = {"Namespace/theirs": new_id()}
    assert world.provisioner.keep(project).trouble
    assert world.places.writes == 0
    seen = world.condition(project, ConditionKind.PROVISIONED)
    assert (seen.state, seen.reason) == (ConditionState.FALSE, "Conflict")
    assert "somebody else" in seen.message


def test_an_outage_is_told_with_since_when_and_the_time_does_not_move(world: World) -> None:
    project = world.access.approve()

    def fail(_plan: PlacePlan) -> Any:
        raise Unavailable("The API server did not answer.", system="cluster", unknown_outcome=True)

    provision, world.places.provision = world.places.provision, fail  # type: ignore[method-assign]
    began = world.clock()
    for _ in range(3):
        assert world.provisioner.keep(project).trouble == ("The API server did not answer.",)
        world.clock.advance(timedelta(minutes=1))
    seen = world.condition(project, ConditionKind.PROVISIONED)
    assert (seen.state, seen.since) == (ConditionState.UNKNOWN, began)
    world.places.provision = provision  # type: ignore[method-assign]
    assert world.provisioner.keep(project).trouble == ()


def test_who_leads_no_more_notes_nothing_over_the_next_ones_words(world: World) -> None:
    project = world.access.approve()
    world.provisioner.keep(project)
    before = world.conditions.of(project)

    def fail(_plan: PlacePlan) -> Any:
        raise Unavailable("Another controller may lead now.", system="kubernetes")

    world.places.provision = fail  # type: ignore[method-assign]
    world.provisioner.may_act = lambda: False
    assert world.provisioner.keep(project).trouble
    assert world.conditions.of(project) == before


def test_a_profile_that_is_gone_from_the_settings_is_told(world: World) -> None:
    project = world.access.approve()
    world.provisioner.keep(project)
    with world.record.change() as change:
        place_store.known_place(change.session, project).profile = "huge"
        change.tell(_event("workspace.profile-chosen", project))
    assert "huge" in world.provisioner.keep(project).trouble[0]
    world.access.move(project, ProjectState.CLOSED)
    world.to_rest(project)


# ---- removed --------------------------------------------------------------------------------------------------------


def test_a_closed_project_loses_all_but_its_work_and_then_that(world: World) -> None:
    project = world.closed()
    name = world.name(project)
    world.to_rest(project)
    left = world.places.objects[name]
    assert set(left) == {f"Namespace/{name}", "NetworkPolicy/default-deny", "PersistentVolumeClaim/work"}
    assert world.condition(project, ConditionKind.REMOVED).reason == "WorkKept"
    (first,) = world.certificates(project)
    assert not first["final"]
    assert len(first["kept"]["objects"]) == 3
    assert {one["name"] for one in first["keys"]} == {"hub-channel", project}
    assert first["leases"][0]["version"] == HEART
    assert len(first["sessions"]) == 1
    world.clock.advance(KEPT)
    world.to_rest(project)
    world.nothing_is_left(project)
    _, last = world.certificates(project)
    assert last["final"]
    assert last["kept"] is None
    assert {one["name"] for one in last["volumes"]} == {"work", "data"}
    assert {one["name"] for one in last["objects"]} >= {"hub", "default-deny", name}
    assert world.condition(project, ConditionKind.REMOVED).state is ConditionState.TRUE


def test_a_removed_project_costs_nothing_any_more_and_its_name_is_kept(world: World) -> None:
    project = world.closed(kept=timedelta(0))
    name = world.name(project)
    world.to_rest(project)
    before = (world.entries(), world.places.writes)
    world.provisioner.keep(project)
    assert (world.entries(), world.places.writes) == before
    assert world.name(project) == name
    assert project not in world.provisioner.known()


def test_work_that_is_kept_costs_nothing_while_it_waits(world: World) -> None:
    project = world.closed()
    world.to_rest(project)
    before = (world.entries(), world.places.writes)
    world.clock.advance(timedelta(days=3))
    world.provisioner.keep(project)
    assert (world.entries(), world.places.writes) == before


def test_nothing_is_certified_while_something_is_held(world: World) -> None:
    project = world.closed(kept=timedelta(0))
    world.delivery.withdraw_all = lambda _project: None  # type: ignore[method-assign,assignment]
    for _ in range(12):
        world.provisioner.keep(project)
    assert world.certificates(project) == []
    assert world.condition(project, ConditionKind.REMOVED).state is ConditionState.FALSE


def test_a_removal_that_is_stuck_becomes_loud(world: World) -> None:
    project = world.closed(kept=timedelta(0))
    world.places.remove = lambda _plan: Removal(finished=False, waiting_for="the namespace's finalizer")  # type: ignore[method-assign]
    world.provisioner.keep(project)
    assert world.condition(project, ConditionKind.REMOVED).reason == "Removing"
    world.clock.advance(timedelta(minutes=11))
    world.provisioner.keep(project)
    stuck = world.condition(project, ConditionKind.REMOVED)
    assert stuck.reason == "Stuck"
    assert "finalizer" in stuck.message


def test_a_place_that_a_lost_answer_made_again_is_removed_again_and_strangers_are_not(world: World) -> None:
    project = world.closed(kept=timedelta(0))
    name = world.name(project)
    world.to_rest(project)
    world.places.objects[name] = {f"Namespace/{name}": new_id()}
    world.places.owners[name] = project
    world.places.objects["tre-other"] = {"Namespace/tre-other": new_id()}
    world.places.owners["tre-other"] = new_id()
    assert [one.name for one in world.provisioner.strangers()] == ["tre-other"]
    world.to_rest(project)
    assert set(world.places.objects) == {"tre-other"}
    assert [one["number"] for one in world.certificates(project)] == [1, 2]


def test_a_project_that_nobody_knows_is_not_tried_again_and_again(world: World) -> None:
    before = world.entries()
    assert world.provisioner.keep(new_id()).trouble == ()
    assert (world.entries(), world.places.objects) == (before, {})


# ---- killed anywhere ------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Not an ordinary error: nothing may catch it."""


class Stepper:
    """Counts effects, and dies before or after one of them."""

    def __init__(self) -> None:
        self.count, self.stop_at, self.after = 0, 0, False

    def around(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **more: Any) -> Any:
            self.count += 1
            mine = self.count == self.stop_at
            if mine and not self.after:
                raise Killed
            result = effect(*args, **more)
            if mine:
                raise Killed
            return result

        return stepped

    def changes(self, change: Callable[[], Any]) -> Callable[[], Any]:
        @contextlib.contextmanager
        def stepped() -> Iterator[Any]:
            self.count += 1
            mine = self.count == self.stop_at
            with change() as opened:
                yield opened
                if mine and not self.after:
                    raise Killed
            if mine:
                raise Killed

        return stepped


EFFECTS = (
    ("places", ("create", "delete", "provision", "remove", "contents")),
    ("backend", ("sleep", "stop_session", "bytes_to_browser")),
    ("delivery", ("withdraw_all", "close_session")),
)


@contextlib.contextmanager
def stepped(world: World, stepper: Stepper) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for part, names in EFFECTS:
            fake = getattr(world, part)
            for name in names:
                patch.setattr(fake, name, stepper.around(getattr(fake, name)))
        patch.setattr(world.record, "change", stepper.changes(world.record.change))
        yield


def die_everywhere(
    make: Callable[[], World], begin: Callable[[World], str], check: Callable[[World, str], None]
) -> int:
    """Run to rest once for each effect, dying there; start anew on what is left; return how many there are."""
    for after in (False, True):
        stop_at = 0
        while True:
            stop_at += 1
            world = make()
            project = begin(world)
            stepper = Stepper()
            stepper.stop_at, stepper.after = stop_at, after
            with stepped(world, stepper):
                world.restart()
                try:
                    world.to_rest(project)
                except Killed:
                    pass
                else:
                    assert stepper.count < stop_at
                    break
            world.restart()
            world.to_rest(project)
            check(world, project)
            before = (world.entries(), world.places.writes)
            world.restart()
            world.to_rest(project)
            assert (world.entries(), world.places.writes) == before, "a further pass changes nothing"
    return stop_at


@pytest.fixture
def make(record: Record, clock: FixedClock, tmp_path: Path) -> Callable[[], World]:
    """Make worlds over a record that does not wait for the disk: no machine dies here, only controllers."""

    @event.listens_for(record.engine, "connect")
    def _hurry(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    record.engine.dispose()
    return lambda: World(record, clock, tmp_path)


def test_killed_at_every_effect_of_provisioning_the_next_one_finishes_it(make: Callable[[], World]) -> None:
    def check(world: World, project: str) -> None:
        assert list(world.places.owners) == [world.name(project)]
        assert len(world.places.objects[world.name(project)]) == len(FakePlaces.KINDS)
        assert world.kinds(project).count("place.made") == 1

    assert die_everywhere(make, lambda world: world.access.approve(), check) > 8


def test_killed_twice_while_provisioning_the_third_one_finishes_it(make: Callable[[], World]) -> None:
    for first in range(1, 12):
        for second in range(1 + first % 3, 12, 3):
            world = make()
            project = world.access.approve()
            for stop_at in (first, second):
                stepper = Stepper()
                stepper.stop_at, stepper.after = stop_at, (first + second) % 2 == 0
                with stepped(world, stepper), contextlib.suppress(Killed):
                    world.restart()
                    world.to_rest(project)
            world.restart()
            world.to_rest(project)
            assert list(world.places.owners) == [world.name(project)]
            assert len(world.places.objects[world.name(project)]) == len(FakePlaces.KINDS)
            assert world.kinds(project).count("place.made") == 1


def test_killed_at_every_effect_of_a_removal_nothing_is_left_and_all_is_certified(make: Callable[[], World]) -> None:
    def check(world: World, project: str) -> None:
        world.nothing_is_left(project)
        (certificate,) = world.certificates(project)
        assert certificate["final"]
        everything = [*certificate["objects"], *certificate["volumes"], *certificate["keys"]]
        assert len(everything) == len(FakePlaces.KINDS) + 2, "an object, or the agent’s identity, went unnamed"
        assert certificate["sessions"][0]["ended"] is not None

    assert die_everywhere(make, lambda world: world.closed(kept=timedelta(0)), check) > 20


def test_killed_at_every_effect_of_a_removal_that_keeps_work_the_work_is_there(make: Callable[[], World]) -> None:
    def check(world: World, project: str) -> None:
        assert "PersistentVolumeClaim/work" in world.places.objects[world.name(project)]
        assert project not in world.delivery.projects()
        (certificate,) = world.certificates(project)
        assert not certificate["final"]

    assert die_everywhere(make, lambda world: world.closed(), check) > 20


def test_two_controllers_at_once_make_one_place_and_one_certificate(world: World) -> None:
    project = world.closed(kept=timedelta(0))
    others = [World(world.record, world.clock, Path("/nowhere")) for _ in range(2)]
    for other in others:
        other.places, other.backend, other.delivery = world.places, world.backend, world.delivery
        other.access, other.kept = world.access, timedelta(0)
        other.restart()
    problems: list[BaseException] = []

    def run(each: World) -> None:
        try:
            for _ in range(40):
                with contextlib.suppress(NotFound, OrchestratorError, RuntimeError):
                    each.provisioner.keep(project)
        except BaseException as problem:  # noqa: BLE001 - told by the test
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(each,)) for each in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    world.to_rest(project)
    world.nothing_is_left(project)
    assert len(world.certificates(project)) == 1


# ---- certificates ---------------------------------------------------------------------------------------------------


def handed_out(world: World, project: str, signer: FakeSigner) -> bytes:
    assert sign_certificates(world.record, signer) == 1
    assert sign_certificates(world.record, signer) == 0
    with world.record.read() as session:
        return signed(place_store.certificates(session, project)[-1])


def test_a_signed_certificate_holds_and_no_changed_byte_does(world: World) -> None:
    signer, project = FakeSigner(), world.closed(kept=timedelta(0))
    world.to_rest(project)
    document = handed_out(world, project, signer)
    keys = signer.public_keys()
    assert verify_certificate(document, keys) == []
    for place in range(0, len(document), 7):
        changed = bytearray(document)
        changed[place] ^= 1
        assert verify_certificate(bytes(changed), keys), f"byte {place} was changed and nobody noticed"
    assert verify_certificate(document, FakeSigner().public_keys())
    assert verify_certificate(document + b" ", keys)
    assert verify_certificate(b"[]", keys)


def test_a_certificate_that_speaks_of_something_left_does_not_hold(world: World) -> None:
    import rfc8785

    signer, project = FakeSigner(), world.closed(kept=timedelta(0))
    world.to_rest(project)
    certificate = json.loads(handed_out(world, project, signer))["certificate"]
    for change in ({"check": {**certificate["check"], "objects_left": 1}}, {"final": False}, {"schema": "other/1"}):
        told = {**certificate, **change}
        signature = signer.sign(b"tre deletion certificate 1\n" + rfc8785.dumps(told))
        document = rfc8785.dumps({"certificate": told, "signature": signature})
        assert verify_certificate(document, signer.public_keys())


def test_places_conditions_and_certificates_are_kept_on_every_database(
    record_everywhere: Record, clock: FixedClock, tmp_path: Path
) -> None:
    world = World(record_everywhere, clock, tmp_path)
    project = world.closed()
    world.to_rest(project)
    world.clock.advance(KEPT)
    world.to_rest(project)
    assert [one["final"] for one in world.certificates(project)] == [False, True]
    assert ("Removed", "true") in world.conditions.counted()
    assert store.live_sessions is not None
