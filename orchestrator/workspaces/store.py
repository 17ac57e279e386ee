"""Tables of workspaces: what is wanted, which sessions there are, tickets into them, bytes that left by browser."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, Date, Enum, ForeignKey, LargeBinary, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .model import SessionState

__all__ = ["TICKET_LIFE", "MeterRow", "MountRow", "SessionRow", "TicketRow", "WorkspaceRow"]

TICKET_LIFE = timedelta(seconds=60)
"""How long a ticket into a workspace is good."""


class WorkspaceRow(Base):
    """One project's workspace. Port and user number are its own for ever: neither is used again."""

    __tablename__ = "workspace"

    project_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    port: Mapped[int | None] = mapped_column(unique=True)
    """The gate's port on this machine; none where workspaces have addresses of their own."""
    user_number: Mapped[int] = mapped_column(unique=True)
    awake: Mapped[bool]
    """What is wanted; what is seen is the backend's to say."""
    opened_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime] = mapped_column(Moment)
    ready_at: Mapped[datetime | None] = mapped_column(Moment)
    trouble: Mapped[str] = mapped_column(String(400), default="")


class SessionRow(Base):
    """One person's session: who, since when, and what it was given."""

    __tablename__ = "workspace_session"

    session_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("workspace.project_id"), index=True)
    person_id: Mapped[str] = mapped_column(String(16), index=True)
    state: Mapped[SessionState] = mapped_column(
        Enum(SessionState, native_enum=False, length=10, values_callable=lambda states: [s.value for s in states]),
        index=True,
    )
    started_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(String(200), default="")
    active_at: Mapped[datetime] = mapped_column(Moment)
    intake_sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """Hash of the secret that the session shows to the airlock's port."""
    replay_of: Mapped[str | None] = mapped_column(String(16))
    """The submission whose program this session runs again; none where a person works in it."""
    environment: Mapped[str] = mapped_column(String(200), default="")
    """What its programs and libraries are, as a digest: two sessions with the same word run the same."""
    data_life: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """The life of the dataset agent whose data and relays it holds; ``-`` for none, empty where none was told."""


class MountRow(Base):
    """One dataset version that a session was given."""

    __tablename__ = "workspace_mount"

    session_id: Mapped[str] = mapped_column(ForeignKey("workspace_session.session_id"), primary_key=True)
    version_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    grant_id: Mapped[str] = mapped_column(String(16))


class TicketRow(Base):
    """A one-use way from the portal into a workspace; only the hash of its secret is kept."""

    __tablename__ = "workspace_ticket"

    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(16))
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)


class MeterRow(Base):
    """Bytes that one person's browser received from one project on one day."""

    __tablename__ = "workspace_meter"

    project_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    received: Mapped[int] = mapped_column(BigInteger)


def workspace(session: Session, project_id: str) -> WorkspaceRow:
    """Return a project's workspace; ``NotFound`` when it was never opened."""
    row = session.get(WorkspaceRow, project_id)
    if row is None:
        raise NotFound("This project's workspace was never opened.")
    return row


def wanted(session: Session) -> list[WorkspaceRow]:
    """Return every workspace that is to be awake."""
    return list(session.scalars(select(WorkspaceRow).where(WorkspaceRow.awake).order_by(WorkspaceRow.project_id)))


def add_workspace(change: Change, row: WorkspaceRow, *, event: Event) -> None:
    """Keep a new workspace."""
    change.session.add(row)
    change.tell(event)


def next_numbers(session: Session, *, first_port: int, first_user_number: int) -> tuple[int, int]:
    """Return a port and a user number that no workspace ever had."""
    port, number = session.execute(select(func.max(WorkspaceRow.port), func.max(WorkspaceRow.user_number))).one()
    return (first_port if port is None else port + 1, first_user_number if number is None else number + 1)


def live_sessions(session: Session, project_id: str | None = None) -> list[SessionRow]:
    """Return sessions that have not ended, oldest first."""
    query = select(SessionRow).where(SessionRow.state != SessionState.ENDED).order_by(SessionRow.started_at)
    if project_id is not None:
        query = query.where(SessionRow.project_id == project_id)
    return list(session.scalars(query))


def mounts(session: Session, session_id: str) -> frozenset[str]:
    """Return the dataset versions that a session was given."""
    return frozenset(session.scalars(select(MountRow.version_id).where(MountRow.session_id == session_id)))


def received_today(session: Session, project_id: str, day: date) -> dict[str, int]:
    """Return each person's bytes of one day."""
    query = select(MeterRow.person_id, MeterRow.received).where(MeterRow.project_id == project_id, MeterRow.day == day)
    return {row.person_id: row.received for row in session.execute(query)}
