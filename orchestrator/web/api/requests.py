"""Questions, answers, comments, changes, forms, lay panels and amendments."""

from __future__ import annotations

from fastapi import APIRouter

from orchestrator.access.exchange.model import FilledSheet, Opinion, PanelPart
from orchestrator.access.forms.model import FormItem
from orchestrator.access.forms.repeating import block_of
from orchestrator.access.model import Answers, ApplicationKind

from .access_shapes import ApplicationOut, ReasonIn
from .callers import Caller, Id
from .request_shapes import (
    AboutIn,
    AdviceIn,
    AdviceOut,
    AmendmentIn,
    AnsweredIn,
    AnswerName,
    AskChangesIn,
    ChangeRequestOut,
    CommentIn,
    CommentOut,
    CourseOut,
    FormIn,
    FormOut,
    QuestionOut,
    SendChangesIn,
    SheetOut,
    SheetQuestionOut,
    WaitingAdvice,
)
from .shapes import Limit, Offset, Page, page_of

__all__ = ["router"]

router = APIRouter(tags=["requests"])


@router.get("/questions")
def questions(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[QuestionOut]:
    """List the newest version of every question of the bank."""
    return page_of(QuestionOut, caller.house.access.forms.questions(caller.actor), offset, limit)


@router.get("/custodians/{custodian_id}/form")
def form(caller: Caller, custodian_id: Id) -> FormOut:
    """Give a custodian's form to its officers and operators."""
    return FormOut.model_validate(caller.house.access.forms.form(caller.actor, custodian_id))


@router.put("/custodians/{custodian_id}/form")
def publish(caller: Caller, custodian_id: Id, body: FormIn) -> FormOut:
    """Publish the next version of a custodian's form."""
    items = [
        FormItem(question_id=each.question_id, version=0, required=each.required, guidance=each.guidance)
        for each in body.items
    ]
    made = caller.house.access.forms.publish(
        caller.actor,
        custodian_id,
        items,
        decide_within=body.decide_within,
        answer_within=body.answer_within,
        nation=body.nation,
        panel=body.panel,
    )
    return FormOut.model_validate(made)


@router.get("/applications/{application_id}/answers")
def answers(caller: Caller, application_id: Id, more: AnswerName | None = None) -> SheetOut:
    """Give the questions with answers that the caller may see.

    ``more`` is any question that repeats: those for one more person or organisation are given too, of at most thirty.
    Nothing is kept until they are answered.
    """
    filled = caller.house.access.answers.sheet(caller.actor, application_id, more=more or "")
    if more:
        block_of(filled.sheet, more)
    return _sheet(filled)


@router.put("/applications/{application_id}/answers")
def answer(caller: Caller, application_id: Id, body: AnsweredIn) -> SheetOut:
    """Keep answers."""
    return _sheet(caller.house.access.answers.answer(caller.actor, application_id, dict(body.answers)))


@router.post("/applications/{application_id}/answers/take-out")
def take_out(caller: Caller, application_id: Id, body: AboutIn) -> SheetOut:
    """Take one of several people or organisations out, with all that was answered of it; those after it move up."""
    return _sheet(caller.house.access.answers.take_out(caller.actor, application_id, body.question_id))


@router.post("/applications/{application_id}/reuse")
def reuse(caller: Caller, application_id: Id) -> SheetOut:
    """Take over answers from the caller's earlier applications."""
    return _sheet(caller.house.access.answers.reuse(caller.actor, application_id))


@router.get("/applications/{application_id}/parts/{custodian_id}/course")
def course(caller: Caller, application_id: Id, custodian_id: Id) -> CourseOut:
    """Say how a part went and how many working days it waited."""
    return CourseOut.model_validate(caller.house.access.talks.course(caller.actor, application_id, custodian_id))


@router.get("/applications/{application_id}/parts/{custodian_id}/comments")
def comments(caller: Caller, application_id: Id, custodian_id: Id) -> list[CommentOut]:
    """Give what was said about a part."""
    found = caller.house.access.talks.comments(caller.actor, application_id, custodian_id)
    return [CommentOut.model_validate(each) for each in found]


@router.post("/applications/{application_id}/parts/{custodian_id}/comments", status_code=201)
def comment(caller: Caller, application_id: Id, custodian_id: Id, body: CommentIn) -> CommentOut:
    """Say something about a part."""
    said = caller.house.access.talks.comment(
        caller.actor, application_id, custodian_id, body.text, question_id=body.question_id, internal=body.internal
    )
    return CommentOut.model_validate(said)


@router.get("/applications/{application_id}/parts/{custodian_id}/changes")
def changes(caller: Caller, application_id: Id, custodian_id: Id) -> list[ChangeRequestOut]:
    """Give what a custodian wanted changed."""
    found = caller.house.access.changes.change_requests(caller.actor, application_id, custodian_id)
    return [ChangeRequestOut.model_validate(each) for each in found]


@router.post("/applications/{application_id}/parts/{custodian_id}/changes", status_code=201)
def ask_changes(caller: Caller, application_id: Id, custodian_id: Id, body: AskChangesIn) -> ChangeRequestOut:
    """Give a part back for changes, as an officer."""
    asked = caller.house.access.changes.ask_changes(
        caller.actor,
        application_id,
        custodian_id,
        body.words,
        questions=body.questions,
        fields=body.fields,
        read=body.read,
    )
    return ChangeRequestOut.model_validate(asked)


@router.post("/applications/{application_id}/parts/{custodian_id}/changes/answer")
def answer_changes(caller: Caller, application_id: Id, custodian_id: Id, body: SendChangesIn) -> ApplicationOut:
    """Send what was changed."""
    sent = caller.house.access.changes.answer_changes(
        caller.actor, application_id, custodian_id, body.words, fields=dict(body.fields)
    )
    return ApplicationOut.model_validate(sent)


@router.post("/applications/{application_id}/parts/{custodian_id}/withdraw")
def withdraw_part(caller: Caller, application_id: Id, custodian_id: Id, body: ReasonIn) -> ApplicationOut:
    """Ask one custodian no longer."""
    changed = caller.house.access.changes.withdraw_part(caller.actor, application_id, custodian_id, body.reason)
    return ApplicationOut.model_validate(changed)


@router.get("/panel")
def waiting(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[WaitingAdvice]:
    """List what waits for the caller's advice as a lay member."""
    found = [_waiting(each) for each in caller.house.access.panels.waiting(caller.actor)]
    return page_of(WaitingAdvice, found, offset, limit)


@router.post("/panel/{application_id}/{custodian_id}", status_code=201)
def advise(caller: Caller, application_id: Id, custodian_id: Id, body: AdviceIn) -> AdviceOut:
    """Say what a member of the public thinks of it."""
    said = caller.house.access.panels.advise(
        caller.actor, application_id, custodian_id, Opinion(body.opinion), body.words, read=body.read
    )
    return AdviceOut.model_validate(said)


@router.post("/projects/{project_id}/amendments", status_code=201)
def amend(caller: Caller, project_id: Id, body: AmendmentIn) -> ApplicationOut:
    """Begin an amendment or renewal of a running project."""
    fields = body.answers.model_dump()
    made = caller.house.access.amend(
        caller.actor,
        project_id,
        Answers(**(fields | {"members": caller.house.access.inviting.members(caller.actor, fields["members"])})),
        kind=ApplicationKind(body.kind),
        dataset_ids=body.datasets,
        justifications=dict(body.justifications),
    )
    return ApplicationOut.model_validate(made)


def _sheet(filled: FilledSheet) -> SheetOut:
    return SheetOut(
        application_id=filled.application.application_id,
        revision=filled.revision,
        questions=[
            SheetQuestionOut(
                question=QuestionOut.model_validate(each.question),
                custodians=list(each.custodians),
                required_by=list(each.required_by),
                guidance=dict(each.guidance),
                answer=filled.answers.get(each.question.question_id) or None,
                missing=each.question.question_id in filled.missing,
                open=each.question.question_id in filled.open,
                changed=each.question.question_id in filled.changed,
            )
            for each in filled.sheet.asked
        ],
    )


def _waiting(part: PanelPart) -> WaitingAdvice:
    application = part.filled.application
    return WaitingAdvice(
        application_id=application.application_id,
        custodian_id=part.custodian_id,
        read=part.read,
        title=application.answers.title,
        lay_summary=application.answers.lay_summary,
        purpose=application.answers.purpose,
        organisation=application.answers.organisation,
        start=application.answers.start,
        end=application.answers.end,
        sheet=_sheet(part.filled),
    )
