"""Applications, projects, memberships and grants as plain values, made of their rows."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from .exchange.store import deciders
from .model import (
    APPLICATION_STATES,
    Answers,
    Application,
    ApplicationKind,
    ApplicationState,
    CustodianPart,
    Grant,
    GrantState,
    MemberRole,
    Membership,
    PartState,
    Project,
    ProjectState,
)
from .rows import ApplicationRow, GrantRow, MembershipRow, PartRow, ProjectRow
from .rules import parts_due
from .store import current_members, grants_of, part_rows, workers

__all__ = ["as_project", "to_application", "to_grant", "to_membership", "to_part", "to_project"]


def to_part(row: PartRow) -> CustodianPart:
    """Return a row as a plain value."""
    return CustodianPart(
        custodian_id=row.custodian_id,
        dataset_ids=tuple(row.dataset_ids),
        justification=row.justification,
        state=PartState(row.state),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        agreement_until=row.agreement_until,
        terms_version=row.terms_version,
        form_version=row.form_version,
        due_at=row.due_at,
    )


def to_application(session: Session, row: ApplicationRow) -> Application:
    """Return a row with its parts as a plain value, whole."""
    state = ApplicationState(row.state)
    parts = tuple(to_part(part) for part in part_rows(session, row.application_id))
    return Application(
        application_id=row.application_id,
        applicant_id=row.applicant_id,
        answers=Answers(
            title=row.title,
            lay_summary=row.lay_summary,
            purpose=row.purpose,
            organisation=row.organisation,
            ethics_reference=row.ethics_reference,
            ethics_until=row.ethics_until,
            start=row.start,
            end=row.end,
            members=tuple(row.members),
        ),
        state=state,
        state_since=row.state_since,
        parts=parts,
        reason=row.reason,
        project_id=_project_of(session, row),
        deadline=parts_due(state, parts) or APPLICATION_STATES.deadline(state, row.state_since),
        kind=ApplicationKind(row.kind),
        amends=row.amends,
        workers=workers(session, row.amends) if row.amends else frozenset(),
        deciders=frozenset(deciders(session, row.application_id)),
        revision=row.revision,
    )


def _project_of(session: Session, row: ApplicationRow) -> str | None:
    """Return the project that came of an application; for an amendment, the one that it changed."""
    if row.amends is not None:
        return row.amends if row.state == ApplicationState.APPROVED else None
    return session.scalar(select(ProjectRow.project_id).where(ProjectRow.application_id == row.application_id))


def to_membership(row: MembershipRow) -> Membership:
    """Return a row as a plain value."""
    return Membership(
        membership_id=row.membership_id,
        project_id=row.project_id,
        person_id=row.person_id,
        role=MemberRole(row.role),
        since=row.since,
        until=row.ended_at if row.ended_at is not None else row.until,
    )


def to_grant(row: GrantRow) -> Grant:
    """Return a row as a plain value."""
    return Grant(
        grant_id=row.grant_id,
        project_id=row.project_id,
        dataset_id=row.dataset_id,
        version_id=row.version_id,
        custodian_id=row.custodian_id,
        agreement_until=row.agreement_until,
        state=GrantState(row.state),
        granted_at=row.granted_at,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
        reason=row.reason,
    )


def to_project(session: Session, row: ProjectRow) -> Project:
    """Return a row with current members and every grant as a plain value."""
    return as_project(row, current_members(session, row.project_id), grants_of(session, row.project_id))


def as_project(row: ProjectRow, members: Iterable[MembershipRow], grants: Iterable[GrantRow]) -> Project:
    """Return a row with these current members and grants as a plain value."""
    return Project(
        project_id=row.project_id,
        application_id=row.application_id,
        title=row.title,
        lay_summary=row.lay_summary,
        organisation=row.organisation,
        ethics_reference=row.ethics_reference,
        ethics_until=row.ethics_until,
        start=row.start,
        end=row.end,
        state=ProjectState(row.state),
        state_since=row.state_since,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        reason=row.reason,
        members=tuple(to_membership(member) for member in members),
        grants=tuple(to_grant(grant) for grant in grants),
    )
