"""What an application's answers will say in the register: pure, the same for applicant, officer and approval."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.access.forms.model import Sheet, Value
from orchestrator.access.forms.published import field_of, said
from orchestrator.access.forms.sheets import answered
from orchestrator.core.register_fields import BY_KEY, SENSITIVITY, Field, Kind, Source

from .rules import merged

__all__ = ["Answered", "Planned", "Reworded", "Settled", "digest", "planned", "settled"]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What one question says in a field: the question word for word, what was answered, and whose forms ask it."""

    question: str
    words: str
    asked_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One field as the applicant's answers fill it."""

    key: str
    owner: str
    """The custodian for whose data it is said; empty for what is said of the whole project."""
    parts: tuple[Answered, ...]

    @property
    def field(self) -> Field:
        """The field it is about."""
        return BY_KEY[self.key]

    @property
    def asked_by(self) -> tuple[str, ...]:
        """Custodians whose forms ask what fills it."""
        return tuple(dict.fromkeys(custodian for part in self.parts for custodian in part.asked_by))

    @property
    def questions(self) -> tuple[str, ...]:
        """What was asked, word for word."""
        return tuple(part.question for part in self.parts)

    @property
    def words(self) -> str:
        """What all answers say together."""
        return _together(self.field, [part.words for part in self.parts])

    def words_of(self, custodian: str) -> str:
        """What the answers to one custodian's questions say: that is what it reads, and may put in other words."""
        return _together(self.field, [part.words for part in self.parts if custodian in part.asked_by])


@dataclass(frozen=True, kw_only=True)
class Reworded:
    """Other words that a custodian wants in a field before it is published, and why."""

    application_id: str
    custodian_id: str
    key: str
    of_sha256: str
    """The SHA-256 of the applicant's words, as the custodian asked them, that it replaces; once they change, it counts
    no more."""
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
    found: dict[tuple[str, str], list[Answered]] = {}
    for each in sheet.asked:
        field = field_of(each.question)
        words = said(each.question, given.get(each.question.question_id, ""))
        asking = tuple(custodian for custodian in each.custodians if custodian in custodians)
        if field is not None and words:
            for owner in _owners(field, asking):
                part = Answered(question=each.question.title, words=words, asked_by=(owner,) if owner else asking)
                found.setdefault((field.key, owner), []).append(part)
    order = {key: place for place, key in enumerate(BY_KEY)}
    made = [Planned(key=key, owner=owner, parts=tuple(parts)) for (key, owner), parts in found.items()]
    return sorted((each for each in made if each.words), key=lambda each: (order[each.key], each.owner))


def _owners(field: Field, asking: Sequence[str]) -> Sequence[str]:
    if field.source is Source.CUSTODIAN:
        return asking
    return [""] if asking else []


def _together(field: Field, said: Sequence[str]) -> str:
    """Return several answers as one text. Different choices say nothing, but for the most sensitive class of data."""
    words = list(dict.fromkeys(said))
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
    name: none of them speaks for another, and the answers that only others asked stay.
    """
    own = {custodian: planned.words_of(custodian) for custodian in planned.asked_by if custodian in names}
    newest = {
        each.custodian_id: each.words
        for each in reworded
        if each.key == planned.key and each.custodian_id in own and each.of_sha256 == digest(own[each.custodian_id])
    }
    wanted = {custodian: words for custodian, words in newest.items() if words != own[custodian]}
    if not wanted:
        return Settled(planned=planned, words=planned.words)
    instead = next(iter(wanted.values()))
    if len(set(wanted.values())) > 1:
        instead = merged(planned.field, {names[each]: words for each, words in wanted.items()})
    words = [part.words if wanted.keys().isdisjoint(part.asked_by) else instead for part in planned.parts]
    by = tuple(sorted(names[each] for each in wanted))
    return Settled(planned=planned, words=_together(planned.field, words), reworded_by=by)
