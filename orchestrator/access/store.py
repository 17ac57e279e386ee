"""Queries over applications, projects, memberships and grants."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.database import Base
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .exchange.store import deciders
from .model import ApplicationState, GrantState, ProjectState
from .rows import ApplicationRow, GrantRow, MembershipRow, PartRow, ProjectRow

__all__ = [
    "ApplicationRow",
    "GrantRow",
    "MembershipRow",
    "PartRow",
    "ProjectRow",
    "active_grants",
    "add",
    "application_ids",
    "application_row",
    "current_members",
    "ever_worked",
    "grant_row",
    "grants_of",
    "last_approved_amendment",
    "memberships",
    "open_amendment",
    "part_rows",
    "project_ids",
    "project_row",
    "projects_of",
    "replace_parts",
    "took_part",
    "workers",
]


def add(change: Change, *rows: Base, event: Event) -> None:
    """Keep new rows, with what is recorded of them."""
    change.session.add_all(rows)
    change.tell(event)


def replace_parts(change: Change, application_id: str, rows: list[PartRow], *, event: Event) -> None:
    """Put other parts in place of a draft's."""
    for row in part_rows(change.session, application_id):
        change.session.delete(row)
    change.session.flush()
    add(change, *rows, event=event)


def application_row(session: Session, application_id: str) -> ApplicationRow:
    """Return an application's row or raise ``NotFound``."""
    row = session.get(ApplicationRow, application_id)
    if row is None:
        raise NotFound("There is no such application, or none that you may see.")
    return row


def part_rows(session: Session, application_id: str) -> list[PartRow]:
    """Return an application's parts."""
    query = select(PartRow).where(PartRow.application_id == application_id).order_by(PartRow.custodian_id)
    return list(session.scalars(query))


def application_ids(
    session: Session, *, states: list[ApplicationState] | None = None, custodians: frozenset[str] | None = None
) -> list[str]:
    """Return identifiers of applications, newest first: in some states, or with a part of some custodian."""
    query = select(ApplicationRow.application_id).order_by(ApplicationRow.made_at.desc(), ApplicationRow.application_id)
    if states is not None:
        query = query.where(ApplicationRow.state.in_([state.value for state in states]))
    if custodians is not None:
        parts = select(PartRow.application_id).where(PartRow.custodian_id.in_(sorted(custodians)))
        query = query.where(ApplicationRow.application_id.in_(parts))
    return list(session.scalars(query))


def open_amendment(session: Session, project_id: str) -> ApplicationRow | None:
    """Return the amendment or renewal of a project that is under way."""
    states = [ApplicationState.DRAFT.value, ApplicationState.SUBMITTED.value, ApplicationState.DECIDED.value]
    query = select(ApplicationRow).where(ApplicationRow.amends == project_id, ApplicationRow.state.in_(states))
    return session.scalar(query)


def last_approved_amendment(session: Session, project_id: str) -> ApplicationRow | None:
    """Return the amendment or renewal of a project that was approved last."""
    query = select(ApplicationRow).where(
        ApplicationRow.amends == project_id, ApplicationRow.state == ApplicationState.APPROVED.value
    )
    return session.scalar(query.order_by(ApplicationRow.state_since.desc()).limit(1))


def project_row(session: Session, project_id: str) -> ProjectRow:
    """Return a project's row or raise ``NotFound``."""
    row = session.get(ProjectRow, project_id)
    if row is None:
        raise NotFound("There is no such project, or none that you may see.")
    return row


def project_ids(session: Session, *, states: list[ProjectState] | None = None) -> list[str]:
    """Return projects' identifiers, newest first."""
    query = select(ProjectRow.project_id).order_by(ProjectRow.approved_at.desc(), ProjectRow.project_id)
    if states is not None:
        query = query.where(ProjectRow.state.in_([state.value for state in states]))
    return list(session.scalars(query))


def memberships(session: Session, project_id: str) -> list[MembershipRow]:
    """Return every membership a project ever had, the lead first."""
    query = select(MembershipRow).where(MembershipRow.project_id == project_id)
    return list(session.scalars(query.order_by(MembershipRow.role, MembershipRow.since, MembershipRow.membership_id)))


def current_members(session: Session, project_id: str) -> list[MembershipRow]:
    """Return the memberships that were not ended, the lead first."""
    return [row for row in memberships(session, project_id) if row.ended_at is None]


def ever_worked(session: Session, project_id: str, person_id: str) -> bool:
    """Say whether a person is or was a member."""
    query = select(MembershipRow.membership_id).where(
        MembershipRow.project_id == project_id, MembershipRow.person_id == person_id
    )
    return session.scalar(query.limit(1)) is not None


def projects_of(session: Session, person_id: str) -> list[str]:
    """Return the projects in which a person is or ever was a member, newest first."""
    query = select(ProjectRow.project_id).where(
        ProjectRow.project_id.in_(select(MembershipRow.project_id).where(MembershipRow.person_id == person_id))
    )
    return list(session.scalars(query.order_by(ProjectRow.approved_at.desc(), ProjectRow.project_id)))


def workers(session: Session, project_id: str) -> frozenset[str]:
    """Return everybody who is or ever was a member."""
    return frozenset(row.person_id for row in memberships(session, project_id))


def took_part(session: Session, application_id: str, person_id: str) -> bool:
    """Say whether a person decided a part of an application, or approved or refused it as a whole.

    The amendments of the project that came of it count too, and decisions that were opened again.
    """
    project = session.scalar(select(ProjectRow.project_id).where(ProjectRow.application_id == application_id))
    query = select(ApplicationRow.application_id, ApplicationRow.settled_by).where(
        (ApplicationRow.application_id == application_id)
        | (ApplicationRow.amends.is_not(None) & (ApplicationRow.amends == project))
    )
    for each, settled in session.execute(query):
        decided = {part.decided_by for part in part_rows(session, each)}
        if person_id in {settled, *decided, *deciders(session, each)}:
            return True
    return False


def active_grants(session: Session, version_ids: list[str]) -> list[GrantRow]:
    """Return the active grants on some versions."""
    query = select(GrantRow).where(GrantRow.state == GrantState.ACTIVE.value, GrantRow.version_id.in_(version_ids))
    return list(session.scalars(query.order_by(GrantRow.grant_id)))


def grants_of(session: Session, project_id: str) -> list[GrantRow]:
    """Return every grant a project ever had, oldest first."""
    query = select(GrantRow).where(GrantRow.project_id == project_id)
    return list(session.scalars(query.order_by(GrantRow.granted_at, GrantRow.grant_id)))


def grant_row(session: Session, grant_id: str) -> GrantRow:
    """Return a grant's row or raise ``NotFound``."""
    row = session.get(GrantRow, grant_id)
    if row is None:
        raise NotFound("There is no such grant, or none that you may see.")
    return row
