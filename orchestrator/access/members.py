"""Members of projects: added by operators, ended by operators, the lead or the person; deciders never join."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.clock import last_day_in_words
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import rules, store
from .approving import Approving
from .model import MemberRole, Membership, Project
from .project_ground import about, must_be_open, ran_out
from .store import MembershipRow, ProjectRow
from .values import to_membership

__all__ = ["Members"]

_WIDENING = ("project.extended", "project.resumed", "project.ethics-renewed", "grant.renewed")
"""What is done in favour of a project by people who do not work in it."""


class Members(Approving):
    """Who works in a project, and until when."""

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
            must_be_open(project)
            if not self._knows(change.session, person_id):
                raise Invalid("This person is not registered here; register the person first.", field="person")
            self._check_outsider(change.session, project, person_id)
            self._end_run_out(change, actor, project)
            members = [member for member in project.members if not ran_out(member, self._now())]
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
            store.add(change, member, event=about(row, actor, "member.added", person=person_id, role=role.value))
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
            change.tell(about(row, actor, "member.ended", person=person_id))
            self._tell(change, [person_id], kind="member.ended", subject=f"project:{project_id}")
            return to_membership(member)

    # ---- inside -------------------------------------------------------------------------------------------------

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
        late = {member.membership_id: member for member in project.members if ran_out(member, self._now())}
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


def _membership_end(until: date | None, row: ProjectRow, now: datetime) -> datetime | None:
    if until is None:
        return None
    end = rules.check_later_day(until, than=now, now=now, field="until")
    if end > row.end:
        raise Invalid(
            f"The project's last day is {last_day_in_words(row.end)}; give that day or an earlier one.", field="until"
        )
    return end
