"""What hubs say of people, for those who decide about them; and taking it as the evidence for an accreditation of ours.

A hub's word is no right. It is shown beside what stands here, and an operator may take it as the evidence for an
accreditation by an act of his own, with a reason; what comes of it follows the word and falls with it (``believing``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import rfc8785
from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.applications import application_thing
from orchestrator.access.rules import check_reason
from orchestrator.access.states import PartState
from orchestrator.access.values import to_application
from orchestrator.audit.record import Change
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.events import Notice
from orchestrator.core.ids import new_id
from orchestrator.identity import store as identity
from orchestrator.identity.asking import account
from orchestrator.identity.model import Accreditation, Person
from orchestrator.identity.qualifications import LONGEST_QUALIFICATION
from orchestrator.identity.rules import check_end_date
from orchestrator.policy.model import Actor

from . import store
from .believing import holds_until, told
from .contents import code_of
from .hearing import Hearing
from .model import Believed, Document, Hub, Kind, Recognised
from .shapes import moment_of
from .store import BelievedRow

__all__ = ["Accrediting"]

_UNSEEN = "There is no such part of an application, or none that you may see."


class Accrediting(Hearing):
    """Other hubs' words of people, and what stands on them."""

    def recognised(self, actor: Actor, person_id: str) -> list[Recognised]:
        """Return which hubs say that a person's accreditation holds there; he himself and operators may see it."""
        with self._record.read() as session:
            self._check(session, actor, "showAccreditation", account(person_id))
            identity.load(session, Person, person_id)
            return self._said_of(session, [person_id])[person_id]

    def recognised_asking(self, actor: Actor, application_id: str, custodian_id: str) -> Mapping[str, list[Recognised]]:
        """Return what hubs say of everybody who would work with a custodian's data, for those who decide on that.

        They are the custodian's officers and the operators; whoever would work in it himself is not among them. Raises
        ``NotPossible`` for a part that was refused or withdrawn: nobody decides on these people any more.
        """
        with self._record.read() as session:
            try:
                application = to_application(session, access.application_row(session, application_id))
            except NotFound:
                raise NotFound(_UNSEEN) from None
            self._check_known(
                session,
                actor,
                "showApplicantsAccreditation",
                application_thing(application, custodian_id=custodian_id),
                sight="showApplication",
                unknown=_UNSEEN,
                shown=application_thing(application),
            )
            part = next((each for each in application.parts if each.custodian_id == custodian_id), None)
            if part is None:
                raise NotFound(_UNSEEN)
            if part.state in (PartState.REFUSED, PartState.VOID):
                raise NotPossible(
                    "This part is over, so what hubs say of its people is not shown here any more; it is shown again "
                    "where they are decided on."
                )
            return self._said_of(session, sorted(application.people))

    def recognised_together(self, actor: Actor, people: Collection[str]) -> Mapping[str, list[Recognised]]:
        """Return what hubs say of several people at once, such as a project's members: for operators."""
        with self._record.read() as session:
            for person_id in people:
                self._check(session, actor, "showAccreditation", account(person_id))
            return self._said_of(session, people)

    def believed(self, actor: Actor, person_id: str) -> list[Believed]:
        """Return which accreditations of a person stand, or stood, on hubs' words, with the reasons."""
        with self._record.read() as session:
            self._check(session, actor, "showAccreditation", account(person_id))
            identity.load(session, Person, person_id)
            return store.believed_of(session, person_id)

    def accredit(
        self, actor: Actor, person_id: str, hub_id: str, *, reason: str, read: str, until: datetime | None = None
    ) -> Believed:
        """Take a hub's word as the evidence for an accreditation of ours, which never outlasts the word.

        ``read`` is what ``recognised`` named when it was read. ``until`` ends it earlier, whatever the hub says then;
        without one an operator renews it after five years, as every accreditation.
        """
        with self._record.change() as change:
            self._check(change.session, actor, "accreditOnWord", account(person_id))
            identity.load(change.session, Person, person_id)
            hub = store.to_hub(store.hub_row(change.session, hub_id))
            words, now = check_reason(reason), self._now()
            longest = now + LONGEST_QUALIFICATION
            limit = longest if until is None else check_end_date(until, now=now, most=LONGEST_QUALIFICATION)
            said = self._said_by(change.session, hub, person_id)
            _check_read(read, said, hub.name)
            if said.believed is not None:
                raise NotPossible(f"An accreditation stands on the word of {hub.name} already; end it first.")
            held = Accreditation(
                accreditation_id=new_id(),
                person_id=person_id,
                number=f"on the word of {hub.name}"[:100],
                valid_until=min(limit, said.accredited_until, said.trained_until, said.counts_until),
                recorded_by=actor.person_id,
                recorded_at=now,
            )
            return self._believe(change, held, hub, words, limit)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _said_of(self, session: Session, people: Iterable[str]) -> dict[str, list[Recognised]]:
        """Return what counts now of every hub about each of these people; each document is read once."""
        codes = {code_of(identity.load(session, Person, each)): each for each in people}
        found: dict[str, list[Recognised]] = {each: [] for each in codes.values()}
        now = self._now()
        for hub in [store.to_hub(row) for row in store.hubs(session)]:
            taken = self.counting(session, hub, Kind.PEOPLE)
            if taken is None or not any(code in taken.items for code in codes):
                continue  # most hubs say nothing of most people: their documents may be long and are not read then
            for person_id, said in _told(hub, store.to_document(taken), codes, now):
                standing = _standing(session, person_id, hub.hub_id, now)
                found[person_id].append(replace(said, believed=standing))
        return found

    def _said_by(self, session: Session, hub: Hub, person_id: str) -> Recognised:
        every = self._said_of(session, [person_id])[person_id]
        said = next((each for each in every if each.hub_id == hub.hub_id), None)
        if said is None:
            raise NotPossible(f"{hub.name} says nothing of this person that counts here now, so nothing stands on it.")
        return said

    def _believe(self, change: Change, held: Accreditation, hub: Hub, reason: str, limit: datetime) -> Believed:
        taken = store.last_taken(change.session, hub.hub_id, Kind.PEOPLE)
        sequence, sha256 = (taken.sequence, taken.sha256) if taken is not None else (0, "")
        event = told("recorded", held, hub.hub_id, held.recorded_by, document=sequence, sha256=sha256)
        identity.put(change, held, event=event)
        change.session.flush()
        row = BelievedRow(
            accreditation_id=held.accreditation_id,
            person_id=held.person_id,
            hub_id=hub.hub_id,
            reason=reason,
            taken_by=held.recorded_by,
            taken_at=held.recorded_at,
            at_most=limit,
            fell_at=None,
            fell="",
        )
        store.add(change, row, event=told("believed", held, hub.hub_id, held.recorded_by))
        change.notify(Notice(person=held.person_id, kind=event.kind, subject=event.subject))
        return store.to_believed(row, hub.name, held.valid_until)


