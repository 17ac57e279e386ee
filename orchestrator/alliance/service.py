"""Registers custodians, publishes the terms each of them keeps, and notes who accepted which."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.audit.record import Change, Record
from orchestrator.core.clock import iso
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.policy.model import SITE, Actor, Thing
from orchestrator.policy.service import Policy

from . import store
from .evidence import check_kinds
from .model import Custodian, Terms, TermsAcceptance
from .onboarding.presence import check_present
from .rules import check_acceptable, check_name, check_pack, check_terms, hash_of

__all__ = ["AllianceService", "AsNow"]

AsNow = Callable[[Session, Actor], Actor]
"""Returns an actor as he is within a transaction; people are the business of identity."""


class AllianceService:
    """Custodians and their terms. Officers are people with the role “custodian” (identity)."""

    def __init__(self, record: Record, policy: Policy, *, as_now: AsNow) -> None:
        self._record = record
        self._policy = policy
        self._as_now = as_now
        self.airlock_packs: frozenset[str] | None = None
        """The rule books of output checking that terms may name; ``None`` where nobody here can tell."""
        self.barrier: Callable[[Session, str], str] | None = None
        """Why a custodian may grant nothing new now, in sentences; empty when it may (see ``onboarding``)."""

    def register_custodian(self, actor: Actor, name: str) -> Custodian:
        """Register a custodian; it decides nothing until two people gave it an officer."""
        with self._record.change() as change:
            self._check(change.session, actor, "registerCustodian", SITE)
            custodian = Custodian(
                custodian_id=new_id(),
                name=check_name(
                    name, what="custodian", others=(each.name for each in store.custodians(change.session))
                ),
                registered_by=actor.person_id,
                registered_at=self._record.clock(),
            )
            subject = f"custodian:{custodian.custodian_id}"
            event = Event(kind="custodian.registered", actor=actor.person_id, subject=subject)
            return store.add(change, custodian, event=event)

    def publish_terms(
        self,
        actor: Actor,
        custodian_id: str,
        *,
        text: str,
        valid_until: datetime,
        checkers_needed: int = 2,
        minimum_count: int = 10,
        release_signoff: bool = False,
        airlock_pack: str = "",
        evidence: Collection[str] = (),
    ) -> Terms:
        """Publish the next version of a custodian's terms: everybody has to accept it anew."""
        now = self._record.clock()
        with self._record.change() as change:
            self._check(change.session, actor, "publishTerms", _custodian(custodian_id))
            check_terms(
                text, valid_until=valid_until, checkers_needed=checkers_needed, minimum_count=minimum_count, now=now
            )
            check_pack(airlock_pack, known=self.airlock_packs)
            self._known(change.session, custodian_id)
            check_present(change.session, custodian_id, now=now)
            earlier = store.current_terms(change.session, custodian_id)
            terms = Terms(
                custodian_id=custodian_id,
                version=earlier.version + 1 if earlier else 1,
                text=text,
                text_sha256=hash_of(text),
                valid_until=valid_until,
                checkers_needed=checkers_needed,
                minimum_count=minimum_count,
                published_by=actor.person_id,
                published_at=now,
                release_signoff=release_signoff,
                airlock_pack=airlock_pack,
                evidence=check_kinds(evidence),
            )
            return store.add(change, terms, event=_published(terms))

    def accept_terms(self, actor: Actor, custodian_id: str, version: int) -> TermsAcceptance:
        """Accept the current version for oneself; accepting again changes nothing."""
        with self._record.change() as change:
            self._check(change.session, actor, "acceptTerms", _custodian(custodian_id))
            self._known(change.session, custodian_id)
            now = self._record.clock()
            current = store.current_terms(change.session, custodian_id)
            terms = check_acceptable(current, version=version, now=now)
            earlier = store.acceptance(
                change.session, custodian_id=custodian_id, version=version, person_id=actor.person_id
            )
            return earlier or self._accept(change, actor, terms, now)

    def _accept(self, change: Change, actor: Actor, terms: Terms, now: datetime) -> TermsAcceptance:
        accepted = TermsAcceptance(
            custodian_id=terms.custodian_id,
            version=terms.version,
            person_id=actor.person_id,
            text_sha256=terms.text_sha256,
            accepted_at=now,
        )
        details: dict[str, Json] = {"version": terms.version, "text_sha256": terms.text_sha256}
        subject = f"custodian:{terms.custodian_id}"
        event = Event(kind="terms.accepted", actor=actor.person_id, subject=subject, details=details)
        return store.add(change, accepted, event=event)

    def custodian(self, custodian_id: str) -> Custodian:
        """Return one custodian; raise ``NotFound`` when there is none."""
        with self._record.read() as session:
            return self._known(session, custodian_id)

    def custodians(self) -> list[Custodian]:
        """Return every custodian, by name: they are public."""
        with self._record.read() as session:
            return store.custodians(session)

    def knows(self, custodian_id: str) -> bool:
        """Say whether there is such a custodian."""
        with self._record.read() as session:
            return store.custodian(session, custodian_id) is not None

    def terms(self, custodian_id: str) -> list[Terms]:
        """Return every version of a custodian's terms, newest first: they are public."""
        with self._record.read() as session:
            self._known(session, custodian_id)
            return store.terms_versions(session, custodian_id)

    def current_terms(self, custodian_id: str, *, session: Session | None = None) -> Terms:
        """Return the newest terms within their dates; raise ``NotPossible`` when a custodian has none in force."""
        if session is None:
            with self._record.read() as own:
                return self.current_terms(custodian_id, session=own)
        self._known(session, custodian_id)
        current = store.current_terms(session, custodian_id)
        if current is None or not current.in_force(self._record.clock()):
            raise NotPossible("This custodian has no terms in force; one of its officers has to publish them.")
        return current

    def check_may_grant(self, custodian_id: str, *, session: Session) -> None:
        """Raise ``NotPossible`` when a custodian may grant or renew nothing now: not accredited, or leaving."""
        why = self.barrier(session, custodian_id) if self.barrier is not None else ""
        if why:
            raise NotPossible(why)

    def accepted_until(self, person_id: str, custodian_id: str, *, session: Session | None = None) -> datetime | None:
        """Return until when a person's acceptance of the current terms holds; ``None`` when it does not hold now."""
        if session is None:
            with self._record.read() as own:
                return self.accepted_until(person_id, custodian_id, session=own)
        current = store.current_terms(session, custodian_id)
        if current is None or not current.in_force(self._record.clock()):
            return None
        accepted = store.acceptance(session, custodian_id=custodian_id, version=current.version, person_id=person_id)
        return None if accepted is None else current.valid_until

    def acceptances(self, person_id: str) -> list[TermsAcceptance]:
        """Return everything a person accepted, newest first."""
        with self._record.read() as session:
            return store.acceptances(session, person_id)

    def _check(self, session: Session, actor: Actor, action: str, thing: Thing) -> None:
        """Raise ``Refused`` unless the actor, as he is in this very transaction, may do it."""
        self._policy.check(self._as_now(session, actor), action, thing)

    def _known(self, session: Session, custodian_id: str) -> Custodian:
        custodian = store.custodian(session, custodian_id)
        if custodian is None:
            raise NotFound(f"There is no custodian “{custodian_id[:40]}”; look at the list of custodians.")
        return custodian


def _custodian(custodian_id: str) -> Thing:
    return Thing(kind="Custodian", id=custodian_id, attributes={"custodian": custodian_id})


def _published(terms: Terms) -> Event:
    return Event(
        kind="terms.published",
        actor=terms.published_by,
        subject=f"custodian:{terms.custodian_id}",
        details={
            "version": terms.version,
            "text_sha256": terms.text_sha256,
            "valid_until": iso(terms.valid_until),
            "checkers_needed": terms.checkers_needed,
            "minimum_count": terms.minimum_count,
            "release_signoff": terms.release_signoff,
            "airlock_pack": terms.airlock_pack,
            "evidence": list(terms.evidence),
        },
    )
