"""Changes that a custodian asks for: its clock stands still, the applicant answers, others see only the new answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from .. import rules
from .. import store as applications
from ..applications import application_event, write_answers
from ..forms.model import Sheet
from ..forms.repeating import spread
from ..model import Answers, Application
from ..states import PartState
from ..store import ApplicationRow
from ..values import to_application
from . import store
from .model import CHANGEABLE, ChangeRequest
from .parts import Found, PartExchange
from .public import check_public_fields, minimum_of
from .reading import asked_once, below, check_answers, content_of, keep_sheet, sheet_of
from .store import AnswerRow, ChangeRow

__all__ = ["Changing"]

_DAYS = ("ethics_until", "start", "end")


class Changing(PartExchange):
    """Ask for changes, make them, take a part back."""

    def ask_changes(
        self,
        actor: Actor,
        application_id: str,
        custodian_id: str,
        words: str,
        *,
        read: str,
        questions: Collection[str] = (),
        fields: Collection[str] = (),
    ) -> ChangeRequest:
        """Give a part back for changes of these answers and fields; the custodian's clock stands still meanwhile.

        ``read`` is what ``reading`` gave when the officer began to read: what was changed since may need no change.
        """
        with self._record.change() as change:
            found = self._find(change.session, actor, application_id, custodian_id)
            self._check(change.session, actor, "askChanges", found.thing)
            self._must_run(found.application)
            self._must_be(found.part, PartState.WAITING)
            rules.check_read(read, self._content(change.session, found.application, custodian_id))
            asked = sheet_of(change.session, found.application).of(custodian_id)
            _check_wanted(asked, questions, fields)
            row = ChangeRow(
                request_id=new_id(),
                application_id=application_id,
                custodian_id=custodian_id,
                questions=list(dict.fromkeys(questions)),
                fields=list(dict.fromkeys(fields)),
                words=rules.check_reason(words),
                asked_by=actor.person_id,
                asked_at=self._now(),
            )
            change.session.add(row)
            self._step(change, found.held, "return", by=actor.person_id)
            details: dict[str, Json] = {"questions": [*row.questions], "fields": [*row.fields]}
            change.tell(_about(found, actor, "application.changes-asked", request=row.request_id, **details))
            self._tell_other_side(change, found, actor, "application.returned")
            change.session.flush()
            return store.to_change_request(row)

    def change_requests(self, actor: Actor, application_id: str, custodian_id: str) -> list[ChangeRequest]:
        """Return every request for changes of a part, oldest first."""
        with self._record.read() as session:
            self._find(session, actor, application_id, custodian_id)
            return store.change_requests(session, application_id, custodian_id)

    def answer_changes(
        self,
        actor: Actor,
        application_id: str,
        custodian_id: str,
        words: str = "",
        *,
        fields: Mapping[str, str | date] | None = None,
    ) -> Application:
        """Send what was changed: answers kept since, and ``fields``. What others approved and reads anew is opened.

        A custodian that waits sees the new answer; one that approved something that reads otherwise now decides anew;
        one that reads none of it learns nothing.
        """
        with self._record.change() as change:
            found = self._find(change.session, actor, application_id, custodian_id)
            self._check(change.session, actor, "answerChanges", found.thing)
            self._must_run(found.application)
            request = store.open_request(change.session, application_id, custodian_id)
            before = self._contents(change.session, found.application)
            sheet = sheet_of(change.session, found.application)
            self._take_fields(change, found, request, fields or {})
            once = asked_once(change.session, found.application)
            self._submit_again(change, actor, found.row, once, below(sheet, request.questions))
            request.answer, request.answered_at = rules.check_reason(words, needed=False), self._now()
            self._settle(change, actor, found.row, custodian_id, before)
            change.tell(_about(found, actor, "application.changes-answered", request=request.request_id))
            self._tell_other_side(change, found, actor, "application.answered")
            change.session.flush()
            return to_application(change.session, found.row)

    def withdraw_part(self, actor: Actor, application_id: str, custodian_id: str, reason: str = "") -> Application:
        """Ask one custodian no longer; the others go on deciding."""
        with self._record.change() as change:
            found = self._find(change.session, actor, application_id, custodian_id)
            self._check(change.session, actor, "withdrawPart", found.thing)
            self._must_run(found.application)
            self._must_be(found.part, PartState.WAITING, PartState.RETURNED)
            self._step(change, found.held, "void", by=actor.person_id)
            found.held.reason = rules.check_reason(reason, needed=False)
            change.tell(_about(found, actor, "application.part-withdrawn"))
            self._tell_other_side(change, found, actor, "application.part-withdrawn")
            self._conclude(change, found.row, self._parts_now(change.session, application_id))
            return to_application(change.session, found.row)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _contents(self, session: Session, application: Application) -> dict[str, str]:
        """Return what each custodian reads now, as hashes."""
        return {part.custodian_id: self._content(session, application, part.custodian_id) for part in application.parts}

    def _take_fields(self, change: Change, found: Found, request: ChangeRow, fields: Mapping[str, str | date]) -> None:
        """Change what stands beside the questions, as far as it was asked for."""
        for name in fields:
            if name not in request.fields:
                raise NotPossible(
                    f"The {CHANGEABLE.get(name, name[:40])} was submitted and is frozen; nobody asked to change it."
                )
        values = dict(fields)
        why = values.pop("justification", None)
        if why is not None:
            words = rules.check_justifications({found.held.custodian_id: str(why)}, [found.held.custodian_id])
            found.held.justification = words[found.held.custodian_id]
        answers = self._checked(change.session, found.row.applicant_id, _replaced(found.application.answers, values))
        rules.check_complete(answers, self._now())
        check_public_fields(answers, values, minimum=minimum_of(change.session, found.application))
        write_answers(found.row, answers)

    def _submit_again(
        self, change: Change, actor: Actor, row: ApplicationRow, once: Sheet, answered: Collection[str]
    ) -> None:
        """Freeze the answers to this request as the next revision; answers meant for another request wait for it."""
        revision = row.revision + 1
        change.session.execute(
            update(AnswerRow)
            .where(
                AnswerRow.application_id == row.application_id,
                AnswerRow.revision == revision,
                AnswerRow.question_id.not_in(sorted(answered)),
            )
            .values(revision=revision + 1)
        )
        answers = store.answers_up_to(change.session, row.application_id, revision)
        check_answers(spread(once, answers), answers)
        keep_sheet(change.session, row.application_id, revision, once, by=actor.person_id, at=self._now())
        row.revision = revision
        change.session.flush()

    def _settle(
        self, change: Change, actor: Actor, row: ApplicationRow, custodian_id: str, before: Mapping[str, str]
    ) -> None:
        """Put the part before its custodian again, and open what others approved and now reads otherwise."""
        application = to_application(change.session, row)
        sheet = sheet_of(change.session, application)
        answers = store.answers_up_to(change.session, row.application_id, row.revision)
        for part in applications.part_rows(change.session, row.application_id):
            content = content_of(application, sheet, answers, part.custodian_id)
            if part.custodian_id == custodian_id:
                self._step(change, part, "answer", by=actor.person_id, content=content)
            elif content != before[part.custodian_id] and part.state == PartState.APPROVED:
                self._reopen(change, actor, row, part, content)
            elif content != before[part.custodian_id] and part.state == PartState.WAITING:
                self._tell_officers(change, row, part.custodian_id, "application.changed")


def _check_wanted(asked: Sheet, questions: Collection[str], fields: Collection[str]) -> None:
    if not questions and not fields:
        raise Invalid("Say which answers should change; for anything else write a comment.", field="questions")
    for question_id in questions:
        if asked.find(question_id) is None:
            raise Invalid(f"You did not ask “{question_id[:64]}” in this application.", field="questions")
    unknown = sorted(set(fields) - CHANGEABLE.keys())
    if unknown:
        raise Invalid(f"“{unknown[0][:40]}” cannot be changed; known are {', '.join(CHANGEABLE)}.", field="fields")


def _replaced(answers: Answers, values: Mapping[str, str | date]) -> Answers:
    """Return answers with other words and days; a day may be written as YYYY-MM-DD."""
    changes: dict[str, Any] = {}
    for name, value in values.items():
        try:
            wanted = date.fromisoformat(value) if name in _DAYS and isinstance(value, str) else value
        except ValueError:
            raise Invalid(f"Give the {CHANGEABLE[name]} as a day such as 2027-03-31.", field=name) from None
        if isinstance(wanted, date) is not (name in _DAYS):
            raise Invalid(f"The {CHANGEABLE[name]} cannot be that.", field=name)
        changes[name] = wanted
    return replace(answers, **changes)


def _about(found: Found, actor: Actor, kind: str, **details: Json) -> Event:
    return application_event(kind, actor.person_id, found.row, custodian=found.held.custodian_id, **details)
