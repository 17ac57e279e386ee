"""What is asked and answered in an application, read within a transaction; what a submission freezes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.core.errors import Invalid

from ..forms import store as forms
from ..forms.model import Form, Sheet, Value
from ..forms.repeating import block_of, spread
from ..forms.sheets import check_answer, fingerprint, merged, missing
from ..model import Application, CustodianPart
from ..states import ApplicationState
from . import store
from .store import SubmissionRow

__all__ = [
    "Frozen",
    "asked_once",
    "below",
    "content_of",
    "form_of",
    "freeze",
    "open_questions",
    "sheet_of",
    "unfrozen",
    "whole_of",
]


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """What was submitted: the sheet, the answers, and each custodian's form where it has one."""

    sheet: Sheet
    answers: dict[str, Value]
    forms: dict[str, Form]


def sheet_of(session: Session, application: Application) -> Sheet:
    """Return what is asked, for everybody of whom something was answered, be it submitted or not."""
    given = store.answers_up_to(session, application.application_id, application.revision + 1)
    return spread(asked_once(session, application), given)


def asked_once(session: Session, application: Application) -> Sheet:
    """Return what is asked: by the newest forms while it is a draft, by those of its submission afterwards."""
    if application.revision:
        return store.submitted_sheet(session, application.application_id, application.revision)
    return _current(session, application)[1]


def _current(session: Session, application: Application) -> tuple[dict[str, Form], Sheet]:
    found = forms.forms_in_force(session, [part.custodian_id for part in application.parts])
    return {form.custodian_id: form for form in found}, merged(found, forms.bank(session))


def form_of(session: Session, part: CustodianPart) -> Form | None:
    """Return the form that a submitted part was asked by."""
    return None if part.form_version is None else forms.form(session, part.custodian_id, part.form_version)


def freeze(session: Session, application: Application, *, by: str, at: datetime) -> Frozen:
    """Keep the sheet of a first submission; raise ``Invalid`` naming the first question that is not answered well."""
    in_force, once = _current(session, application)
    revision = application.revision + 1
    answers = store.answers_up_to(session, application.application_id, revision)
    sheet = spread(once, answers)
    check_answers(sheet, answers)
    keep_sheet(session, application.application_id, revision, once, by=by, at=at)
    return Frozen(sheet=sheet, answers=answers, forms=in_force)


def keep_sheet(session: Session, application_id: str, revision: int, sheet: Sheet, *, by: str, at: datetime) -> None:
    """Note what was asked at a submission."""
    session.add(
        SubmissionRow(
            application_id=application_id,
            revision=revision,
            sheet=forms.from_sheet(sheet),
            submitted_by=by,
            submitted_at=at,
        )
    )


def check_answers(sheet: Sheet, answers: dict[str, Value]) -> None:
    """Raise ``Invalid`` unless every answer fits its question and none that is needed is missing."""
    for each in sheet.asked:
        if each.question.question_id in answers:
            check_answer(each.question, answers[each.question.question_id])
    lacking = missing(sheet, answers)
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise Invalid(
            f"“{lacking[0].question.title}”{more} still has to be answered before you submit.",
            field=lacking[0].question.question_id,
        )


def content_of(application: Application, sheet: Sheet, answers: dict[str, Value], custodian_id: str) -> str:
    """Return the SHA-256 over everything that one custodian reads: its decision is about exactly that.

    The application's identifier is part of it, so that what was read of one decides nothing on its twin.
    """
    part = next(each for each in application.parts if each.custodian_id == custodian_id)
    words = [*_asked_of_all(application), *sorted(part.dataset_ids), part.justification]
    return fingerprint(sheet.of(custodian_id), answers, words)


def whole_of(application: Application, sheet: Sheet, answers: dict[str, Value]) -> str:
    """Return the SHA-256 over everything an operator reads: all that is asked, and what each custodian decided."""
    words = _asked_of_all(application)
    for part in sorted(application.parts, key=_custodian):
        words += [part.custodian_id, part.state.value, *sorted(part.dataset_ids), part.justification, part.reason]
        words += [str(part.decided_by), str(part.agreement_until), str(part.terms_version)]
    return fingerprint(sheet, answers, words)


def _asked_of_all(application: Application) -> list[str]:
    """Return what every reader reads, begun with which application it is."""
    shared = application.answers
    words = [str(value) for name, value in sorted(vars(shared).items()) if name != "members"]
    return [application.application_id, *words, *sorted(shared.members)]


def _custodian(part: CustodianPart) -> str:
    return part.custodian_id


def below(sheet: Sheet, questions: Collection[str]) -> set[str]:
    """Return these questions and all that hang on them, however far; of what repeats, for everybody."""
    found = set(questions)
    blocks: set[str] = set()
    for question_id in questions:
        asked = sheet.find(question_id)
        if asked is not None and asked.question.repeats and question_id not in blocks:
            blocks |= {each.question.question_id for each in block_of(sheet, question_id)}
    found |= blocks
    grown = True
    while grown:
        more = {
            each.question.question_id
            for each in sheet.asked
            if each.question.asked_when and each.question.asked_when.question_id in found
        }
        grown = not more <= found
        found |= more
    return found


def open_questions(session: Session, application: Application, sheet: Sheet) -> frozenset[str]:
    """Return what the applicant may answer now: all of a draft, afterwards what custodians want changed."""
    if application.state is ApplicationState.DRAFT:
        return frozenset(each.question.question_id for each in sheet.asked)
    if application.state is not ApplicationState.SUBMITTED:
        return frozenset()
    asked: set[str] = set()
    for part in application.parts:
        for request in store.change_requests(session, application.application_id, part.custodian_id):
            if request.answered_at is None:
                asked |= below(sheet, request.questions)
    return frozenset(asked)


def unfrozen(application: Application, *, own: bool) -> int:
    """Return the revision of answers that a person reads: writers what they write, others what was submitted."""
    return application.revision + 1 if own else application.revision
