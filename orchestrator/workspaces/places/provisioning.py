"""Keeps every project's place in step with the record: made at approval, put back when it drifts, removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.access.model import Project, ProjectState
from orchestrator.audit.record import Record
from orchestrator.core.errors import NotFound, OrchestratorError
from orchestrator.core.events import Event, Json

from . import store
from .conditions import WALL_OPEN, Condition, ConditionKind, Conditions, ConditionState
from .model import PlacePlan, Provisioned, SeenPlace, WorkspacePlaces
from .planning import KnownProjects, Planner, Terms
from .removal import Remover
from .store import PlaceRow

__all__ = ["Enforcement", "Provisioner", "Step", "Terms"]

_CONTROLLER = "system:controller"
_DRIFT_SHOWN = timedelta(hours=1)
_Known = Mapping[ConditionKind, Condition]


@dataclass(frozen=True, kw_only=True)
class Enforcement:
    """Whether the cluster was seen to enforce network policies, and in words how or why not."""

    proved: bool
    message: str
    known: bool = True
    """False while nobody has tried it yet: what was noted before is then left as it is."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """How a pass went: what could not be done, and when to look again although nothing happened."""

    trouble: tuple[str, ...] = ()
    again: float | None = None


class Provisioner:
    """One pass over one project: compares, remembers nothing, may be cut off anywhere and repeated."""

    def __init__(
        self,
        *,
        record: Record,
        access: KnownProjects,
        places: WorkspacePlaces,
        conditions: Conditions,
        remover: Remover,
        terms: Terms,
        enforced: Callable[[], Enforcement],
    ) -> None:
        self._record = record
        self._access = access
        self._places = places
        self._conditions = conditions
        self._remover = remover
        self._planner = Planner(record=record, access=access, terms=terms)
        self._enforced = enforced
        self.drifted: Callable[[int], None] = lambda _count: None
        """Told how many things were put back, for the figures."""
        self.may_act: Callable[[], bool] = lambda: True
        """Whether this controller still leads: what failed because it does not is not noted over the next one's."""

    def keep(self, project_id: str) -> Step:
        """Bring one project's place in step; what cannot be done is noted as a condition and told in words."""
        try:
            project = self._access.project_record(project_id)
        except NotFound:
            return Step()  # trying again makes it no better known; of places nobody knows ``strangers`` tells
        if project.state is ProjectState.CLOSED:
            return self._remove(project)
        known = self._conditions.known(project_id)
        if not self._may_provision(project_id, known):
            return Step(trouble=("Network policies are not proved to be enforced.",))
        try:
            row = self._place(project_id)
            plan = self._planner.plan(project, row)
            self._bring_in_step(plan, known)
        except OrchestratorError as error:
            return self._failed(project_id, ConditionKind.PROVISIONED, error)
        return Step()

    def plan(self, project_id: str) -> PlacePlan:
        """Return the plan of a project whose place was made; ``NotFound`` before that."""
        return self._planner.place_of(project_id)

    def known(self) -> list[str]:
        """Return every project whose place was made and not removed whole."""
        with self._record.read() as session:
            return store.unfinished_places(session)

    def strangers(self) -> list[SeenPlace]:
        """Return places that are there and that the record does not know: told to people, never touched.

        A place of ours that came back after its removal, because a lost answer made it once more, is removed again.
        """
        seen = self._places.places()
        with self._record.read() as session:
            rows = {one.project_id: store.place(session, one.project_id) for one in seen}
        unknown = []
        for one in seen:
            row = rows[one.project_id]
            if row is None or row.name != one.name:
                unknown.append(one)
            elif row.removed_at is not None:
                self._remove_again(one)
        return unknown

    def _remove_again(self, seen: SeenPlace) -> None:
        with self._record.change() as change:
            row = store.known_place(change.session, seen.project_id)
            row.removing_at = row.removed_at = None
            subject = f"project:{seen.project_id}"
            change.tell(Event(kind="place.returned", actor=_CONTROLLER, subject=subject, details={"place": seen.name}))

    def _may_provision(self, project_id: str, known: _Known) -> bool:
        """Look whether policies are enforced; what is there already is kept in step even when that is in doubt."""
        enforcement = self._enforced()
        kind, words = ConditionKind.NETWORK_ENFORCED, enforcement.message
        if enforcement.proved:
            self._conditions.note(project_id, kind, ConditionState.TRUE, "Proved", words, known=known)
        elif enforcement.known:
            self._conditions.note(project_id, kind, ConditionState.FALSE, "NotProved", words, known=known)
        elif kind not in known:
            self._conditions.note(project_id, kind, ConditionState.UNKNOWN, "NotTried", words)
        provisioned = known.get(ConditionKind.PROVISIONED)
        if enforcement.proved or (provisioned is not None and provisioned.state is ConditionState.TRUE):
            return True
        message = "Nothing is provisioned until “tre doctor” has proved that network policies are enforced."
        self._conditions.note(
            project_id, ConditionKind.PROVISIONED, ConditionState.FALSE, "NetworkNotEnforced", message
        )
        return False

    def _bring_in_step(self, plan: PlacePlan, known: _Known) -> None:
        done = self._places.provision(plan)
        if done.drift:
            self._tell("workspace.drift", plan.project_id, {"what": [*done.drift]})
            self.drifted(len(done.drift))
            self._show_drift(plan.project_id, done)
        if done.trouble is not None:
            raise done.trouble
        if done.written and not done.drift:
            self._tell("place.provisioned", plan.project_id, {"place": plan.name, "written": done.written})
        elif not done.drift:
            self._calm(plan.project_id, known)
        self._conditions.note(
            plan.project_id,
            ConditionKind.PROVISIONED,
            ConditionState.TRUE,
            "InStep",
            f"The namespace {plan.name} is as planned.",
            known=known,
        )

    def _show_drift(self, project_id: str, done: Provisioned) -> None:
        """Say what was put back. An open wall stays shown: sessions that ran behind it are ended by what is noted."""
        message = f"Put back: {'; '.join(done.drift)}."
        shown = self._conditions.when(project_id, ConditionKind.DRIFT, WALL_OPEN)
        if done.wall_open or shown is not None:
            self._note_drift(project_id, ConditionState.TRUE, WALL_OPEN, message, anew=done.wall_open)
        else:
            self._note_drift(project_id, ConditionState.TRUE, "PutBack", message, anew=True)

    def _calm(self, project_id: str, known: _Known) -> None:
        """Stop showing a drift that was put back a while ago."""
        shown = known.get(ConditionKind.DRIFT)
        past = self._record.clock() - _DRIFT_SHOWN
        if shown is not None and shown.state is ConditionState.TRUE and shown.since < past:
            self._note_drift(project_id, ConditionState.FALSE, "InStep", "")

    def _note_drift(
        self, project_id: str, state: ConditionState, reason: str, message: str, *, anew: bool = False
    ) -> None:
        self._conditions.note(project_id, ConditionKind.DRIFT, state, reason, message, anew=anew)

    def _remove(self, project: Project) -> Step:
        with self._record.read() as session:
            row = store.place(session, project.project_id)
        if row is None or row.removed_at is not None:
            return Step()
        until = project.state_since + self._planner.terms.work_kept
        keep_work = self._record.clock() < until
        try:
            plan = self._planner.last(project, row, keep_work=keep_work)
            removal = self._remover.step(plan, row, closed_at=project.state_since, kept_until=until)
        except OrchestratorError as error:
            return self._failed(project.project_id, ConditionKind.REMOVED, error)
        return Step(again=removal)

    def _failed(self, project_id: str, kind: ConditionKind, error: OrchestratorError) -> Step:
        if self.may_act():
            self._conditions.failed(project_id, kind, error)
        return Step(trouble=(error.message,))

    def _place(self, project_id: str) -> PlaceRow:
        """Return the project's place; its name is drawn once and for ever."""
        with self._record.read() as session:
            row = store.place(session, project_id)
        if row is not None:
            return row
        with self._record.change() as change:
            return store.make_place(change, project_id, now=self._record.clock(), actor=_CONTROLLER)

    def _tell(self, kind: str, project_id: str, details: Mapping[str, Json]) -> None:
        with self._record.change() as change:
            change.tell(Event(kind=kind, actor=_CONTROLLER, subject=f"project:{project_id}", details=dict(details)))
