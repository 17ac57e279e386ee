"""Tables of endpoints, pulls, and what is known of each dataset at its endpoint; and the queries over them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound

from .model import (
    OPEN_PULLS,
    Authentication,
    Endpoint,
    EndpointState,
    Item,
    ItemState,
    Pull,
    PullKind,
    PullState,
)

__all__ = [
    "UNKNOWN",
    "UNKNOWN_PULL",
    "EndpointRow",
    "ItemRow",
    "KnownRow",
    "PullRow",
    "due_endpoints",
    "due_pulls",
    "endpoint_row",
    "endpoints",
    "item_counts",
    "items",
    "known",
    "next_number",
    "open_pull",
    "pending",
    "pull_row",
    "pulls_in",
    "pulls_of",
    "to_endpoint",
    "to_item",
    "to_pull",
]

UNKNOWN = "There is no such endpoint; look at the list of endpoints."
UNKNOWN_PULL = "There is no such pull; look at its endpoint."


class EndpointRow(Base):
    """One endpoint. The secret is not here: only the name that the settings give it."""

    __tablename__ = "harvest_endpoint"

    endpoint_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    custodian_id: Mapped[str] = mapped_column(String(16), index=True)
    name: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(500))
    datasets_path: Mapped[str] = mapped_column(String(200))
    dataset_path: Mapped[str] = mapped_column(String(200))
    authentication: Mapped[str] = mapped_column(String(16))
    secret_name: Mapped[str] = mapped_column(String(60), default="")
    hour: Mapped[int]
    minute: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    registered_by: Mapped[str] = mapped_column(String(16))
    registered_at: Mapped[datetime] = mapped_column(Moment)
    tested_at: Mapped[datetime | None] = mapped_column(Moment)
    due_at: Mapped[datetime | None] = mapped_column(Moment)
    last_success_at: Mapped[datetime | None] = mapped_column(Moment)
    trouble: Mapped[str] = mapped_column(Text, default="")
    stale_told: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="")


class PullRow(Base):
    """One pull: how far it came, so that the next process goes on from there."""

    __tablename__ = "harvest_pull"
    __table_args__ = (Index("ix_harvest_pull_due", "state", "due_at"),)

    pull_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("harvest_endpoint.endpoint_id"), index=True)
    number: Mapped[int] = mapped_column(unique=True)
    """Pulls in the order in which they began."""
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    asked_by: Mapped[str] = mapped_column(String(40))
    started_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment)
    worked_at: Mapped[datetime] = mapped_column(Moment)
    total: Mapped[int | None]
    offset: Mapped[int] = mapped_column(default=0)
    listed: Mapped[int] = mapped_column(default=0)
    restarts: Mapped[int] = mapped_column(default=0)
    clean: Mapped[bool] = mapped_column(default=True)
    complete: Mapped[bool] = mapped_column(default=False)
    put_off: Mapped[int] = mapped_column(default=0)
    streak: Mapped[int] = mapped_column(default=0)
    missing: Mapped[int] = mapped_column(default=0)
    trouble: Mapped[str] = mapped_column(Text, default="")
    remarks: Mapped[str] = mapped_column(Text, default="[]")
    counts: Mapped[str] = mapped_column(Text, default="")
    """How many datasets came to which state, written when the pull ends: its items go with the next one."""
    reason: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[str] = mapped_column(String(16), default="")


class ItemRow(Base):
    """One dataset in the list of a pull; dropped with the next pull, but for what was skipped."""

    __tablename__ = "harvest_item"
    __table_args__ = (Index("ix_harvest_item_state", "pull_id", "state", "number"),)

    pull_id: Mapped[str] = mapped_column(ForeignKey("harvest_pull.pull_id"), primary_key=True)
    persistent_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    number: Mapped[int]
    version: Mapped[str] = mapped_column(String(100))
    modified: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(Text, default="")


class KnownRow(Base):
    """What was last taken of one dataset of an endpoint: enough to ask for it only when it has changed."""

    __tablename__ = "harvest_known"

    endpoint_id: Mapped[str] = mapped_column(ForeignKey("harvest_endpoint.endpoint_id"), primary_key=True)
    persistent_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    entry_id: Mapped[str] = mapped_column(ForeignKey("catalogue_entry.entry_id"), index=True)
    version: Mapped[str] = mapped_column(String(100))
    modified: Mapped[str] = mapped_column(String(100))
    etag: Mapped[str] = mapped_column(String(500), default="")
    last_modified: Mapped[str] = mapped_column(String(100), default="")


def endpoint_row(session: Session, endpoint_id: str) -> EndpointRow:
    """Return an endpoint's row or raise ``NotFound``."""
    row = session.get(EndpointRow, endpoint_id)
    if row is None:
        raise NotFound(UNKNOWN)
    return row


def pull_row(session: Session, pull_id: str) -> PullRow:
    """Return a pull's row or raise ``NotFound``."""
    row = session.get(PullRow, pull_id)
    if row is None:
        raise NotFound(UNKNOWN_PULL)
    return row


def endpoints(session: Session) -> list[EndpointRow]:
    """Return every endpoint, by name."""
    return list(session.scalars(select(EndpointRow).order_by(EndpointRow.name, EndpointRow.endpoint_id)))


