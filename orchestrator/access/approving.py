"""Approval: a decided application becomes a project, with members and the grants that were approved."""

from __future__ import annotations

from sqlalchemy.orm import Session

from orchestrator.core.clock import iso
from orchestrator.core.errors import NotPossible
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import rules, store
from .model import (
    APPLICATION_STATES,
    GRANT_STATES,
    PROJECT_STATES,
    Application,
    ApplicationState,
    MemberRole,
    Project,
)
from .project_ground import ProjectGround
from .store import ApplicationRow, GrantRow, MembershipRow, ProjectRow
from .values import to_project

__all__ = ["Approving"]


class Approving(ProjectGround):
    """The operator's approval, the last of several people's."""

    def approve_project(self, actor: Actor, application_id: str, *, read: str) -> Project:
        """Make the project of a decided application, with the approved parts only.

        ``read`` is the whole of what ``readings`` gave when the operator began to read.
        """
        with self._record.change() as change:
            row, application = self._load(change.session, actor, "approveProject", application_id)
            state = APPLICATION_STATES.after(application.state, "approve")
            rules.check_read(read, self._reads_whole(change.session, application))
            self._move(row, state)
            row.settled_by = actor.person_id
            project = self._project_of(row, actor)
            change.session.add(project)
            change.session.flush()
            grants = self._grants_of(change.session, application, project)
            members = _members_of(application, project)
            change.tell(
                Event(
                    kind="application.approved",
                    actor=actor.person_id,
                    subject=f"application:{application_id}",
                    details={"state": ApplicationState.APPROVED.value, "project": project.project_id},
                )
            )
            store.add(change, *members, *grants, event=_approved(actor, project, members, grants))
            self._tell(
                change,
                [member.person_id for member in members],
                kind="project.approved",
                subject=f"project:{project.project_id}",
            )
            return to_project(change.session, project)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _project_of(self, row: ApplicationRow, actor: Actor) -> ProjectRow:
        now = self._record.clock()
        project = ProjectRow(
            project_id=new_id(),
            application_id=row.application_id,
            applicant_id=row.applicant_id,
            title=row.title,
            lay_summary=row.lay_summary,
            organisation=row.organisation,
            ethics_reference=row.ethics_reference,
            ethics_until=rules.end_of(row.ethics_until),
            start=rules.start_of(row.start),
            end=rules.end_of(row.end),
            state=PROJECT_STATES.start.value,
            state_since=now,
            approved_by=actor.person_id,
            approved_at=now,
            reason="",
        )
        if min(project.end, project.ethics_until) <= now:
            raise NotPossible(
                "The project's or its ethics' last day has passed meanwhile; refuse it and ask for a new one."
            )
        return project

    def _grants_of(self, session: Session, application: Application, project: ProjectRow) -> list[GrantRow]:
        now = self._record.clock()
        grants = []
        for part in rules.approved_parts(application.parts):
            if part.agreement_until is None or part.agreement_until <= now:
                raise NotPossible("An agreement has ended meanwhile; refuse the application and ask for a new one.")
            for dataset_id in part.dataset_ids:
                version = self._current_version(session, dataset_id)
                grants.append(
                    GrantRow(
                        grant_id=new_id(),
                        project_id=project.project_id,
                        dataset_id=dataset_id,
                        version_id=version.version_id,
                        custodian_id=part.custodian_id,
                        agreement_until=part.agreement_until,
                        state=GRANT_STATES.start.value,
                        granted_at=now,
                        reason="",
                    )
                )
        return grants


def _members_of(application: Application, project: ProjectRow) -> list[MembershipRow]:
    people = [(application.applicant_id, MemberRole.LEAD)]
    people += [(person_id, MemberRole.RESEARCHER) for person_id in application.answers.members]
    return [
        MembershipRow(
            membership_id=new_id(),
            project_id=project.project_id,
            person_id=person_id,
            role=role.value,
            since=project.approved_at,
        )
        for person_id, role in people
    ]


def _approved(actor: Actor, project: ProjectRow, members: list[MembershipRow], grants: list[GrantRow]) -> Event:
    return Event(
        kind="project.approved",
        actor=actor.person_id,
        subject=f"project:{project.project_id}",
        details={
            "application": project.application_id,
            "end": iso(project.end),
            "members": [member.person_id for member in members],
            "grants": [
                {
                    "grant": grant.grant_id,
                    "custodian": grant.custodian_id,
                    "dataset": grant.dataset_id,
                    "version": grant.version_id,
                    "agreement_until": iso(grant.agreement_until),
                }
                for grant in grants
            ],
        },
    )