def _told(hub: Hub, document: Document, codes: Mapping[str, str], now: datetime) -> Iterable[tuple[str, Recognised]]:
    for item in document.items:
        person_id = codes.get(item["person"])
        accredited, trained = moment_of(item["accredited_until"]), moment_of(item["trained_until"])
        if person_id is not None and holds_until(item) > now:
            named = [hub.hub_id, *(str(item[name]) for name in ("person", "accredited_until", "trained_until"))]
            yield (
                person_id,
                Recognised(
                    hub_id=hub.hub_id,
                    hub=hub.name,
                    accredited_until=accredited,
                    trained_until=trained,
                    said_at=document.issued_at,
                    counts_until=document.valid_until,
                    read=hashlib.sha256(rfc8785.dumps(named)).hexdigest(),
                ),
            )


def _standing(session: Session, person_id: str, hub_id: str, now: datetime) -> str | None:
    """Return our accreditation of a person that stands on a hub's word and is in force."""
    for each in store.believed_of(session, person_id):
        held = identity.load(session, Accreditation, each.accreditation_id)
        if each.hub_id == hub_id and each.fell_at is None and held.in_force(now):
            return each.accreditation_id
    return None


def _check_read(read: str, said: Recognised, hub: str) -> None:
    if not read:
        raise Invalid("Say what you read of the hub's word: the hash that comes with it.", field="read")
    if read != said.read:
        raise NotPossible(f"What {hub} says of this person is not what you read any more; read it again, then decide.")
