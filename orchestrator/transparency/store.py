"""Tables of the register: revisions and statements, both written once and never changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Index, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.events import Event

from .model import Origin, Statement
from .planning import Reworded

__all__ = [
    "MentionRow",
    "RevisionRow",
    "RewordingRow",
    "StatementRow",
    "add",
    "add_rewording",
    "add_statement",
    "add_statements",
    "all_revisions",
    "answered_before",
    "latest",
    "latest_revisions",
    "lead_identifiers",
    "newest_revisions",
    "own_entries",
    "revisions",
    "rewordings",
    "statements",
]


class RevisionRow(Base):
    """One state of one entry: canonical JSON of what the public sees, without people."""

    __tablename__ = "register_revision"
    __table_args__ = (Index("ix_register_revision_recorded", "recorded_at"),)

    register_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    origin: Mapped[str] = mapped_column(String(10))
    custodian_id: Mapped[str | None] = mapped_column(String(16), index=True)
    content: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime] = mapped_column(Moment)


class MentionRow(Base):
    """Where the log names a project in an entry about something else: an index, so that nobody reads the whole log."""

    __tablename__ = "register_mention"
    __table_args__ = (Index("ix_register_mention_project", "project_id", "kind", "position"),)

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    project_id: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(80))


class RewordingRow(Base):
    """Other words that a custodian wants in a field that an application fills; the newest of each custodian counts."""

    __tablename__ = "register_rewording"

    number: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[str] = mapped_column(String(16), index=True)
    custodian_id: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(40))
    of_sha256: Mapped[str] = mapped_column(String(64))
    words: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(Moment)


class StatementRow(Base):
    """What somebody stated for one field of one project; the newest counts."""

    __tablename__ = "register_statement"

    number: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(String(16), index=True)
    custodian_id: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(Text)
    stated_by: Mapped[str] = mapped_column(String(16))
    stated_at: Mapped[datetime] = mapped_column(Moment)
    application_id: Mapped[str] = mapped_column(String(16), default="", server_default="")
    of_sha256: Mapped[str] = mapped_column(String(64), default="", server_default="")
    reworded_by: Mapped[str] = mapped_column(Text, default="", server_default="")


def add(change: Change, row: RevisionRow, *, event: Event) -> None:
    """Keep a revision, with what is recorded of it."""
    change.session.add(row)
    change.session.flush()
    change.tell(event)


def add_statement(change: Change, statement: Statement, *, event: Event) -> None:
    """Keep a statement, with what is recorded of it."""
    change.session.add(StatementRow(**vars(statement)))
    change.session.flush()
    change.tell(event)


def add_statements(change: Change, statements: Iterable[Statement], *, event: Event) -> None:
    """Keep what an approved application says, with one record of it all."""
    change.session.add_all([StatementRow(**vars(each)) for each in statements])
    change.session.flush()
    change.tell(event)


def answered_before(session: Session, project_id: str) -> dict[tuple[str, str], str]:
    """Return the SHA-256 of the applicants' words that filled fields last, by custodian (or empty) and field."""
    query = select(StatementRow).where(StatementRow.project_id == project_id, StatementRow.application_id != "")
    return {(row.custodian_id, row.key): row.of_sha256 for row in session.scalars(query.order_by(StatementRow.number))}


def add_rewording(change: Change, reworded: Reworded, *, event: Event) -> None:
    """Keep other words for a field, with what is recorded of them."""
    change.session.add(RewordingRow(**vars(reworded)))
    change.session.flush()
    change.tell(event)


def rewordings(session: Session, application_id: str) -> list[Reworded]:
    """Return every rewording of what an application says in public, oldest first."""
    query = select(RewordingRow).where(RewordingRow.application_id == application_id).order_by(RewordingRow.number)
    names = [each.name for each in fields(Reworded)]
    return [Reworded(**{name: getattr(row, name) for name in names}) for row in session.scalars(query)]


def latest(session: Session, register_id: str) -> RevisionRow | None:
    """Return an entry's newest revision."""
    query = select(RevisionRow).where(RevisionRow.register_id == register_id)
    return session.scalar(query.order_by(RevisionRow.revision.desc()).limit(1))


def revisions(session: Session, register_id: str) -> list[RevisionRow]:
    """Return an entry's revisions, oldest first."""
    query = select(RevisionRow).where(RevisionRow.register_id == register_id)
    return list(session.scalars(query.order_by(RevisionRow.revision)))


def latest_revisions(session: Session) -> list[tuple[RevisionRow, datetime]]:
    """Return each entry's newest revision with the moment of its first, newest entries first."""
    numbers = (
        select(
            RevisionRow.register_id,
            func.max(RevisionRow.revision).label("revision"),
            func.min(RevisionRow.recorded_at).label("first"),
        )
        .group_by(RevisionRow.register_id)
        .subquery()
    )
    query = (
        select(RevisionRow, numbers.c.first)
        .join(
            numbers,
            (RevisionRow.register_id == numbers.c.register_id) & (RevisionRow.revision == numbers.c.revision),
        )
        .order_by(numbers.c.first.desc(), RevisionRow.register_id)
    )
    return [(row, at) for row, at in session.execute(query)]


def own_entries(session: Session) -> int:
    """Return how many entries are of this installation's own projects."""
    query = select(func.count()).where(RevisionRow.revision == 1, RevisionRow.origin == Origin.OWN.value)
    return session.scalar(query) or 0


def newest_revisions(session: Session, limit: int) -> list[RevisionRow]:
    """Return what was last written into the register, newest first."""
    query = select(RevisionRow).order_by(RevisionRow.recorded_at.desc(), RevisionRow.register_id, RevisionRow.revision)
    return list(session.scalars(query.limit(limit)))


def all_revisions(session: Session) -> list[RevisionRow]:
    """Return every revision of every entry, in order."""
    return list(session.scalars(select(RevisionRow).order_by(RevisionRow.register_id, RevisionRow.revision)))


def statements(session: Session, project_id: str) -> dict[tuple[str, str], Statement]:
    """Return what counts now, by custodian (empty for the lead) and field."""
    query = select(StatementRow).where(StatementRow.project_id == project_id)
    rows = session.scalars(query.order_by(StatementRow.number))
    return {(row.custodian_id, row.key): _statement(row) for row in rows}


def lead_identifiers(session: Session) -> dict[str, Statement]:
    """Return the identifiers (ORCID) that were stated of leads, by project; the newest counts."""
    query = select(StatementRow).where(StatementRow.key == "applicant_id", StatementRow.custodian_id == "")
    rows = session.scalars(query.order_by(StatementRow.number))
    return {row.project_id: _statement(row) for row in rows}


def _statement(row: StatementRow) -> Statement:
    return Statement(
        project_id=row.project_id,
        custodian_id=row.custodian_id,
        key=row.key,
        value=row.value,
        stated_by=row.stated_by,
        stated_at=row.stated_at,
        application_id=row.application_id,
        of_sha256=row.of_sha256,
        reworded_by=row.reworded_by,
    )
