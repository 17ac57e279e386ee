"""Lay panels: members of the public who read what a custodian is asked for and advise it, where its form wants them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from orchestrator.alliance import store as alliance
from orchestrator.alliance.onboarding.presence import check_present
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.events import Event
from orchestrator.policy.model import Actor, Thing

from .. import rules
from .. import store as applications
from ..applications import application_event
from ..model import Application
from ..states import ApplicationState, PartState
from ..values import to_application
from . import store
from .model import Advice, Opinion, PanelMember, PanelPart
from .parts import Found, PartExchange
from .store import AdviceRow, PanelRow

__all__ = ["Panels"]

_UNSEEN = "There is no such part of an application, or none on which your advice is asked."


class Panels(PartExchange):
    """Who is on a panel, what waits for its advice, and what it said."""

    def members(self, actor: Actor, custodian_id: str) -> list[PanelMember]:
        """Return the present members of a custodian's panel, for its officers."""
        with self._record.read() as session:
            self._check(session, actor, "keepPanel", _custodian(custodian_id))
            return store.panel_of(session, custodian_id)

    def add(self, actor: Actor, custodian_id: str, person_id: str) -> PanelMember:
        """Take a registered person who speaks for no custodian onto the panel."""
        with self._record.change() as change:
            self._alliance.custodian(custodian_id)
            self._check(change.session, actor, "keepPanel", _custodian(custodian_id))
            check_present(change.session, custodian_id, now=self._now())
            if not self._knows(change.session, person_id):
                raise Invalid(
                    "This person is not registered here; ask an operator to register the person.", field="person"
                )
            if person_id in self._every_officer(change.session) or person_id == actor.person_id:
                raise NotPossible("An officer of a custodian is no lay member; choose somebody of the public.")
            if any(each.person_id == person_id for each in store.panel_of(change.session, custodian_id)):
                raise NotPossible("This person is on the panel already.")
            row = PanelRow(
                custodian_id=custodian_id, person_id=person_id, added_by=actor.person_id, added_at=self._now()
            )
            change.session.add(row)
            change.session.flush()
            change.tell(_about_panel(actor, custodian_id, "panel.member-added", person_id))
            self._tell(change, [person_id], kind="panel.member-added", subject=f"custodian:{custodian_id}")
            return store.panel_of(change.session, custodian_id)[-1]

    def end(self, actor: Actor, custodian_id: str, person_id: str) -> None:
        """Let a person leave the panel; what the person advised stays."""
        with self._record.change() as change:
            self._check(change.session, actor, "keepPanel", _custodian(custodian_id))
            found = [each for each in store.panel_of(change.session, custodian_id) if each.person_id == person_id]
            if not found:
                raise NotFound("This person is not on the panel.")
            row = change.session.get_one(PanelRow, (custodian_id, person_id, found[0].added_at))
            row.ended_at = self._now()
            change.tell(_about_panel(actor, custodian_id, "panel.member-ended", person_id))

    def waiting(self, actor: Actor) -> list[PanelPart]:
        """Return the parts on which this person's advice is asked and not given yet, oldest first."""
        found: list[PanelPart] = []
        with self._record.read() as session:
            current = self._current(session, actor)
            custodians = frozenset(store.panels_of(session, actor.person_id))
            every = applications.application_ids(session, states=[ApplicationState.SUBMITTED], custodians=custodians)
            for application_id in reversed(every):
                application = to_application(session, applications.application_row(session, application_id))
                for part in application.parts:
                    if part.custodian_id not in custodians or part.state is not PartState.WAITING:
                        continue
                    if self._policy.may(current, "advisePart", self._part_thing(session, application, part)):
                        shown = self._shown(session, actor, application, part.custodian_id)
                        found += [] if shown.own and shown.own.current else [shown]
        return found

    def part(self, actor: Actor, application_id: str, custodian_id: str) -> PanelPart:
        """Return a part as the panel reads it: what this custodian asked, and nothing of any other."""
        with self._record.read() as session:
            found = self._advised(session, actor, application_id, custodian_id, "showPanelPart")
            return self._shown(session, actor, found.application, custodian_id)

    def advise(
        self, actor: Actor, application_id: str, custodian_id: str, opinion: Opinion, words: str, *, read: str
    ) -> Advice:
        """Say what a member of the public thinks of it; once what is asked was changed, say it anew.

        ``read`` is what came with the part: an advice is about what was read, never about what it was changed into.
        """
        text = words.strip()
        if not 3 <= len(text) <= 10_000:
            raise Invalid("Say why in 3 to 10,000 characters; the custodian reads it.", field="words")
        with self._record.change() as change:
            found = self._advised(change.session, actor, application_id, custodian_id, "advisePart")
            self._must_run(found.application)
            self._must_be(found.part, PartState.WAITING)
            content = self._content(change.session, found.application, custodian_id)
            rules.check_read(read, content)
            if change.session.get(AdviceRow, (application_id, custodian_id, actor.person_id, content)):
                raise NotPossible("You advised on this already.")
            row = AdviceRow(
                application_id=application_id,
                custodian_id=custodian_id,
                person_id=actor.person_id,
                content=content,
                opinion=opinion.value,
                words=text,
                given_at=self._now(),
            )
            change.session.add(row)
            change.session.flush()
            details = {"custodian": custodian_id, "opinion": opinion.value, "content": content}
            change.tell(application_event("application.advised", actor.person_id, found.row, **details))
            self._tell_officers(change, found.row, custodian_id, "application.advised")
            return next(
                each
                for each in store.advice_on(change.session, application_id, custodian_id, content=content)
                if each.person_id == actor.person_id and each.current
            )

    def advice(self, actor: Actor, application_id: str, custodian_id: str) -> list[Advice]:
        """Return what the panel said, for the custodian's officers."""
        with self._record.read() as session:
            found = self._find(session, actor, application_id, custodian_id)
            self._check(session, actor, "noteOnPart", found.thing)
            content = self._content(session, found.application, custodian_id)
            return store.advice_on(session, application_id, custodian_id, content=content)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _every_officer(self, session: Session) -> set[str]:
        return {
            person_id
            for custodian in alliance.custodians(session)
            for person_id in self._officers(session, custodian.custodian_id)
        }

    def _advised(self, session: Session, actor: Actor, application_id: str, custodian_id: str, action: str) -> Found:
        """Return a part to a member of its panel; whoever is none learns nothing of it."""
        if custodian_id not in store.panels_of(session, actor.person_id):
            raise NotFound(_UNSEEN)
        found = self._found(session, application_id, custodian_id)
        if found.part.state is PartState.DRAFT or actor.person_id not in _reviewers(found):
            raise NotFound(_UNSEEN)
        self._check(session, actor, action, found.thing)
        return found

    def _shown(self, session: Session, actor: Actor, application: Application, custodian_id: str) -> PanelPart:
        content = self._content(session, application, custodian_id)
        advice = store.advice_on(session, application.application_id, custodian_id, content=content)
        own = [each for each in advice if each.person_id == actor.person_id]
        filled = self._filled(session, application, custodians=frozenset({custodian_id}), own=False)
        return PanelPart(filled=filled, custodian_id=custodian_id, own=own[-1] if own else None, read=content)


def _reviewers(found: Found) -> frozenset[str]:
    reviewers = found.thing.attributes["reviewers"]
    return reviewers if isinstance(reviewers, frozenset) else frozenset()


def _custodian(custodian_id: str) -> Thing:
    return Thing(kind="Custodian", id=custodian_id, attributes={"custodian": custodian_id})


def _about_panel(actor: Actor, custodian_id: str, kind: str, person_id: str) -> Event:
    return Event(kind=kind, actor=actor.person_id, subject=f"custodian:{custodian_id}", details={"person": person_id})
