"""The documents of questions, answers, comments, changes, forms and lay panels."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from .access_shapes import AnswersIn, Reading
from .shapes import Identifier, In, Line, Out, Perhaps, Words

__all__ = [
    "AboutIn",
    "AdviceIn",
    "AdviceOut",
    "AmendmentIn",
    "AnswerName",
    "AnsweredIn",
    "AskChangesIn",
    "ChangeRequestOut",
    "CommentIn",
    "CommentOut",
    "CourseOut",
    "FormIn",
    "FormOut",
    "QuestionOut",
    "SendChangesIn",
    "SheetOut",
    "SheetQuestionOut",
    "WaitingAdvice",
]

QuestionName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
AnswerName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,63}(\.[0-9]{1,2})?$")]
"""A question as it is answered: where it repeats, that of the second person ends with `.2`, and so on."""
Answer = Perhaps | list[Line]


class OptionOut(Out):
    """One thing that can be chosen."""

    value: str
    label: str


class AskedWhenOut(Out):
    """Ask only when another question was answered with one of these."""

    question_id: str
    values: list[str]


class QuestionOut(Out):
    """One version of one question."""

    question_id: str
    version: int
    owner: str | None
    section: str
    group: str
    title: str
    guidance: str
    kind: str
    options: list[OptionOut]
    asked_when: AskedWhenOut | None
    archived: bool
    repeats: str
    """What it is asked again for, such as “person”; empty: it is asked once."""
    public: str = Field(
        validation_alias="register", description="The public register's field that an approved answer fills; or empty."
    )


class SheetQuestionOut(BaseModel):
    """A question of an application with its answer; ``custodians`` are those that the caller may know of."""

    question: QuestionOut
    custodians: list[str]
    required_by: list[str]
    guidance: dict[str, str]
    answer: str | list[str] | None
    missing: bool
    open: bool
    changed: bool


class SheetOut(BaseModel):
    """What is asked and answered, as the caller may see it."""

    application_id: str
    revision: int
    questions: list[SheetQuestionOut]


class AnsweredIn(In):
    """Answers by the questions' names; an empty one takes an answer away."""

    answers: dict[AnswerName, Answer] = Field(min_length=1, max_length=400)


class AboutIn(In):
    """Any question that repeats; of the second person its name ends with `.2`, and so on."""

    question_id: AnswerName


class CommentIn(In):
    """Something to say; ``internal`` stays with the custodian's officers."""

    text: Words
    question_id: AnswerName | Annotated[str, Field(max_length=0)] = ""
    internal: bool = False


class CommentOut(Out):
    """One comment."""

    comment_id: str
    question_id: str
    author_id: str
    internal: bool
    text: str
    written_at: datetime
    resolved_by: str | None
    resolved_at: datetime | None


class AskChangesIn(In):
    """What should change, and why."""

    words: Words
    read: Reading
    questions: list[AnswerName] = Field(default=[], max_length=400)
    fields: list[Line] = Field(default=[], max_length=20)


class SendChangesIn(In):
    """Changed fields by their names, days as YYYY-MM-DD, and a word about it."""

    words: Perhaps = ""
    fields: dict[Line, Words] = Field(default={}, max_length=20)


class ChangeRequestOut(Out):
    """What a custodian wanted changed, and what was answered."""

    request_id: str
    questions: list[str]
    fields: list[str]
    words: str
    asked_by: str
    asked_at: datetime
    answer: str
    answered_at: datetime | None


class StepOut(Out):
    """A part came into a state."""

    state: str
    by: str
    at: datetime


class CourseOut(Out):
    """How a part went; ``used`` and ``allowed`` are working days."""

    custodian_id: str
    steps: list[StepOut]
    used: int
    allowed: int | None
    due_at: datetime | None


class FormItemIn(In):
    """One question of a form."""

    question_id: QuestionName
    required: bool = False
    guidance: Perhaps = ""


class FormIn(In):
    """What a custodian asks; times are working days of ``nation``."""

    items: list[FormItemIn] = Field(max_length=400)
    decide_within: int = Field(default=20, ge=1, le=250)
    answer_within: int = Field(default=20, ge=1, le=250)
    nation: Line = "England and Wales"
    panel: int = Field(default=0, ge=0, le=20)


class FormItemOut(Out):
    """One question of a form, at its version."""

    question_id: str
    version: int
    required: bool
    guidance: str


class FormOut(Out):
    """One version of a form."""

    custodian_id: str
    version: int
    items: list[FormItemOut]
    decide_within: int
    answer_within: int
    nation: str
    panel: int
    published_at: datetime


class AdviceIn(In):
    """What a lay member says."""

    opinion: Annotated[str, Field(pattern="^(support|support-with-concerns|do-not-support)$")]
    words: Words
    read: Reading


class AdviceOut(Out):
    """What a lay member said; ``current`` is false once it was changed."""

    person_id: str
    opinion: str
    words: str
    given_at: datetime
    current: bool


class WaitingAdvice(BaseModel):
    """A part that waits for the caller's advice, as a lay member reads it."""

    application_id: str
    custodian_id: str
    read: str
    """Send it back with the advice: what was changed since is not advised on unread."""
    title: str
    lay_summary: str
    purpose: str
    organisation: str
    start: date
    end: date
    sheet: SheetOut


class AmendmentIn(In):
    """A change of a running project, or more time for it: what it should say, and further datasets."""

    kind: Annotated[str, Field(pattern="^(amendment|renewal)$")] = "amendment"
    answers: AnswersIn
    datasets: list[Identifier] = Field(default=[], max_length=200)
    justifications: dict[Identifier, Perhaps] = Field(default={}, max_length=100)
