"""Tables of enquiries, their messages and suggestions, wished-for data, and the hub's offers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .model import ENQUIRY_STATES, Enquiry, EnquiryState, Message, Offer, OfferKind, OfferState, Suggestion

__all__ = [
    "EnquiryRow",
    "MessageRow",
    "OfferRow",
    "SuggestionRow",
    "WishRow",
    "add",
    "by_secret",
    "enquiry_row",
    "ids",
    "offer_row",
    "offers",
    "suggested",
    "to_enquiry",
    "to_offer",
    "waiting_from_strangers",
    "wishes",
]

_UNSEEN = "There is no such enquiry, or none that you may see."


class EnquiryRow(Base):
    """One question. The colleague who answers is never the one who asked, whatever the code above does."""

    __tablename__ = "enquiry"
    __table_args__ = (
        CheckConstraint("colleague_id IS NULL OR asker_id IS NULL OR colleague_id <> asker_id", name="two_people"),
        Index("ix_enquiry_state", "state", "state_since"),
    )

    enquiry_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    asker_id: Mapped[str | None] = mapped_column(String(16), index=True)
    secret_sha256: Mapped[str | None] = mapped_column(String(64), unique=True)
    organisation: Mapped[str] = mapped_column(String(200))
    question: Mapped[str] = mapped_column(Text)
    offer_id: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    state_since: Mapped[datetime] = mapped_column(Moment)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    colleague_id: Mapped[str | None] = mapped_column(String(16))
    application_id: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, default="")
    erased: Mapped[bool] = mapped_column(default=False)
    reminded_at: Mapped[datetime | None] = mapped_column(Moment)


class MessageRow(Base):
    """Something said."""

    __tablename__ = "enquiry_message"

    message_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    enquiry_id: Mapped[str] = mapped_column(ForeignKey("enquiry.enquiry_id"), index=True)
    person_id: Mapped[str | None] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Moment)
    number: Mapped[int]


class SuggestionRow(Base):
    """A dataset that may answer an enquiry; one row for each pair."""

    __tablename__ = "enquiry_suggestion"

    enquiry_id: Mapped[str] = mapped_column(ForeignKey("enquiry.enquiry_id"), primary_key=True)
    dataset_id: Mapped[str] = mapped_column(String(16), primary_key=True, index=True)
    reasons: Mapped[list[str]] = mapped_column(JSON)
    by: Mapped[str] = mapped_column(String(16), default="")
    at: Mapped[datetime] = mapped_column(Moment)
    rank: Mapped[int]


class WishRow(Base):
    """Data that an enquiry asked for and that do not exist here, in the hub's words."""

    __tablename__ = "enquiry_wish"

    enquiry_id: Mapped[str] = mapped_column(ForeignKey("enquiry.enquiry_id"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(120), index=True)
    at: Mapped[datetime] = mapped_column(Moment)


class OfferRow(Base):
    """A service of the hub."""

    __tablename__ = "hub_offer"

    offer_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    title: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    published_by: Mapped[str] = mapped_column(String(16))
    published_at: Mapped[datetime] = mapped_column(Moment)


def add(change: Change, *rows: Base, event: Event) -> None:
    """Keep new rows, with what is recorded of them."""
    change.session.add_all(rows)
    change.session.flush()
    change.tell(event)


def enquiry_row(session: Session, enquiry_id: str) -> EnquiryRow:
    """Return an enquiry's row or raise ``NotFound``."""
    row = session.get(EnquiryRow, enquiry_id)
    if row is None:
        raise NotFound(_UNSEEN)
    return row


def by_secret(session: Session, secret_sha256: str) -> EnquiryRow:
    """Return the enquiry whose page has this secret, or raise ``NotFound``."""
    row = session.scalar(select(EnquiryRow).where(EnquiryRow.secret_sha256 == secret_sha256))
    if row is None:
        raise NotFound("There is no enquiry at this address; look whether you copied all of it.")
    return row


def ids(session: Session, *, states: list[EnquiryState] | None = None) -> list[str]:
    """Return identifiers of enquiries: those that wait longest first."""
    query = select(EnquiryRow.enquiry_id).order_by(EnquiryRow.state_since, EnquiryRow.enquiry_id)
    if states is not None:
        query = query.where(EnquiryRow.state.in_([state.value for state in states]))
    return list(session.scalars(query))


def waiting_from_strangers(session: Session) -> int:
    """Return how many enquiries of people without an account wait for an answer."""
    query = select(func.count()).select_from(EnquiryRow)
    query = query.where(EnquiryRow.asker_id.is_(None), EnquiryRow.state == EnquiryState.WAITING.value)
    return session.scalar(query) or 0


def suggested(session: Session) -> list[tuple[str, EnquiryRow]]:
    """Return every dataset that came up in an enquiry, with the enquiry."""
    query = select(SuggestionRow.dataset_id, EnquiryRow).join(
        EnquiryRow, EnquiryRow.enquiry_id == SuggestionRow.enquiry_id
    )
    return [(dataset_id, row) for dataset_id, row in session.execute(query)]


def wishes(session: Session) -> list[WishRow]:
    """Return every wish, newest first."""
    return list(session.scalars(select(WishRow).order_by(WishRow.at.desc(), WishRow.enquiry_id)))


def offer_row(session: Session, offer_id: str) -> OfferRow:
    """Return an offer's row or raise ``NotFound``."""
    row = session.get(OfferRow, offer_id)
    if row is None:
        raise NotFound("The hub has no such offer; look at the list of offers.")
    return row


def offers(session: Session) -> list[OfferRow]:
    """Return every offer that stands, by kind and title."""
    query = select(OfferRow).where(OfferRow.state == OfferState.OFFERED.value)
    return list(session.scalars(query.order_by(OfferRow.kind, OfferRow.title)))


def to_offer(row: OfferRow) -> Offer:
    """Return a row as a plain value."""
    return Offer(
        offer_id=row.offer_id,
        kind=OfferKind(row.kind),
        title=row.title,
        description=row.description,
        state=OfferState(row.state),
        published_by=row.published_by,
        published_at=row.published_at,
    )


def to_enquiry(session: Session, row: EnquiryRow) -> Enquiry:
    """Return a row with what was said and suggested, as a plain value."""
    messages = select(MessageRow).where(MessageRow.enquiry_id == row.enquiry_id).order_by(MessageRow.number)
    suggestions = select(SuggestionRow).where(SuggestionRow.enquiry_id == row.enquiry_id).order_by(SuggestionRow.rank)
    state = EnquiryState(row.state)
    return Enquiry(
        enquiry_id=row.enquiry_id,
        asker_id=row.asker_id,
        organisation=row.organisation,
        question=row.question,
        offer_id=row.offer_id,
        state=state,
        state_since=row.state_since,
        asked_at=row.asked_at,
        colleague_id=row.colleague_id,
        application_id=row.application_id,
        reason=row.reason,
        erased=row.erased,
        deadline=ENQUIRY_STATES.deadline(state, row.state_since),
        suggestions=tuple(
            Suggestion(dataset_id=each.dataset_id, reasons=tuple(each.reasons), by=each.by, at=each.at)
            for each in session.scalars(suggestions)
        ),
        messages=tuple(
            Message(message_id=each.message_id, person_id=each.person_id, text=each.text, at=each.at)
            for each in session.scalars(messages)
        ),
    )
