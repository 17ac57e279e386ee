"""Amendments and renewals of running projects: asked and decided like any application, applied to the project.

Until an operator approves one, the project goes on exactly as it was; what a custodian refuses stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.clock import iso
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import rules, store
from .applications import application_event, write_answers
from .model import (
    APPLICATION_STATES,
    GRANT_STATES,
    Answers,
    Application,
    ApplicationKind,
    CustodianPart,
    GrantState,
    MemberRole,
    PartState,
    Project,
    ProjectState,
)
from .naming import Naming
from .store import ApplicationRow, GrantRow, MembershipRow, ProjectRow
from .uses import store as purposes
from .values import to_application, to_project

__all__ = ["Amendments"]

_WORDS = ("title", "lay_summary", "purpose", "organisation")
"""What a custodian agreed to: a change of it needs every custodian whose data the project holds."""


class Amendments(Naming):
    """Changes of a project that its custodians decide anew."""

    def amend(
        self,
        actor: Actor,
        project_id: str,
        answers: Answers,
        *,
        kind: ApplicationKind = ApplicationKind.AMENDMENT,
        dataset_ids: Sequence[str] = (),
        justifications: Mapping[str, str] | None = None,
    ) -> Application:
        """Begin an amendment or renewal: every dataset granted now is asked for again, with those of ``dataset_ids``.

        Answers of the application that the project came from are taken over where they are asked again.
        """
        if kind is ApplicationKind.NEW:
            raise Invalid("A running project is amended or renewed.", field="kind")
        with self._record.change() as change:
            _, project = self._load_project(change.session, actor, "draftAmendment", project_id)
            if project.state is ProjectState.CLOSED:
                raise NotPossible("This project is closed; apply for a new one.")
            self._must_be_alone(change.session, project_id)
            kept = self._checked(change.session, actor.person_id, answers)
            now = self._now()
            row = ApplicationRow(
                application_id=new_id(),
                applicant_id=actor.person_id,
                state=APPLICATION_STATES.start.value,
                state_since=now,
                made_at=now,
                kind=kind.value,
                amends=project_id,
            )
            write_answers(row, kept)
            change.session.add(row)
            change.session.flush()
            wanted = self._with_granted(change.session, row, dataset_ids)
            parts = self._parts(change.session, row.application_id, row.applicant_id, wanted, justifications or {})
            event = application_event("application.drafted", actor.person_id, row, asks=kind.value, project=project_id)
            store.add(change, *parts, event=event)
            change.session.flush()
            return to_application(change.session, row)

    def answers_of(self, actor: Actor, project_id: str) -> Answers:
        """Return what a project says of itself now, as the beginning of an amendment."""
        with self._record.read() as session:
            current = self._current(session, actor)
            row = store.project_row(session, project_id)
            project = to_project(session, row)
            self._must_see_project(session, current, project)
            self._check(session, actor, "draftAmendment", self._thing(session, project))
            first = to_application(session, store.application_row(session, row.application_id))
            return Answers(
                title=project.title,
                lay_summary=project.lay_summary,
                purpose=self._purpose(session, row) or first.answers.purpose,
                organisation=project.organisation,
                ethics_reference=project.ethics_reference,
                ethics_until=rules.last_date(project.ethics_until),
                start=project.start.date(),
                end=rules.last_date(project.end),
                members=tuple(each.person_id for each in project.members if each.person_id != actor.person_id),
            )

    def approve_project(self, actor: Actor, application_id: str, *, read: str) -> Project:
        """Make the project of a decided application, or change the running one that it amends; ``read`` as there."""
        with self._record.read() as session:
            amends = store.application_row(session, application_id).amends
        if amends is None:
            return super().approve_project(actor, application_id, read=read)
        with self._record.change() as change:
            row, application = self._load(change.session, actor, "approveProject", application_id)
            project = store.project_row(change.session, amends)
            state = APPLICATION_STATES.after(application.state, "approve")
            rules.check_read(read, self._reads_whole(change.session, application))
            self._check_applicable(change.session, application, project)
            self._move(row, state)
            row.settled_by = actor.person_id
            before = project.end
            changed = self._apply(change, actor, application, project)
            self._check_ordered(change.session, project, before, project.end)
            return changed

    # ---- inside -------------------------------------------------------------------------------------------------

    def _must_be_alone(self, session: Session, project_id: str) -> None:
        if store.open_amendment(session, project_id) is not None:
            raise NotPossible(
                "An amendment or renewal of this project is under way; finish or withdraw it before the next one."
            )

    def _purpose(self, session: Session, project: ProjectRow) -> str:
        """Return the purpose that was approved last."""
        amended = store.last_approved_amendment(session, project.project_id)
        return amended.purpose if amended else ""

    def _check_applicable(self, session: Session, application: Application, project: ProjectRow) -> None:
        """Raise ``NotPossible`` where the change would touch what a custodian agreed to and refused to change."""
        if project.state == ProjectState.CLOSED:
            raise NotPossible("The project was closed meanwhile; refuse the change.")
        refused = [part for part in application.parts if part.state is not PartState.APPROVED]
        holding = {grant.custodian_id for grant in store.grants_of(session, project.project_id) if _active(grant)}
        against = [part.custodian_id for part in refused if part.custodian_id in holding]
        if against and self._other_words(session, application, project):
            name = self._alliance.custodian(against[0]).name
            raise NotPossible(
                f"{name} did not agree, and its data would be used for a purpose it never agreed to. Refuse "
                "the change, or have its grants withdrawn first."
            )
        now = self._now()
        if min(rules.end_of(application.answers.end), rules.end_of(application.answers.ethics_until)) <= now:
            raise NotPossible("The new last day, or that of the ethics approval, has passed meanwhile; refuse it.")

    def _other_words(self, session: Session, application: Application, project: ProjectRow) -> bool:
        first = store.application_row(session, project.application_id)
        purpose = self._purpose(session, project) or first.purpose
        before = {"title": project.title, "lay_summary": project.lay_summary, "organisation": project.organisation}
        before["purpose"] = purpose
        declared = purposes.newest(session, application.application_id)
        agreed = purposes.of_project(session, project)
        if declared is not None and (agreed is None or declared.purpose != agreed.purpose):
            return True
        return any(getattr(application.answers, name) != before[name] for name in _WORDS)

    def _apply(self, change: Change, actor: Actor, application: Application, project: ProjectRow) -> Project:
        answers, now = application.answers, self._now()
        project.title, project.lay_summary = answers.title, answers.lay_summary
        project.organisation, project.ethics_reference = answers.organisation, answers.ethics_reference
        project.ethics_until, project.end = rules.end_of(answers.ethics_until), rules.end_of(answers.end)
        project.reminded_at = None
        granted: list[Json] = []
        for part in rules.approved_parts(application.parts):
            granted += self._grant_anew(change.session, part, project, now)
        joined = self._join(change.session, application, project, now)
        change.session.add_all(joined)
        change.session.flush()
        people: list[Json] = [each.person_id for each in joined]
        event = application_event("application.approved", actor.person_id, _row(change.session, application))
        change.tell(event)
        change.tell(_amended(actor, application, project, granted, people))
        changed = to_project(change.session, project)
        self._tell_members(change, changed, "project.amended")
        return changed

    def _grant_anew(self, session: Session, part: CustodianPart, project: ProjectRow, now: datetime) -> list[Json]:
        """Move the agreement of what a custodian granted before, and grant what is new; versions stay as they are."""
        if part.agreement_until is None or part.agreement_until <= now:
            raise NotPossible("An agreement has ended meanwhile; refuse the change and ask for a new one.")
        held = {grant.dataset_id: grant for grant in store.grants_of(session, project.project_id) if _active(grant)}
        told: list[Json] = []
        for dataset_id in part.dataset_ids:
            grant = held.get(dataset_id)
            if grant is None:
                grant = GrantRow(
                    grant_id=new_id(),
                    project_id=project.project_id,
                    dataset_id=dataset_id,
                    version_id=self._current_version(session, dataset_id).version_id,
                    custodian_id=part.custodian_id,
                    state=GRANT_STATES.start.value,
                    granted_at=now,
                    reason="",
                )
                session.add(grant)
            grant.agreement_until = part.agreement_until
            told.append(
                {
                    "grant": grant.grant_id,
                    "custodian": part.custodian_id,
                    "dataset": dataset_id,
                    "version": grant.version_id,
                    "agreement_until": iso(part.agreement_until),
                    "new": dataset_id not in held,
                }
            )
        return told

    def _join(self, session: Session, application: Application, row: ProjectRow, now: datetime) -> list[MembershipRow]:
        """Return memberships of people whom the amendment adds; nobody leaves by it."""
        project = to_project(session, row)
        here = {member.person_id for member in project.members}
        new = [each for each in application.answers.members if each not in here]
        for person_id in new:
            self._check_outsider(session, project, person_id)
        return [
            MembershipRow(
                membership_id=new_id(),
                project_id=row.project_id,
                person_id=person_id,
                role=MemberRole.RESEARCHER.value,
                since=now,
            )
            for person_id in new
        ]


def _active(grant: GrantRow) -> bool:
    return grant.state == GrantState.ACTIVE


def _row(session: Session, application: Application) -> ApplicationRow:
    return store.application_row(session, application.application_id)


def _amended(
    actor: Actor, application: Application, project: ProjectRow, granted: list[Json], people: list[Json]
) -> Event:
    refused: list[Json] = [part.custodian_id for part in application.parts if part.state is not PartState.APPROVED]
    return Event(
        kind="project.renewed" if application.kind is ApplicationKind.RENEWAL else "project.amended",
        actor=actor.person_id,
        subject=f"project:{project.project_id}",
        details={
            "application": application.application_id,
            "end": iso(project.end),
            "grants": granted,
            "members": people,
            "not_agreed": refused,
        },
    )
