"""What people ask about places: how a project stands, which profile it has, and the certificate of its removal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from orchestrator.access.model import ProjectState
from orchestrator.access.service import AccessService
from orchestrator.audit.record import Record
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.events import Event
from orchestrator.policy.model import Actor, Thing
from orchestrator.policy.service import Policy

from . import store
from .certificates import signed
from .conditions import Condition, Conditions

__all__ = ["Choice", "PlaceService"]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A profile that a project's sessions may run on, for whoever chooses; ``chosen`` is the project's present one."""

    name: str
    display_name: str
    cpus: float
    memory_mib: int
    devices: str = ""
    """Counted devices of each session, such as ``nvidia.com/gpu: 1``."""
    chosen: bool = False


class PlaceService:
    """Reads what the controller noted, and writes which profile is wanted. Holds no right to any cluster."""

    def __init__(
        self,
        *,
        record: Record,
        policy: Policy,
        access: AccessService,
        profiles: Sequence[Choice],
        as_now: Callable[[Session, Actor], Actor],
    ) -> None:
        """``profiles`` are those of the settings, the default first; none where workspaces run on one machine."""
        self._record = record
        self._policy = policy
        self._access = access
        self._profiles = tuple(profiles)
        self._as_now = as_now
        self._conditions = Conditions(record)

    def conditions(self, actor: Actor, project_id: str) -> list[Condition]:
        """Return how the project's workspace stands, to its members and to operators; to its custodians nothing."""
        self._access.project(actor, project_id)
        current, thing = self._asking(actor, project_id)
        if not self._policy.may(current, "viewWorkspace", thing):
            return []
        return self._conditions.of(project_id)

    def profiles(self, actor: Actor, project_id: str) -> list[Choice]:
        """List what the project's sessions may run on, the default first; none where workspaces run on one machine."""
        current, thing = self._asking(actor, project_id)
        self._see(current, thing)
        with self._record.read() as session:
            row = store.place(session, project_id)
        chosen = row.profile if row is not None and row.profile else next((one.name for one in self._profiles), "")
        return [replace(each, chosen=each.name == chosen) for each in self._profiles]

    def choose_profile(self, actor: Actor, project_id: str, profile: str) -> None:
        """Have the project's sessions run on another profile, from the next one that is opened."""
        current, thing = self._asking(actor, project_id)
        self._see(current, thing)
        self._policy.check(current, "chooseProfile", thing)
        if not self._profiles:
            raise NotPossible("Workspaces on this machine have no profiles; they exist on a cluster.")
        names = [each.name for each in self._profiles]
        if profile not in names:
            known = ", ".join(names)
            raise Invalid(f"There is no profile “{profile[:40]}”; known are {known}.", field="profile")
        if self._access.project_record(project_id).state is ProjectState.CLOSED:
            raise NotPossible("This project is closed; its workspace opens no more.")
        with self._record.change() as change:
            row = store.make_place(change, project_id, now=self._record.clock(), actor=actor.person_id)
            if row.profile == profile:
                return
            row.profile = profile
            change.tell(
                Event(
                    kind="workspace.profile-chosen",
                    actor=actor.person_id,
                    subject=f"project:{project_id}",
                    details={"profile": profile},
                )
            )

    def certificate(self, actor: Actor, project_id: str) -> bytes:
        """Return the newest signed certificate of what was removed: canonical JSON, to be checked offline."""
        current, thing = self._asking(actor, project_id)
        self._see(current, thing)
        with self._record.read() as session:
            known = store.certificates(session, project_id)
        if not known:
            raise NotFound("Nothing of this project was certified as removed; “tre project show” says how it stands.")
        ready = [row for row in known if row.signature is not None]
        if not ready:
            raise NotPossible("The certificate waits for its signature; the airlock signs it within seconds.")
        return signed(ready[-1])

    def _see(self, current: Actor, thing: Thing) -> None:
        if not self._policy.may(current, "viewWorkspace", thing):
            raise NotFound("There is no such project, or none that you may see.")

    def _asking(self, actor: Actor, project_id: str) -> tuple[Actor, Thing]:
        project = self._access.project_record(project_id)
        now = self._record.clock()
        members = frozenset(one.person_id for one in project.members if one.until is None or one.until > now)
        with self._record.read() as session:
            current = self._as_now(session, actor)
        return current, Thing(kind="Workspace", id=project_id, attributes={"members": members})
