"""Which answers the public register will say: what a question may be mapped to, and what an answer says there.

The mapping is part of a question's version and is frozen with the sheet of a submission: an applicant's words become
public only where the page that he answered said so.
"""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.core.errors import Invalid
from orchestrator.core.register_fields import BY_KEY, Field, Source
from orchestrator.core.register_fields import Kind as FieldKind
from orchestrator.core.register_values import check_value, chosen

from .model import Kind, Question, Sheet, Value
from .sheets import answered

__all__ = ["check_all_public", "check_mapping", "check_public", "field_of", "said"]

_ONE_OF = "a question with one choice"


def field_of(question: Question) -> Field | None:
    """Return the register's field that a question fills; none: its answer stays with whoever asked."""
    return BY_KEY.get(question.register)


def check_mapping(question: Question) -> None:
    """Raise ``Invalid`` for ``register`` unless answers to this question can stand in the field that it names."""
    if not question.register:
        if any(option.register for option in question.options):
            _refuse(question, "has options with words for the register, but names no field of it")
        return
    field = BY_KEY.get(question.register)
    if field is None or field.source is Source.RECORD:
        known = ", ".join(each.key for each in BY_KEY.values() if each.source is not Source.RECORD)
        _refuse(question, f"cannot fill “{question.register[:40]}”. Fields that answers fill: {known}")
    elif field.choices and question.kind is not Kind.CHOICE:
        _refuse(question, f"cannot fill “{field.title}”, which takes one of its own choices; make it {_ONE_OF}")
    elif (field.kind is FieldKind.DAY) is not (question.kind is Kind.DAY):
        _refuse(question, f"cannot fill “{field.title}”: a day fills a day, and nothing else")
    elif field.choices:
        _check_options(question, field)


def _check_options(question: Question, field: Field) -> None:
    wrong = [option.register for option in question.options if option.register not in ("", *field.choices)]
    if wrong:
        _refuse(question, f"says “{wrong[0][:40]}” in “{field.title}”; its choices are: {'; '.join(field.choices)}")
    if not any(said(question, option.value) for option in question.options):
        _refuse(question, f"offers nothing that “{field.title}” knows; its choices are: {'; '.join(field.choices)}")


def _refuse(question: Question, why: str) -> None:
    raise Invalid(f"“{question.title[:120]}” {why}.", field="register")


def said(question: Question, value: Value) -> str:
    """Return what the register says for an answer; empty where it says nothing (an “other” that no choice means)."""
    field = field_of(question)
    if field is None or not value:
        return ""
    given = [value] if isinstance(value, str) else [each for each in value if isinstance(each, str)]
    if not question.options:
        return "\n".join(given)
    options = {option.value: option for option in question.options}
    words = [options[each].register or options[each].label for each in given if each in options]
    if not field.choices:
        return ", ".join(words)
    return next((found for each in words if (found := chosen(field, each)) is not None), "")


def check_public(question: Question, value: Value, *, minimum: int) -> None:
    """Raise ``Invalid`` for the question unless its answer can stand where everybody reads it.

    ``minimum`` is the smallest count of people that may be shown.
    """
    field, words = field_of(question), said(question, value)
    if field is None or not words:
        return
    try:
        check_value(field, words, minimum=minimum)
    except Invalid as problem:
        raise Invalid(
            f"The answer to “{question.title}” will be public. {problem.message}", field=question.question_id
        ) from problem


def check_all_public(sheet: Sheet, answers: Mapping[str, Value], *, minimum: int) -> None:
    """Raise ``Invalid`` for the first answer that counts and cannot be public."""
    given = answered(sheet, answers)
    for each in sheet.asked:
        if each.question.question_id in given:
            check_public(each.question, given[each.question.question_id], minimum=minimum)
