"""What people do with a workspace: ask for it to be opened, look at it, enter it, put it to sleep."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import delete
from sqlalchemy.orm import Session

from orchestrator.access.model import Project
from orchestrator.access.service import AccessService
from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import NotFound, NotPossible, Refused
from orchestrator.core.events import Event
from orchestrator.policy.model import Actor, Thing
from orchestrator.policy.service import Policy

from . import store
from .model import WorkspaceState, WorkspaceView
from .store import TICKET_LIFE, TicketRow, WorkspaceRow

__all__ = ["Numbers", "WorkspaceService"]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Where ports, user numbers and addresses of workspaces come from."""

    first_port: int
    last_port: int
    first_user_number: int
    address: str = "http://{project}.localhost:{port}"
    """What browsers type; without ``{port}`` in it workspaces have addresses of their own and take no port."""

    def url(self, row: WorkspaceRow) -> str:
        """Return where browsers find a workspace, without a final slash."""
        return self.address.format(project=row.project_id, port=row.port)


class WorkspaceService:
    """Writes what is wanted; the controller makes it so. Holds no right to start anything."""

    def __init__(
        self,
        *,
        record: Record,
        policy: Policy,
        access: AccessService,
        numbers: Numbers,
        as_now: Callable[[Session, Actor], Actor],
    ) -> None:
        self._record = record
        self._as_now = as_now
        self._policy = policy
        self._access = access
        self._numbers = numbers

    def open(self, actor: Actor, project_id: str) -> WorkspaceView:
        """Ask for the workspace to be awake. Repeatable; refused with every condition that fails for this person."""
        self._may(actor, "openWorkspace", project_id)
        admitted = self._access.admitted(project_id)
        if actor.person_id not in admitted:
            raise Refused("You cannot enter this workspace now.", reasons=self._why_not(project_id, actor.person_id))
        now = self._record.clock()
        with self._record.change() as change:
            row = change.session.get(WorkspaceRow, project_id)
            if row is None:
                self._make(change, actor, project_id, now)
            elif not row.awake:
                row.awake, row.used_at, row.ready_at, row.trouble = True, now, None, ""
                change.tell(_event("workspace.opened", actor.person_id, project_id))
            else:
                change.session.expunge(row)
        return self.status(actor, project_id)

    def status(self, actor: Actor, project_id: str) -> WorkspaceView:
        """Show a workspace to a member or an operator."""
        self._may(actor, "viewWorkspace", project_id)
        with self._record.read() as session:
            return self._view(session, project_id)

    def ticket(self, actor: Actor, project_id: str) -> str:
        """Return the address that lets this person's browser in: good once, for one minute."""
        self._may(actor, "openWorkspace", project_id)
        if actor.person_id not in self._access.admitted(project_id):
            raise Refused("You cannot enter this workspace now.", reasons=self._why_not(project_id, actor.person_id))
        secret = secrets.token_urlsafe(32)
        now = self._record.clock()
        with self._record.change() as change:
            row = store.workspace(change.session, project_id)
            if not row.awake or row.ready_at is None:
                raise NotPossible("This workspace is not awake yet; open it and wait until it is ready.")
            change.session.execute(delete(TicketRow).where(TicketRow.expires_at < now - timedelta(days=1)))
            change.session.add(
                TicketRow(
                    secret_sha256=hashlib.sha256(secret.encode()).digest(),
                    project_id=project_id,
                    person_id=actor.person_id,
                    expires_at=now + TICKET_LIFE,
                )
            )
            change.tell(_event("ticket.made", actor.person_id, project_id))
            return f"{self._numbers.url(row)}/_gate/enter?{urlencode({'ticket': secret})}"

    def sleep(self, actor: Actor, project_id: str) -> WorkspaceView:
        """End every session of the workspace and put it to sleep; homes are kept."""
        self._may(actor, "sleepWorkspace", project_id)
        with self._record.change() as change:
            row = store.workspace(change.session, project_id)
            if row.awake:
                row.awake, row.ready_at = False, None
                change.tell(_event("workspace.closed", actor.person_id, project_id))
        return self.status(actor, project_id)

    def _make(self, change: Change, actor: Actor, project_id: str, now: datetime) -> None:
        numbers = self._numbers
        port, number = store.next_numbers(
            change.session, first_port=numbers.first_port, first_user_number=numbers.first_user_number
        )
        if "{port}" not in numbers.address:
            port = 0
        elif port > numbers.last_port:
            raise NotPossible(
                "Every port for workspaces is taken; an operator must raise workspaces.last_port in tre.yaml."
            )
        row = WorkspaceRow(
            project_id=project_id, port=port or None, user_number=number, awake=True, opened_at=now, used_at=now
        )
        event = _event("workspace.opened", actor.person_id, project_id, port=port, user=number)
        store.add_workspace(change, row, event=event)

    def _may(self, actor: Actor, action: str, project_id: str) -> Project:
        project = self._access.project_record(project_id)
        now = self._record.clock()
        members = frozenset(one.person_id for one in project.members if one.until is None or one.until > now)
        with self._record.read() as session:
            actor = self._as_now(session, actor)
        thing = Thing(kind="Workspace", id=project_id, attributes={"members": members})
        if not self._policy.decide(actor, "viewWorkspace", thing).allowed:
            raise NotFound("There is no such project, or none that you may see.")
        self._policy.check(actor, action, thing)
        return project

    def _why_not(self, project_id: str, person_id: str) -> tuple[str, ...]:
        standing = self._access.standing(project_id)
        own = next((member.reasons for member in standing.members if member.person_id == person_id), ())
        return (*standing.reasons, *own) or ("You are not a member of this project now.",)

    def _view(self, session: Session, project_id: str) -> WorkspaceView:
        row = session.get(WorkspaceRow, project_id)
        if row is None:
            return WorkspaceView(project_id=project_id, state=WorkspaceState.ASLEEP)
        if not row.awake:
            state = WorkspaceState.ASLEEP
        elif row.ready_at is not None:
            state = WorkspaceState.AWAKE
        else:
            state = WorkspaceState.UNAVAILABLE if row.trouble else WorkspaceState.WAKING
        received = store.received_today(session, project_id, self._record.clock().date())
        return WorkspaceView(
            project_id=project_id,
            state=state,
            url=self._numbers.url(row),
            trouble=row.trouble,
            sessions=tuple(
                live.person_id for live in store.live_sessions(session, project_id) if live.replay_of is None
            ),
            bytes_today=sum(received.values()),
        )


def _event(kind: str, actor: str, project_id: str, **details: int) -> Event:
    return Event(kind=kind, actor=actor, subject=f"project:{project_id}", details=dict(details))
