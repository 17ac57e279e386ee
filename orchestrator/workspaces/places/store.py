"""Tables of places: which name a project has, how it stands condition by condition, what was certified at its end."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id

__all__ = ["CertificateRow", "ConditionRow", "PlaceRow"]


class PlaceRow(Base):
    """One project's place. Rows are never deleted, so that no name is ever used again."""

    __tablename__ = "workspace_place"

    project_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(63), unique=True)
    profile: Mapped[str] = mapped_column(String(63), default="")
    """Empty: the installation's first profile."""
    made_at: Mapped[datetime] = mapped_column(Moment)
    removing_at: Mapped[datetime | None] = mapped_column(Moment)
    removed_at: Mapped[datetime | None] = mapped_column(Moment)
    removals: Mapped[int] = mapped_column(default=0)
    """How often a removal was begun: more than once only where a lost answer made the place again."""


class ConditionRow(Base):
    """How one thing about a project's workspace stands now, and since when."""

    __tablename__ = "workspace_condition"

    project_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(60))
    message: Mapped[str] = mapped_column(Text, default="")
    since: Mapped[datetime] = mapped_column(Moment)


class CertificateRow(Base):
    """One deletion certificate, made by the controller and signed by the airlock's worker."""

    __tablename__ = "workspace_certificate"

    project_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    """1 when all but the kept work has gone; one more when the work was destroyed too."""
    removal: Mapped[int]
    document: Mapped[str] = mapped_column(Text)
    """Canonical JSON (RFC 8785): what the signature covers."""
    final: Mapped[bool]
    made_at: Mapped[datetime] = mapped_column(Moment)
    signature: Mapped[str | None] = mapped_column(Text)
    signed_at: Mapped[datetime | None] = mapped_column(Moment)


def place(session: Session, project_id: str) -> PlaceRow | None:
    """Return a project's place, if it ever had one."""
    return session.get(PlaceRow, project_id)


def known_place(session: Session, project_id: str) -> PlaceRow:
    """Return a place that the record knows; ``NotFound`` otherwise."""
    row = session.get(PlaceRow, project_id)
    if row is None:
        raise NotFound("This project has no place of its own.")
    return row


def unfinished_places(session: Session) -> list[str]:
    """Return the projects whose place was not removed whole."""
    query = select(PlaceRow.project_id).where(PlaceRow.removed_at.is_(None)).order_by(PlaceRow.project_id)
    return list(session.scalars(query))


def make_place(change: Change, project_id: str, *, now: datetime, actor: str) -> PlaceRow:
    """Return a project's place, made with a name of its own if it had none."""
    row = change.session.get(PlaceRow, project_id)
    if row is None:
        row = PlaceRow(project_id=project_id, name=f"tre-{new_id()}", profile="", made_at=now, removals=0)
        change.session.add(row)
        change.tell(Event(kind="place.made", actor=actor, subject=f"project:{project_id}", details={"place": row.name}))
    return row


def conditions(session: Session, project_id: str) -> list[ConditionRow]:
    """Return a project's conditions in a fixed order."""
    query = select(ConditionRow).where(ConditionRow.project_id == project_id).order_by(ConditionRow.kind)
    return list(session.scalars(query))


def projects_noted_otherwise(session: Session, kind: str, reason: str) -> list[str]:
    """Return the projects whose condition of a kind has another reason."""
    query = select(ConditionRow.project_id).where(ConditionRow.kind == kind, ConditionRow.reason != reason)
    return list(session.scalars(query.order_by(ConditionRow.project_id)))


def condition_counts(session: Session) -> dict[tuple[str, str], int]:
    """Count conditions by kind and state."""
    query = select(ConditionRow.kind, ConditionRow.state, func.count()).group_by(ConditionRow.kind, ConditionRow.state)
    return {(kind, state): count for kind, state, count in session.execute(query)}


def certificates(session: Session, project_id: str) -> list[CertificateRow]:
    """Return a project's certificates, oldest first."""
    query = select(CertificateRow).where(CertificateRow.project_id == project_id).order_by(CertificateRow.number)
    return list(session.scalars(query))


def unsigned_certificates(session: Session) -> list[CertificateRow]:
    """Return the certificates that wait for their signature."""
    query = select(CertificateRow).where(CertificateRow.signature.is_(None)).order_by(CertificateRow.made_at)
    return list(session.scalars(query))
