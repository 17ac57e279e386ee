"""Visas of this installation: what stands granted to a person now, signed for others to check."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Record
from orchestrator.core.errors import NotPossible, Refused
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.identity.asking import Asking, account
from orchestrator.identity.visas.model import SignedVisa, VisaType
from orchestrator.identity.visas.ports import VisaSigner
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy

from . import store
from .model import Grant, GrantState
from .service import AccessService
from .store import MembershipRow
from .values import to_grant

__all__ = ["LIFETIME", "GrantVisas"]

LIFETIME = timedelta(hours=1)
"""How long a visa counts at most: nobody can call it back, so a grant that ends is gone from it after this time."""


class GrantVisas(Asking):
    """Issues ControlledAccessGrants, one for each grant that holds for a person at this moment."""

    def __init__(
        self, record: Record, policy: Policy, *, access: AccessService, signer: VisaSigner | None, address: str
    ) -> None:
        """Take the portal's public ``address``: it is the issuer, and datasets are named below it."""
        super().__init__(record, policy)
        self._access = access
        self._signer = signer
        self._address = address.rstrip("/")

    @property
    def keys(self) -> dict[str, Any]:
        """The public keys as a JSON Web Key Set; empty where nothing is signed."""
        return dict(self._signer.public_keys()) if self._signer else {"keys": []}

    def issue(self, actor: Actor) -> list[SignedVisa]:
        """Sign a visa for each dataset that this person may use now; what does not hold now gets none."""
        if self._signer is None:
            raise NotPossible("This installation issues no visas; its settings name no key to sign them with.")
        now = self._now()
        with self._record.change() as change:
            current = self._check(change.session, actor, "issueVisas", account(actor.person_id))
            if not current.active:
                raise Refused("Your account is suspended; ask an operator why.")
            held = self._held(change.session, actor.person_id, now)
            signed = [self._signed(actor.person_id, grant, until, now) for grant, until in held]
            for each in signed:
                change.tell(_issued(each, actor.person_id))
            return signed

    def _held(self, session: Session, person_id: str, now: datetime) -> list[tuple[Grant, datetime]]:
        found = []
        query = select(MembershipRow.project_id).where(
            MembershipRow.person_id == person_id, MembershipRow.ended_at.is_(None)
        )
        for project_id in session.scalars(query.order_by(MembershipRow.project_id)):
            for each in self._access.standing(project_id, at=now).grants:
                if not each.reasons and person_id in each.people:
                    grant = to_grant(store.grant_row(session, each.grant_id))
                    if grant.state is GrantState.ACTIVE:
                        found.append((grant, each.people[person_id]))
        return found

    def _signed(self, person_id: str, grant: Grant, until: datetime, now: datetime) -> SignedVisa:
        expires = min(until, now + LIFETIME)
        value = f"{self._address}/datasets/{grant.dataset_id}"
        claims = {
            "iss": self._address,
            "sub": person_id,
            "jti": new_id(),
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "ga4gh_visa_v1": {
                "type": VisaType.CONTROLLED_ACCESS.value,
                "asserted": int(grant.granted_at.timestamp()),
                "value": value,
                "source": f"{self._address}/custodians/{grant.custodian_id}",
                "by": "dac",
            },
        }
        if self._signer is None:
            raise NotPossible("This installation issues no visas; its settings name no key to sign them with.")
        return SignedVisa(
            token=self._signer.sign(claims),
            grant_id=grant.grant_id,
            dataset_id=grant.dataset_id,
            value=value,
            expires_at=expires,
            claims=claims,
        )


def _issued(visa: SignedVisa, person_id: str) -> Event:
    details: dict[str, Json] = {
        "person": person_id,
        "dataset": visa.dataset_id,
        "expires": int(visa.claims["exp"]),
        "jti": str(visa.claims["jti"]),
    }
    return Event(kind="visa.issued", actor=person_id, subject=f"grant:{visa.grant_id}", details=details)
