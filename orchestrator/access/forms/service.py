"""Keeps the bank of questions, custodians' own questions, and each custodian's form; every version stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from orchestrator.alliance.onboarding.presence import check_present
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.policy.model import SITE, Actor, Thing

from ..neighbours import Neighbours
from . import store
from .importing import ImportedBank, read_bank
from .model import Form, FormItem, Question
from .rules import check_bank, check_form, check_question

__all__ = ["Forms"]


class Forms(Neighbours):
    """What can be asked, and what each custodian asks; its form is its own business, and its applicants'."""

    def questions(self, actor: Actor, *, custodian_id: str | None = None, archived: bool = False) -> list[Question]:
        """Return the newest version of every question of the bank, and of one custodian's own for its officers."""
        with self._record.read() as session:
            if custodian_id is not None:
                self._check(session, actor, "showForm", _custodian(custodian_id))
            newest = store.current(store.bank(session)).values()
            return [each for each in newest if each.owner in (None, custodian_id) and (archived or not each.archived)]

    def question(self, actor: Actor, question_id: str) -> list[Question]:
        """Return every version of one question, newest first; who may not see it is told of nothing."""
        with self._record.read() as session:
            current = self._current(session, actor)
            found = [each for each in store.bank(session).values() if each.question_id == question_id]
        if not found or not self._may_read(current, found[0].owner):
            raise NotFound(f"There is no question “{question_id[:64]}”; look at the list of questions.")
        return sorted(found, key=_version, reverse=True)

    def define(self, actor: Actor, question: Question) -> Question:
        """Add a question or its next version: operators for the bank, an officer for the custodian's own."""
        with self._record.change() as change:
            self._check_keeper(change.session, actor, question.owner)
            versions = store.bank(change.session)
            kept = _next(check_question(question), versions)
            newest = store.current(versions) | {kept.question_id: kept}
            check_bank(newest.values())
            store.add_questions(
                change,
                [kept],
                by=actor.person_id,
                at=self._now(),
                event=_told(actor, "question.defined", kept.question_id, version=kept.version, owner=kept.owner),
            )
            return kept

    def archive(self, actor: Actor, question_id: str) -> Question:
        """Let no new form take a question up; forms that ask it go on, unless another question hangs on it."""
        with self._record.change() as change:
            versions = store.bank(change.session)
            newest = store.current(versions).get(question_id)
            if newest is None or not self._may_read(self._current(change.session, actor), newest.owner):
                raise NotFound(f"There is no question “{question_id[:64]}”; look at the list of questions.")
            self._check_keeper(change.session, actor, newest.owner)
            if newest.archived:
                raise NotPossible("This question is archived already.")
            kept = replace(newest, version=newest.version + 1, archived=True)
            event = _told(actor, "question.archived", question_id, version=kept.version, owner=kept.owner)
            store.add_questions(change, [kept], by=actor.person_id, at=self._now(), event=event)
            return kept

    def import_bank(self, actor: Actor, content: object) -> ImportedBank:
        """Take questions into the bank: new ones, and new versions of those that changed. All, or none."""
        read = read_bank(content)
        with self._record.change() as change:
            self._check_keeper(change.session, actor, None)
            versions = store.bank(change.session)
            newest = store.current(versions)
            kept = [_next(each, versions) for each in read.questions]
            changed = [each for each in kept if each != newest.get(each.question_id)]
            check_bank((newest | {each.question_id: each for each in changed}).values())
            if changed:
                event = _told(actor, "question.bank-imported", "bank", questions=len(changed))
                store.add_questions(change, changed, by=actor.person_id, at=self._now(), event=event)
            return ImportedBank(questions=tuple(changed), findings=read.findings)

    def publish(
        self,
        actor: Actor,
        custodian_id: str,
        items: Sequence[FormItem],
        *,
        decide_within: int = 20,
        answer_within: int = 20,
        nation: str = "England and Wales",
        panel: int = 0,
    ) -> Form:
        """Publish the next version of a custodian's form; applications that are under way keep what they were asked."""
        with self._record.change() as change:
            self._alliance.custodian(custodian_id)
            self._check(change.session, actor, "publishForm", _custodian(custodian_id))
            check_present(change.session, custodian_id, now=self._now())
            earlier = store.form(change.session, custodian_id)
            versions = store.bank(change.session)
            newest = store.current(versions)
            form = Form(
                custodian_id=custodian_id,
                version=earlier.version + 1 if earlier else 1,
                items=tuple(_pinned(items, newest)),
                decide_within=decide_within,
                answer_within=answer_within,
                nation=nation,
                panel=panel,
                published_by=actor.person_id,
                published_at=self._now(),
            )
            form = check_form(form, versions, newest)
            details: dict[str, Json] = {"version": form.version, "questions": len(form.items), "panel": panel}
            event = Event(
                kind="form.published", actor=actor.person_id, subject=f"custodian:{custodian_id}", details=details
            )
            store.add_form(change, form, event=event)
            return form

    def form(self, actor: Actor, custodian_id: str, version: int | None = None) -> Form:
        """Return a custodian's form, the newest unless told otherwise; raise ``NotFound`` when it has none."""
        with self._record.read() as session:
            self._check(session, actor, "showForm", _custodian(custodian_id))
            found = store.form(session, custodian_id, version)
        if found is None:
            raise NotFound("This custodian has published no such form; it asks what every application says.")
        return found

    def forms(self, actor: Actor, custodian_id: str) -> list[Form]:
        """Return every version of a custodian's form, newest first."""
        with self._record.read() as session:
            self._check(session, actor, "showForm", _custodian(custodian_id))
            return store.form_versions(session, custodian_id)

    def _may_read(self, current: Actor, owner: str | None) -> bool:
        return owner is None or self._policy.may(current, "showForm", _custodian(owner))

    def _check_keeper(self, session: Session, actor: Actor, owner: str | None) -> None:
        if owner is None:
            self._check(session, actor, "keepQuestionBank", SITE)
            return
        self._alliance.custodian(owner)
        self._check(session, actor, "keepOwnQuestions", _custodian(owner))
        check_present(session, owner, now=self._now())


def _next(question: Question, versions: Mapping[tuple[str, int], Question]) -> Question:
    """Return a question as its next version; one that says what the newest says keeps its number."""
    known = [each for (question_id, _), each in versions.items() if question_id == question.question_id]
    if not known:
        return replace(question, version=1)
    newest = max(known, key=_version)
    if newest.owner != question.owner:
        raise Invalid("Another question has this name; choose one of your own.", field="question_id")
    if replace(question, version=newest.version) == newest:
        return newest
    return replace(question, version=newest.version + 1)


def _version(question: Question) -> int:
    return question.version


def _pinned(items: Iterable[FormItem], newest: Mapping[str, Question]) -> Iterable[FormItem]:
    """Return items with the newest version where none was named."""
    for item in items:
        known = newest.get(item.question_id)
        yield replace(item, version=known.version) if item.version == 0 and known else item


def _custodian(custodian_id: str) -> Thing:
    return Thing(kind="Custodian", id=custodian_id, attributes={"custodian": custodian_id})


def _told(actor: Actor, kind: str, question_id: str, **details: Json) -> Event:
    return Event(kind=kind, actor=actor.person_id, subject=f"question:{question_id}", details=details)