def due_endpoints(session: Session, now: datetime) -> list[EndpointRow]:
    """Return the enabled endpoints whose daily pull is due."""
    query = select(EndpointRow).where(EndpointRow.state == EndpointState.ENABLED.value, EndpointRow.due_at <= now)
    return list(session.scalars(query.order_by(EndpointRow.due_at)))


def due_pulls(session: Session, now: datetime) -> list[PullRow]:
    """Return open pulls that may be worked on, the one that rested longest first: none holds up the others."""
    query = select(PullRow).where(PullRow.state.in_([state.value for state in OPEN_PULLS]), PullRow.due_at <= now)
    return list(session.scalars(query.order_by(PullRow.worked_at, PullRow.pull_id)))


def open_pull(session: Session, endpoint_id: str) -> PullRow | None:
    """Return the pull of an endpoint that is under way, if one is."""
    query = select(PullRow).where(
        PullRow.endpoint_id == endpoint_id, PullRow.state.in_([state.value for state in OPEN_PULLS])
    )
    return session.scalars(query.order_by(PullRow.number).limit(1)).first()


def pulls_of(session: Session, endpoint_id: str, limit: int) -> list[PullRow]:
    """Return an endpoint's pulls, newest first."""
    query = select(PullRow).where(PullRow.endpoint_id == endpoint_id)
    return list(session.scalars(query.order_by(PullRow.number.desc()).limit(limit)))


def next_number(session: Session) -> int:
    """Return the number of the next pull; held by the change's lock."""
    return (session.scalar(select(func.max(PullRow.number))) or 0) + 1


def pulls_in(session: Session, endpoint_id: str, state: PullState) -> list[PullRow]:
    """Return an endpoint's pulls in one state."""
    return list(
        session.scalars(select(PullRow).where(PullRow.endpoint_id == endpoint_id, PullRow.state == state.value))
    )


def pending(session: Session, pull_id: str, limit: int) -> list[ItemRow]:
    """Return the next datasets of a pull whose records are to be asked for; what failed before comes last."""
    query = select(ItemRow).where(ItemRow.pull_id == pull_id, ItemRow.state == ItemState.PENDING.value)
    return list(session.scalars(query.order_by(ItemRow.attempts, ItemRow.number).limit(limit)))


def items(session: Session, pull_id: str, state: ItemState, limit: int) -> list[ItemRow]:
    """Return datasets of a pull in one state, in the order of the list."""
    query = select(ItemRow).where(ItemRow.pull_id == pull_id, ItemRow.state == state.value)
    return list(session.scalars(query.order_by(ItemRow.number).limit(limit)))


def known(session: Session, endpoint_id: str, persistent_ids: Sequence[str]) -> dict[str, KnownRow]:
    """Return what is known of these datasets of an endpoint."""
    query = select(KnownRow).where(
        KnownRow.endpoint_id == endpoint_id, KnownRow.persistent_id.in_(list(persistent_ids))
    )
    return {row.persistent_id: row for row in session.scalars(query)}


def to_endpoint(row: EndpointRow) -> Endpoint:
    """Return a row as a plain value."""
    return Endpoint(
        endpoint_id=row.endpoint_id,
        custodian_id=row.custodian_id,
        name=row.name,
        address=row.address,
        datasets_path=row.datasets_path,
        dataset_path=row.dataset_path,
        authentication=Authentication(row.authentication),
        secret_name=row.secret_name,
        hour=row.hour,
        minute=row.minute,
        state=EndpointState(row.state),
        registered_by=row.registered_by,
        registered_at=row.registered_at,
        tested_at=row.tested_at,
        due_at=row.due_at,
        last_success_at=row.last_success_at,
        trouble=row.trouble,
    )


def to_pull(session: Session, row: PullRow) -> Pull:
    """Return a row as a plain value, with the counts of its items."""
    counts = json.loads(row.counts) if row.counts else item_counts(session, row.pull_id)
    return Pull(
        pull_id=row.pull_id,
        endpoint_id=row.endpoint_id,
        kind=PullKind(row.kind),
        state=PullState(row.state),
        asked_by=row.asked_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
        due_at=row.due_at,
        total=row.total,
        offset=row.offset,
        listed=row.listed,
        complete=row.complete,
        put_off=row.put_off,
        trouble=row.trouble,
        remarks=tuple(json.loads(row.remarks)),
        taken=counts.get(ItemState.TAKEN, 0),
        unchanged=counts.get(ItemState.UNCHANGED, 0),
        skipped=counts.get(ItemState.SKIPPED, 0),
        pending=counts.get(ItemState.PENDING, 0),
        missing=row.missing,
    )


def item_counts(session: Session, pull_id: str) -> dict[str, int]:
    """Return how many datasets of a pull came to which state."""
    query = select(ItemRow.state, func.count()).where(ItemRow.pull_id == pull_id).group_by(ItemRow.state)
    return {state: count for state, count in session.execute(query)}  # noqa: C416 - rows are no pairs to dict()


def to_item(row: ItemRow) -> Item:
    """Return a row as a plain value."""
    return Item(
        persistent_id=row.persistent_id,
        version=row.version,
        modified=row.modified,
        state=ItemState(row.state),
        problem=row.problem,
    )
