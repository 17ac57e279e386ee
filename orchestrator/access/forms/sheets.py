"""One sheet out of several custodians' forms; what of it is asked, what an answer must be, what is missing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import rfc8785

from orchestrator.core.errors import Invalid

from .model import Asked, Form, FormItem, Kind, Question, Section, Sheet, Value

__all__ = ["answered", "check_answer", "fingerprint", "is_asked", "merged", "missing"]

_ORDER = {section: place for place, section in enumerate(Section)}


def merged(forms: Sequence[Form], bank: Mapping[tuple[str, int], Question]) -> Sheet:
    """Return every question of these forms once; where two ask versions of the same one, the newest is asked.

    Versions that hang on different answers are asked of everybody: a custodian would miss an answer otherwise.
    """
    found: dict[str, dict[str, FormItem]] = {}
    for form in forms:
        for item in form.items:
            found.setdefault(item.question_id, {})[form.custodian_id] = item
    asked = [_asked(items, bank) for items in found.values()]
    known = {each.question.question_id: each.question for each in asked}
    return Sheet(asked=tuple(_in_order([_reachable(each, known) for each in asked])))


def _asked(items: Mapping[str, FormItem], bank: Mapping[tuple[str, int], Question]) -> Asked:
    newest = max(items.values(), key=lambda item: item.version)
    question = bank[newest.question_id, newest.version]
    if len({bank[item.question_id, item.version].asked_when for item in items.values()}) > 1:
        question = replace(question, asked_when=None)
    return Asked(
        question=question,
        custodians=tuple(sorted(items)),
        required_by=tuple(sorted(key for key, item in items.items() if item.required or question.always_required)),
        guidance={key: item.guidance for key, item in sorted(items.items()) if item.guidance},
    )


def _reachable(asked: Asked, known: Mapping[str, Question]) -> Asked:
    """Return a question that can be reached: without its condition where the parent's version offers no such answer."""
    when = asked.question.asked_when
    if when is None or set(when.values) <= {option.value for option in known[when.question_id].options}:
        return asked
    return replace(asked, question=replace(asked.question, asked_when=None))


def _in_order(asked: Sequence[Asked]) -> list[Asked]:
    """Return sections in their order, and in each a question directly before those that hang on it."""
    known = {each.question.question_id for each in asked}
    below: dict[str, list[Asked]] = {}
    for each in asked:
        when = each.question.asked_when
        below.setdefault(when.question_id if when and when.question_id in known else "", []).append(each)
    ordered: list[Asked] = []

    def walk(parent: str) -> None:
        for each in sorted(below.get(parent, []), key=_section) if not parent else below.get(parent, []):
            ordered.append(each)
            walk(each.question.question_id)

    walk("")
    return ordered


def _section(each: Asked) -> int:
    return _ORDER[each.question.section]


def is_asked(sheet: Sheet, each: Asked, answers: Mapping[str, Value]) -> bool:
    """Say whether a question is asked, given the answers so far: all that it hangs on were answered so."""
    seen = set()
    while (when := each.question.asked_when) is not None:
        parent = sheet.find(when.question_id)
        if parent is None or when.question_id in seen:
            return False
        seen.add(when.question_id)
        given = answers.get(when.question_id, [])
        if not set(when.values) & set([given] if isinstance(given, str) else given):
            return False
        each = parent
    return True


def check_answer(question: Question, value: object) -> Value:
    """Return an answer as it is kept, ``""`` or ``[]`` for none; raise ``Invalid`` naming the question."""
    name, title = question.question_id, question.title
    if question.kind is Kind.CHOICES:
        return _several(question, value)
    if not isinstance(value, str):
        raise Invalid(f"Answer “{title}” with a text.", field=name)
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        return ""
    if question.kind is Kind.CHOICE and text not in {option.value for option in question.options}:
        raise Invalid(f"Choose one of the answers offered to “{title}”.", field=name)
    if question.kind is Kind.DAY:
        _check_day(question, text)
    if any(ord(letter) < 32 and (question.kind is not Kind.TEXT or letter not in "\n\t") for letter in text):
        raise Invalid(f"The answer to “{title}” holds control characters; remove them.", field=name)
    if len(text) > question.longest:
        raise Invalid(f"Shorten the answer to “{title}” to {question.longest:,} characters.", field=name)
    if len(text) < question.shortest:
        raise Invalid(f"Answer “{title}” in at least {question.shortest} characters.", field=name)
    return text


def _check_day(question: Question, text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"Answer “{question.title}” with a day such as 2027-03-31.", field=question.question_id) from None


def _several(question: Question, value: object) -> list[str]:
    chosen = [value] if isinstance(value, str) else value
    if not isinstance(chosen, list) or not all(isinstance(each, str) for each in chosen):
        raise Invalid(f"Answer “{question.title}” with a list of choices.", field=question.question_id)
    offered = [option.value for option in question.options]
    wanted = {each for each in chosen if each}
    if not wanted <= set(offered):
        raise Invalid(f"Choose among the answers offered to “{question.title}”.", field=question.question_id)
    return [each for each in offered if each in wanted]


def answered(sheet: Sheet, answers: Mapping[str, Value]) -> dict[str, Value]:
    """Return the answers that count: given, to questions of this sheet that are asked."""
    return {
        each.question.question_id: answers[each.question.question_id]
        for each in sheet.asked
        if answers.get(each.question.question_id) and is_asked(sheet, each, answers)
    }


def missing(sheet: Sheet, answers: Mapping[str, Value]) -> list[Asked]:
    """Return the questions that are asked, needed by a custodian, and not answered."""
    return [
        each
        for each in sheet.asked
        if each.required_by and is_asked(sheet, each, answers) and not answers.get(each.question.question_id)
    ]


def fingerprint(sheet: Sheet, answers: Mapping[str, Value], more: Sequence[str]) -> str:
    """Return the SHA-256 over what is read on a sheet: questions as they were worded, answers, and ``more``."""
    given = answered(sheet, answers)
    lines: list[Any] = [
        [each.question.question_id, each.question.version, each.question.title, given[each.question.question_id]]
        for each in sheet.asked
        if each.question.question_id in given
    ]
    return hashlib.sha256(rfc8785.dumps([*lines, *more])).hexdigest()
