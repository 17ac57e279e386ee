"""Tables of applications, their parts, projects, memberships and grants; the database keeps decider and asker apart."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orchestrator.core.database import Base, Moment

from .states import ApplicationKind

__all__ = ["ApplicationRow", "GrantRow", "MembershipRow", "PartRow", "ProjectRow"]

_CURRENT = text("ended_at IS NULL")
_ACTIVE = text("state = 'active'")
_OPEN_AMENDMENT = text("amends IS NOT NULL AND state IN ('draft', 'submitted', 'decided')")


class ApplicationRow(Base):
    """One application. The person who approves or refuses it is never the applicant, whatever the code above does."""

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint("settled_by IS NULL OR settled_by <> applicant_id", name="settled_by_somebody_else"),
        Index("ix_application_state", "state", "state_since"),
        Index(
            "uq_application_open_amendment",
            "amends",
            unique=True,
            sqlite_where=_OPEN_AMENDMENT,
            postgresql_where=_OPEN_AMENDMENT,
        ),
    )

    application_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    applicant_id: Mapped[str] = mapped_column(String(16), index=True)
    title: Mapped[str] = mapped_column(Text)
    lay_summary: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    organisation: Mapped[str] = mapped_column(Text)
    ethics_reference: Mapped[str] = mapped_column(Text)
    ethics_until: Mapped[date]
    start: Mapped[date]
    end: Mapped[date]
    members: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    state_since: Mapped[datetime] = mapped_column(Moment)
    made_at: Mapped[datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text, default="")
    settled_by: Mapped[str | None] = mapped_column(String(16))
    reminded_at: Mapped[datetime | None] = mapped_column(Moment)
    kind: Mapped[str] = mapped_column(String(16), default=ApplicationKind.NEW.value, server_default="new")
    amends: Mapped[str | None] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(default=0, server_default="0")


class PartRow(Base):
    """One custodian's part of one application, never decided by the applicant."""

    __tablename__ = "application_part"
    __table_args__ = (
        CheckConstraint("decided_by IS NULL OR decided_by <> applicant_id", name="decided_by_somebody_else"),
    )

    application_id: Mapped[str] = mapped_column(ForeignKey("application.application_id"), primary_key=True)
    custodian_id: Mapped[str] = mapped_column(String(16), primary_key=True, index=True)
    applicant_id: Mapped[str] = mapped_column(String(16))
    dataset_ids: Mapped[list[str]] = mapped_column(JSON)
    justification: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16))
    decided_by: Mapped[str | None] = mapped_column(String(16))
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text, default="")
    agreement_until: Mapped[datetime | None] = mapped_column(Moment)
    terms_version: Mapped[int | None]
    form_version: Mapped[int | None]
    due_at: Mapped[datetime | None] = mapped_column(Moment)
    reminded_at: Mapped[datetime | None] = mapped_column(Moment)


class ProjectRow(Base):
    """One project: at most one for each application."""

    __tablename__ = "project"
    __table_args__ = (CheckConstraint("approved_by <> applicant_id", name="approved_by_somebody_else"),)

    project_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.application_id"), unique=True)
    applicant_id: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(Text)
    lay_summary: Mapped[str] = mapped_column(Text)
    organisation: Mapped[str] = mapped_column(Text)
    ethics_reference: Mapped[str] = mapped_column(Text)
    ethics_until: Mapped[datetime] = mapped_column(Moment)
    start: Mapped[datetime] = mapped_column(Moment)
    end: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(16))
    state_since: Mapped[datetime] = mapped_column(Moment)
    approved_by: Mapped[str] = mapped_column(String(16))
    approved_at: Mapped[datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text, default="")
    reminded_at: Mapped[datetime | None] = mapped_column(Moment)


class MembershipRow(Base):
    """One membership; a person has at most one that is not ended in a project."""

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "uq_membership_current",
            "project_id",
            "person_id",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
    )

    membership_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("project.project_id"))
    person_id: Mapped[str] = mapped_column(String(16), index=True)
    role: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)
    named: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_by: Mapped[str | None] = mapped_column(String(16))


class GrantRow(Base):
    """One grant; a project has at most one active grant on a dataset."""

    __tablename__ = "project_grant"
    __table_args__ = (
        Index(
            "uq_project_grant_active",
            "project_id",
            "dataset_id",
            unique=True,
            sqlite_where=_ACTIVE,
            postgresql_where=_ACTIVE,
        ),
    )

    grant_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("project.project_id"), index=True)
    dataset_id: Mapped[str] = mapped_column(String(16))
    version_id: Mapped[str] = mapped_column(String(16), index=True)
    custodian_id: Mapped[str] = mapped_column(String(16), index=True)
    agreement_until: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(16))
    granted_at: Mapped[datetime] = mapped_column(Moment)
    ended_by: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text, default="")
