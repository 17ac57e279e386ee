"""Takes visas of trusted issuers for the people they are about, and ends them again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from orchestrator.audit.record import Change, Record
from orchestrator.core.clock import iso
from orchestrator.core.errors import Invalid, NotPossible, Refused
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.identity import store as people
from orchestrator.identity.asking import Asking, account
from orchestrator.identity.model import Accreditation, Person
from orchestrator.identity.qualifications import LONGEST_QUALIFICATION
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy

from . import store
from .model import AcceptedVisa, TrustedIssuer, VisaClaims, VisaType
from .ports import VisaReader
from .rules import check_acceptable, linked, read_claims

__all__ = ["VisaService"]

_MOST_TOKENS = 50
_LONGEST_TOKEN = 16_384
_OFF = "This installation takes no visas; its settings name no issuer that it trusts."
_SYSTEM = "system:visas"
_ACCREDITING = frozenset({"so", "peer", "dac", "system"})
"""What a person asserts of himself accredits nobody."""


class VisaService(Asking):
    """What issuers elsewhere say of people here. ``reader`` is absent where the settings trust nobody."""

    def __init__(
        self,
        record: Record,
        policy: Policy,
        *,
        reader: VisaReader | None = None,
        trusted: Sequence[TrustedIssuer] = (),
        audience: str = "",
    ) -> None:
        super().__init__(record, policy)
        self._reader = reader
        self._trusted = {each.issuer: each for each in trusted}
        self._audience = audience

    def accept(self, actor: Actor, tokens: Sequence[str]) -> list[AcceptedVisa]:
        """Take the visas of a passport for oneself: all of them, or none with the reason for the first that is refused.

        Visas that link identities are used and not kept. A token that was taken before changes nothing.
        """
        with self._record.read() as session:
            self._check(session, actor, "acceptVisas", account(actor.person_id))
            person = people.load(session, Person, actor.person_id)
        read = [self._read(token) for token in _tokens(tokens)]
        every = [claims for _, claims, _ in read]
        now = self._now()
        identities = linked((person.issuer, person.subject), every, trusted=self._trusted, now=now)
        wanted = [each for each in read if each[1].type != VisaType.LINKED_IDENTITIES]
        if not wanted:
            raise Invalid("There is no visa to take in it; one that links identities comes with others.", field="visas")
        checked = [
            (
                token,
                claims,
                check_acceptable(
                    claims,
                    trusted=self._trusted,
                    identities=identities,
                    others=self._usable(read, identities, but=token, now=now),
                    audience=(audience, self._audience),
                    now=now,
                ),
            )
            for token, claims, audience in wanted
        ]
        with self._record.change() as change:
            self._check(change.session, actor, "acceptVisas", account(actor.person_id))
            return [self._keep(change, person, token, claims, issuer) for token, claims, issuer in checked]

    def visas(self, actor: Actor, person_id: str) -> list[AcceptedVisa]:
        """Return what was accepted for a person: for himself and for operators."""
        with self._record.read() as session:
            self._check(session, actor, "showPerson", account(person_id))
            return store.visas(session, person_id)

    def end(self, actor: Actor, visa_id: str) -> AcceptedVisa:
        """End a visa at once, with the accreditation that came of it: by its person or an operator."""
        with self._record.change() as change:
            visa = store.visa(change.session, visa_id)
            owner = account(visa.person_id)
            self._check_known(change.session, actor, "endVisa", owner, sight="showPerson", unknown=store.UNKNOWN)
            if visa.ended_at is not None:
                raise NotPossible("This visa has ended already.")
            now = self._now()
            if visa.accreditation_id is not None:
                held = people.load(change.session, Accreditation, visa.accreditation_id)
                if held.ended_at is None:
                    event = _accredited(held, "accreditation.ended", actor.person_id)
                    people.put(change, replace(held, ended_by=actor.person_id, ended_at=now), event=event)
            ended = replace(visa, ended_by=actor.person_id, ended_at=now)
            return store.put(change, ended, event=_event(ended, "visa.ended", actor.person_id))

    # ---- inside -------------------------------------------------------------------------------------------------

    def _read(self, token: str) -> tuple[str, VisaClaims, object]:
        if self._reader is None:
            raise NotPossible(_OFF)
        claims: Mapping[str, Any] = self._reader.read(token)
        return token, read_claims(claims), claims.get("aud")

    def _usable(
        self,
        read: list[tuple[str, VisaClaims, object]],
        identities: frozenset[tuple[str, str]],
        *,
        but: str,
        now: datetime,
    ) -> list[VisaClaims]:
        """Return the other visas that conditions may name: about the same person, in date, of a trusted type."""
        return [
            claims
            for token, claims, _ in read
            if token != but
            and claims.identity in identities
            and claims.expires_at > now
            and claims.issuer in self._trusted
            and claims.type in self._trusted[claims.issuer].types
        ]

    def _keep(
        self, change: Change, person: Person, token: str, claims: VisaClaims, issuer: TrustedIssuer
    ) -> AcceptedVisa:
        digest = hashlib.sha256(token.encode()).hexdigest()
        earlier = store.by_token(change.session, digest)
        if earlier is not None:
            if earlier.person_id != person.person_id:
                raise Refused("This visa was taken by somebody else already; tell an operator.")
            return earlier
        accreditation = self._accredit(change, person, claims) if _accredits(claims, issuer) else None
        visa = AcceptedVisa(
            visa_id=new_id(),
            person_id=person.person_id,
            issuer=claims.issuer,
            subject=claims.subject,
            type=claims.type,
            value=claims.value,
            source=claims.source,
            by=claims.by,
            asserted=claims.asserted,
            expires_at=claims.expires_at,
            token_sha256=digest,
            accepted_at=self._now(),
            accreditation_id=accreditation,
        )
        return store.put(change, visa, event=_event(visa, "visa.accepted", person.person_id))

    def _accredit(self, change: Change, person: Person, claims: VisaClaims) -> str:
        """Record the accreditation, as long as the visa lasts and no longer than any may."""
        now = self._now()
        held = Accreditation(
            accreditation_id=new_id(),
            person_id=person.person_id,
            number=claims.value[:100],
            valid_until=min(claims.expires_at, now + LONGEST_QUALIFICATION),
            recorded_by=_SYSTEM,
            recorded_at=now,
        )
        people.put(change, held, event=_accredited(held, "accreditation.recorded", _SYSTEM))
        return held.accreditation_id


def _accredits(claims: VisaClaims, issuer: TrustedIssuer) -> bool:
    return issuer.accredits and claims.type == VisaType.RESEARCHER_STATUS and claims.by in _ACCREDITING


def _tokens(tokens: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(token.strip() for token in tokens if token.strip()))
    if not 1 <= len(found) <= _MOST_TOKENS:
        raise Invalid(f"Bring 1 to {_MOST_TOKENS} visas at once.", field="visas")
    if any(len(token) > _LONGEST_TOKEN or not token.isascii() for token in found):
        raise Invalid("One of these is no visa: it is too long, or no signed token.", field="visas")
    return found


def _event(visa: AcceptedVisa, kind: str, actor: str) -> Event:
    details = {"person": visa.person_id, "type": visa.type, "token_sha256": visa.token_sha256}
    subject = f"visa:{visa.visa_id}"
    return Event(kind=kind, actor=actor, subject=subject, details={**details, "expires_at": iso(visa.expires_at)})


def _accredited(held: Accreditation, kind: str, actor: str) -> Event:
    details = {"person": held.person_id, "valid_until": iso(held.valid_until)}
    return Event(kind=kind, actor=actor, subject=f"accreditation:{held.accreditation_id}", details=details)
