"""Tables of the federation: hubs, what we sealed for them, what we took from them, whose accreditation may travel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .model import Document, Hub, HubState, Kind

__all__ = [
    "ConsentRow",
    "ExportRow",
    "HubRow",
    "TakenRow",
    "add",
    "agreed",
    "consent",
    "hub_by_origin",
    "hub_row",
    "hubs",
    "last_export",
    "last_taken",
    "to_document",
    "to_hub",
]


class HubRow(Base):
    """Another installation; who proposes trusting it never confirms it, whatever the code above does."""

    __tablename__ = "federation_hub"
    __table_args__ = (
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> proposed_by", name="confirmed_by_somebody_else"),
    )

    hub_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    origin: Mapped[str] = mapped_column(String(80), index=True)
    name: Mapped[str] = mapped_column(String(200))
    keys: Mapped[dict[str, str]] = mapped_column(JSON)
    pending: Mapped[dict[str, str] | None] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10))
    proposed_by: Mapped[str] = mapped_column(String(16))
    proposed_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_by: Mapped[str | None] = mapped_column(String(16))
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_by: Mapped[str | None] = mapped_column(String(16))
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text, default="")


class ExportRow(Base):
    """One document that this installation sealed: canonical JSON, whose hash is in the audit log."""

    __tablename__ = "federation_export"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    content_sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(Moment)
    valid_until: Mapped[datetime] = mapped_column(Moment)


class TakenRow(Base):
    """One document taken from another hub, with the key that it was signed by and where it stands in that hub's log."""

    __tablename__ = "federation_taken"
    __table_args__ = (Index("ix_federation_taken_head", "hub_id", "head_size"),)

    hub_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    items: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[datetime] = mapped_column(Moment)
    valid_until: Mapped[datetime] = mapped_column(Moment)
    taken_at: Mapped[datetime] = mapped_column(Moment)
    taken_by: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]
    head_size: Mapped[int]
    head_root: Mapped[str] = mapped_column(String(64))


class ConsentRow(Base):
    """Somebody let his accreditation travel, or no longer; the newest word counts."""

    __tablename__ = "federation_consent"

    number: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(String(16), index=True)
    agrees: Mapped[bool]
    said_at: Mapped[datetime] = mapped_column(Moment)


def add(change: Change, row: Base, *, event: Event) -> None:
    """Keep a new row, with what is recorded of it."""
    change.session.add(row)
    change.session.flush()
    change.tell(event)


def hub_row(session: Session, hub_id: str) -> HubRow:
    """Return one hub or raise ``NotFound``."""
    row = session.get(HubRow, hub_id)
    if row is None:
        raise NotFound("There is no such hub; look at the list of hubs.")
    return row


def hub_by_origin(session: Session, origin: str) -> HubRow | None:
    """Return the hub whose log has this name and whose trust was not revoked."""
    query = select(HubRow).where(HubRow.origin == origin, HubRow.state != HubState.REVOKED.value)
    return session.scalar(query.order_by(HubRow.proposed_at.desc()).limit(1))


def hubs(session: Session) -> list[HubRow]:
    """Return every hub that ever was proposed, by name."""
    return list(session.scalars(select(HubRow).order_by(HubRow.name, HubRow.proposed_at)))


def last_export(session: Session, kind: Kind) -> ExportRow | None:
    """Return the newest document of a kind that was sealed here."""
    query = select(ExportRow).where(ExportRow.kind == kind.value)
    return session.scalar(query.order_by(ExportRow.sequence.desc()).limit(1))


def last_taken(session: Session, hub_id: str, kind: Kind) -> TakenRow | None:
    """Return the newest document of a kind that was taken from a hub."""
    query = select(TakenRow).where(TakenRow.hub_id == hub_id, TakenRow.kind == kind.value)
    return session.scalar(query.order_by(TakenRow.sequence.desc()).limit(1))


def consent(session: Session, person_id: str) -> bool:
    """Say whether a person lets his accreditation travel."""
    query = select(ConsentRow.agrees).where(ConsentRow.person_id == person_id)
    return bool(session.scalar(query.order_by(ConsentRow.number.desc()).limit(1)))


def agreed(session: Session) -> list[str]:
    """Return everybody who lets his accreditation travel."""
    people = session.scalars(select(ConsentRow.person_id).distinct().order_by(ConsentRow.person_id))
    return [person_id for person_id in people if consent(session, person_id)]


def to_hub(row: HubRow) -> Hub:
    """Return a row as a plain value."""
    return Hub(
        hub_id=row.hub_id,
        origin=row.origin,
        name=row.name,
        keys=_keys(row.keys),
        state=HubState(row.state),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        confirmed_by=row.confirmed_by,
        confirmed_at=row.confirmed_at,
        revoked_by=row.revoked_by,
        revoked_at=row.revoked_at,
        reason=row.reason,
        pending=_keys(row.pending) if row.pending else None,
    )


def to_document(row: TakenRow) -> Document:
    """Return a row as a plain value."""
    return Document(
        hub_id=row.hub_id,
        kind=Kind(row.kind),
        sequence=row.sequence,
        sha256=row.sha256,
        issued_at=row.issued_at,
        valid_until=row.valid_until,
        taken_at=row.taken_at,
        taken_by=row.taken_by,
        items=tuple(json.loads(row.items)),
    )


def _keys(kept: Mapping[str, str]) -> dict[int, bytes]:
    return {int(version): bytes.fromhex(key) for version, key in kept.items()}
