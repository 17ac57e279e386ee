"""What every act on a project begins with: the project, who may see it, and what is told of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.policy.model import Actor, Thing

from . import store
from .grants import Grants
from .model import MemberRole, Membership, Project, ProjectState
from .store import ProjectRow
from .values import to_project

__all__ = ["ProjectGround", "about", "must_be_open", "project_thing", "ran_out"]


def project_thing(project: Project, *, workers: frozenset[str], now: datetime, person_id: str = "") -> Thing:
    """Return a project as the rules see it; ``person_id`` is whom a change of membership is about.

    ``workers`` is everybody who ever was a member: leaving for a moment makes nobody an outsider.
    """
    leads = (each for each in project.members if each.role is MemberRole.LEAD and not ran_out(each, now))
    lead = next((member.person_id for member in leads), "")
    return Thing(
        kind="Project",
        id=project.project_id,
        attributes={
            "lead": lead,
            "members": frozenset(member.person_id for member in project.members),
            "workers": workers,
            "custodians": frozenset(grant.custodian_id for grant in project.grants),
            "person": person_id,
        },
    )


class ProjectGround(Grants):
    """Loads projects for those who may see them; who may not is told of nothing."""

    def _load_project(
        self, session: Session, actor: Actor, action: str, project_id: str, *, person_id: str = ""
    ) -> tuple[ProjectRow, Project]:
        """Return a project that the actor may see and do ``action`` to; who may not see it is told of nothing."""
        row = store.project_row(session, project_id)
        project = to_project(session, row)
        self._must_see_project(session, self._current(session, actor), project)
        self._check(session, actor, action, self._thing(session, project, person_id=person_id))
        return row, project

    def _thing(self, session: Session, project: Project, *, person_id: str = "") -> Thing:
        workers = store.workers(session, project.project_id)
        return project_thing(project, workers=workers, now=self._now(), person_id=person_id)

    def _may_see_project(self, session: Session, current: Actor, project: Project) -> bool:
        return self._policy.may(current, "showProject", self._thing(session, project))

    def _must_see_project(self, session: Session, current: Actor, project: Project) -> None:
        if not self._may_see_project(session, current, project):
            raise NotFound("There is no such project, or none that you may see.")

    def _changed(self, change: Change, actor: Actor, row: ProjectRow, kind: str, **details: Json) -> Project:
        change.tell(about(row, actor, kind, state=row.state, **details))
        change.session.flush()
        return to_project(change.session, row)


def ran_out(member: Membership, now: datetime) -> bool:
    """Whether the last day of a membership has passed."""
    return member.until is not None and member.until <= now


def must_be_open(project: Project) -> None:
    """Raise ``NotPossible`` for a project that ended for ever."""
    if project.state is ProjectState.CLOSED:
        raise NotPossible("This project is closed; apply for a new one.")


def about(row: ProjectRow, actor: Actor, kind: str, **details: Json) -> Event:
    """Return the event of an act on a project."""
    return Event(kind=kind, actor=actor.person_id, subject=f"project:{row.project_id}", details=details)
