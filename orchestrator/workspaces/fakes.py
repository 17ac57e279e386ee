"""A backend and a delivery in memory, for tests of rules and services; the real ones have contract tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.access.model import Granted
from orchestrator.core.errors import Conflict, NotFound
from orchestrator.core.ids import new_id

from .model import Admission, SeenSession, SeenWorkspace, SessionPlan, SessionState, WorkspacePlan
from .places.model import PlacePlan, Provisioned, Removal, SeenPlace
from .ports import Delivered, IncidentError

__all__ = ["FakeBackend", "FakeDelivery", "FakePlaces"]


class FakeBackend:
    """Remembers what would run. ``sessions`` and ``awake`` are the world that survives a controller."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.awake: dict[str, WorkspacePlan] = {}
        self.admitted: dict[str, Admission] = {}
        self.sessions: dict[str, SessionPlan] = {}
        self.ended: dict[str, SessionPlan] = {}
        self.received: dict[str, dict[str, int]] = {}
        self.image = "image-1"

    def wake(self, plan: WorkspacePlan) -> bool:
        """Note the workspace as running."""
        self.awake[plan.project_id] = plan
        return True

    def admit(self, admission: Admission) -> None:
        """Keep the list."""
        self.admitted[admission.project_id] = admission

    def start_session(self, plan: SessionPlan) -> None:
        """Note the session as running."""
        self.sessions[plan.session_id] = plan

    def session(self, project_id: str, session_id: str) -> SeenSession:
        """Look at one session."""
        if session_id in self.sessions:
            address = f"http+unix://{self.directory}/{session_id}/ws.sock"
            return SeenSession(session_id=session_id, state=SessionState.RUNNING, address=address)
        if session_id in self.ended:
            return SeenSession(session_id=session_id, state=SessionState.ENDED, exit_code=0)
        raise NotFound(f"There is no session {session_id} in {project_id}.")

    def stop_session(self, project_id: str, session_id: str) -> None:  # noqa: ARG002 - the port's shape
        """End one session."""
        plan = self.sessions.pop(session_id, None)
        if plan is not None:
            self.ended[session_id] = plan

    def observe(self) -> list[SeenWorkspace]:
        """List what runs."""
        projects = set(self.awake) | {plan.project_id for plan in self.sessions.values()}
        return [
            SeenWorkspace(
                project_id=project,
                hub=project in self.awake,
                gate=project in self.awake,
                sessions=tuple(
                    SeenSession(session_id=session, state=SessionState.RUNNING)
                    for session, plan in self.sessions.items()
                    if plan.project_id == project
                ),
            )
            for project in sorted(projects)
        ]

    def sleep(self, project_id: str) -> None:
        """End everything of a project."""
        for session, plan in list(self.sessions.items()):
            if plan.project_id == project_id:
                self.stop_session(project_id, session)
        self.awake.pop(project_id, None)
        self.admitted.pop(project_id, None)

    def environment(self, project_id: str) -> str:  # noqa: ARG002 - the port's shape
        """Return what the test says."""
        return self.image

    def bytes_to_browser(self, project_id: str) -> dict[str, int]:
        """Return and forget what was counted."""
        return self.received.pop(project_id, {})


