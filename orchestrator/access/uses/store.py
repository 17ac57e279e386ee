"""Tables and queries of declared purposes."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.access import store as access
from orchestrator.alliance.uses.model import Purpose
from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.events import Event

from .model import DeclaredPurpose

__all__ = ["add", "newest", "of_project", "versions"]


class PurposeRow(Base):
    """One version of an application's purpose. Written once."""

    __tablename__ = "application_purpose"

    application_id: Mapped[str] = mapped_column(ForeignKey("application.application_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    purpose: Mapped[dict[str, Any]] = mapped_column(JSON)
    declared_by: Mapped[str] = mapped_column(String(16))
    declared_at: Mapped[datetime] = mapped_column(Moment)


def add(change: Change, declared: DeclaredPurpose, *, event: Event) -> DeclaredPurpose:
    """Keep a new version."""
    change.session.add(PurposeRow(**{**vars(declared), "purpose": _plain(declared.purpose)}))
    change.session.flush()
    change.tell(event)
    return declared


def versions(session: Session, application_id: str) -> list[DeclaredPurpose]:
    """Return every version of an application's purpose, newest first."""
    query = select(PurposeRow).where(PurposeRow.application_id == application_id)
    return [_declared(row) for row in session.scalars(query.order_by(PurposeRow.version.desc()))]


def newest(session: Session, application_id: str) -> DeclaredPurpose | None:
    """Return an application's purpose as it stands."""
    return next(iter(versions(session, application_id)), None)


def of_project(session: Session, project: access.ProjectRow) -> DeclaredPurpose | None:
    """Return the purpose that a project's custodians agreed to last."""
    amended = access.last_approved_amendment(session, project.project_id)
    declared = newest(session, amended.application_id) if amended else None
    return declared or newest(session, project.application_id)


def _plain(purpose: Purpose) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in vars(purpose).items()}


def _declared(row: PurposeRow) -> DeclaredPurpose:
    values = {each.name: row.purpose[each.name] for each in fields(Purpose) if each.name in row.purpose}
    found: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    if found.get("publishes_from"):
        found["publishes_from"] = date.fromisoformat(found["publishes_from"])
    return DeclaredPurpose(
        application_id=row.application_id,
        version=row.version,
        purpose=Purpose(**found),
        declared_by=row.declared_by,
        declared_at=row.declared_at,
    )
