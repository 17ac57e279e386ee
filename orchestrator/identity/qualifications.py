"""Training and accreditation: recorded by an operator other than the person, ended at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.core.clock import iso
from orchestrator.core.errors import NotPossible
from orchestrator.core.events import Event, Notice
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import store
from .asking import Asking, account
from .model import Accreditation, Person, Training
from .rules import check_end_date, check_text

__all__ = ["LONGEST_QUALIFICATION", "Qualifications"]

LONGEST_QUALIFICATION = timedelta(days=5 * 366)
"""Training and accreditation are renewed at least every five years."""


class Qualifications(Asking):
    """What a person passed and is accredited for, with the dates on which it ends."""

    def record_training(self, actor: Actor, person_id: str, course: str, valid_until: datetime) -> Training:
        """Record that somebody else passed a course."""
        with self._record.change() as change:
            self._check(change.session, actor, "recordTraining", account(person_id))
            now = self._now()
            training = Training(
                training_id=new_id(),
                person_id=store.load(change.session, Person, person_id).person_id,
                course=check_text(course, field="course", longest=100),
                valid_until=check_end_date(valid_until, now=now, most=LONGEST_QUALIFICATION, field="valid_until"),
                recorded_by=actor.person_id,
                recorded_at=now,
            )
            return store.put(change, training, event=_about(training, "recorded", actor))

    def end_training(self, actor: Actor, training_id: str) -> Training:
        """End a training at once."""
        with self._record.change() as change:
            training = store.load(change.session, Training, training_id)
            whose, unknown = account(training.person_id), store.unknown(Training, training_id)
            self._check_known(change.session, actor, "endTraining", whose, sight="showPerson", unknown=unknown)
            if training.ended_at is not None:
                raise NotPossible("This training has ended already.")
            training = replace(training, ended_by=actor.person_id, ended_at=self._now())
            event = _about(training, "ended", actor)
            store.put(change, training, event=event)
            change.notify(Notice(person=training.person_id, kind=event.kind, subject=event.subject))
            return training

    def record_accreditation(self, actor: Actor, person_id: str, number: str, valid_until: datetime) -> Accreditation:
        """Record somebody else's accreditation as a researcher."""
        with self._record.change() as change:
            self._check(change.session, actor, "recordAccreditation", account(person_id))
            now = self._now()
            accreditation = Accreditation(
                accreditation_id=new_id(),
                person_id=store.load(change.session, Person, person_id).person_id,
                number=check_text(number, field="number", longest=100),
                valid_until=check_end_date(valid_until, now=now, most=LONGEST_QUALIFICATION, field="valid_until"),
                recorded_by=actor.person_id,
                recorded_at=now,
            )
            return store.put(change, accreditation, event=_about(accreditation, "recorded", actor))

    def end_accreditation(self, actor: Actor, accreditation_id: str) -> Accreditation:
        """End an accreditation at once."""
        with self._record.change() as change:
            accreditation = store.load(change.session, Accreditation, accreditation_id)
            whose, unknown = account(accreditation.person_id), store.unknown(Accreditation, accreditation_id)
            self._check_known(change.session, actor, "endAccreditation", whose, sight="showPerson", unknown=unknown)
            if accreditation.ended_at is not None:
                raise NotPossible("This accreditation has ended already.")
            accreditation = replace(accreditation, ended_by=actor.person_id, ended_at=self._now())
            event = _about(accreditation, "ended", actor)
            store.put(change, accreditation, event=event)
            change.notify(Notice(person=accreditation.person_id, kind=event.kind, subject=event.subject))
            return accreditation


def _about(thing: Training | Accreditation, done: str, actor: Actor) -> Event:
    noun, identifier = (
        ("training", thing.training_id) if isinstance(thing, Training) else ("accreditation", thing.accreditation_id)
    )
    details = {"person": thing.person_id, "valid_until": iso(thing.valid_until)}
    return Event(kind=f"{noun}.{done}", actor=actor.person_id, subject=f"{noun}:{identifier}", details=details)
