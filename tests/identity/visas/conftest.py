"""A person, two issuers with keys of their own, and a service that trusts one of them for everything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from orchestrator.adapters.visas import IssuerKeys, TrustedReader
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.identity.service import IdentityService
from orchestrator.identity.visas.model import TrustedIssuer, VisaType
from orchestrator.identity.visas.service import VisaService
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy

BROKER, OTHER, SIGN_ON = "https://visas.example.org", "https://other.example.org", "https://id.example.org"
AUDIENCE = "https://portal.example.org"
STATUS = "https://doi.org/10.1038/s41431-018-0219-y"
KEYS = {
    BROKER: RSAKey.generate_key(2048, {"kid": "broker"}),
    OTHER: ECKey.generate_key("P-256", {"kid": "other"}),
}
ALGORITHM = {BROKER: "RS256", OTHER: "ES256"}


class Issuers:
    """Makes tokens, right or wrong, and counts how often their keys are fetched."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.published: dict[str, list[Any]] = {BROKER: [KEYS[BROKER]], OTHER: [KEYS[OTHER]]}
        self.fetched = 0
        self.reader = TrustedReader(
            {each: IssuerKeys(self._keys(each), address=f"{each}/keys", clock=clock) for each in (BROKER, OTHER)}
        )

    def _keys(self, issuer: str) -> Callable[[], dict[str, Any]]:
        def fetch() -> dict[str, Any]:
            self.fetched += 1
            return {"keys": [key.as_dict(private=False) for key in self.published[issuer]]}

        return fetch

    def claims(self, kind: str = VisaType.RESEARCHER_STATUS, *, issuer: str = BROKER, **changes: Any) -> dict[str, Any]:
        now = int(self.clock().timestamp())
        value = {"AffiliationAndRole": "faculty@university.example"}.get(kind, STATUS)
        visa = {
            "type": str(kind),
            "asserted": now - 3600,
            "value": value,
            "source": "https://university.example",
            "by": "so",
        }
        claims: dict[str, Any] = {"iss": issuer, "sub": "ann", "iat": now - 60, "exp": now + 86_400, "jti": "1"}
        claims |= {name: value for name, value in changes.items() if name in ("iss", "sub", "iat", "exp", "jti", "aud")}
        visa |= {name: value for name, value in changes.items() if name not in claims and name != "aud"}
        return {**claims, "ga4gh_visa_v1": {name: value for name, value in visa.items() if value is not None}}

    def token(self, kind: str = VisaType.RESEARCHER_STATUS, *, issuer: str = BROKER, **changes: Any) -> str:
        return self.sign(self.claims(kind, issuer=issuer, **changes), issuer=issuer)

    def sign(self, claims: dict[str, Any], *, issuer: str = BROKER, key: Any = None, **header: Any) -> str:
        head = {"alg": ALGORITHM[issuer], "kid": KEYS[issuer].kid, "typ": "vnd.ga4gh.visa+jwt", "jku": f"{issuer}/keys"}
        head = {name: value for name, value in {**head, **header}.items() if value is not None}
        return jwt.encode(head, claims, key or KEYS[issuer], algorithms=[head["alg"]] if "alg" in head else None)

    def linking(self, *pairs: str, issuer: str = BROKER, **changes: Any) -> str:
        return self.token(VisaType.LINKED_IDENTITIES, issuer=issuer, value=";".join(pairs), **changes)


class Visas:
    """The services with one person in them."""

    def __init__(self, record: Record, policy: Policy, clock: FixedClock) -> None:
        self.record, self.policy, self.clock = record, policy, clock
        self.identity = IdentityService(record, policy)
        self.issuers = Issuers(clock)
        self.operator = self.identity.first_operator("Olga", "olga@example.org", SIGN_ON, "olga").person_id
        self.ann = self._register("ann", issuer=BROKER)
        self.bob = self._register("bob")
        self.service = self.trusting()

    def _register(self, name: str, *, issuer: str = SIGN_ON) -> str:
        return self.identity.register_person(
            self.actor(self.operator), name.title(), f"{name}@example.org", issuer, name
        ).person_id

    def actor(self, person_id: str) -> Actor:
        return self.identity.actor(person_id, second_factor=True)

    def trusting(self, *, accredits: bool = False, types: frozenset[str] | None = None) -> VisaService:
        every = frozenset(each.value for each in VisaType)
        return VisaService(
            self.record,
            self.policy,
            reader=self.issuers.reader,
            trusted=[TrustedIssuer(issuer=BROKER, types=every if types is None else types, accredits=accredits)],
            audience=AUDIENCE,
        )

    def later(self, days: int) -> int:
        return int((self.clock() + timedelta(days=days)).timestamp())


@pytest.fixture
def visas(record: Record, policy: Policy, clock: FixedClock) -> Visas:
    return Visas(record, policy, clock)
