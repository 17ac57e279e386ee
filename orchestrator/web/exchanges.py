"""What passes between an applicant and one custodian: questions and answers, comments, changes, how long it takes."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.access.exchange.model import CHANGEABLE, FilledSheet
from orchestrator.access.forms.model import Kind
from orchestrator.access.forms.repeating import block_of, first_of_each, last_of_each, last_of_one, same_one
from orchestrator.access.forms.sheets import is_asked
from orchestrator.core.errors import Invalid, NotFound, Refused
from orchestrator.core.register_fields import BY_KEY

from .forms import Form, Posted, read_of
from .pages import page, see
from .public import Id
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()


@router.get("/applications/{application_id}/questions")
def questions(request: Request, application_id: Id) -> Response:
    """Show every question that the applicant may answer now; “more” names one that is wanted for one more person."""
    return _questions(request, signed_in(request), application_id, more=request.query_params.get("more", "")[:70])


@router.post("/applications/{application_id}/questions")
def answer(request: Request, application_id: Id, posted: Form) -> Response:
    """Keep answers; with “add” make room for one more person, with “remove” take one out."""
    visit = signed_in(request)
    more, gone, asking = posted.raw("more"), posted.raw("remove"), visit.house.access.answers
    try:
        filled = asking.sheet(visit.actor, application_id, more=more)
        left, following = _from(filled, gone) if gone else (set(), set())
        given = {key: value for key, value in _answers(filled, posted).items() if key not in left}
        if given:
            asking.answer(visit.actor, application_id, given)
        if any(filled.answers.get(key) for key in left) or any(given.get(key) for key in following):
            asking.take_out(visit.actor, application_id, gone)
    except Invalid as problem:
        return _questions(request, visit, application_id, posted=posted, problem=problem, more=more)
    wanted = "" if not (add := posted.raw("add")) else f"?{urlencode({'more': add})}"
    return see(f"/applications/{application_id}/questions{wanted}", "saved")


@router.post("/applications/{application_id}/reuse")
def reuse(request: Request, application_id: Id, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Take over answers from earlier applications."""
    visit = signed_in(request)
    visit.house.access.answers.reuse(visit.actor, application_id)
    return see(f"/applications/{application_id}/questions", "saved")


@router.get("/applications/{application_id}/parts/{custodian_id}")
def part(request: Request, application_id: Id, custodian_id: Id) -> Response:
    """Show one custodian's part to both sides: answers, comments, changes, and how it went."""
    return _part(request, signed_in(request), application_id, custodian_id)


@router.post("/applications/{application_id}/parts/{custodian_id}/comment")
def comment(request: Request, application_id: Id, custodian_id: Id, posted: Form) -> Response:
    """Say something about a part."""
    visit = signed_in(request)
    try:
        visit.house.access.talks.comment(
            visit.actor,
            application_id,
            custodian_id,
            posted.text("text", "your comment", most=10_000),
            question_id=posted.raw("question"),
            internal=posted.raw("internal") == "yes",
        )
    except Invalid as problem:
        return _part(request, visit, application_id, custodian_id, posted=posted, problem=problem)
    return see(_place(application_id, custodian_id), "commented")


@router.post("/applications/{application_id}/parts/{custodian_id}/resolve")
def resolve(request: Request, application_id: Id, custodian_id: Id, posted: Form) -> Response:
    """Mark a comment as dealt with."""
    visit = signed_in(request)
    comment = posted.text("comment", "a comment", most=16)
    visit.house.access.talks.resolve(visit.actor, application_id, custodian_id, comment)
    return see(_place(application_id, custodian_id), "changed")


@router.post("/applications/{application_id}/parts/{custodian_id}/ask-changes")
def ask_changes(request: Request, application_id: Id, custodian_id: Id, posted: Form) -> Response:
    """Give a part back to the applicant."""
    visit = signed_in(request)
    try:
        visit.house.access.changes.ask_changes(
            visit.actor,
            application_id,
            custodian_id,
            posted.text("words", "what should change", most=4000),
            questions=posted.many("questions", most=400),
            fields=posted.many("fields"),
            read=read_of(posted),
        )
    except Invalid as problem:
        return _part(request, visit, application_id, custodian_id, posted=posted, problem=problem)
    return see(_place(application_id, custodian_id), "changes-asked")


@router.post("/applications/{application_id}/parts/{custodian_id}/answer-changes")
def answer_changes(request: Request, application_id: Id, custodian_id: Id, posted: Form) -> Response:
    """Send what was changed."""
    visit = signed_in(request)
    try:
        fields = {
            name: posted.text(name, words, most=20_000, needed=name != "justification")
            for name, words in CHANGEABLE.items()
            if name in posted.values()
        }
        visit.house.access.changes.answer_changes(
            visit.actor,
            application_id,
            custodian_id,
            posted.text("answer", "what you changed", most=4000, needed=False),
            fields=fields,
        )
    except Invalid as problem:
        return _part(request, visit, application_id, custodian_id, posted=posted, problem=problem)
    return see(_place(application_id, custodian_id), "submitted")


