"""Registering people, suspending them at once, resuming them by two."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from orchestrator.core.clock import iso
from orchestrator.core.errors import NotFound, NotPossible, Refused
from orchestrator.core.events import Event, Notice
from orchestrator.core.ids import new_id
from orchestrator.policy.model import SITE, Actor

from . import store
from .asking import Asking, account, actor_of
from .model import Person, Profile, Role, RoleHolding, Standing, Suspension, Waiting
from .rules import check_email, check_end_date, check_not_lapsed, check_text, judge
from .sessions import end_sessions
from .states import PERSON_STATES, HoldingState, PersonState

__all__ = ["People"]

_FIRST_TERM = timedelta(days=365)


class People(Asking):
    """Accounts: who is known, who is stopped, what each person's access hangs on."""

    def first_operator(self, name: str, email: str, issuer: str, subject: str) -> Person:
        """Make the first operator, for a year: only while no operator role is in force; ``tre init`` calls this."""
        with self._record.change() as change:
            now = self._now()
            if store.operators(change.session, now):
                raise Refused("There is an operator already; roles are now proposed and confirmed by two people.")
            person = store.person_by_sign_on(change.session, issuer=issuer, subject=subject)
            if person is None:
                person = _new_person(name, email, issuer, subject, affiliation="", now=now)
                store.put(change, person, event=_about(person, "person.registered", "system:setup"))
            holding = RoleHolding(
                holding_id=new_id(),
                person_id=person.person_id,
                role=Role.OPERATOR,
                custodian_id=None,
                state=HoldingState.HELD,
                until=check_end_date(now + _FIRST_TERM, now=now, most=_FIRST_TERM),
                proposed_by="system:setup",
                proposed_at=now,
                confirmed_by="system:setup",
            )
            details = {"person": person.person_id, "role": holding.role.value, "until": iso(holding.until)}
            event = Event(
                kind="role.set-up", actor="system:setup", subject=f"role:{holding.holding_id}", details=details
            )
            store.put(change, holding, event=event)
            return person

    def register_person(
        self, actor: Actor, name: str, email: str, issuer: str, subject: str, *, affiliation: str = ""
    ) -> Person:
        """Register somebody under the issuer and subject he signs on with."""
        with self._record.change() as change:
            self._check(change.session, actor, "registerPerson", SITE)
            if store.person_by_sign_on(change.session, issuer=issuer, subject=subject) is not None:
                raise NotPossible("Somebody who signs on this way is registered already.")
            person = _new_person(name, email, issuer, subject, affiliation=affiliation, now=self._now())
            return store.put(change, person, event=_about(person, "person.registered", actor.person_id))

    def change_person(
        self, actor: Actor, person_id: str, *, name: str = "", email: str = "", affiliation: str = ""
    ) -> Person:
        """Correct somebody's name, e-mail address or affiliation; what is left empty stays."""
        with self._record.change() as change:
            self._check(change.session, actor, "changePerson", account(person_id))
            person = store.load(change.session, Person, person_id)
            changed = replace(
                person,
                name=check_text(name, field="name") if name else person.name,
                email=check_email(email) if email else person.email,
                affiliation=check_text(affiliation, field="affiliation") if affiliation else person.affiliation,
            )
            return store.put(change, changed, event=_about(changed, "person.changed", actor.person_id))

    def suspend(self, actor: Actor, person_id: str, reason: str) -> Person:
        """Stop a person at once: everything is refused to him from now on and his sign-on sessions end."""
        with self._record.change() as change:
            self._check(change.session, actor, "suspendPerson", account(person_id))
            person = store.load(change.session, Person, person_id)
            state = PERSON_STATES.after(person.state, "suspend")
            person = replace(person, state=state)
            event = _about(person, "person.suspended", actor.person_id)
            store.put(change, person, event=event)
            earlier = store.open_suspension(change.session, person_id)
            suspension = (
                replace(earlier, resume_proposed_by=None, resume_proposed_at=None)
                if earlier
                else Suspension(
                    suspension_id=new_id(),
                    person_id=person_id,
                    reason=check_text(reason, field="reason", longest=1000),
                    suspended_by=actor.person_id,
                    suspended_at=self._now(),
                )
            )
            store.put(change, suspension, event=_stopped(suspension, "suspension.recorded", actor.person_id))
            end_sessions(change, person_id, by=actor.person_id, now=self._now())
            change.notify(Notice(person=person_id, kind="person.suspended", subject=event.subject))
            return person

    def propose_resume(self, actor: Actor, person_id: str) -> Person:
        """Propose to let a suspended person act again; another operator confirms."""
        with self._record.change() as change:
            self._check(change.session, actor, "proposeResume", account(person_id))
            person, suspension = self._suspended(change.session, person_id)
            person = replace(person, state=PERSON_STATES.after(person.state, "resume"))
            store.put(change, person, event=_about(person, "person.resume-proposed", actor.person_id))
            suspension = replace(suspension, resume_proposed_by=actor.person_id, resume_proposed_at=self._now())
            event = _stopped(suspension, "suspension.resume-proposed", actor.person_id)
            store.put(change, suspension, event=event)
            self._tell_operators(
                change,
                kind="person.resume-proposed",
                subject=f"person:{person_id}",
                apart_from=[actor.person_id, person_id],
            )
            return person

    def confirm_resume(self, actor: Actor, person_id: str) -> Person:
        """Let a suspended person act again: by another operator than the one who proposed it."""
        with self._record.change() as change:
            found = store.open_suspension(change.session, person_id)
            thing = account(person_id, resume_proposed_by=(found and found.resume_proposed_by) or "")
            self._check(change.session, actor, "confirmResume", thing)
            person, suspension = self._suspended(change.session, person_id)
            person = replace(person, state=PERSON_STATES.after(person.state, "confirm resuming"))
            check_not_lapsed(suspension.resume_proposed_at, now=self._now())
            store.put(change, person, event=_about(person, "person.resumed", actor.person_id))
            suspension = replace(suspension, resumed_by=actor.person_id, resumed_at=self._now())
            store.put(change, suspension, event=_stopped(suspension, "suspension.lifted", actor.person_id))
            change.notify(Notice(person=person_id, kind="person.resumed", subject=f"person:{person_id}"))
            return person

    def _suspended(self, session: Session, person_id: str) -> tuple[Person, Suspension]:
        person = store.load(session, Person, person_id)
        suspension = store.open_suspension(session, person_id)
        if suspension is None:
            raise NotPossible("This account is not suspended.")
        return person, suspension

    def find_by_sign_on(self, issuer: str, subject: str) -> Person:
        """Return who signs on with exactly this issuer and subject; raise ``NotFound`` for anybody else."""
        with self._record.read() as session:
            person = store.person_by_sign_on(session, issuer=issuer, subject=subject)
        if person is None:
            raise NotFound("You are not registered here yet; ask an operator to register you.")
        return person

    def actor(self, person_id: str, *, second_factor: bool) -> Actor:
        """Return a person as the rules see him now."""
        with self._record.read() as session:
            person = store.load(session, Person, person_id)
            return actor_of(session, person, second_factor=second_factor, now=self._now())

    def person(self, person_id: str) -> Person:
        """Return one person, for rooms that know whom they may show."""
        with self._record.read() as session:
            return store.load(session, Person, person_id)

    def people(self, actor: Actor) -> list[Person]:
        """Return everybody, by name."""
        with self._record.read() as session:
            self._check(session, actor, "showPeople", SITE)
            return store.people(session)

    def everybody(self) -> list[Person]:
        """Return everybody, by name, without asking who asks: for the development sign-in alone."""
        with self._record.read() as session:
            return store.people(session)

    def profile(self, actor: Actor, person_id: str) -> Profile:
        """Return everything known of one person: his own, or anybody's for an operator."""
        with self._record.read() as session:
            self._check(session, actor, "showPerson", account(person_id))
            return Profile(
                person=store.load(session, Person, person_id),
                holdings=tuple(store.holdings(session, person_id)),
                trainings=tuple(store.trainings(session, person_id)),
                accreditations=tuple(store.accreditations(session, person_id)),
                standing=self.standing(person_id, session=session),
            )

    def waiting(self, actor: Actor) -> Waiting:
        """Return the roles and resumptions that wait for a second operator."""
        with self._record.read() as session:
            self._check(session, actor, "showPeople", SITE)
            return Waiting(
                holdings=tuple(store.waiting_holdings(session)),
                suspensions=tuple(store.waiting_suspensions(session)),
            )

    def standing(self, person_id: str, *, session: Session | None = None) -> Standing:
        """Return what a person's access hangs on now; pass ``session`` to ask within a transaction of one's own."""
        if session is None:
            with self._record.read() as own:
                return self.standing(person_id, session=own)
        return judge(
            store.load(session, Person, person_id),
            trainings=store.trainings(session, person_id),
            accreditations=store.accreditations(session, person_id),
            now=self._now(),
        )


def _new_person(name: str, email: str, issuer: str, subject: str, *, affiliation: str, now: datetime) -> Person:
    return Person(
        person_id=new_id(),
        name=check_text(name, field="name"),
        email=check_email(email),
        affiliation=check_text(affiliation, field="affiliation") if affiliation.strip() else "",
        issuer=check_text(issuer, field="issuer", longest=255),
        subject=check_text(subject, field="subject", longest=255),
        state=PersonState.ACTIVE,
        registered_at=now,
    )


def _about(person: Person, kind: str, actor: str) -> Event:
    return Event(kind=kind, actor=actor, subject=f"person:{person.person_id}", details={"state": person.state.value})


def _stopped(suspension: Suspension, kind: str, actor: str) -> Event:
    subject = f"suspension:{suspension.suspension_id}"
    return Event(kind=kind, actor=actor, subject=subject, details={"person": suspension.person_id})
