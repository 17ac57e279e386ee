"""Which questions the lines of a price list hang on, so that a form asks these and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.core.errors import Invalid

from .model import AskKind, Condition, PriceList, Table
from .request import COUNTS, DATASET_COUNTS, WORDS, Answer

__all__ = ["Question", "questions", "read_answers"]

_SAYS: Mapping[str, str] = {
    "applicant": "Class of applicant",
    "funder": "Who pays for the study",
    "identifiability": "How people can be recognised in the data",
    "legal-basis": "Legal basis",
    "linkage": "Whether data are linked",
    "access": "Where the data are used",
    "processing": "Class of processing",
    "vat-exempt": "Whether you are exempt from VAT",
}
_TOLD = DATASET_COUNTS | {"months", "requests", "request", "subscriber"}
"""What follows from the application itself, or from the record."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of a form: with ``choices``, or else a number that may be not known yet."""

    name: str
    says: str
    choices: tuple[str, ...] = ()
    needed: bool = False


def questions(lists: Iterable[PriceList]) -> tuple[Question, ...]:
    """Return what these lists ask, each question once: who applies first, then words, numbers, own questions."""
    asked: dict[str, Question] = {"applicant": _standard("applicant")}
    own: dict[str, Question] = {}
    for prices in lists:
        for name in _names(prices):
            ask = prices.ask(name)
            if name in WORDS or name in COUNTS:
                asked.setdefault(name, _standard(name))
            elif ask is not None:
                choices = {AskKind.YES_NO: ("no", "yes"), AskKind.CHOICE: ask.choices, AskKind.COUNT: ()}
                question = Question(name=name, says=ask.says, choices=choices[ask.kind], needed=ask.needed)
                own.setdefault(name, question)
    kept = [question for name, question in asked.items() if name not in _TOLD]
    return tuple(sorted(kept, key=lambda each: not each.choices)) + tuple(own.values())


def _standard(name: str) -> Question:
    if name in WORDS:
        return Question(name=name, says=_SAYS.get(name, name), choices=WORDS[name], needed=name == "applicant")
    many = COUNTS[name][1]
    return Question(name=name, says=f"Number of {many}")


def _names(prices: PriceList) -> list[str]:
    """Return the names that lines count or hang on, in the order in which they come up."""
    names: list[str] = []
    conditions: list[Condition] = [*prices.vat.unless]
    for line in prices.lines:
        conditions += [*line.when, *(line.vat.unless if line.vat else ())]
        names += [count.of for count in line.quantity]
        if isinstance(line.price, Table):
            names.append(line.price.by)
        if line.quota is not None and "user" in line.quota.per:
            names.append("users")
        if any(count.of == "user-months" for count in line.quantity):
            names.append("users")
    names += [condition.of for condition in conditions]
    without = [name for name in dict.fromkeys(names) if name != "user-months"]
    return without + [ask.ask_id for ask in prices.asks if ask.ask_id not in without]


def read_answers(asked: Sequence[Question], typed: Callable[[str], str]) -> dict[str, Answer]:
    """Read a form: what was left empty is left out (and assumed), “unknown” is not known yet.

    Raises ``Invalid`` with the question's words.
    """
    answers: dict[str, Answer] = {}
    for question in asked:
        text = typed(question.name).strip()
        if not text:
            if question.needed:
                raise Invalid(f"Choose: {question.says}.", field=question.name)
            continue
        if question.choices:
            if text not in question.choices:
                raise Invalid(f"Choose one of the answers to “{question.says}”.", field=question.name)
            answers[question.name] = text
        elif text.casefold() == "unknown":
            answers[question.name] = None
        elif text.isascii() and text.isdigit() and len(text) <= 9:
            answers[question.name] = int(text)
        else:
            raise Invalid(f"Enter “{question.says}” as a whole number, or “unknown”.", field=question.name)
    return answers
