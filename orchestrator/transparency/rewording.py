"""Before publication: what an application will say in public, and the other words that a custodian wants there."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.applications import application_thing
from orchestrator.access.model import Application
from orchestrator.access.rules import check_reason
from orchestrator.access.states import ApplicationState, PartState
from orchestrator.access.values import to_application
from orchestrator.alliance.counts import smallest_count
from orchestrator.audit.record import Change
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.events import Event, Notice
from orchestrator.core.register_fields import FIELDS
from orchestrator.core.register_values import check_value
from orchestrator.core.small_counts import protected
from orchestrator.discovery import store as catalogue
from orchestrator.policy.model import Actor

from . import store
from .looking import Looking
from .model import Plan, PlannedField
from .planning import Planned, Reworded, digest, settled
from .publishing import names_of, plan_of

__all__ = ["Rewording"]

_UNSEEN = "There is no such application, or none that you may see."
_RUNNING = (ApplicationState.SUBMITTED, ApplicationState.DECIDED)
_STANDING = (PartState.WAITING, PartState.RETURNED, PartState.APPROVED)


class Rewording(Looking):
    """For the applicant's side, each custodian's officers and operators, while an application is under way."""

    def plan(self, actor: Actor, application_id: str) -> Plan:
        """Return what the register will say once this is approved, as far as this person may see it."""
        with self._record.read() as session:
            application = self._readable(session, actor, application_id)
            return self._plan(session, self.as_now(session, actor), application)

    def reword(
        self, actor: Actor, application_id: str, custodian_id: str, key: str, *, words: str, reason: str
    ) -> Plan:
        """Put other words in the place of an answer that will be public; the applicant is told, with the reason.

        They count for this custodian's approval only, and only while the applicant's answer stays as it is. The
        applicant's own words, given again, take an earlier rewording back.
        """
        with self._record.change() as change:
            session = change.session
            application = self._readable(session, actor, application_id)
            self._check(session, actor, "rewordForRegister", application_thing(application, custodian_id=custodian_id))
            _check_open(application, custodian_id)
            line = _line(plan_of(session, application, [custodian_id], own=False), key)
            minimum = smallest_count(session, [part.custodian_id for part in application.parts])
            reworded = Reworded(
                application_id=application_id,
                custodian_id=custodian_id,
                key=key,
                of_sha256=digest(line.words),
                words=_checked(line, words, minimum),
                reason=check_reason(reason),
                by=actor.person_id,
                at=self._now(),
            )
            _keep(change, application, reworded)
            return self._plan(session, self.as_now(session, actor), application)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _readable(self, session: Session, actor: Actor, application_id: str) -> Application:
        application = to_application(session, access.application_row(session, application_id))
        if not self._policy.may(self.as_now(session, actor), "showApplication", application_thing(application)):
            raise NotFound(_UNSEEN)
        return application

    def _plan(self, session: Session, current: Actor, application: Application) -> Plan:
        own = current.person_id in {application.applicant_id, *application.answers.members}
        whole = own or "operator" in current.roles
        parts = [each for each in application.parts if whole or each.custodian_id in current.custodians]
        names = names_of(session, [each.custodian_id for each in parts if each.state in (PartState.DRAFT, *_STANDING)])
        minimum = smallest_count(session, [each.custodian_id for each in application.parts])
        reworded = [
            each for each in store.rewordings(session, application.application_id) if each.custodian_id in names
        ]
        fields = [_field(each, reworded, names, minimum) for each in plan_of(session, application, names, own=own)]
        datasets = [dataset for part in parts if part.custodian_id in names for dataset in part.dataset_ids]
        recorded = _recorded(session, application, datasets)
        filled = {each.planned.key for each in fields} | recorded.keys()
        return Plan(
            application_id=application.application_id,
            title=application.answers.title,
            names=names,
            fields=tuple(fields),
            recorded={key: protected(words, minimum=minimum) for key, words in recorded.items()},
            lacking=tuple(each for each in FIELDS if each.recommended and each.key not in filled),
            rewordable=tuple(
                part.custodian_id
                for part in parts
                if part.custodian_id in current.custodians
                and not own
                and application.state in _RUNNING
                and part.state in _STANDING
            ),
        )


def _field(planned: Planned, reworded: Sequence[Reworded], names: dict[str, str], minimum: int) -> PlannedField:
    result = settled(planned, reworded, names)
    return PlannedField(
        planned=planned,
        shown=protected(result.words, minimum=minimum),
        reworded_by=result.reworded_by,
        rewordings=tuple(
            each for each in reworded if each.key == planned.key and each.custodian_id in planned.asked_by
        ),
    )


def _recorded(session: Session, application: Application, datasets: Sequence[str]) -> dict[str, str]:
    """Return what the record itself will write, besides the days on which things happen."""
    said = application.answers
    titles = {row.title for row in (session.get(catalogue.DatasetRow, each) for each in datasets) if row is not None}
    return {
        "organisation_name": said.organisation,
        "title": said.title,
        "lay_summary": said.lay_summary,
        "other_approvals": said.ethics_reference,
        "start": said.start.isoformat(),
        "end": said.end.isoformat(),
        "latest_approval": "the day of the approval",
        "datasets": ", ".join(sorted(titles)),
        "access_type": "TRE",
    }


def _check_open(application: Application, custodian_id: str) -> None:
    part = next((each for each in application.parts if each.custodian_id == custodian_id), None)
    if part is None:
        raise NotFound(_UNSEEN)
    if application.state not in _RUNNING or part.state not in _STANDING:
        raise NotPossible(
            "Words are changed between handing in and approval only. Of a running project, its lead and each "
            "custodian state what the register says."
        )


def _line(planned: Sequence[Planned], key: str) -> Planned:
    for each in planned:
        if each.key == key:
            if each.field.personal:
                raise Invalid("It names a person, who alone says it; ask the applicant to change it.", field="field")
            return each
    there = ", ".join(each.key for each in planned if not each.field.personal) or "none"
    raise Invalid(f"No answer to your questions fills “{key[:40]}”. Those that are filled: {there}.", field="field")


def _checked(line: Planned, words: str, minimum: int) -> str:
    try:
        kept = check_value(line.field, words, minimum=minimum)
    except Invalid as problem:
        raise Invalid(problem.message, field="words") from problem
    if not kept:
        raise Invalid(f"Write what “{line.field.title}” shall say instead.", field="words")
    return kept


def _keep(change: Change, application: Application, reworded: Reworded) -> None:
    subject = f"application:{reworded.application_id}"
    details = {"custodian": reworded.custodian_id, "field": reworded.key, "sha256": digest(reworded.words)}
    event = Event(kind="application.reworded", actor=reworded.by, subject=subject, details={**details})
    store.add_rewording(change, reworded, event=event)
    change.notify(Notice(person=application.applicant_id, kind=event.kind, subject=subject))
