"""Tables of searches without a hit: keyed digests, and words only where enough people used them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base
from orchestrator.core.events import Event

__all__ = ["MissRow", "SearcherRow", "forget", "has_searched", "misses", "note", "people", "topics_of"]


class MissRow(Base):
    """One topic that was looked for in vain in a month. Its words are empty until enough people used them."""

    __tablename__ = "search_miss"

    topic: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Keyed digest of month and stems."""
    month: Mapped[str] = mapped_column(String(7), index=True)
    words: Mapped[str] = mapped_column(String(200), default="")
    people: Mapped[int] = mapped_column(default=0)


class SearcherRow(Base):
    """That one person looked for one topic, both as keyed digests of this month; gone when the month is over."""

    __tablename__ = "search_miss_person"
    __table_args__ = (Index("ix_search_miss_person_searcher", "searcher"),)

    topic: Mapped[str] = mapped_column(ForeignKey("search_miss.topic"), primary_key=True)
    searcher: Mapped[str] = mapped_column(String(64), primary_key=True)


def has_searched(session: Session, topic: str, searcher: str) -> bool:
    """Say whether this person is counted for this topic already."""
    return session.get(SearcherRow, (topic, searcher)) is not None


def topics_of(session: Session, searcher: str) -> int:
    """Return for how many topics somebody is counted."""
    return session.scalar(select(func.count()).select_from(SearcherRow).where(SearcherRow.searcher == searcher)) or 0


def people(session: Session, topic: str) -> int:
    """Return how many are counted for a topic."""
    row = session.get(MissRow, topic)
    return row.people if row else 0


def note(change: Change, topic: str, searcher: str, *, month: str, words: str, event: Event) -> None:
    """Count one more person for a topic; ``words`` is empty while they may not be kept."""
    row = change.session.get(MissRow, topic)
    if row is None:
        row = MissRow(topic=topic, month=month, words="", people=0)
        change.session.add(row)
        change.session.flush()
    row.people += 1
    row.words = row.words or words
    change.session.add(SearcherRow(topic=topic, searcher=searcher))
    change.tell(event)


def misses(session: Session, since: str) -> list[MissRow]:
    """Return the topics of a month and later ones."""
    return list(session.scalars(select(MissRow).where(MissRow.month >= since).order_by(MissRow.month.desc())))


def forget(change: Change, *, months_before: str, topics_before: str) -> int:
    """Delete who searched in months before the one, and topics before the other or too rare to be told; count them."""
    session = change.session
    past = select(MissRow.topic).where(MissRow.month < months_before)
    gone = session.scalar(select(func.count()).select_from(SearcherRow).where(SearcherRow.topic.in_(past))) or 0
    session.execute(delete(SearcherRow).where(SearcherRow.topic.in_(past)))
    old = (MissRow.month < topics_before) | ((MissRow.month < months_before) & (MissRow.words == ""))
    gone += session.scalar(select(func.count()).select_from(MissRow).where(old)) or 0
    session.execute(delete(MissRow).where(old))
    return gone
