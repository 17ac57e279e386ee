"""Standard conditions, who accepted them for which body, and departures, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.alliance.accreditation.model import BodyStanding

from .states import CONDITIONS_STATES, DEPARTURE_STATES, ConditionsState, DepartureState

__all__ = [
    "CONDITIONS_STATES",
    "DEPARTURE_STATES",
    "ConditionsState",
    "Departure",
    "DepartureState",
    "Joined",
    "StandardConditions",
]


@dataclass(frozen=True, kw_only=True)
class StandardConditions:
    """One version of what every custodian agrees to, besides its own terms; it binds from ``applies_from``."""

    version: int
    text: str
    text_sha256: str
    applies_from: datetime
    state: ConditionsState
    proposed_by: str
    proposed_at: datetime
    published_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Departure:
    """A custodian leaves. From its confirmation it grants nothing new; at ``at`` everything it granted ends."""

    departure_id: str
    custodian_id: str
    reason: str
    at: datetime
    state: DepartureState
    announced_by: str
    announced_at: datetime
    confirmed_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Joined:
    """How a custodian stands in the alliance. ``barriers`` are sentences that say why it grants nothing new."""

    custodian_id: str
    accreditation: BodyStanding
    conditions_accepted: int | None
    """The newest version that it accepted."""
    departure: Departure | None
    barriers: tuple[str, ...] = ()
