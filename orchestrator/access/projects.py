"""Projects: approved by an operator, changed by people who do not work in them, stopped by one person at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.clock import iso
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor, Thing

from . import rules, store
from .conditions import last_day
from .grants import Grants
from .model import (
    APPLICATION_STATES,
    GRANT_STATES,
    PROJECT_STATES,
    Application,
    ApplicationState,
    GrantState,
    MemberRole,
    Membership,
    Project,
    ProjectState,
)
from .store import ApplicationRow, GrantRow, MembershipRow, ProjectRow
from .values import to_membership, to_project

__all__ = ["Projects", "project_thing"]

_REMIND_EVERY = timedelta(days=7)
_WIDENING = ("project.extended", "project.resumed", "project.ethics-renewed", "grant.renewed")
"""What is done in favour of a project by people who do not work in it."""
_CLOSE_WITHIN = timedelta(days=30)
"""Until when a project whose last day has passed should be extended or closed; then the operators are told."""


def project_thing(project: Project, *, workers: frozenset[str], now: datetime, person_id: str = "") -> Thing:
    """Return a project as the rules see it; ``person_id`` is whom a change of membership is about.

    ``workers`` is everybody who ever was a member: leaving for a moment makes nobody an outsider.
    """
    leads = (each for each in project.members if each.role is MemberRole.LEAD and not _ran_out(each, now))
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


class Projects(Grants):
    """What becomes of an application, and everything that changes it later."""

    beyond_orders: Callable[[Session, str, date], Sequence[str]] | None = None
    """Returns in sentences who charges a project yearly and has no order up to a new last day (from ``billing``)."""

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

    def extend_project(self, actor: Actor, project_id: str, end: date) -> Project:
        """Move a project's last day, no further than ethics, every agreement and what was ordered each year reach."""
        with self._record.change() as change:
            row, project = self._load_project(change.session, actor, "extendProject", project_id)
            PROJECT_STATES.after(project.state, "extend")
            until = rules.check_extension(project, end, self._record.clock())
            self._check_ordered(change.session, row, until)
            row.end = until
            row.reminded_at = None
            return self._changed(change, actor, row, "project.extended", end=iso(row.end))

    def renew_ethics(self, actor: Actor, project_id: str, reference: str, until: date) -> Project:
        """Record a renewed ethics approval of a project."""
        with self._record.change() as change:
            row, project = self._load_project(change.session, actor, "renewEthics", project_id)
            _must_be_open(project)
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

    def add_member(
        self,
        actor: Actor,
        project_id: str,
        person_id: str,
        *,
        role: MemberRole = MemberRole.RESEARCHER,
        until: date | None = None,
    ) -> Membership:
        """Add a person to a project; an operator who is not a member does it."""
        with self._record.change() as change:
            row, project = self._load_project(change.session, actor, "addMember", project_id, person_id=person_id)
            _must_be_open(project)
            if not self._knows(change.session, person_id):
                raise Invalid("This person is not registered here; register the person first.", field="person")
            self._check_outsider(change.session, project, person_id)
            self._end_run_out(change, actor, project)
            members = [member for member in project.members if not _ran_out(member, self._now())]
            if any(member.person_id == person_id for member in members):
                raise NotPossible("This person is a member already.")
            if role is MemberRole.LEAD and any(member.role is MemberRole.LEAD for member in members):
                raise NotPossible("The project has a lead; end that membership first.")
            member = MembershipRow(
                membership_id=new_id(),
                project_id=project_id,
                person_id=person_id,
                role=role.value,
                since=self._record.clock(),
                until=_membership_end(until, row, self._record.clock()),
            )
            store.add(change, member, event=_about(row, actor, "member.added", person=person_id, role=role.value))
            self._tell(change, [person_id], kind="member.added", subject=f"project:{project_id}")
            return to_membership(member)

    def end_member(self, actor: Actor, project_id: str, person_id: str) -> Membership:
        """End a person's membership at once: by an operator, the lead, or the person."""
        with self._record.change() as change:
            row, _ = self._load_project(change.session, actor, "endMember", project_id, person_id=person_id)
            current = store.current_members(change.session, project_id)
            member = next((each for each in current if each.person_id == person_id), None)
            if member is None:
                raise NotFound("This person is not a member of the project; look at its members.")
            member.ended_at, member.ended_by = self._record.clock(), actor.person_id
            change.tell(_about(row, actor, "member.ended", person=person_id))
            self._tell(change, [person_id], kind="member.ended", subject=f"project:{project_id}")
            return to_membership(member)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _check_ordered(self, session: Session, row: ProjectRow, until: datetime) -> None:
        """Raise ``NotPossible`` where a project would go on beyond what was ordered; ``until`` is its new end."""
        if self.beyond_orders is not None and until > row.end:
            rules.check_ordered(self.beyond_orders(session, row.project_id, rules.last_date(until)))

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

    def _check_outsider(self, session: Session, project: Project, person_id: str) -> None:
        """Raise ``NotPossible`` for whoever decided something in favour of the project: such a person never joins."""
        if store.took_part(session, project.application_id, person_id):
            raise NotPossible(
                "This person decided on the project for a custodian or approved it, and so does not work in it."
            )
        subjects = [f"project:{project.project_id}", *(f"grant:{grant.grant_id}" for grant in project.grants)]
        if person_id in self._actors(session, _WIDENING, subjects):
            raise NotPossible(
                "This person extended, resumed or renewed something of the project, and so does not work in it."
            )

    def _end_run_out(self, change: Change, actor: Actor, project: Project) -> None:
        """End the memberships whose last day has passed, so that these people can be added again."""
        late = {member.membership_id: member for member in project.members if _ran_out(member, self._now())}
        for row in store.current_members(change.session, project.project_id):
            if row.membership_id in late:
                row.ended_at, row.ended_by = row.until, actor.person_id
                event = Event(
                    kind="member.ran-out",
                    actor=actor.person_id,
                    subject=f"project:{project.project_id}",
                    details={"person": row.person_id},
                )
                change.tell(event)
        change.session.flush()

    def _move_project(self, row: ProjectRow, state: ProjectState, reason: str) -> None:
        row.state, row.state_since, row.reason, row.reminded_at = state.value, self._record.clock(), reason, None

    def _changed(self, change: Change, actor: Actor, row: ProjectRow, kind: str, **details: Json) -> Project:
        change.tell(_about(row, actor, kind, state=row.state, **details))
        change.session.flush()
        return to_project(change.session, row)

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


def _membership_end(until: date | None, row: ProjectRow, now: datetime) -> datetime | None:
    if until is None:
        return None
    end = rules.check_later_day(until, than=now, now=now, field="until")
    if end > row.end:
        raise Invalid(f"The project's last day is {last_day(row.end)}; give that day or an earlier one.", field="until")
    return end


def _ran_out(member: Membership, now: datetime) -> bool:
    return member.until is not None and member.until <= now


def _must_be_open(project: Project) -> None:
    if project.state is ProjectState.CLOSED:
        raise NotPossible("This project is closed; apply for a new one.")


def _overdue(row: ProjectRow, now: datetime) -> bool:
    deadline = PROJECT_STATES.deadline(ProjectState(row.state), row.state_since) or row.end + _CLOSE_WITHIN
    reminded = row.reminded_at
    return deadline is not None and now >= deadline and (reminded is None or now >= reminded + _REMIND_EVERY)


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


def _about(row: ProjectRow, actor: Actor, kind: str, **details: Json) -> Event:
    return Event(kind=kind, actor=actor.person_id, subject=f"project:{row.project_id}", details=details)
