"""Tables of datasets and versions, and the queries over them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .model import Dataset, DatasetState, DatasetVersion, Delivery, ManifestFile, VersionState

__all__ = [
    "DatasetRow",
    "VersionRow",
    "add_dataset",
    "add_version",
    "all_datasets",
    "custodian_of",
    "dataset_named",
    "dataset_row",
    "next_number",
    "to_dataset",
    "to_version",
    "version_row",
    "versions_in",
    "versions_of",
]


class DatasetRow(Base):
    """One dataset; its description is kept as JSON text."""

    __tablename__ = "dataset"

    dataset_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    custodian_id: Mapped[str] = mapped_column(String(16), index=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(150))
    description: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    registered_at: Mapped[datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text, default="")


class VersionRow(Base):
    """One version; what it holds is written once."""

    __tablename__ = "dataset_version"
    __table_args__ = (
        UniqueConstraint("dataset_id", "number"),
        Index("ix_dataset_version_state", "state", "added_at"),
    )

    version_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.dataset_id"))
    number: Mapped[int]
    delivery: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    added_at: Mapped[datetime] = mapped_column(Moment)
    added_by: Mapped[str] = mapped_column(String(16))
    manifest: Mapped[str] = mapped_column(Text, default="[]")
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(Text, default="{}")
    reason: Mapped[str] = mapped_column(Text, default="")


def add_dataset(change: Change, row: DatasetRow, *, event: Event) -> None:
    """Keep a new dataset."""
    change.session.add(row)
    change.tell(event)


def add_version(change: Change, row: VersionRow, *, event: Event) -> None:
    """Keep a new version."""
    change.session.add(row)
    change.tell(event)


def dataset_row(session: Session, dataset_id: str) -> DatasetRow:
    """Return a dataset's row or raise ``NotFound``."""
    row = session.get(DatasetRow, dataset_id)
    if row is None:
        raise NotFound("There is no such dataset; look for it in the catalogue.")
    return row


def custodian_of(session: Session, dataset_id: str) -> str:
    """Return whose dataset this is or raise ``NotFound``."""
    return dataset_row(session, dataset_id).custodian_id


def version_row(session: Session, version_id: str) -> VersionRow:
    """Return a version's row or raise ``NotFound``."""
    row = session.get(VersionRow, version_id)
    if row is None:
        raise NotFound("There is no such dataset version; look at the dataset's versions.")
    return row


def dataset_named(session: Session, name: str) -> DatasetRow:
    """Return the row of the dataset with this name or raise ``NotFound``."""
    row = session.scalar(select(DatasetRow).where(DatasetRow.name == name))
    if row is None:
        raise NotFound("There is no dataset of that name; look for it in the catalogue.")
    return row


def all_datasets(session: Session, *, custodian_id: str | None = None) -> list[DatasetRow]:
    """Return the listed datasets, of one custodian if asked."""
    query = select(DatasetRow).where(DatasetRow.state == DatasetState.LISTED.value).order_by(DatasetRow.title)
    if custodian_id is not None:
        query = query.where(DatasetRow.custodian_id == custodian_id)
    return list(session.scalars(query))


def versions_of(session: Session, dataset_id: str) -> list[VersionRow]:
    """Return a dataset's versions, oldest first."""
    return list(
        session.scalars(select(VersionRow).where(VersionRow.dataset_id == dataset_id).order_by(VersionRow.number))
    )


def versions_in(session: Session, state: VersionState) -> list[VersionRow]:
    """Return every version in one state, oldest first."""
    query = select(VersionRow).where(VersionRow.state == state.value)
    return list(session.scalars(query.order_by(VersionRow.added_at, VersionRow.version_id)))


def next_number(session: Session, dataset_id: str) -> int:
    """Return the number of the dataset's next version; held by the change's lock."""
    highest = session.scalar(select(func.max(VersionRow.number)).where(VersionRow.dataset_id == dataset_id))
    return (highest or 0) + 1


def to_dataset(row: DatasetRow) -> Dataset:
    """Return a row as a plain value."""
    return Dataset(
        dataset_id=row.dataset_id,
        custodian_id=row.custodian_id,
        name=row.name,
        title=row.title,
        description=json.loads(row.description),
        state=DatasetState(row.state),
        registered_at=row.registered_at,
    )


def to_version(row: VersionRow) -> DatasetVersion:
    """Return a row as a plain value."""
    source: dict[str, Any] = json.loads(row.source)
    return DatasetVersion(
        version_id=row.version_id,
        dataset_id=row.dataset_id,
        number=row.number,
        delivery=Delivery(row.delivery),
        state=VersionState(row.state),
        added_at=row.added_at,
        manifest=tuple(ManifestFile(**file) for file in json.loads(row.manifest)),
        manifest_sha256=row.manifest_sha256,
        connection=source.get("connection", ""),
        schema=source.get("schema", ""),
        views=tuple(source.get("views", ())),
        store=source.get("store", ""),
        prefix=source.get("prefix", ""),
        volume=source.get("volume", ""),
    )
