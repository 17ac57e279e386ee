"""Tables of the catalogue's entries and their editions, and the queries over them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound

from .model import Edition, Entry, EntryState, Note, Origin

__all__ = [
    "EditionRow",
    "EntryRow",
    "changed_since",
    "current_editions",
    "edition_row",
    "editions_of",
    "entries",
    "entry_by_key",
    "entry_row",
    "next_sequence",
    "outdated",
    "same_persistent_id",
    "to_edition",
    "to_entry",
]


class EntryRow(Base):
    """One dataset in the catalogue; ``sequence`` grows with every change that a search index must follow."""

    __tablename__ = "catalogue_entry"
    __table_args__ = (Index("ix_catalogue_entry_origin", "origin", "source"),)

    entry_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 over origin, source and persistent identifier: nothing is in the catalogue twice from one place."""
    origin: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(200), default="")
    custodian_id: Mapped[str | None] = mapped_column(String(16), index=True)
    publisher: Mapped[str] = mapped_column(String(300), default="")
    persistent_id: Mapped[str] = mapped_column(String(500), index=True)
    title: Mapped[str] = mapped_column(String(500))
    dataset_id: Mapped[str | None] = mapped_column(String(16), unique=True)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, default="")
    edition: Mapped[int]
    sequence: Mapped[int] = mapped_column(unique=True)
    first_seen: Mapped[datetime] = mapped_column(Moment)
    changed_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_at: Mapped[datetime] = mapped_column(Moment)


class EditionRow(Base):
    """One description as it was given. What was read from it changes only when the converter does."""

    __tablename__ = "catalogue_edition"

    entry_id: Mapped[str] = mapped_column(ForeignKey("catalogue_entry.entry_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[str] = mapped_column(String(100), default="")
    original: Mapped[str] = mapped_column(Text)
    content_sha256: Mapped[str] = mapped_column(String(64), index=True)
    taken_at: Mapped[datetime] = mapped_column(Moment)
    schema: Mapped[str] = mapped_column(String(60), default="")
    description: Mapped[str] = mapped_column(Text)
    unplaced: Mapped[str] = mapped_column(Text, default="{}")
    findings: Mapped[str] = mapped_column(Text, default="[]")
    converter: Mapped[str] = mapped_column(String(40), index=True)


def next_sequence(session: Session) -> int:
    """Return the number of the catalogue's next change; held by the change's lock."""
    return (session.scalar(select(func.max(EntryRow.sequence))) or 0) + 1


def entry_row(session: Session, entry_id: str) -> EntryRow:
    """Return an entry's row or raise ``NotFound``."""
    row = session.get(EntryRow, entry_id)
    if row is None:
        raise NotFound("There is no such entry in the catalogue; search for it.")
    return row


def entry_by_key(session: Session, key: str) -> EntryRow | None:
    """Return the entry that a place knows under a persistent identifier."""
    return session.scalar(select(EntryRow).where(EntryRow.key == key))


def edition_row(session: Session, entry_id: str, number: int) -> EditionRow:
    """Return one edition or raise ``NotFound``."""
    row = session.get(EditionRow, (entry_id, number))
    if row is None:
        raise NotFound("This entry has no edition of that number; look at its list of versions.")
    return row


def editions_of(session: Session, entry_id: str) -> list[EditionRow]:
    """Return every edition of an entry, oldest first."""
    query = select(EditionRow).where(EditionRow.entry_id == entry_id).order_by(EditionRow.number)
    return list(session.scalars(query))


def entries(
    session: Session,
    *,
    custodian_id: str | None = None,
    source: str | None = None,
    states: Sequence[EntryState] = (EntryState.LISTED, EntryState.MISSING),
) -> list[tuple[EntryRow, EditionRow]]:
    """Return entries with their newest edition, by title."""
    query = _with_edition().where(EntryRow.state.in_([state.value for state in states]))
    if custodian_id is not None:
        query = query.where(EntryRow.custodian_id == custodian_id)
    if source is not None:
        query = query.where(EntryRow.source == source)
    return [(row, edition) for row, edition in session.execute(query.order_by(EntryRow.title, EntryRow.entry_id))]


def changed_since(session: Session, after: int, limit: int) -> list[tuple[EntryRow, EditionRow]]:
    """Return what changed after a sequence number, in order of change, withdrawn entries too."""
    query = _with_edition().where(EntryRow.sequence > after).order_by(EntryRow.sequence).limit(limit)
    return [(row, edition) for row, edition in session.execute(query)]


def current_editions(session: Session, entry_id: str) -> tuple[EntryRow, EditionRow]:
    """Return one entry with its newest edition, or raise ``NotFound``."""
    row = entry_row(session, entry_id)
    return row, edition_row(session, entry_id, row.edition)


def outdated(session: Session, converter: str, limit: int) -> list[tuple[EntryRow, EditionRow]]:
    """Return entries whose newest edition was read by another converter than this one."""
    query = _with_edition().where(EditionRow.converter != converter).order_by(EntryRow.sequence).limit(limit)
    return [(row, edition) for row, edition in session.execute(query)]


def same_persistent_id(session: Session, row: EntryRow) -> list[EntryRow]:
    """Return other entries, still to be found, under the same persistent identifier."""
    query = select(EntryRow).where(
        EntryRow.persistent_id == row.persistent_id,
        EntryRow.entry_id != row.entry_id,
        EntryRow.state != EntryState.WITHDRAWN.value,
    )
    return list(session.scalars(query.order_by(EntryRow.entry_id)))


def to_entry(row: EntryRow, edition: EditionRow) -> Entry:
    """Return a row and its edition as a plain value."""
    return Entry(
        entry_id=row.entry_id,
        origin=Origin(row.origin),
        source=row.source,
        custodian_id=row.custodian_id,
        publisher=row.publisher,
        persistent_id=row.persistent_id,
        version=edition.version,
        schema=edition.schema,
        title=row.title,
        description=json.loads(edition.description),
        original=json.loads(edition.original),
        unplaced=json.loads(edition.unplaced),
        findings=tuple(Note(path=note["path"], sentence=note["sentence"]) for note in json.loads(edition.findings)),
        dataset_id=row.dataset_id,
        state=EntryState(row.state),
        first_seen=row.first_seen,
        changed_at=row.changed_at,
        confirmed_at=row.confirmed_at,
    )


def to_edition(row: EditionRow) -> Edition:
    """Return an edition's row as a plain value."""
    return Edition(
        entry_id=row.entry_id,
        number=row.number,
        version=row.version,
        schema=row.schema,
        original=json.loads(row.original),
        content_sha256=row.content_sha256,
        taken_at=row.taken_at,
    )


def _with_edition() -> Select[EntryRow, EditionRow]:
    joined = (EditionRow.entry_id == EntryRow.entry_id) & (EditionRow.number == EntryRow.edition)
    return select(EntryRow, EditionRow).join(EditionRow, joined)
