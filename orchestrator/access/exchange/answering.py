"""The applicant's side of the questions: read the one sheet, answer it, take answers over from earlier applications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.audit.record import Change
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.events import Json
from orchestrator.policy.model import Actor

from .. import store as applications
from ..applications import application_event
from ..forms.model import Asked, Sheet, Value
from ..forms.published import check_public
from ..forms.repeating import block_of, spread, without
from ..forms.sheets import check_answer
from ..store import ApplicationRow
from ..values import to_application
from . import store
from .model import FilledSheet
from .parts import PartExchange
from .public import minimum_of
from .reading import asked_once, open_questions, sheet_of
from .store import Earlier

__all__ = ["Answering"]


class Answering(PartExchange):
    """Questions and answers of applications."""

    def sheet(self, actor: Actor, application_id: str, *, more: str = "") -> FilledSheet:
        """Return what this person may see: all of it to the applicant's side, an officer what his custodian asked.

        ``more`` is a question that repeats, to be answered for one more person.
        """
        with self._record.read() as session:
            row = applications.application_row(session, application_id)
            application = to_application(session, row)
            current = self._current(session, actor)
            self._must_see(current, application)
            whole = self._as_seen(session, actor, application) is application
            custodians = None if whole else current.custodians
            own = current.person_id in {application.applicant_id, *application.answers.members}
            return self._filled(session, application, custodians=custodians, own=own, more=more)

    def answer(self, actor: Actor, application_id: str, answers: Mapping[str, object]) -> FilledSheet:
        """Keep answers of a draft, or to questions that a custodian wants changed; ``""`` takes an answer away."""
        with self._record.change() as change:
            row, application = self._load(change.session, actor, "answerApplication", application_id)
            given = store.answers_up_to(change.session, application_id, row.revision + 1)
            sheet = spread(asked_once(change.session, application), {**given, **_said(answers)})
            open_now = open_questions(change.session, application, sheet)
            kept = {key: check_answer(_asked(sheet, key, open_now).question, value) for key, value in answers.items()}
            minimum = minimum_of(change.session, application)
            for key, value in kept.items():
                check_public(_asked(sheet, key, open_now).question, value, minimum=minimum)
            self._keep(change, actor, row, kept)
            return self._filled(change.session, application, custodians=None, own=True)

    def take_out(self, actor: Actor, application_id: str, question_id: str) -> FilledSheet:
        """Take out one of several people or organisations; ``question_id`` is any question about it."""
        with self._record.change() as change:
            row, application = self._load(change.session, actor, "answerApplication", application_id)
            sheet = sheet_of(change.session, application)
            open_now = open_questions(change.session, application, sheet)
            for each in block_of(sheet, question_id):
                _asked(sheet, each.question.question_id, open_now)
            given = store.answers_up_to(change.session, application_id, row.revision + 1)
            self._keep(change, actor, row, without(sheet, question_id, given))
            return self._filled(change.session, application, custodians=None, own=True)

    def reuse(self, actor: Actor, application_id: str, source_id: str | None = None) -> FilledSheet:
        """Take over answers to questions not answered yet: from one own application, or the newest to each.

        An answer to a custodian's own question is found again only where the same custodian asks it again.
        """
        with self._record.change() as change:
            row, application = self._load(change.session, actor, "answerApplication", application_id)
            given = store.answers_up_to(change.session, application_id, row.revision + 1)
            once = asked_once(change.session, application)
            earlier = _of_whole_blocks(
                once,
                given,
                store.earlier_answers(
                    change.session, application.applicant_id, apart_from=application_id, source_id=source_id
                ),
            )
            sheet = spread(once, {**given, **earlier})
            open_now = open_questions(change.session, application, sheet)
            found = {
                key: value
                for key, value in earlier.items()
                if key in open_now and not given.get(key) and _fits(sheet, key, value)
            }
            if not found:
                raise NotPossible("No earlier answer of yours fits a question that is still open here.")
            self._keep(change, actor, row, found)
            return self._filled(change.session, application, custodians=None, own=True)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _keep(self, change: Change, actor: Actor, row: ApplicationRow, answers: Mapping[str, Value]) -> None:
        if not answers:
            raise Invalid("There is no answer to keep.", field="answers")
        store.set_answers(
            change.session, row.application_id, row.revision + 1, answers, by=actor.person_id, at=self._now()
        )
        kept: list[Json] = [*sorted(answers)]
        change.tell(application_event("application.answered", actor.person_id, row, questions=kept))


def _said(answers: Mapping[str, object]) -> dict[str, Value]:
    """Return which answers say something, whatever they say: they tell for how many people there are any."""
    return {key: "said" for key, value in answers.items() if value}


def _of_whole_blocks(once: Sheet, given: Mapping[str, Value], earlier: Sequence[Earlier]) -> dict[str, Value]:
    """Return earlier answers by question; of what repeats only where nothing is answered yet, from one application.

    One person's name beside another one's post would be worse than an empty line.
    """
    found = {each.question_id: each.value for each in earlier}
    whole = spread(once, {**given, **found})
    seen: set[str] = set()
    for asked in whole.asked:
        if not asked.question.repeats or asked.question.question_id in seen:
            continue
        block = {each.question.question_id for each in block_of(whole, asked.question.question_id)}
        seen |= block
        there = [each for each in earlier if each.question_id in block]
        source = max(there, key=lambda each: each.answered_at).application_id if there else ""
        for each in there:
            if each.application_id != source or any(given.get(key) for key in block):
                del found[each.question_id]
    return found


def _asked(sheet: Sheet, question_id: str, open_now: frozenset[str]) -> Asked:
    found = sheet.find(question_id)
    if found is None:
        raise Invalid(f"This application does not ask “{question_id[:64]}”.", field="answers")
    if question_id not in open_now:
        raise NotPossible(
            f"“{found.question.title}” was submitted and is frozen; it opens when a custodian asks for a change of it."
        )
    return found


def _fits(sheet: Sheet, question_id: str, value: Value) -> bool:
    found = sheet.find(question_id)
    try:
        return found is not None and bool(check_answer(found.question, value))
    except Invalid:
        return False
