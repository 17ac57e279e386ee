"""Projects: changed by people who do not work in them, stopped by one person at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from orchestrator.core.clock import iso
from orchestrator.core.errors import Invalid
from orchestrator.core.events import Event, Json
from orchestrator.policy.model import Actor

from . import rules, store
from .members import Members
from .model import GRANT_STATES, PROJECT_STATES, GrantState, Project, ProjectState
from .project_ground import must_be_open
from .store import ProjectRow

__all__ = ["Projects"]

_REMIND_EVERY = timedelta(days=7)
_CLOSE_WITHIN = timedelta(days=30)
"""Until when a project whose last day has passed should be extended or closed; then the operators are told."""


class Projects(Members):
    """Everything that changes a project after its approval."""

    beyond_orders: Callable[[Session, str, date, date], Sequence[str]] | None = None
    """Returns in sentences who charges a project yearly and has no order for it to go on beyond the first day up to
    the second (from ``billing``)."""

    def extend_project(self, actor: Actor, project_id: str, end: date) -> Project:
        """Move a project's last day, no further than ethics, every agreement and what was ordered each year reach."""
        with self._record.change() as change:
            row, project = self._load_project(change.session, actor, "extendProject", project_id)
            PROJECT_STATES.after(project.state, "extend")
            until = rules.check_extension(project, end, self._record.clock())
            self._check_ordered(change.session, row, row.end, until)
            row.end = until
            row.reminded_at = None
            return self._changed(change, actor, row, "project.extended", end=iso(row.end))

    def renew_ethics(self, actor: Actor, project_id: str, reference: str, until: date) -> Project:
        """Record a renewed ethics approval of a project."""
        with self._record.change() as change:
            row, project = self._load_project(change.session, actor, "renewEthics", project_id)
            must_be_open(project)
            words = reference.strip()
            if not 3 <= len(words) <= 100:
                raise Invalid("Give the ethics reference in 3 to 100 characters.", field="reference")
            row.ethics_until = rules.check_later_day(
                until, than=row.ethics_until, now=self._record.clock(), field="until"
            )
            row.ethics_reference = words
            return self._changed(change, actor, row, "project.ethics-renewed", until=iso(row.ethics_until))

    def suspend_project(self, actor: Actor, project_id: str, reason: str) -> Project:
        """Stop a project at once; its people's work is kept."""
        with self._record.change() as change:
            row, project = self._load_project(change.session, actor, "suspendProject", project_id)
            words = rules.check_reason(reason)
            self._move_project(row, PROJECT_STATES.after(project.state, "suspend"), words)
            self._tell_members(change, project, "project.suspended")
            return self._changed(change, actor, row, "project.suspended")

    def resume_project(self, actor: Actor, project_id: str) -> Project:
        """Let a suspended project work again."""
        with self._record.change() as change:
            row, project = self._load_project(change.session, actor, "resumeProject", project_id)
            self._move_project(row, PROJECT_STATES.after(project.state, "resume"), "")
            self._tell_members(change, project, "project.resumed")
            return self._changed(change, actor, row, "project.resumed")

    def close_project(self, actor: Actor, project_id: str, reason: str = "") -> Project:
        """End a project for ever, with its grants and memberships."""
        with self._record.change() as change:
            row, project = self._load_project(change.session, actor, "closeProject", project_id)
            words = rules.check_reason(reason, needed=False)
            self._move_project(row, PROJECT_STATES.after(project.state, "close"), words)
            now = self._record.clock()
            grants: list[Json] = []
            for grant in store.grants_of(change.session, project_id):
                if GRANT_STATES.allows(GrantState(grant.state), "end"):
                    grant.state = GRANT_STATES.after(GrantState(grant.state), "end").value
                    grant.ended_by, grant.ended_at = actor.person_id, now
                    grants.append(grant.grant_id)
            members: list[Json] = []
            for member in store.current_members(change.session, project_id):
                member.ended_by, member.ended_at = actor.person_id, now
                members.append(member.person_id)
            self._tell_members(change, project, "project.closed")
            return self._changed(change, actor, row, "project.closed", grants=grants, members=members)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _check_ordered(self, session: Session, row: ProjectRow, before: datetime, until: datetime) -> None:
        """Raise ``NotPossible`` where a project would go on from one end to the next beyond what was ordered."""
        if self.beyond_orders is not None and until > before:
            days = rules.last_date(before), rules.last_date(until)
            rules.check_ordered(self.beyond_orders(session, row.project_id, *days))

    def _move_project(self, row: ProjectRow, state: ProjectState, reason: str) -> None:
        row.state, row.state_since, row.reason, row.reminded_at = state.value, self._record.clock(), reason, None

    def _chase_projects(self, now: datetime) -> int:
        with self._record.read() as session:
            every = store.project_ids(session, states=[ProjectState.ACTIVE, ProjectState.SUSPENDED])
            late = [each for each in every if _overdue(store.project_row(session, each), now)]
        for project_id in late:
            with self._record.change() as change:
                row = store.project_row(change.session, project_id)
                row.reminded_at = now
                change.tell(Event(kind="project.overdue", actor="system:controller", subject=f"project:{project_id}"))
                self._tell(
                    change,
                    self._operators(change.session),
                    kind="project.overdue",
                    subject=f"project:{project_id}",
                )
        return len(late)


def _overdue(row: ProjectRow, now: datetime) -> bool:
    deadline = PROJECT_STATES.deadline(ProjectState(row.state), row.state_since) or row.end + _CLOSE_WITHIN
    reminded = row.reminded_at
    return deadline is not None and now >= deadline and (reminded is None or now >= reminded + _REMIND_EVERY)