@router.post("/applications/{application_id}/parts/{custodian_id}/withdraw")
def withdraw_part(request: Request, application_id: Id, custodian_id: Id, posted: Form) -> Response:
    """Ask one custodian no longer."""
    visit = signed_in(request)
    reason = posted.text("reason", "a reason", most=1000, needed=False)
    visit.house.access.changes.withdraw_part(visit.actor, application_id, custodian_id, reason)
    return see(f"/applications/{application_id}", "withdrawn")


def _place(application_id: str, custodian_id: str) -> str:
    return f"/applications/{application_id}/parts/{custodian_id}"


def _from(filled: FilledSheet, question_id: str) -> tuple[set[str], set[str]]:
    """Return the questions about one of several people, and those about everybody who follows him."""
    one = same_one(filled.sheet, question_id)
    later = [each for each in block_of(filled.sheet, question_id) if each.number > one[0].number]
    return {each.question.question_id for each in one}, {each.question.question_id for each in later}


def _answers(filled: FilledSheet, posted: Posted) -> dict[str, object]:
    """Return what was posted for the questions that are open; others were not on the page.

    Room for one more person that was left empty is no answer.
    """
    found: dict[str, object] = {}
    for each in filled.sheet.asked:
        question = each.question
        if question.question_id in filled.open:
            name = f"q-{question.question_id}"
            value = posted.many(name) if question.kind is Kind.CHOICES else posted.raw(name)
            if value or each.number == 1 or filled.answers.get(question.question_id):
                found[question.question_id] = value
    return found


def _questions(
    request: Request,
    visit: Visit,
    application_id: str,
    *,
    posted: Posted | None = None,
    problem: Invalid | None = None,
    more: str = "",
) -> Response:
    filled = visit.house.access.answers.sheet(visit.actor, application_id, more=more)
    if filled.application.applicant_id != visit.person.person_id:
        raise NotFound("Only the applicant answers the questions; look at the application.")
    answers = filled.answers if posted is None else _answers(filled, posted)
    return page(
        request,
        "questions.html",
        title="Questions",
        filled=filled,
        answers=answers,
        titles={each.question.question_id: each.question.title for each in filled.sheet.asked},
        firsts=first_of_each(filled.sheet),
        ends=last_of_one(filled.sheet),
        lasts=last_of_each(filled.sheet),
        more=more,
        register=BY_KEY,
        problem=problem,
    )


def _part(
    request: Request,
    visit: Visit,
    application_id: str,
    custodian_id: str,
    *,
    posted: Posted | None = None,
    problem: Invalid | None = None,
) -> Response:
    access, actor = visit.house.access, visit.actor
    read = access.reading(actor, application_id, custodian_id)
    filled = access.answers.sheet(actor, application_id)
    found = next((each for each in filled.application.parts if each.custodian_id == custodian_id), None)
    if found is None:
        raise NotFound("There is no such part of an application, or none that you may see.")
    sheet = filled.sheet.of(custodian_id)
    requests = access.changes.change_requests(actor, application_id, custodian_id)
    return page(
        request,
        "part.html",
        title=f"{filled.application.answers.title}: one custodian's part",
        application=filled.application,
        part=found,
        asked=[each for each in sheet.asked if is_asked(sheet, each, filled.answers)],
        answers=filled.answers,
        read=read,
        changed=filled.changed,
        course=access.talks.course(actor, application_id, custodian_id),
        comments=access.talks.comments(actor, application_id, custodian_id),
        requests=requests,
        open_request=next((each for each in requests if each.answered_at is None), None),
        advice=_advice(visit, application_id, custodian_id),
        officer=custodian_id in actor.custodians and filled.application.applicant_id != visit.person.person_id,
        own=filled.application.applicant_id == visit.person.person_id,
        here=_place(application_id, custodian_id),
        changeable=CHANGEABLE,
        titles={each.question.question_id: each.question.title for each in sheet.asked},
        register=BY_KEY,
        question_items=[{"value": each.question.question_id, "text": each.question.title} for each in sheet.asked],
        posted=posted,
        chosen=posted.many("questions", most=400) + posted.many("fields") if posted else [],
        problem=problem,
    )


def _advice(visit: Visit, application_id: str, custodian_id: str) -> list[object]:
    try:
        return [*visit.house.access.panels.advice(visit.actor, application_id, custodian_id)]
    except Refused:
        return []