class FakeDelivery:
    """Remembers which versions lie unsealed in which project, and which sessions hold database roles."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.held: dict[str, dict[str, Path]] = {}
        self.roles: dict[str, set[str]] = {}
        self.incidents: set[str] = set()
        self.lives: dict[str, str] = {}

    def ensure(self, project_id: str, wanted: Sequence[Granted]) -> Delivered:
        """Hold exactly what is wanted."""
        if project_id in self.incidents:
            self.withdraw_all(project_id)
            raise IncidentError("An incident.", system="agent")
        anew = project_id not in self.held
        if anew:
            self.lives[project_id] = new_id()
        place = self.directory / project_id / self.lives[project_id]
        brought = [grant.version_id for grant in wanted if grant.delivery != "database"]
        self.held[project_id] = {version_id: place / version_id for version_id in brought}
        return Delivered(directories=self.held[project_id], anew=anew, life=self.life(project_id))

    def life(self, project_id: str) -> str:
        """Return the word of the present life."""
        return self.lives.get(project_id, "") if project_id in self.held else ""

    def replaced(self, project_id: str) -> None:
        """Play a holder that was replaced between two looks and holds everything again: no look finds it restarted."""
        self.lives[project_id] = life = new_id()
        self.held[project_id] = {each: self.directory / project_id / life / each for each in self.held[project_id]}

    def withdraw_unwanted(self, project_id: str, wanted: Sequence[Granted]) -> None:
        """Drop what is not wanted."""
        kept = {grant.version_id for grant in wanted}
        for version_id in set(self.held.get(project_id, {})) - kept:
            del self.held[project_id][version_id]

    def open_databases(self, project_id: str, session_id: str, granted: Sequence[Granted]) -> Mapping[str, str]:
        """Note one role per database."""
        if granted:
            self.roles[session_id] = {grant.version_id for grant in granted}
        return {grant.name: str(self.directory / project_id / "d" / session_id / grant.name) for grant in granted}

    def close_session(self, project_id: str, session_id: str) -> None:  # noqa: ARG002 - the port's shape
        """Drop the session's roles."""
        self.roles.pop(session_id, None)

    def withdraw_all(self, project_id: str) -> None:
        """Hold nothing of the project any more."""
        self.held.pop(project_id, None)

    def projects(self) -> set[str]:
        """Return the projects that hold anything."""
        return set(self.held)


class FakePlaces:
    """Namespaces in memory. ``objects`` and ``owners`` are the world that survives a controller."""

    KINDS = (
        "Namespace/{name}",
        "NetworkPolicy/default-deny",
        "ServiceAccount/session",
        "Secret/hub-channel",
        "PersistentVolumeClaim/work",
        "PersistentVolumeClaim/data",
    )
    KEPT = ("Namespace", "NetworkPolicy", "PersistentVolumeClaim/work")
    ORDER = ("Pod", "Secret", "ServiceAccount", "PersistentVolumeClaim", "NetworkPolicy", "Namespace")
    """At removal pods go first, then policies and namespace."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, str]] = {}
        self.owners: dict[str, str] = {}
        self.made: set[str] = set()
        self.writes = 0

    def provision(self, plan: PlacePlan) -> Provisioned:
        """Make what is missing, one object after another."""
        if self.owners.get(plan.name, plan.project_id) != plan.project_id:
            raise Conflict(f"The namespace {plan.name} is somebody else's; it was left alone.")
        known, before = plan.name in self.made, self.writes
        drift = []
        for kind in self.KINDS:
            if kind.format(name=plan.name) not in self.objects.get(plan.name, {}):
                self.create(plan, kind.format(name=plan.name))
                drift += [f"{kind.format(name=plan.name)} deleted"] if known else []
        self.made.add(plan.name)
        return Provisioned(written=self.writes - before, drift=tuple(drift))

    def remove(self, plan: PlacePlan) -> Removal:
        """Delete one kind of object, in order."""
        there = self.objects.get(plan.name, {})
        for kind in self.ORDER:
            going = [
                one for one in there if one.startswith(kind) and not (plan.keep_work and one.startswith(self.KEPT))
            ]
            if going:
                gone = tuple(f"{one} {there[one]}" for one in going)
                for one in going:
                    self.delete(plan, one)
                return Removal(finished=False, waiting_for=kind, removed=gone)
        return Removal(finished=True)

    def contents(self, plan: PlacePlan) -> tuple[str, ...]:
        """List what there is."""
        return tuple(f"{one} {uid}" for one, uid in sorted(self.objects.get(plan.name, {}).items()))

    def places(self) -> list[SeenPlace]:
        """List every namespace."""
        return [SeenPlace(project_id=owner, name=name) for name, owner in sorted(self.owners.items())]

    def create(self, plan: PlacePlan, one: str) -> None:
        """Make one object."""
        self.objects.setdefault(plan.name, {})[one] = new_id()
        self.owners[plan.name] = plan.project_id
        self.writes += 1

    def delete(self, plan: PlacePlan, one: str) -> None:
        """Delete one object."""
        self.objects.get(plan.name, {}).pop(one, None)
        self.writes += 1
        if not self.objects.get(plan.name):
            self.objects.pop(plan.name, None)
            self.owners.pop(plan.name, None)
            self.made.discard(plan.name)
