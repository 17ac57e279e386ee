"""Tables of the federation: hubs, what we sealed for them, what we took from them, whose accreditation may travel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, Index, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, defer, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event
from orchestrator.identity.store import AccreditationRow

from .model import Believed, Document, Feed, Hub, HubState, Kind, Word

__all__ = [
    "BelievedRow",
    "ConsentRow",
    "ExportRow",
    "FeedRow",
    "HubRow",
    "PassRow",
    "TakenRow",
    "add",
    "agreed",
    "believed",
    "believed_of",
    "consent",
    "feed",
    "feeds",
    "forget_exports",
    "forget_items",
    "hub_by_origin",
    "hub_row",
    "hubs",
    "last_export",
    "last_exports",
    "last_pass",
    "last_taken",
    "on_words",
    "to_believed",
    "to_document",
    "to_feed",
    "to_hub",
    "to_word",
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
    address: Mapped[str] = mapped_column(String(500), default="", server_default="")


class ExportRow(Base):
    """One document that this installation sealed: canonical JSON, whose hash is in the audit log.

    The last two are kept whole: the newest, and the one that is handed out until the newest is signed.
    """

    __tablename__ = "federation_export"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    content_sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(Moment)
    valid_until: Mapped[datetime] = mapped_column(Moment)


class TakenRow(Base):
    """One document taken from another hub, with the key that it was signed by and where it stands in that hub's log.

    Only the newest of a kind keeps its items; of the others remains what forks and replays are known by.
    """

    __tablename__ = "federation_taken"
    __table_args__ = (Index("ix_federation_taken_head", "hub_id", "head_size"),)

    hub_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    items: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(default=0, server_default="0")
    sha256: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[datetime] = mapped_column(Moment)
    valid_until: Mapped[datetime] = mapped_column(Moment)
    taken_at: Mapped[datetime] = mapped_column(Moment)
    taken_by: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]
    head_size: Mapped[int]
    head_root: Mapped[str] = mapped_column(String(64))


class FeedRow(Base):
    """How hearing one kind of document from one hub goes; ``entered`` is the document that the catalogue shows."""

    __tablename__ = "federation_feed"

    hub_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    due_at: Mapped[datetime | None] = mapped_column(Moment)
    begun_at: Mapped[datetime | None] = mapped_column(Moment)
    asked_at: Mapped[datetime | None] = mapped_column(Moment)
    heard_at: Mapped[datetime | None] = mapped_column(Moment)
    failures: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(Text, default="")
    etag: Mapped[str] = mapped_column(String(200), default="")
    contradicted: Mapped[str] = mapped_column(String(64), default="")
    """SHA-256 of the contradiction that operators were told of last: they are told of each once."""
    silent_told: Mapped[bool] = mapped_column(default=False)
    entered: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[int] = mapped_column(default=0)


class PassRow(Base):
    """A signed request by which this installation proves to one other hub who asks it for what is not public."""

    __tablename__ = "federation_pass"

    hub_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(Moment)
    valid_until: Mapped[datetime] = mapped_column(Moment)


class ConsentRow(Base):
    """Somebody let his accreditation travel, or no longer; the newest word counts."""

    __tablename__ = "federation_consent"

    number: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(String(16), index=True)
    agrees: Mapped[bool]
    said_at: Mapped[datetime] = mapped_column(Moment)


class BelievedRow(Base):
    """An accreditation of ours that stands on a hub's word, with who took it as the evidence and why."""

    __tablename__ = "federation_believed"

    accreditation_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(16), index=True)
    hub_id: Mapped[str] = mapped_column(String(16), index=True)
    reason: Mapped[str] = mapped_column(Text)
    taken_by: Mapped[str] = mapped_column(String(16))
    taken_at: Mapped[datetime] = mapped_column(Moment)
    at_most: Mapped[datetime] = mapped_column(Moment)
    fell_at: Mapped[datetime | None] = mapped_column(Moment)
    fell: Mapped[str] = mapped_column(Text, default="")


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
    return next(iter(last_exports(session, kind, 1)), None)


def last_exports(session: Session, kind: Kind, most: int) -> list[ExportRow]:
    """Return the newest documents of a kind that were sealed here, the newest first; their text is read when asked."""
    query = select(ExportRow).where(ExportRow.kind == kind.value).options(defer(ExportRow.document))
    return list(session.scalars(query.order_by(ExportRow.sequence.desc()).limit(most)))


def forget_exports(change: Change, kind: Kind, before: int) -> None:
    """Forget the text of documents with a lower number: their hashes stay."""
    old = (ExportRow.kind == kind.value, ExportRow.sequence < before, ExportRow.document != "")
    change.session.execute(update(ExportRow).where(*old).values(document=""))


def last_pass(session: Session, hub_id: str) -> PassRow | None:
    """Return the newest request that was sealed for a hub."""
    query = select(PassRow).where(PassRow.hub_id == hub_id)
    return session.scalar(query.order_by(PassRow.number.desc()).limit(1))


