"""Tables of kept searches and their news, and the queries over them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from orchestrator.audit.record import Change
from orchestrator.core.database import Base, Moment
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .model import News, NewsKind, SavedSearch, SearchState, read

__all__ = [
    "UNKNOWN",
    "NewsRow",
    "SearchRow",
    "add",
    "add_news",
    "mark_seen",
    "mine",
    "news",
    "row_of",
    "to_search",
    "watched",
]

UNKNOWN = "There is no such saved search; look at the list of yours."


class SearchRow(Base):
    """One kept search. What it asks is its keeper's own words: they are in no log."""

    __tablename__ = "saved_search"

    search_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(16), index=True)
    name: Mapped[str] = mapped_column(String(100))
    asked: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), index=True)
    made_at: Mapped[datetime] = mapped_column(Moment)
    hits: Mapped[str] = mapped_column(Text)
    """Of each entry that it found last: when it had last changed, by identifier, as JSON."""


class NewsRow(Base):
    """One change in what a kept search finds."""

    __tablename__ = "saved_search_news"

    search_id: Mapped[str] = mapped_column(ForeignKey("saved_search.search_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(500))
    kind: Mapped[str] = mapped_column(String(16))
    found_at: Mapped[datetime] = mapped_column(Moment)
    seen: Mapped[bool] = mapped_column(default=False)


def add(change: Change, row: SearchRow, *, event: Event) -> None:
    """Keep a search."""
    change.session.add(row)
    change.tell(event)


def add_news(
    change: Change, search_id: str, found: Mapping[str, tuple[NewsKind, str]], *, now: datetime, event: Event
) -> None:
    """Keep what became new: for each entry its kind and title."""
    last = change.session.scalar(select(func.max(NewsRow.number)).where(NewsRow.search_id == search_id)) or 0
    for number, (entry_id, (kind, title)) in enumerate(sorted(found.items()), start=last + 1):
        change.session.add(
            NewsRow(
                search_id=search_id,
                number=number,
                entry_id=entry_id,
                title=title[:500],
                kind=kind.value,
                found_at=now,
                seen=False,
            )
        )
    change.tell(event)


def row_of(session: Session, search_id: str) -> SearchRow:
    """Return a kept search's row or raise ``NotFound``."""
    row = session.get(SearchRow, search_id)
    if row is None:
        raise NotFound(UNKNOWN)
    return row


def mine(session: Session, person_id: str) -> list[SavedSearch]:
    """Return the searches somebody keeps now, newest first."""
    query = select(SearchRow).where(SearchRow.person_id == person_id, SearchRow.state != SearchState.ENDED.value)
    return [to_search(session, row) for row in session.scalars(query.order_by(SearchRow.made_at.desc()))]


def watched(session: Session) -> list[str]:
    """Return the identifiers of every search that is not ended."""
    query = select(SearchRow.search_id).where(SearchRow.state != SearchState.ENDED.value)
    return list(session.scalars(query.order_by(SearchRow.search_id)))


def news(session: Session, search_id: str, limit: int = 200) -> list[News]:
    """Return a search's news, newest first."""
    query = select(NewsRow).where(NewsRow.search_id == search_id).order_by(NewsRow.number.desc()).limit(limit)
    return [
        News(
            search_id=row.search_id,
            number=row.number,
            entry_id=row.entry_id,
            title=row.title,
            kind=NewsKind(row.kind),
            found_at=row.found_at,
            seen=row.seen,
        )
        for row in session.scalars(query)
    ]


def mark_seen(change: Change, search_id: str, *, event: Event) -> None:
    """Note that the keeper looked at all news."""
    change.session.execute(update(NewsRow).where(NewsRow.search_id == search_id).values(seen=True))
    change.tell(event)


def to_search(session: Session, row: SearchRow) -> SavedSearch:
    """Return a row as a plain value."""
    unseen = select(func.count()).select_from(NewsRow)
    unseen = unseen.where(NewsRow.search_id == row.search_id, NewsRow.seen.is_(False))
    return SavedSearch(
        search_id=row.search_id,
        person_id=row.person_id,
        name=row.name,
        asked=read(json.loads(row.asked)),
        state=SearchState(row.state),
        made_at=row.made_at,
        hits=len(json.loads(row.hits)),
        unseen=session.scalar(unseen) or 0,
    )
