"""Removes a closed project's place step by step, from what is there to nothing, and certifies what went."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.audit.record import Change, Record
from orchestrator.core.clock import iso
from orchestrator.core.errors import Unavailable
from orchestrator.core.events import Event, Json

from . import certificates, store
from .conditions import ConditionKind, Conditions, ConditionState
from .model import PlacePlan, Removal, WorkspacePlaces
from .store import CertificateRow, PlaceRow

__all__ = ["Ending", "Remover"]

_CONTROLLER = "system:controller"
_SOON, _LATER = 1.0, 3600.0
_STUCK_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How everything that a project holds outside its place is taken away, and how one sees that nothing is left."""

    sleep: Callable[[str], Sequence[str]]
    """End sessions, withdraw leases and data; returns in words what could not be done. Repeatable."""
    held: Callable[[], Collection[str]]
    """Projects for which anything is held still: an agent, a lease, unsealed data, an identity."""
    identity: Callable[[str], Sequence[str]] = lambda _project_id: ()
    """Name, as ``KIND/NAME UID``, who the project's agent was outside the cluster; gone with what is ``held``."""


class Remover:
    """Takes one step after another, each of which may be cut off and repeated; nothing is certified before it is seen.

    Before the first step all that is there is recorded, so that the certificate also names what a lost answer took.
    """

    def __init__(self, *, record: Record, places: WorkspacePlaces, conditions: Conditions, ending: Ending) -> None:
        self._record = record
        self._places = places
        self._conditions = conditions
        self._ending = ending

    def step(self, plan: PlacePlan, row: PlaceRow, *, closed_at: datetime, kept_until: datetime) -> float | None:
        """Take what can be taken now; return in how many seconds to come again, or none when nothing is left to do."""
        project_id = plan.project_id
        if row.removing_at is None:
            self._begin(plan)
        trouble = self._ending.sleep(project_id)
        if trouble:
            raise Unavailable(trouble[0], system="workspace")
        removal = self._places.remove(plan)
        self._tell_removed(plan, removal.removed)
        if not removal.finished:
            return self._wait(plan, removal)
        left = self._places.contents(plan)
        if not plan.keep_work and left:
            raise Unavailable(f"After the removal there still is {', '.join(left[:5])}.", system="cluster")
        if project_id in self._ending.held():
            raise Unavailable("A lease, an agent or unsealed data of the project is still held.", system="vault")
        self._certify(plan, left, closed_at=closed_at, kept_until=kept_until)
        return self._rest(plan, kept_until)

    def _begin(self, plan: PlacePlan) -> None:
        """Record everything that is there before anything is taken."""
        found: list[Json] = [*self._places.contents(plan)]
        with self._record.change() as change:
            row = store.known_place(change.session, plan.project_id)
            if row.removing_at is not None:
                return  # another controller began it meanwhile
            row.removing_at = self._record.clock()
            row.removals += 1
            change.tell(_event("place.removing", plan, {"place": plan.name, "objects": found}))
        self._note(plan, "Removing", "Sessions, leases and objects are being removed.")

    def _tell_removed(self, plan: PlacePlan, removed: Sequence[str]) -> None:
        if removed:
            with self._record.change() as change:
                change.tell(_event("place.emptied", plan, {"place": plan.name, "objects": [*removed]}))

    def _wait(self, plan: PlacePlan, removal: Removal) -> float:
        """Say what the removal waits for, and say it louder when that has lasted too long."""
        with self._record.read() as session:
            begun = store.known_place(session, plan.project_id).removing_at
        late = begun is not None and self._record.clock() - begun > _STUCK_AFTER
        waiting = removal.waiting_for or "the next step"
        if late:
            self._note(plan, "Stuck", f"The removal waits for {waiting}; an operator has to look at it.")
        else:
            self._note(plan, "Removing", f"The removal waits for {waiting}.")
        return _SOON

    def _certify(self, plan: PlacePlan, left: Sequence[str], *, closed_at: datetime, kept_until: datetime) -> None:
        """Make a certificate unless this stage has one: when all but the work has gone, and when that went too."""
        with self._record.read() as session:
            if _certified(
                store.certificates(session, plan.project_id),
                plan,
                store.known_place(session, plan.project_id),
            ):
                return
        with self._record.change() as change:
            known = store.certificates(change.session, plan.project_id)
            row = store.known_place(change.session, plan.project_id)
            if _certified(known, plan, row):
                return
            now = self._record.clock()
            facts = certificates.Facts(
                plan=plan,
                left=tuple(left),
                identities=tuple(self._ending.identity(plan.project_id)),
                closed_at=closed_at,
                kept_until=kept_until,
                checked_at=now,
            )
            self._keep_certificate(change, row, certificates.build(change.session, facts, number=len(known) + 1))

    def _keep_certificate(self, change: Change, row: PlaceRow, document: certificates.Document) -> None:
        now = self._record.clock()
        change.session.add(
            CertificateRow(
                project_id=row.project_id,
                number=document.number,
                removal=row.removals,
                document=document.text,
                final=document.final,
                made_at=now,
            )
        )
        if document.final:
            row.removed_at = now
        details: dict[str, Json] = {
            "place": row.name,
            "number": document.number,
            "final": document.final,
            "sha256": document.sha256,
        }
        subject = f"project:{row.project_id}"
        change.tell(Event(kind="certificate.made", actor=_CONTROLLER, subject=subject, details=details))

    def _rest(self, plan: PlacePlan, kept_until: datetime) -> float | None:
        if plan.keep_work:
            message = f"Everything but homes and shared folder has gone; these are destroyed after {iso(kept_until)}."
            self._note(plan, "WorkKept", message)
            return max(_SOON, min(_LATER, (kept_until - self._record.clock()).total_seconds()))
        self._conditions.note(
            plan.project_id, ConditionKind.REMOVED, ConditionState.TRUE, "Removed", "Nothing of the place is left."
        )
        return None

    def _note(self, plan: PlacePlan, reason: str, message: str) -> None:
        self._conditions.note(plan.project_id, ConditionKind.REMOVED, ConditionState.FALSE, reason, message)


def _certified(known: Sequence[CertificateRow], plan: PlacePlan, row: PlaceRow) -> bool:
    """Say whether this stage of this removal has its certificate."""
    return any(one.removal == row.removals and one.final is not plan.keep_work for one in known)


def _event(kind: str, plan: PlacePlan, details: dict[str, Json]) -> Event:
    return Event(kind=kind, actor=_CONTROLLER, subject=f"project:{plan.project_id}", details=details)
