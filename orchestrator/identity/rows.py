"""Tables of people, roles, training, accreditation and sign-on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Enum, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from orchestrator.core.database import Base, Moment

from .model import Role, SessionKind
from .states import HoldingState, PairingState, PersonState

__all__ = [
    "AccreditationRow",
    "HoldingRow",
    "MissRow",
    "PairingRow",
    "PersonRow",
    "SessionRow",
    "SignOutRow",
    "SuspensionRow",
    "TrainingRow",
]


def _word(kind: type[StrEnum]) -> Enum:
    """A column that holds the values of an enumeration as text, the same on every database."""
    return Enum(
        kind, native_enum=False, create_constraint=False, length=20, values_callable=lambda e: [m.value for m in e]
    )


def _person_key(**options: Any) -> Any:
    return mapped_column(ForeignKey("identity_person.person_id"), **options)


class PersonRow(Base):
    """Somebody known here; identity is issuer and subject, never the e-mail address."""

    __tablename__ = "identity_person"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    person_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320))
    affiliation: Mapped[str] = mapped_column(String(200))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    state: Mapped[PersonState] = mapped_column(_word(PersonState))
    registered_at: Mapped[datetime] = mapped_column(Moment)


class HoldingRow(Base):
    """One role of one person from proposal to end."""

    __tablename__ = "identity_role"

    holding_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = _person_key(index=True)
    role: Mapped[Role] = mapped_column(_word(Role))
    custodian_id: Mapped[str | None] = mapped_column(String(16), index=True)
    state: Mapped[HoldingState] = mapped_column(_word(HoldingState), index=True)
    until: Mapped[datetime] = mapped_column(Moment)
    proposed_by: Mapped[str] = mapped_column(String(16))
    proposed_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_by: Mapped[str | None] = mapped_column(String(16))
    end_proposed_by: Mapped[str | None] = mapped_column(String(16))
    end_proposed_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_by: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class SuspensionRow(Base):
    """Why and by whom an account was stopped, and by whom resumed."""

    __tablename__ = "identity_suspension"

    suspension_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = _person_key(index=True)
    reason: Mapped[str] = mapped_column(Text)
    suspended_by: Mapped[str] = mapped_column(String(16))
    suspended_at: Mapped[datetime] = mapped_column(Moment)
    resume_proposed_by: Mapped[str | None] = mapped_column(String(16))
    resume_proposed_at: Mapped[datetime | None] = mapped_column(Moment)
    resumed_by: Mapped[str | None] = mapped_column(String(16))
    resumed_at: Mapped[datetime | None] = mapped_column(Moment)


class TrainingRow(Base):
    """A course passed."""

    __tablename__ = "identity_training"

    training_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = _person_key(index=True)
    course: Mapped[str] = mapped_column(String(100))
    valid_until: Mapped[datetime] = mapped_column(Moment)
    recorded_by: Mapped[str] = mapped_column(String(16))
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    ended_by: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class AccreditationRow(Base):
    """A researcher's accreditation."""

    __tablename__ = "identity_accreditation"

    accreditation_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = _person_key(index=True)
    number: Mapped[str] = mapped_column(String(100))
    valid_until: Mapped[datetime] = mapped_column(Moment)
    recorded_by: Mapped[str] = mapped_column(String(16))
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    ended_by: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class SessionRow(Base):
    """A sign-on session: the hash of its secret only."""

    __tablename__ = "identity_session"

    session_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = _person_key(index=True)
    kind: Mapped[SessionKind] = mapped_column(_word(SessionKind))
    second_factor: Mapped[bool]
    opened_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class PairingRow(Base):
    """A terminal that waits for sign-on."""

    __tablename__ = "identity_pairing"

    pairing_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[PairingState] = mapped_column(_word(PairingState))
    expires_at: Mapped[datetime] = mapped_column(Moment)
    person_id: Mapped[str | None] = _person_key()
    second_factor: Mapped[bool]


class SignOutRow(Base):
    """When a person signed out last: whatever was opened by an earlier sign-on, elsewhere too, ends with it."""

    __tablename__ = "identity_sign_out"

    person_id: Mapped[str] = _person_key(primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)


class MissRow(Base):
    """A wrong code that somebody typed, so that guessing is bounded."""

    __tablename__ = "identity_pairing_miss"
    __table_args__ = (Index("ix_identity_pairing_miss_person_at", "person_id", "at"),)

    miss_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = _person_key()
    at: Mapped[datetime] = mapped_column(Moment)
