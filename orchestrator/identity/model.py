"""People, roles, training, accreditation and sign-on sessions, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .states import HoldingState, PairingState, PersonState

__all__ = [
    "Accreditation",
    "OpenedSession",
    "Pairing",
    "Person",
    "Profile",
    "Role",
    "RoleHolding",
    "SessionKind",
    "SessionLimits",
    "SignOn",
    "Standing",
    "Suspension",
    "Training",
    "Waiting",
]


class Role(StrEnum):
    """What a person may be trusted with, besides research. A custodian's officer speaks for one custodian.

    An SDC lead answers where output checkers disagree, and lets blocked results go to review; no reviewing is in it.
    A concierge answers enquiries for the hub; no say over data or people is in it.
    """

    OPERATOR = "operator"
    CHECKER = "checker"
    SDC_LEAD = "sdc-lead"
    CONCIERGE = "concierge"
    CUSTODIAN = "custodian"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody known here. ``issuer`` and ``subject`` are his identity; name and e-mail are for people to read."""

    person_id: str
    name: str
    email: str
    affiliation: str
    issuer: str
    subject: str
    state: PersonState
    registered_at: datetime

    @property
    def active(self) -> bool:
        """Whether this person may do anything now."""
        return self.state is PersonState.ACTIVE


@dataclass(frozen=True, kw_only=True)
class RoleHolding:
    """One role of one person from proposal to end. ``custodian_id`` is set for custodians' officers only."""

    holding_id: str
    person_id: str
    role: Role
    custodian_id: str | None
    state: HoldingState
    until: datetime
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    end_proposed_by: str | None = None
    end_proposed_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        """Whether the role counts at ``now``."""
        return self.state in (HoldingState.HELD, HoldingState.ENDING) and now < self.until


@dataclass(frozen=True, kw_only=True)
class Suspension:
    """Why and by whom an account was stopped, and by whom it was resumed."""

    suspension_id: str
    person_id: str
    reason: str
    suspended_by: str
    suspended_at: datetime
    resume_proposed_by: str | None = None
    resume_proposed_at: datetime | None = None
    resumed_by: str | None = None
    resumed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Training:
    """A course a person passed, valid until a date or until it is ended."""

    training_id: str
    person_id: str
    course: str
    valid_until: datetime
    recorded_by: str
    recorded_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        """Whether it counts at ``now``."""
        return self.ended_at is None and now < self.valid_until


@dataclass(frozen=True, kw_only=True)
class Accreditation:
    """A researcher's accreditation under a number, valid until a date or until it is ended."""

    accreditation_id: str
    person_id: str
    number: str
    valid_until: datetime
    recorded_by: str
    recorded_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        """Whether it counts at ``now``."""
        return self.ended_at is None and now < self.valid_until


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a person's access hangs on: ``None`` where he has none; ``failures`` are sentences for him."""

    person_id: str
    active: bool
    trained_until: datetime | None
    accredited_until: datetime | None
    failures: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every condition is met."""
        return not self.failures

    @property
    def until(self) -> datetime | None:
        """When the first condition ends by itself, while all hold."""
        if self.failures or self.trained_until is None or self.accredited_until is None:
            return None
        return min(self.trained_until, self.accredited_until)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Everything known of one person, for himself and for operators."""

    person: Person
    holdings: tuple[RoleHolding, ...]
    trainings: tuple[Training, ...]
    accreditations: tuple[Accreditation, ...]
    standing: Standing


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What waits for a second operator."""

    holdings: tuple[RoleHolding, ...]
    suspensions: tuple[Suspension, ...]


@dataclass(frozen=True, kw_only=True)
class SignOn:
    """What an identity provider vouched for, after every check. ``name`` and ``email`` only help to register."""

    issuer: str
    subject: str
    second_factor: bool
    name: str = ""
    email: str = ""


class SessionKind(StrEnum):
    """Where a person signed on."""

    WEB = "web"
    COMMAND = "command"


@dataclass(frozen=True, kw_only=True)
class SessionLimits:
    """How long a sign-on lasts altogether, and how long unused."""

    absolute: timedelta
    idle: timedelta


@dataclass(frozen=True, kw_only=True)
class OpenedSession:
    """A sign-on session as it is kept: never its secret, only the hash of it."""

    session_id: str
    secret_sha256: str
    person_id: str
    kind: SessionKind
    second_factor: bool
    opened_at: datetime
    used_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    def alive(self, now: datetime, limits: SessionLimits) -> bool:
        """Whether it still signs its person on at ``now``."""
        return self.ended_at is None and now < min(self.expires_at, self.used_at + limits.idle)


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """A terminal that waits for a signed-on person to confirm its code."""

    pairing_id: str
    code: str
    secret_sha256: str
    state: PairingState
    expires_at: datetime
    person_id: str | None = None
    second_factor: bool = False
