"""What an application's answers will say in the register: pure, the same for applicant, officer and approval."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.access.forms.model import Question, Sheet, Value
from orchestrator.access.forms.published import field_of, said
from orchestrator.access.forms.sheets import answered
from orchestrator.core.register_fields import BY_KEY, SENSITIVITY, Field, Kind, Source

from .rules import merged

__all__ = ["Planned", "Reworded", "Settled", "digest", "planned", "settled"]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One field as the applicant's answers fill it."""

    key: str
    owner: str
    """The custodian for whose data it is said; empty for what is said of the whole project."""
    asked_by: tuple[str, ...]
    """Custodians whose forms ask what fills it."""
    questions: tuple[str, ...]
    """What was asked, word for word."""
    words: str

    @property
    def field(self) -> Field:
        """The field it is about."""
        return BY_KEY[self.key]


@dataclass(frozen=True, kw_only=True)
class Reworded:
    """Other words that a custodian wants in a field before it is published, and why."""

    application_id: str
    custodian_id: str
    key: str
    of_sha256: str
    """The SHA-256 of the applicant's words that it replaces; once they change, it counts no more."""
    words: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Settled:
    """One field as an approval publishes it. ``reworded_by`` are the custodians whose words stand in it."""

    planned: Planned
    words: str
    reworded_by: tuple[str, ...] = ()


def digest(words: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(words.encode()).hexdigest()


def planned(sheet: Sheet, answers: Mapping[str, Value], custodians: Collection[str]) -> list[Planned]:
    """Return what the answers say, in the order of the specification, as far as ``custodians`` ask it.

    What is said of data is said for each custodian that asks; what is said of the project, once.
    """
    given = answered(sheet, answers)
    found: dict[tuple[str, str], list[tuple[Question, str, list[str]]]] = {}
    for each in sheet.asked:
        field = field_of(each.question)
        words = said(each.question, given.get(each.question.question_id, ""))
        asking = [custodian for custodian in each.custodians if custodian in custodians]
        if field is not None and words:
            for owner in _owners(field, asking):
                found.setdefault((field.key, owner), []).append((each.question, words, asking))
    order = {key: place for place, key in enumerate(BY_KEY)}
    made = [_joined(key, owner, parts) for (key, owner), parts in found.items()]
    return sorted((each for each in made if each.words), key=lambda each: (order[each.key], each.owner))


def _owners(field: Field, asking: Sequence[str]) -> Sequence[str]:
    if field.source is Source.CUSTODIAN:
        return asking
    return [""] if asking else []


def _joined(key: str, owner: str, parts: Sequence[tuple[Question, str, list[str]]]) -> Planned:
    custodians = [owner] if owner else [each for _, _, asking in parts for each in asking]
    return Planned(
        key=key,
        owner=owner,
        asked_by=tuple(dict.fromkeys(custodians)),
        questions=tuple(question.title for question, _, _ in parts),
        words=_together(BY_KEY[key], list(dict.fromkeys(words for _, words, _ in parts))),
    )


def _together(field: Field, words: Sequence[str]) -> str:
    """Return several answers as one text. Different choices say nothing, but for the most sensitive class of data."""
    if len(words) == 1:
        return words[0]
    if field.key == "sensitivity":
        return next((level for level in SENSITIVITY if level in words), "")
    if field.kind in (Kind.CHOICE, Kind.DAY):
        return ""
    return ("\n" if field.kind is Kind.TEXT else ", ").join(words)


def settled(planned: Planned, reworded: Iterable[Reworded], names: Mapping[str, str]) -> Settled:
    """Return what is published of a field: the applicant's words, or those that custodians put in their place.

    ``names`` are the custodians that count, with their names. Where they want different words, each stands with its
    name: none of them speaks for another.
    """
    newest = {
        each.custodian_id: each.words
        for each in reworded
        if each.key == planned.key and each.custodian_id in names and each.of_sha256 == digest(planned.words)
    }
    wanted = {
        custodian: words
        for custodian, words in newest.items()
        if words != planned.words and custodian in planned.asked_by
    }
    if not wanted:
        return Settled(planned=planned, words=planned.words)
    by = tuple(sorted(names[each] for each in wanted))
    if len(set(wanted.values())) == 1:
        return Settled(planned=planned, words=next(iter(wanted.values())), reworded_by=by)
    return Settled(
        planned=planned,
        words=merged(planned.field, {names[each]: words for each, words in wanted.items()}),
        reworded_by=by,
    )
