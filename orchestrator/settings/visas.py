"""Whose GA4GH visas are taken, and with which key this installation signs its own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from .parts import Part

__all__ = ["TrustedIssuerSettings", "VisaSettings"]

VisaKind = Literal["ResearcherStatus", "AcceptedTermsAndPolicies", "AffiliationAndRole", "LinkedIdentities"]


class TrustedIssuerSettings(Part):
    """One issuer of visas, by the ``iss`` of its tokens; its keys are fetched from one place or lie in a file."""

    issuer: str = Field(min_length=1, max_length=1000)
    keys_url: str = ""
    keys_file: Path | None = None
    types: frozenset[VisaKind] = frozenset({"ResearcherStatus", "AcceptedTermsAndPolicies", "AffiliationAndRole"})
    accredits: bool = False
    """A ResearcherStatus that somebody other than the person asserts counts as an accreditation as long as it lasts."""

    @model_validator(mode="after")
    def _one_place(self) -> TrustedIssuerSettings:
        if bool(self.keys_url) == bool(self.keys_file):
            raise ValueError("a trusted issuer of visas needs either keys_url or keys_file")
        return self


class VisaSettings(Part):
    """Visas: none are taken from an issuer that is not named here, and none are issued without a key."""

    trusted: tuple[TrustedIssuerSettings, ...] = ()
    key_file: Path | None = None
    """A private P-256 key in PEM that only the portal's account may read; “tre visa make-key” writes one."""
    audience: str = ""
    """What we are called in visas that are issued for certain receivers; by default the portal's address."""

    @model_validator(mode="after")
    def _each_once(self) -> VisaSettings:
        names = [each.issuer for each in self.trusted]
        if len(set(names)) != len(names):
            raise ValueError("an issuer of visas is named twice")
        return self
