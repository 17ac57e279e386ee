"""What questions and forms must be: complete in themselves, without cycles, answerable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.working_days import WorkingDays

from .model import Form, FormItem, Kind, Question
from .published import check_mapping

__all__ = ["check_bank", "check_form", "check_question", "cycle_in"]

_SHAPE = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")
_MOST_OPTIONS = 200
_LONGEST_OPTION = 2000
_LONGEST_WORD = 30
_LONGEST_REPEATED = 60
_MOST_ITEMS = 400
_LONGEST_WAIT = 250
_CHOOSING = (Kind.CHOICE, Kind.CHOICES)


def check_question(question: Question) -> Question:
    """Return a question tidied; raise ``Invalid`` naming the field that makes it unusable."""
    if not _SHAPE.fullmatch(question.question_id):
        raise Invalid(
            f"“{question.question_id[:40]}” cannot name a question; use 2 to 64 small letters, digits and hyphens.",
            field="question_id",
        )
    if len(question.repeats) > _LONGEST_WORD or (question.repeats and not question.repeats.isalpha()):
        raise Invalid(
            f"“{(question.title or question.question_id)[:40]}” is asked again for what one word says, such as "
            f"“person”: letters only, at most {_LONGEST_WORD}.",
            field="repeats",
        )
    if question.repeats and len(question.question_id) > _LONGEST_REPEATED:
        raise Invalid(
            f"“{question.question_id}” repeats, so its identifier takes at most {_LONGEST_REPEATED} characters.",
            field="question_id",
        )
    texts = {"title": question.title.strip(), "guidance": question.guidance.strip(), "group": question.group.strip()}
    for field, text in texts.items():
        if len(text) > (500 if field == "title" else 5000):
            raise Invalid(f"The {field} of “{question.question_id}” is too long; shorten it.", field=field)
        if _unreadable(text.replace("\n", " ").replace("\t", " ")):
            raise Invalid(f"The {field} of “{question.question_id}” holds control characters.", field=field)
    if not texts["title"]:
        raise Invalid(f"“{question.question_id}” asks nothing; give it a title.", field="title")
    if not 0 <= question.shortest <= question.longest <= 20_000:
        raise Invalid(f"“{texts['title']}” must allow between 0 and 20,000 characters.", field="longest")
    _check_options(question)
    check_mapping(question)
    return replace(question, title=texts["title"], guidance=texts["guidance"], group=texts["group"])


def _unreadable(text: str) -> bool:
    """Say whether a text holds control characters, or halves of characters that no table can keep."""
    return any(ord(letter) < 32 or 0xD800 <= ord(letter) <= 0xDFFF for letter in text)


def _check_options(question: Question) -> None:
    values = [option.value for option in question.options]
    if question.kind in _CHOOSING:
        if not values or len(values) > _MOST_OPTIONS:
            raise Invalid(f"“{question.title}” needs between 1 and {_MOST_OPTIONS} options.", field="options")
        if len(set(values)) < len(values) or not all(value.strip() for value in values):
            raise Invalid(f"Each option of “{question.title}” needs a value of its own.", field="options")
        texts = [text for option in question.options for text in (option.value, option.label)]
        if not all(len(text) <= _LONGEST_OPTION and not _unreadable(text) for text in texts):
            raise Invalid(
                f"An option of “{question.title[:80]}” is no line of at most {_LONGEST_OPTION} characters.",
                field="options",
            )
    elif values:
        raise Invalid(f"“{question.title}” has options but is answered with a {question.kind}.", field="options")


def check_bank(questions: Iterable[Question]) -> None:
    """Raise ``Invalid`` unless every question hangs on one that is there, can be answered so, and on none twice.

    A question of the bank hangs on the bank only; a custodian's own on the bank or on the same custodian's own.
    """
    known: dict[str, Question] = {}
    for question in questions:
        if question.question_id in known:
            raise Invalid(f"“{question.question_id}” is there twice; give one another name.", field="question_id")
        known[question.question_id] = question
    for question in known.values():
        _check_parent(question, known)
    circle = cycle_in(known)
    if circle:
        raise Invalid(
            f"These questions wait for one another, so none would ever be asked: {' → '.join(circle)}.",
            field="asked_when",
        )


def _check_parent(question: Question, known: Mapping[str, Question]) -> None:
    when = question.asked_when
    if when is None:
        return
    parent = known.get(when.question_id)
    if parent is None or parent.owner not in (None, question.owner):
        raise Invalid(
            f"“{question.title}” hangs on “{when.question_id}”, which is not there to be asked.", field="asked_when"
        )
    if parent.repeats and question.repeats != parent.repeats:
        raise Invalid(
            f"“{question.title}” hangs on “{parent.title}”, which is asked for each {parent.repeats}; let it repeat "
            "for the same.",
            field="repeats",
        )
    unknown = sorted(set(when.values) - {option.value for option in parent.options})
    if unknown or not when.values:
        missing = f"“{unknown[0]}”" if unknown else "no answer"
        raise Invalid(
            f"“{question.title}” is asked on {missing}, which “{parent.title}” does not offer.", field="asked_when"
        )


def cycle_in(known: Mapping[str, Question]) -> list[str]:
    """Return the identifiers of questions that hang on one another in a circle, the first again at the end."""
    done: set[str] = set()
    for start in known:
        path: list[str] = []
        here: str | None = start
        while here is not None and here not in done and here in known:
            if here in path:
                return [*path[path.index(here) :], here]
            path.append(here)
            when = known[here].asked_when
            here = when.question_id if when else None
        done.update(path)
    return []


def check_form(form: Form, bank: Mapping[tuple[str, int], Question], current: Mapping[str, Question]) -> Form:
    """Return a form that stands by itself: known questions, each once, each with what it hangs on; sound times.

    ``bank`` holds every version, ``current`` the newest of each.
    """
    if len(form.items) > _MOST_ITEMS:
        raise Invalid(f"A form asks at most {_MOST_ITEMS} questions.", field="items")
    items: dict[str, FormItem] = {}
    for item in form.items:
        question = bank.get((item.question_id, item.version))
        if question is None or question.owner not in (None, form.custodian_id):
            raise Invalid(f"There is no question “{item.question_id[:64]}” that you could ask.", field="items")
        if current[item.question_id].archived:
            raise NotPossible(f"“{question.title}” was archived; choose another question.")
        if item.question_id in items:
            raise Invalid(f"“{question.title}” is asked twice.", field="items")
        if len(item.guidance) > 5000:
            raise Invalid(f"Your words beside “{question.title}” are too long; shorten them.", field="items")
        items[item.question_id] = replace(
            item, required=item.required or question.always_required, guidance=item.guidance.strip()
        )
    _check_whole([bank[item.question_id, item.version] for item in items.values()])
    _check_times(form)
    return replace(form, items=tuple(items.values()))


def _check_whole(questions: Sequence[Question]) -> None:
    asked = {question.question_id: question for question in questions}
    for question in questions:
        when = question.asked_when
        if when is not None and when.question_id not in asked:
            raise Invalid(
                f"“{question.title}” hangs on the answer to “{when.question_id}”; ask that too, or neither.",
                field="items",
            )
    check_bank(questions)


def _check_times(form: Form) -> None:
    for field, days in (("decide_within", form.decide_within), ("answer_within", form.answer_within)):
        if not 1 <= days <= _LONGEST_WAIT:
            raise Invalid(f"Give between 1 and {_LONGEST_WAIT} working days.", field=field)
    if not 0 <= form.panel <= 20:
        raise Invalid("A lay panel advises with 0 to 20 members.", field="panel")
    WorkingDays.of(form.nation)
