"""The training queue: files with a known fault, or none, on which checkers learn and their misses are counted.

Seeded cases stay in this queue. A planted file among real submissions would be one more thing that can leave.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from orchestrator.airlock.model import Choice
from orchestrator.airlock.rules import text_sha256
from orchestrator.audit.record import Record
from orchestrator.core.errors import Conflict, Invalid, NotFound
from orchestrator.core.events import Event
from orchestrator.policy.model import SITE, Actor
from orchestrator.policy.service import Policy

from .store import Answer, add_answer, answers

__all__ = ["NOTHING_PLANTED", "Rate", "Results", "Training", "TrainingCase"]

NOTHING_PLANTED = "nothing planted"
"""Stands in the results for files in which nothing is wrong: sending them back is a false alarm."""

_COMMENT = 2_000


@dataclass(frozen=True, kw_only=True)
class TrainingCase:
    """One made-up file. ``rules`` are the ids of what is planted, empty where nothing is; ``lesson`` explains it."""

    case_id: str
    name: str
    content: bytes
    context: str
    rules: tuple[str, ...]
    lesson: str

    @cached_property
    def sha256(self) -> str:
        """Hash of the bytes: a changed case is a new one, to be answered anew."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How often one kind of fault was let through, or, for files without one, how often there was a false alarm."""

    rule: str
    answered: int
    wrong: int

    @property
    def percent(self) -> int:
        """The share of wrong answers, rounded."""
        return round(100 * self.wrong / self.answered) if self.answered else 0


@dataclass(frozen=True, kw_only=True)
class Results:
    """Rates by rule, of one person, or of everybody together where ``person_id`` is empty."""

    person_id: str
    answered: int
    rates: tuple[Rate, ...]


class Training:
    """What checkers practise on. It knows nothing of submissions, and submissions know nothing of it."""

    def __init__(
        self,
        record: Record,
        policy: Policy,
        cases: Sequence[TrainingCase],
        *,
        as_now: Callable[[Actor], Actor] = lambda actor: actor,
    ) -> None:
        self._record, self._policy, self._as_now = record, policy, as_now
        self._cases = {case.case_id: case for case in cases}
        if len(self._cases) != len(cases):
            raise Invalid("Two training cases have the same identifier.", field="case_id")

    def queue(self, actor: Actor) -> list[TrainingCase]:
        """List the cases this person has not answered as they are now; the order is his own, and stays."""
        self._check(actor, "trainAsChecker")
        done = self._done(actor.person_id)
        left = [case for case in self._cases.values() if (case.case_id, case.sha256) not in done]
        random.Random(actor.person_id).shuffle(left)  # noqa: S311 - neighbours shall not just tell each other numbers
        return left

    def case(self, actor: Actor, case_id: str) -> tuple[TrainingCase, Answer | None]:
        """Return one case, with this person's answer where he gave one."""
        self._check(actor, "trainAsChecker")
        case = self._cases.get(case_id)
        if case is None:
            raise NotFound("There is no such training case.")
        return case, self._done(actor.person_id).get((case.case_id, case.sha256))

    def answer(self, actor: Actor, case_id: str, *, choice: Choice, comment: str, sha256: str) -> Answer:
        """Answer a case, once; the first answer counts, because afterwards the lesson is known."""
        case, given = self.case(actor, case_id)
        if given is not None:
            raise Conflict("You have answered this case already; only the first answer counts.")
        if sha256 != case.sha256:
            raise Conflict("This case was changed meanwhile; open it again.")
        comment = comment.strip()
        if choice is not Choice.APPROVE and not comment:
            raise Invalid("Say what is wrong with it, as you would to its author.", field="comment")
        if len(comment) > _COMMENT:
            raise Invalid(f"A comment may have at most {_COMMENT} characters.", field="comment")
        answer = Answer(
            person_id=actor.person_id,
            case_id=case_id,
            sha256=sha256,
            rules=case.rules,
            choice=choice,
            comment=comment,
            answered_at=self._record.clock(),
        )
        event = Event(
            kind="training.answered",
            actor=actor.person_id,
            subject=f"training:{case_id}",
            details={"choice": choice.value, "missed": answer.missed, "comment": text_sha256(comment)},
        )
        with self._record.change() as change:
            add_answer(change, answer, event=event)
        return answer

    def own_results(self, actor: Actor) -> Results:
        """Return how this person does."""
        self._check(actor, "trainAsChecker")
        with self._record.read() as session:
            return _results(actor.person_id, answers(session, person_id=actor.person_id))

    def results(self, actor: Actor) -> list[Results]:
        """Return everybody's rates together, then each person's, for an SDC lead or operator."""
        self._check(actor, "showTrainingResults")
        with self._record.read() as session:
            every = answers(session)
        people = sorted({answer.person_id for answer in every})
        own = [_results(person, [each for each in every if each.person_id == person]) for person in people]
        return [_results("", every), *own] if every else []

    def _check(self, actor: Actor, action: str) -> None:
        self._policy.check(self._as_now(actor), action, SITE)

    def _done(self, person_id: str) -> dict[tuple[str, str], Answer]:
        with self._record.read() as session:
            return {(each.case_id, each.sha256): each for each in answers(session, person_id=person_id)}


def _results(person_id: str, given: Iterable[Answer]) -> Results:
    answered: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    number = 0
    for answer in given:
        number += 1
        for rule in answer.rules or (NOTHING_PLANTED,):
            answered[rule] += 1
            wrong[rule] += answer.missed or answer.false_alarm
    rates = tuple(Rate(rule=rule, answered=answered[rule], wrong=wrong[rule]) for rule in sorted(answered))
    return Results(person_id=person_id, answered=number, rates=rates)