def feed(change: Change, hub_id: str, kind: Kind) -> FeedRow:
    """Return how hearing a kind from a hub goes; it is noted from now where it was not yet."""
    row = change.session.get(FeedRow, (hub_id, kind.value))
    if row is None:
        row = FeedRow(
            hub_id=hub_id, kind=kind.value, failures=0, problem="", etag="", contradicted="", silent_told=False,
            entered=0, left_out=0,
        )  # fmt: skip
        change.session.add(row)
    return row


def feeds(session: Session, hub_id: str) -> dict[Kind, FeedRow]:
    """Return how hearing a hub goes, by kind; a kind that was never asked for or taken is absent."""
    rows = session.scalars(select(FeedRow).where(FeedRow.hub_id == hub_id))
    return {Kind(row.kind): row for row in rows}


def last_taken(session: Session, hub_id: str, kind: Kind) -> TakenRow | None:
    """Return the newest document of a kind that was taken from a hub; its items are read when asked for."""
    query = select(TakenRow).where(TakenRow.hub_id == hub_id, TakenRow.kind == kind.value)
    query = query.options(defer(TakenRow.items))
    return session.scalar(query.order_by(TakenRow.sequence.desc()).limit(1))


def forget_items(change: Change, hub_id: str, kind: Kind, before: int) -> None:
    """Forget what documents with a lower number say: what forks and replays are known by stays."""
    old = (TakenRow.hub_id == hub_id, TakenRow.kind == kind.value, TakenRow.sequence < before, TakenRow.items != "[]")
    change.session.execute(update(TakenRow).where(*old).values(items="[]"))


def consent(session: Session, person_id: str) -> bool:
    """Say whether a person lets his accreditation travel."""
    query = select(ConsentRow.agrees).where(ConsentRow.person_id == person_id)
    return bool(session.scalar(query.order_by(ConsentRow.number.desc()).limit(1)))


def agreed(session: Session) -> list[str]:
    """Return everybody who lets his accreditation travel."""
    people = session.scalars(select(ConsentRow.person_id).distinct().order_by(ConsentRow.person_id))
    return [person_id for person_id in people if consent(session, person_id)]


def believed(session: Session, hub_id: str) -> list[BelievedRow]:
    """Return what stands on a hub's word and did not fall."""
    query = select(BelievedRow).where(BelievedRow.hub_id == hub_id, BelievedRow.fell_at.is_(None))
    return list(session.scalars(query.order_by(BelievedRow.taken_at, BelievedRow.accreditation_id)))


def on_words(session: Session, person_id: str) -> frozenset[str]:
    """Return the accreditations of a person that stand on hubs' words: nobody else is told of them as ours."""
    query = select(BelievedRow.accreditation_id).where(BelievedRow.person_id == person_id)
    return frozenset(session.scalars(query))


def believed_of(session: Session, person_id: str) -> list[Believed]:
    """Return what stands, or stood, on hubs' words for a person, the newest first."""
    query = select(BelievedRow, HubRow.name, AccreditationRow.valid_until)
    query = query.join(HubRow, HubRow.hub_id == BelievedRow.hub_id)
    query = query.join(AccreditationRow, AccreditationRow.accreditation_id == BelievedRow.accreditation_id)
    query = query.where(BelievedRow.person_id == person_id)
    found = session.execute(query.order_by(BelievedRow.taken_at.desc(), BelievedRow.accreditation_id))
    return [to_believed(row, hub, valid_until) for row, hub, valid_until in found]


def to_believed(row: BelievedRow, hub: str, valid_until: datetime) -> Believed:
    """Return a row as a plain value."""
    return Believed(
        accreditation_id=row.accreditation_id,
        person_id=row.person_id,
        hub_id=row.hub_id,
        hub=hub,
        reason=row.reason,
        taken_by=row.taken_by,
        taken_at=row.taken_at,
        at_most=row.at_most,
        valid_until=valid_until,
        fell_at=row.fell_at,
        fell=row.fell,
    )


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
        address=row.address,
    )


def to_word(row: TakenRow) -> Word:
    """Return what can be said of a document without reading its items."""
    return Word(
        kind=Kind(row.kind),
        sequence=row.sequence,
        count=row.count,
        issued_at=row.issued_at,
        valid_until=row.valid_until,
    )


def to_feed(row: FeedRow) -> Feed:
    """Return a row as a plain value."""
    return Feed(
        hub_id=row.hub_id,
        kind=Kind(row.kind),
        begun_at=row.begun_at,
        asked_at=row.asked_at,
        heard_at=row.heard_at,
        due_at=row.due_at,
        failures=row.failures,
        problem=row.problem,
        left_out=row.left_out,
    )


def to_document(row: TakenRow) -> Document:
    """Return a row as a plain value, with its items."""
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
