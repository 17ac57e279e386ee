"""The controller over a world in memory: it follows deeds, puts drift back, stands by, and nobody waits for another."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.access.model import ProjectState
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Unavailable
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.settings import Settings
from orchestrator.workspaces.places.conditions import ConditionKind, ConditionState
from orchestrator.workspaces.places.model import PlacePlan, Provisioned
from orchestrator.workspaces.store import WorkspaceRow
from orchestrator.workspaces.surroundings import Changes, Surroundings
from tests.workspaces.test_provisioning import World

PERSON = new_id()


class Lead:
    """A leadership that a test gives and takes."""

    def __init__(self) -> None:
        self.held = True

    def start(self) -> None:
        pass

    def leads(self) -> bool:
        return self.held

    def age(self) -> float:
        return 1.5

    def stop(self) -> None:
        self.held = False


class Stage:
    """A controller in this process, its rounds made by a thread, over a world that outlives it."""

    def __init__(self, world: World, directory: Path) -> None:
        from orchestrator.controller.loop import Controller

        self.world, self.lead = world, Lead()
        self.age = 0.0
        self.changes = getattr(world, "changes", None) or Changes()
        self.chores: list[str] = []
        self.rounds = 0
        self.controller = Controller(self._controls(directory))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._rounds)

    def _controls(self, directory: Path) -> Any:
        world = self.world
        access = SimpleNamespace(
            project_ids=lambda: [
                name for name, each in world.access.projects.items() if each.state is not ProjectState.CLOSED
            ],
            admitted=world.access.admitted,
        )
        return SimpleNamespace(
            house=SimpleNamespace(
                record=world.record,
                settings=Settings(state=directory),
                access=access,
                identity=None,
                discovery=SimpleNamespace(sweep_arrivals=lambda: None),
                register=SimpleNamespace(bring_up_to_date=lambda: self.chores.append("public register")),
                billing=SimpleNamespace(chase=lambda: self.chores.append("quotes")),
                saved_searches=SimpleNamespace(look=lambda: self.chores.append("saved searches")),
                missed_searches=SimpleNamespace(forget=lambda: self.chores.append("missed searches")),
            ),
            register=world.register,
            launcher=None,
            keeper=world.keeper,
            conditions=world.conditions,
            channel=None,
            desk_path=lambda project: directory / "run" / project / "desk.sock",
            arrivals=SimpleNamespace(seal=lambda: self.chores.append("seal")),
            notices=SimpleNamespace(deliver=lambda: self.chores.append("deliver")),
            chase=lambda: self.chores.append("chase"),
            replayer=SimpleNamespace(step=lambda: self.chores.append("replays")),
            harvest=lambda: self.chores.append("harvest"),
            hubs=SimpleNamespace(
                publish=lambda: self.chores.append("publish"),
                ask=lambda: self.chores.append("ask"),
                enter=lambda: self.chores.append("enter"),
            ),
            keep_catalogue=lambda: self.chores.append("catalogue"),
            surroundings=Surroundings(
                leadership=self.lead,
                changes=self.changes,
                provisioner=world.provisioner,
                age=lambda: self.age,
                calls=lambda: {"apply": 7},
                renew=lambda: self.chores.append("renew"),
            ),
        )

    def _rounds(self) -> None:
        while not self._stop.wait(0.02):
            self.controller.round()
            self.rounds += 1

    def whole_rounds(self, number: int) -> None:
        """Wait until so many rounds have begun and ended from now on; one that is under way does not count."""
        wanted = self.rounds + number + 1
        eventually(lambda: self.rounds >= wanted, "the rounds stopped")

    def __enter__(self) -> Stage:
        self.controller.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join(90)
            self.controller.close()

    def approve(self) -> str:
        project = self.world.access.approve()
        self.done(project, "project.approved")
        return project

    def done(self, project: str, kind: str) -> None:
        with self.world.record.change() as change:
            change.tell(Event(kind=kind, actor=PERSON, subject=f"project:{project}"))

    def holds(self, project: str, kind: ConditionKind) -> bool:
        return self.world.conditions.holds(project, kind)


@pytest.fixture
def stage(record: Record, clock: FixedClock, tmp_path: Path) -> Iterator[Stage]:
    with Stage(World(record, clock, tmp_path), tmp_path) as stage:
        yield stage


def eventually(holds: Callable[[], object], what: str, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_the_controllers_certificate_is_looked_at_now_and_then(stage: Stage) -> None:
    eventually(lambda: "renew" in stage.chores, "the certificate is looked at")


def test_an_approval_is_acted_upon_and_the_figures_say_so(stage: Stage) -> None:
    project = stage.approve()
    eventually(lambda: stage.holds(project, ConditionKind.PROVISIONED), "no place was made")
    wanted = {"seal", "deliver", "chase", "public register", "harvest", "catalogue", "publish", "ask", "enter"}
    eventually(lambda: wanted <= set(stage.chores), "a chore was not done")
    done = 'tre_reconcile_seconds_count{lane="place",outcome="done"}'
    eventually(lambda: done in stage.controller.metrics.text().decode(), "the pass was not counted")
    text = stage.controller.metrics.text().decode()
    assert 'tre_api_calls_total{verb="apply"} 7.0' in text
    assert "tre_leader 1.0" in text
    assert "tre_leader_lease_age_seconds 1.5" in text
    assert 'tre_conditions{condition="Provisioned",state="true"} 1.0' in text


def test_a_controller_that_just_started_tells_no_trouble_before_it_listed_what_there_is(
    record: Record, clock: FixedClock, tmp_path: Path
) -> None:
    stage = Stage(World(record, clock, tmp_path), tmp_path)
    stage.age = math.inf
    with stage:
        project = stage.approve()
        stage.whole_rounds(10)
        assert stage.world.conditions.of(project) == []
        stage.age = 0.0
        eventually(lambda: stage.holds(project, ConditionKind.PROVISIONED), "no place was made")


def test_a_change_in_the_cluster_is_put_back_and_counted(stage: Stage) -> None:
    project = stage.approve()
    eventually(lambda: stage.holds(project, ConditionKind.PROVISIONED), "no place was made")
    objects = stage.world.places.objects[stage.world.name(project)]
    del objects["NetworkPolicy/default-deny"]
    stage.changes(project)
    eventually(lambda: "NetworkPolicy/default-deny" in objects, "drift was not put back")
    eventually(lambda: b"tre_drift_total 1.0" in stage.controller.metrics.text(), "drift was not counted")


def test_a_closed_project_is_removed_to_the_end(stage: Stage) -> None:
    project = stage.world.closed(kept=stage.world.clock() - stage.world.clock())
    stage.controller._surroundings.provisioner._planner = stage.world.provisioner._planner  # type: ignore[union-attr]
    stage.done(project, "project.closed")
    eventually(lambda: stage.holds(project, ConditionKind.REMOVED), "the place was not removed")
    stage.world.nothing_is_left(project)


def test_who_does_not_lead_does_nothing_and_finds_everything_when_he_does(stage: Stage) -> None:
    stage.lead.held = False
    stage.whole_rounds(1)
    project = stage.approve()
    stage.whole_rounds(10)
    assert stage.world.places.writes == 0
    assert stage.controller.projects.depths() == {}
    stage.lead.held = True
    eventually(lambda: stage.holds(project, ConditionKind.PROVISIONED), "the new leader did not find it")


def test_a_lost_lead_closes_the_desks_and_leaves_workspaces_alone(stage: Stage) -> None:
    world, project = stage.world, stage.world.access.approve()
    world.access.admitted = lambda _project: {PERSON: world.clock().replace(year=2030)}  # type: ignore[method-assign]
    now = world.clock()
    with world.record.change() as change:
        change.session.add(WorkspaceRow(project_id=project, user_number=7, awake=True, opened_at=now, used_at=now))
        change.tell(Event(kind="workspace.opened", actor=PERSON, subject=f"project:{project}"))
    eventually(lambda: stage.holds(project, ConditionKind.AWAKE), "the workspace did not wake")
    eventually(lambda: stage.controller._desks.projects() == {project}, "the desk was not opened")
    stage.lead.held = False
    eventually(lambda: not stage.controller._desks.projects(), "the desk stayed open")
    assert set(world.backend.awake) == {project}


def test_what_was_put_to_sleep_without_a_word_is_told_by_the_next_leader(stage: Stage) -> None:
    world, project = stage.world, stage.world.access.approve()
    stage.lead.held = False
    stage.whole_rounds(1)
    now = world.clock()
    with world.record.change() as change:
        change.session.add(WorkspaceRow(project_id=project, user_number=7, awake=False, opened_at=now, used_at=now))
        change.tell(Event(kind="workspace.closed", actor=PERSON, subject=f"project:{project}"))
    world.conditions.note(project, ConditionKind.AWAKE, ConditionState.TRUE, "Ready")
    stage.whole_rounds(1)
    stage.lead.held = True
    eventually(lambda: not stage.holds(project, ConditionKind.AWAKE), "it is shown as awake for ever")
    assert world.condition(project, ConditionKind.AWAKE).reason == "Asleep"


def test_a_project_that_hangs_and_one_that_fails_hold_up_nobody(stage: Stage) -> None:
    hanging, failing = new_id(), new_id()
    released, provision = threading.Event(), stage.world.places.provision

    def provision_slowly(plan: PlacePlan) -> Provisioned:
        if plan.project_id == hanging_project:
            released.wait(120)
        if plan.project_id == failing_project:
            raise Unavailable("The API server answered 500.", system="cluster", unknown_outcome=True)
        return provision(plan)

    hanging_project, failing_project = hanging, failing
    stage.world.places.provision = provision_slowly  # type: ignore[method-assign]
    hanging_project = stage.approve()
    failing_project = stage.approve()
    others = [stage.approve() for _ in range(20)]
    eventually(lambda: all(stage.holds(each, ConditionKind.PROVISIONED) for each in others), "others had to wait")
    eventually(lambda: stage.controller.projects.putting_off() == {"place": 1}, "the failing one is not put off")
    seen = stage.world.condition(failing_project, ConditionKind.PROVISIONED)
    assert (seen.state, seen.message) == (ConditionState.UNKNOWN, "The API server answered 500.")
    released.set()
    eventually(lambda: stage.holds(hanging_project, ConditionKind.PROVISIONED), "the hanging one did not go on")
    stage.world.places.provision = provision  # type: ignore[method-assign]
    stage.done(failing_project, "project.extended")
    eventually(lambda: stage.holds(failing_project, ConditionKind.PROVISIONED), "a deed did not shorten the pause")
