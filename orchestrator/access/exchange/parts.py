"""What every exchange about one custodian's part begins with: find it, or tell of nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Json
from orchestrator.policy.model import Actor, Thing

from .. import rules
from .. import store as applications
from ..applications import application_event
from ..decisions import Decisions
from ..forms.model import Sheet
from ..forms.repeating import spread
from ..forms.sheets import answered, missing
from ..model import Application, CustodianPart
from ..states import ApplicationState, PartState
from ..store import ApplicationRow, PartRow
from ..values import to_application, to_part
from . import store
from .model import FilledSheet
from .reading import asked_once, form_of, open_questions, unfrozen

__all__ = ["Found", "PartExchange"]

_UNSEEN = "There is no such part of an application, or none that you may see."


@dataclass(frozen=True, kw_only=True)
class Found:
    """A part with what it belongs to; ``application`` is whole, so that it never leaves this room as it is."""

    row: ApplicationRow
    held: PartRow
    application: Application
    part: CustodianPart
    thing: Thing


class PartExchange(Decisions):
    """Finds parts for those who may know of them."""

    def _find(self, session: Session, actor: Actor, application_id: str, custodian_id: str) -> Found:
        """Return a submitted part to those who see it: the applicant's side, its officers, operators."""
        application = to_application(session, applications.application_row(session, application_id))
        self._must_see(self._current(session, actor), application)
        found = self._found(session, application_id, custodian_id)
        seen = self._as_seen(session, actor, application)
        if all(part.custodian_id != custodian_id for part in seen.parts):
            raise NotFound(_UNSEEN)
        return found

    def _found(self, session: Session, application_id: str, custodian_id: str) -> Found:
        row = applications.application_row(session, application_id)
        held = session.get(PartRow, (application_id, custodian_id))
        if held is None:
            raise NotFound(_UNSEEN)
        application, part = to_application(session, row), to_part(held)
        thing = self._part_thing(session, application, part)
        return Found(row=row, held=held, application=application, part=part, thing=thing)

    def _part_thing(self, session: Session, application: Application, part: CustodianPart) -> Thing:
        form = form_of(session, part)
        panel = store.panel_of(session, part.custodian_id) if form is not None and form.panel else []
        return Thing(
            kind="RequestPart",
            id=f"{application.application_id}-{part.custodian_id}",
            attributes={
                "applicant": application.applicant_id,
                "members": application.people,
                "custodian": part.custodian_id,
                "reviewers": frozenset(each.person_id for each in panel),
            },
        )

    def _filled(
        self,
        session: Session,
        application: Application,
        *,
        custodians: frozenset[str] | None,
        own: bool,
        more: str = "",
    ) -> FilledSheet:
        """Return the sheet with answers: all of it, or what these custodians asked. ``own``: whoever writes it.

        Others read no answer to a question that is not asked any more because another one was answered otherwise.
        ``more`` is a question of those that are wanted for one more person.
        """
        given = store.answers_up_to(session, application.application_id, unfrozen(application, own=own))
        once = asked_once(session, application)
        whole = spread(once, given, more=more)
        sheet = whole if custodians is None else spread(_cut(once, custodians), given)
        asked = {each.question.question_id for each in sheet.asked}
        first = store.answers_up_to(session, application.application_id, 1)
        answers = given if own else answered(sheet, given)
        first = first if own else answered(sheet, first)
        shown = application if custodians is None else rules.seen_by_officer(application, custodians)
        return FilledSheet(
            application=shown,
            sheet=sheet,
            answers={key: value for key, value in answers.items() if key in asked},
            missing=tuple(each.question.question_id for each in missing(sheet, answers)) if own else (),
            open=open_questions(session, application, whole) if own else frozenset(),
            changed=frozenset(
                key for key in asked if application.revision and (answers.get(key) or "") != (first.get(key) or "")
            ),
            revision=shown.revision,
        )

    def _reopen(self, change: Change, actor: Actor, row: ApplicationRow, part: PartRow, content: str) -> None:
        """Put an approved part before its custodian anew: what it approved reads otherwise now."""
        self._step(change, part, "reopen", by=actor.person_id, content=content)
        part.decided_by = part.decided_at = part.agreement_until = part.terms_version = None
        part.reason = ""
        details: dict[str, Json] = {"custodian": part.custodian_id, "content": content}
        change.tell(application_event("application.part-reopened", "system:rules", row, **details))
        self._tell_officers(change, row, part.custodian_id, "application.reopened")

    def _tell_officers(self, change: Change, row: ApplicationRow, custodian_id: str, kind: str) -> None:
        """Notify a custodian's officers who are not concerned themselves."""
        self._tell(
            change,
            self._officers(change.session, custodian_id),
            kind=kind,
            subject=f"application:{row.application_id}",
            apart_from=[row.applicant_id, *row.members],
        )

    def _tell_other_side(self, change: Change, found: Found, actor: Actor, kind: str) -> None:
        """Notify the officers of what the applicant did, and the applicant of what an officer did."""
        if actor.person_id == found.row.applicant_id:
            self._tell_officers(change, found.row, found.held.custodian_id, kind)
            return
        subject = f"application:{found.row.application_id}"
        self._tell(change, [found.row.applicant_id], kind=kind, subject=subject)

    def _parts_now(self, session: Session, application_id: str) -> list[CustodianPart]:
        return [to_part(each) for each in applications.part_rows(session, application_id)]

    @staticmethod
    def _must_run(application: Application) -> None:
        if application.state is not ApplicationState.SUBMITTED:
            raise NotPossible(
                f"This application is {application.state.value}; what custodians and applicants say to one another "
                "belongs to one that is being decided."
            )

    @staticmethod
    def _must_be(part: CustodianPart, *states: PartState) -> None:
        if part.state not in states:
            raise NotPossible(f"This custodian's part is {part.state.value}, so there is nothing to change in it now.")


def _cut(sheet: Sheet, custodians: frozenset[str]) -> Sheet:
    """Return what some custodians asked, without a word about the others."""
    kept = []
    for each in sheet.asked:
        own = custodians & set(each.custodians)
        if own:
            kept.append(
                replace(
                    each,
                    custodians=tuple(sorted(own)),
                    required_by=tuple(key for key in each.required_by if key in own),
                    guidance={key: words for key, words in each.guidance.items() if key in own},
                )
            )
    return Sheet(asked=tuple(kept))
