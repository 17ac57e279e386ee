"""Questions, forms and the one sheet that an applicant fills in for several custodians, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

__all__ = [
    "NO_FORM",
    "Asked",
    "AskedWhen",
    "Form",
    "FormItem",
    "Kind",
    "Option",
    "Question",
    "Section",
    "Sheet",
    "Value",
]

Value: TypeAlias = str | list[str]
"""An answer: a text, a chosen option, a day as YYYY-MM-DD, or a list of chosen options."""


class Section(StrEnum):
    """The Five Safes, and what belongs to none of them. The order is the order in which people are asked."""

    PEOPLE = "safe people"
    PROJECT = "safe project"
    DATA = "safe data"
    SETTINGS = "safe settings"
    OUTPUTS = "safe outputs"
    MORE = "additional information"


class Kind(StrEnum):
    """How a question is answered."""

    LINE = "line"
    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"
    DAY = "day"


@dataclass(frozen=True, kw_only=True)
class Option:
    """One thing that can be chosen: ``value`` is kept, ``label`` is read."""

    value: str
    label: str
    register: str = ""
    """What the public register says where it is chosen; empty: the label, as far as the register knows it."""


@dataclass(frozen=True, kw_only=True)
class AskedWhen:
    """Ask only when another question was answered with one of ``values``."""

    question_id: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One version of one question. ``owner`` is the custodian whose own question it is; none: it is in the bank."""

    question_id: str
    version: int = 1
    owner: str | None = None
    section: Section
    group: str = ""
    """A heading within the section."""
    title: str
    guidance: str = ""
    kind: Kind
    options: tuple[Option, ...] = ()
    asked_when: AskedWhen | None = None
    shortest: int = 0
    """How many characters a text must have at least, where it is given."""
    longest: int = 20_000
    always_required: bool = False
    """Whoever asks it at all wants it answered."""
    archived: bool = False
    """No form takes it up any more; forms that have it keep it."""
    register: str = ""
    """The field of the public register that an approved answer fills; empty: the answer is not published."""
    repeats: str = ""
    """What it is asked again for, such as “person”; empty: it is asked once."""


@dataclass(frozen=True, kw_only=True)
class FormItem:
    """One question of a custodian's form: this version, needed or not, with the custodian's own words beside it."""

    question_id: str
    version: int
    required: bool = False
    guidance: str = ""


@dataclass(frozen=True, kw_only=True)
class Form:
    """One version of what a custodian asks, and how long it takes to decide.

    ``decide_within`` and ``answer_within`` are working days of ``nation``: until the custodian's decision, and until
    the applicant's answer where the custodian asked for changes.
    """

    custodian_id: str
    version: int
    items: tuple[FormItem, ...]
    decide_within: int
    answer_within: int
    nation: str
    panel: int = 0
    """How many members of the custodian's lay panel must have advised before it approves."""
    published_by: str
    published_at: datetime


NO_FORM = 0
"""The version that stands for a custodian which asks nothing beyond what every application says."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question on a sheet, with the custodians that ask it, those that need it, and what each says about it."""

    question: Question
    custodians: tuple[str, ...]
    required_by: tuple[str, ...] = ()
    guidance: Mapping[str, str] = field(default_factory=dict)
    number: int = 1
    """For the how-manieth of several people or organisations; always 1 where it is asked once."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Every question of one application, each once: parents before what hangs on them, section by section."""

    asked: tuple[Asked, ...] = ()

    def of(self, custodian_id: str) -> Sheet:
        """Return what one custodian asks, without a word about any other."""
        return Sheet(
            asked=tuple(
                Asked(
                    question=each.question,
                    custodians=(custodian_id,),
                    required_by=(custodian_id,) if custodian_id in each.required_by else (),
                    guidance={key: words for key, words in each.guidance.items() if key == custodian_id},
                    number=each.number,
                )
                for each in self.asked
                if custodian_id in each.custodians
            )
        )

    def find(self, question_id: str) -> Asked | None:
        """Return a question of the sheet by its identifier."""
        return next((each for each in self.asked if each.question.question_id == question_id), None)
