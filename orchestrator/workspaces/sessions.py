"""The controller's register of sessions: tickets redeemed, sessions begun and ended, activity and bytes noted."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.access.model import Granted
from orchestrator.access.service import AccessService
from orchestrator.audit.record import Record
from orchestrator.core.errors import NotFound, Refused
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id

from . import store
from .model import SessionState
from .store import TICKET_LIFE, MeterRow, MountRow, SessionRow, TicketRow, WorkspaceRow

__all__ = ["Entry", "SessionRegister"]

_CONTROLLER = "system:controller"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Whom a ticket belonged to, and until when he may stay."""

    person_id: str
    until: datetime
    issued: datetime
    """When the ticket was made: a sign-out after it ends what it opened."""


class SessionRegister:
    """Keeps the record of sessions in step with what the controller does."""

    def __init__(self, *, record: Record, access: AccessService) -> None:
        self._record = record
        self._access = access

    def redeem(self, project_id: str, secret: str) -> Entry:
        """Spend a ticket of this project: once, in time, and only while its person is admitted."""
        now = self._record.clock()
        with self._record.change() as change:
            row = change.session.get(TicketRow, hashlib.sha256(secret.encode()).digest())
            if row is None or row.project_id != project_id:
                raise Refused("This way in is not known here; open the workspace again from the portal.")
            if row.used_at is not None or row.expires_at <= now:
                raise Refused("This way in was used or is too old; open the workspace again from the portal.")
            row.used_at = now
            change.tell(Event(kind="ticket.redeemed", actor=row.person_id, subject=f"project:{project_id}", details={}))
            person_id, issued = row.person_id, row.expires_at - TICKET_LIFE
        until = self._access.admitted(project_id).get(person_id)
        if until is None:
            raise Refused("You may no longer enter this workspace; the portal says why.")
        return Entry(person_id=person_id, until=until, issued=issued)

    def begin(
        self, project_id: str, person_id: str, granted: Sequence[Granted], *, replay_of: str | None = None
    ) -> tuple[str, str]:
        """Record a session that is about to start, with what it is given; ``replay_of`` as in ``SessionRow``.

        Returns its identifier and the secret that it shows to the airlock's port; only the secret's hash is kept.
        """
        now, session_id, secret = self._record.clock(), new_id(), secrets.token_urlsafe(32)
        details: dict[str, Json] = {
            "project": project_id,
            "grants": [*sorted(grant.grant_id for grant in granted)],
            "versions": [*sorted(grant.version_id for grant in granted)],
        }
        if replay_of is not None:
            details["replay_of"] = replay_of
        with self._record.change() as change:
            workspace = store.workspace(change.session, project_id)
            workspace.used_at = now
            change.session.add(
                SessionRow(
                    session_id=session_id,
                    project_id=project_id,
                    person_id=person_id,
                    state=SessionState.STARTING,
                    started_at=now,
                    active_at=now,
                    intake_sha256=hashlib.sha256(secret.encode()).digest(),
                    replay_of=replay_of,
                )
            )
            change.session.flush()
            change.session.add_all(
                MountRow(session_id=session_id, version_id=grant.version_id, grant_id=grant.grant_id)
                for grant in granted
            )
            change.tell(
                Event(
                    kind="session.begun",
                    actor=person_id,
                    subject=f"session:{session_id}",
                    details=details,
                )
            )
        return session_id, secret

    def running(self, session_id: str, *, environment: str = "", data_life: str = "") -> None:
        """Note that the session was started, in which environment, and with the data of which life of the agent."""
        with self._record.change() as change:
            row = _session(change.session.get(SessionRow, session_id))
            if row.state is SessionState.STARTING:
                row.state, row.environment, row.data_life = SessionState.RUNNING, environment, data_life
                change.tell(Event(kind="session.started", actor=_CONTROLLER, subject=f"session:{session_id}"))

    def ended(self, session_id: str, reason: str) -> None:
        """Note that the session is over. ``reason`` is one of a few words of the controller's. Repeatable."""
        with self._record.change() as change:
            row = _session(change.session.get(SessionRow, session_id))
            if row.state is not SessionState.ENDED:
                row.state, row.ended_at, row.reason = SessionState.ENDED, self._record.clock(), reason
                change.tell(
                    Event(
                        kind="session.ended",
                        actor=_CONTROLLER,
                        subject=f"session:{session_id}",
                        details={"reason": reason},
                    )
                )

    def session(self, project_id: str, session_id: str) -> SessionRow:
        """Return one session of this project."""
        with self._record.read() as session:
            row = session.get(SessionRow, session_id)
            if row is None or row.project_id != project_id:
                raise NotFound("This project has no such session.")
            return row

    def live(self, project_id: str | None = None) -> list[SessionRow]:
        """Return sessions that have not ended."""
        with self._record.read() as session:
            return store.live_sessions(session, project_id)

    def mounts(self, session_id: str) -> frozenset[str]:
        """Return the dataset versions a session was given."""
        with self._record.read() as session:
            return store.mounts(session, session_id)

    def active(self, project_id: str, session_id: str, *, busy: bool, last_activity: datetime) -> None:
        """Note a sign of life, so that a workspace whose kernels work is not put to sleep."""
        now = self._record.clock()
        moment = now if busy else min(last_activity, now)
        row = self.session(project_id, session_id)
        if moment <= row.active_at:
            return
        with self._record.change() as change:
            seen = _session(change.session.get(SessionRow, session_id))
            seen.active_at = max(seen.active_at, moment)
            workspace = store.workspace(change.session, project_id)
            workspace.used_at = max(workspace.used_at, moment)
            change.tell(Event(kind="session.active", actor=_CONTROLLER, subject=f"session:{session_id}"))

    def note_bytes(self, project_id: str, received: Mapping[str, int]) -> None:
        """Add what left through the gate to each person's day."""
        day = self._record.clock().date()
        counted = {person: count for person, count in received.items() if count > 0}
        if not counted:
            return
        with self._record.change() as change:
            for person_id, count in counted.items():
                key = {"project_id": project_id, "person_id": person_id, "day": day}
                row = change.session.get(MeterRow, key)
                if row is None:
                    change.session.add(MeterRow(**key, received=count))
                else:
                    row.received += count
            change.tell(
                Event(
                    kind="browser.received",
                    actor=_CONTROLLER,
                    subject=f"project:{project_id}",
                    details=dict(sorted(counted.items())),
                )
            )

    def wake(self, project_id: str) -> None:
        """Have a workspace awake because something is to run in it without a person."""
        now = self._record.clock()
        with self._record.change() as change:
            row = store.workspace(change.session, project_id)
            if not row.awake:
                row.awake, row.used_at, row.ready_at, row.trouble = True, now, None, ""
                change.tell(Event(kind="workspace.opened", actor=_CONTROLLER, subject=f"project:{project_id}"))

    def workspace(self, project_id: str) -> WorkspaceRow:
        """Return a project's workspace as recorded."""
        with self._record.read() as session:
            return store.workspace(session, project_id)

    def workspaces_wanted(self) -> list[WorkspaceRow]:
        """Return every workspace that is to be awake."""
        with self._record.read() as session:
            return store.wanted(session)

    def ready(self, project_id: str) -> None:
        """Note that a workspace answers; it may be entered from now on."""
        with self._record.change() as change:
            row = store.workspace(change.session, project_id)
            if row.ready_at is None and row.awake:
                row.ready_at, row.trouble = self._record.clock(), ""
                change.tell(Event(kind="workspace.ready", actor=_CONTROLLER, subject=f"project:{project_id}"))

    def troubled(self, project_id: str, message: str) -> None:
        """Note in words why a workspace cannot be made ready; told once per trouble."""
        with self._record.change() as change:
            row = store.workspace(change.session, project_id)
            if row.trouble != message[:400]:
                row.trouble = message[:400]
                change.tell(Event(kind="workspace.troubled", actor=_CONTROLLER, subject=f"project:{project_id}"))

    def asleep(self, project_id: str, reason: str) -> None:
        """Note that the controller put a workspace to sleep by itself."""
        with self._record.change() as change:
            row = store.workspace(change.session, project_id)
            if row.awake:
                row.awake, row.ready_at = False, None
                change.tell(
                    Event(
                        kind="workspace.closed",
                        actor=_CONTROLLER,
                        subject=f"project:{project_id}",
                        details={"reason": reason},
                    )
                )


def _session(row: SessionRow | None) -> SessionRow:
    if row is None:
        raise NotFound("There is no such session.")
    return row
