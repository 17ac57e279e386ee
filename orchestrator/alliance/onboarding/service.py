"""Joining and leaving: standard conditions, their acceptance, departures, and what lets a custodian grant."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.alliance import store as alliance
from orchestrator.alliance.accreditation.checklist import Subject
from orchestrator.alliance.accreditation.service import AccreditationService, Contacts
from orchestrator.alliance.rules import hash_of
from orchestrator.alliance.service import AsNow
from orchestrator.audit.record import Change, Record
from orchestrator.core.clock import iso
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Event, Json, Notice
from orchestrator.core.ids import new_id
from orchestrator.policy.model import SITE, Actor, Thing
from orchestrator.policy.service import Policy

from . import rules, store
from .model import (
    CONDITIONS_STATES,
    DEPARTURE_STATES,
    ConditionsState,
    Departure,
    DepartureState,
    Joined,
    StandardConditions,
)
from .presence import check_present
from .store import ConditionsAcceptanceRow, ConditionsRow, DepartureRow

__all__ = ["OnboardingService"]


class OnboardingService:
    """What binds custodians to the alliance and how it ends.

    With ``accreditation_needed`` every custodian has to be accredited before it grants; without, only those that began
    to be accredited, so that an installation can bring its present custodians in one after another.
    """

    def __init__(
        self,
        record: Record,
        policy: Policy,
        *,
        accreditation: AccreditationService,
        as_now: AsNow,
        contacts: Contacts,
        accreditation_needed: bool = False,
    ) -> None:
        self._record = record
        self._policy = policy
        self._accreditation = accreditation
        self._as_now = as_now
        self._contacts = contacts
        self._needed = accreditation_needed

    # ---- standard conditions --------------------------------------------------------------------------------------

    def propose_conditions(self, actor: Actor, text: str, applies_from: datetime) -> StandardConditions:
        """Write the next version of the standard conditions; another operator publishes it."""
        now = self._record.clock()
        with self._record.change() as change:
            self._check(change.session, actor, "proposeConditions", SITE)
            rules.check_conditions(text, applies_from=applies_from, now=now)
            versions = store.conditions(change.session)
            if any(each.state is ConditionsState.PROPOSED for each in versions):
                raise NotPossible("A version is proposed already; publish or withdraw that one first.")
            row = ConditionsRow(
                version=versions[0].version + 1 if versions else 1,
                text=text,
                text_sha256=hash_of(text),
                applies_from=applies_from,
                state=CONDITIONS_STATES.start.value,
                proposed_by=actor.person_id,
                proposed_at=now,
            )
            store.add(change, row, event=_about_conditions("conditions.proposed", actor, row))
            for person_id in sorted(set(self._contacts.operators(change.session)) - {actor.person_id}):
                subject = f"conditions:{row.version}"
                change.notify(Notice(person=person_id, kind="conditions.proposed", subject=subject))
            return store.to_conditions(row)

    def publish_conditions(self, actor: Actor, version: int) -> StandardConditions:
        """Publish a proposed version: by another operator. Every custodian's officers are told to accept it."""
        with self._record.change() as change:
            row = self._proposed(change.session, actor, "confirmConditions", version)
            row.state = CONDITIONS_STATES.after(ConditionsState(row.state), "publish").value
            row.published_by = actor.person_id
            change.tell(_about_conditions("conditions.published", actor, row))
            for custodian in alliance.custodians(change.session):
                for person_id in self._contacts.officers(change.session, custodian.custodian_id):
                    subject = f"conditions:{version}"
                    change.notify(Notice(person=person_id, kind="conditions.published", subject=subject))
            return store.to_conditions(row)

    def withdraw_conditions(self, actor: Actor, version: int) -> StandardConditions:
        """Take a proposed version back; a published one is followed by the next, never taken back."""
        with self._record.change() as change:
            row = self._proposed(change.session, actor, "withdrawConditions", version)
            row.state = CONDITIONS_STATES.after(ConditionsState(row.state), "withdraw").value
            change.tell(_about_conditions("conditions.withdrawn", actor, row))
            return store.to_conditions(row)

    def accept_conditions(self, actor: Actor, custodian_id: str, version: int) -> None:
        """Accept a published version in a custodian's name; accepting again changes nothing."""
        with self._record.change() as change:
            self._check(change.session, actor, "acceptConditions", _custodian(custodian_id))
            self._known(change.session, custodian_id)
            check_present(change.session, custodian_id, now=self._record.clock())
            row = store.conditions_row(change.session, version)
            newest = max((each.version for each in self._published(change.session)), default=None)
            if row.state != ConditionsState.PUBLISHED or version != newest:
                raise NotPossible(f"Accept the newest published version{f', {newest}' if newest else ''}.")
            if store.accepted_version(change.session, custodian_id) == version:
                return
            accepted = ConditionsAcceptanceRow(
                custodian_id=custodian_id,
                version=version,
                text_sha256=row.text_sha256,
                accepted_by=actor.person_id,
                accepted_at=self._record.clock(),
            )
            details: dict[str, Json] = {"version": version, "text_sha256": row.text_sha256}
            subject = f"custodian:{custodian_id}"
            event = Event(kind="conditions.accepted", actor=actor.person_id, subject=subject, details=details)
            store.add(change, accepted, event=event)

    def conditions(self) -> list[StandardConditions]:
        """Return every version of the standard conditions, newest first: they are public."""
        with self._record.read() as session:
            return store.conditions(session)

    # ---- leaving --------------------------------------------------------------------------------------------------

    def announce_departure(self, actor: Actor, custodian_id: str, at: datetime, reason: str) -> Departure:
        """Announce that a custodian leaves at ``at``; a second person confirms it."""
        now = self._record.clock()
        with self._record.change() as change:
            self._check(change.session, actor, "announceDeparture", _custodian(custodian_id))
            self._known(change.session, custodian_id)
            rules.check_time(at, now=now)
            if store.departure_of(change.session, custodian_id) is not None:
                raise NotPossible("This custodian's leaving is announced already.")
            row = DepartureRow(
                departure_id=new_id(),
                custodian_id=custodian_id,
                reason=rules.check_reason(reason),
                at=at,
                state=DEPARTURE_STATES.start.value,
                announced_by=actor.person_id,
                announced_at=now,
            )
            store.add(change, row, event=_about_departure("departure.announced", actor.person_id, row))
            self._tell(change, row, "departure.announced", apart_from=actor.person_id)
            return store.to_departure(row)

    def confirm_departure(self, actor: Actor, departure_id: str) -> Departure:
        """Confirm it: nothing new is granted from now, and at its moment everything granted ends."""
        with self._record.change() as change:
            row = self._going(change.session, actor, "confirmDeparture", departure_id)
            row.state = DEPARTURE_STATES.after(DepartureState(row.state), "confirm").value
            row.confirmed_by = actor.person_id
            change.tell(_about_departure("departure.confirmed", actor.person_id, row))
            self._tell(change, row, "departure.confirmed", apart_from=actor.person_id)
            return store.to_departure(row)

    def withdraw_departure(self, actor: Actor, departure_id: str) -> Departure:
        """Take it back, while the custodian has not left."""
        with self._record.change() as change:
            row = self._going(change.session, actor, "withdrawDeparture", departure_id)
            row.state = DEPARTURE_STATES.after(DepartureState(row.state), "withdraw").value
            change.tell(_about_departure("departure.withdrawn", actor.person_id, row))
            self._tell(change, row, "departure.withdrawn", apart_from=actor.person_id)
            return store.to_departure(row)

    # ---- what stands ----------------------------------------------------------------------------------------------

    def joined(self, custodian_id: str, *, session: Session | None = None) -> Joined:
        """Say how a custodian stands in the alliance now: it is public."""
        if session is None:
            with self._record.read() as own:
                return self.joined(custodian_id, session=own)
        self._known(session, custodian_id)
        standing = self._accreditation.standing(Subject.CUSTODIAN, custodian_id, session=session)
        asked = self._needed or self._accreditation.has_case(session, Subject.CUSTODIAN, custodian_id)
        accepted, departure = store.accepted_version(session, custodian_id), store.departure_of(session, custodian_id)
        return Joined(
            custodian_id=custodian_id,
            accreditation=standing,
            conditions_accepted=accepted,
            departure=departure,
            barriers=rules.barriers(
                standing=standing if asked else None,
                conditions=rules.applying(store.conditions(session), self._record.clock()),
                accepted=accepted,
                departure=departure,
            ),
        )

    def barrier(self, session: Session, custodian_id: str) -> str:
        """Return why a custodian may grant nothing new now, in sentences; empty when it may."""
        return " ".join(self.joined(custodian_id, session=session).barriers)

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _published(self, session: Session) -> list[StandardConditions]:
        return [each for each in store.conditions(session) if each.state is ConditionsState.PUBLISHED]

    def _proposed(self, session: Session, actor: Actor, action: str, version: int) -> ConditionsRow:
        row = store.conditions_row(session, version)
        attributes = {"proposedBy": row.proposed_by}
        self._check(session, actor, action, Thing(kind="StandardConditions", id=str(version), attributes=attributes))
        return row

    def _going(self, session: Session, actor: Actor, action: str, departure_id: str) -> DepartureRow:
        row = store.departure_row(session, departure_id)
        attributes = {"custodian": row.custodian_id, "announcedBy": row.announced_by}
        thing = Thing(kind="Departure", id=departure_id, attributes=attributes)
        current = self._as_now(session, actor)
        self._policy.check_known(current, action, thing, sight="showDeparture", unknown=store.UNKNOWN_DEPARTURE)
        return row

    def _check(self, session: Session, actor: Actor, action: str, thing: Thing) -> None:
        self._policy.check(self._as_now(session, actor), action, thing)

    def _known(self, session: Session, custodian_id: str) -> None:
        if alliance.custodian(session, custodian_id) is None:
            raise NotFound("There is no such custodian; look at the list of custodians.")

    def _tell(self, change: Change, row: DepartureRow, kind: str, *, apart_from: str = "") -> None:
        people = {*self._contacts.operators(change.session), *self._contacts.officers(change.session, row.custodian_id)}
        for person_id in sorted(people - {apart_from}):
            change.notify(Notice(person=person_id, kind=kind, subject=f"departure:{row.departure_id}"))


def _custodian(custodian_id: str) -> Thing:
    return Thing(kind="Custodian", id=custodian_id, attributes={"custodian": custodian_id})


def _about_conditions(kind: str, actor: Actor, row: ConditionsRow) -> Event:
    details: dict[str, Json] = {"text_sha256": row.text_sha256, "applies_from": iso(row.applies_from)}
    return Event(kind=kind, actor=actor.person_id, subject=f"conditions:{row.version}", details=details)


def _about_departure(kind: str, actor: str, row: DepartureRow) -> Event:
    details: dict[str, Json] = {"custodian": row.custodian_id, "at": iso(row.at), "state": row.state}
    return Event(kind=kind, actor=actor, subject=f"departure:{row.departure_id}", details=details)
