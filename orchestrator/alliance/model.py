"""Custodians, the versions of their terms, and who accepted which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Custodian", "Terms", "TermsAcceptance"]


@dataclass(frozen=True, kw_only=True)
class Custodian:
    """A body that is responsible for data and decides on its use."""

    custodian_id: str
    name: str
    registered_by: str
    registered_at: datetime


@dataclass(frozen=True, kw_only=True)
class Terms:
    """One version of a custodian's terms: never changed, only followed by the next.

    ``checkers_needed`` people review what leaves, ``minimum_count`` is the smallest count that may be shown.
    With ``release_signoff`` one of the custodian's officers agrees to each release; ``airlock_pack`` names the rule
    book of output checking that the custodian asks for, empty where the installation's is enough. ``evidence`` are the
    kinds that have to be on record, verified and in date, as long as its data are used.
    """

    custodian_id: str
    version: int
    text: str
    text_sha256: str
    valid_until: datetime
    checkers_needed: int
    minimum_count: int
    published_by: str
    published_at: datetime
    release_signoff: bool = False
    airlock_pack: str = ""
    evidence: tuple[str, ...] = ()

    def in_force(self, now: datetime) -> bool:
        """Whether these terms are within their dates at ``now``."""
        return self.published_at <= now < self.valid_until


@dataclass(frozen=True, kw_only=True)
class TermsAcceptance:
    """A person accepted one version of one custodian's terms, whose text had this hash."""

    custodian_id: str
    version: int
    person_id: str
    text_sha256: str
    accepted_at: datetime
