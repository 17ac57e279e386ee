"""A visa's claims, the issuers that are trusted, and what was accepted, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = ["AcceptedVisa", "SignedVisa", "TrustedIssuer", "VisaClaims", "VisaType"]


class VisaType(StrEnum):
    """The types of the specification that mean something here."""

    RESEARCHER_STATUS = "ResearcherStatus"
    ACCEPTED_TERMS = "AcceptedTermsAndPolicies"
    AFFILIATION = "AffiliationAndRole"
    LINKED_IDENTITIES = "LinkedIdentities"
    CONTROLLED_ACCESS = "ControlledAccessGrants"


@dataclass(frozen=True, kw_only=True)
class TrustedIssuer:
    """Whose visas are taken, and which types. ``accredits``: a status as a researcher counts as an accreditation."""

    issuer: str
    types: frozenset[str]
    accredits: bool = False


@dataclass(frozen=True, kw_only=True)
class VisaClaims:
    """What one visa says, once its signature was checked. ``asserted`` is when its source said it first."""

    issuer: str
    subject: str
    token_id: str
    type: str
    value: str
    source: str
    by: str
    asserted: datetime
    issued_at: datetime
    expires_at: datetime
    conditions: tuple[Any, ...] = ()

    @property
    def identity(self) -> tuple[str, str]:
        """Who it is about: the issuer's name for a person."""
        return self.issuer, self.subject


@dataclass(frozen=True, kw_only=True)
class AcceptedVisa:
    """A visa that was taken for a person. It counts until it expires or is ended."""

    visa_id: str
    person_id: str
    issuer: str
    subject: str
    type: str
    value: str
    source: str
    by: str
    asserted: datetime
    expires_at: datetime
    token_sha256: str
    accepted_at: datetime
    accreditation_id: str | None = None
    """The accreditation that came of it, where its issuer accredits."""
    ended_by: str | None = None
    ended_at: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        """Whether it counts at ``now``."""
        return self.ended_at is None and now < self.expires_at


@dataclass(frozen=True, kw_only=True)
class SignedVisa:
    """A visa that this installation signed: the token itself and what it says."""

    token: str
    grant_id: str
    dataset_id: str
    value: str
    expires_at: datetime
    claims: Mapping[str, Any] = field(default_factory=dict)
