"""The outbox: notices that committed with their change, handed out until each was delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from orchestrator.core.events import Event

from .record import Record
from .store import NoticeRow

__all__ = ["Outbox", "WaitingNotice"]

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class WaitingNotice:
    """One notice that is due. ``notice_id`` is stable over attempts, so that a receiver can drop doubles."""

    notice_id: str
    person_id: str
    kind: str
    subject: str
    made_at: datetime
    attempts: int


class Outbox:
    """Hands out due notices and remembers the outcome; a failed one waits longer each time, up to an hour."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def due(self, limit: int = 50) -> list[WaitingNotice]:
        """Return notices to deliver now, oldest first."""
        now = self._record.clock()
        query = (
            select(NoticeRow)
            .where(NoticeRow.sent_at.is_(None), NoticeRow.due_at <= now)
            .order_by(NoticeRow.made_at, NoticeRow.notice_id)
            .limit(limit)
        )
        with self._record.read() as session:
            return [
                WaitingNotice(
                    notice_id=row.notice_id,
                    person_id=row.person_id,
                    kind=row.kind,
                    subject=row.subject,
                    made_at=row.made_at,
                    attempts=row.attempts,
                )
                for row in session.scalars(query)
            ]

    def delivered(self, notice_id: str) -> None:
        """Note that the notice arrived."""
        with self._record.change() as change:
            row = change.session.get_one(NoticeRow, notice_id)
            row.sent_at = self._record.clock()
            row.attempts += 1
            change.tell(
                Event(
                    kind="notice.delivered",
                    actor="system:controller",
                    subject=f"notice:{notice_id}",
                    details={"notice": row.kind},
                )
            )

    def failed(self, notice_id: str) -> None:
        """Put the notice off; only each failure is an entry of the log."""
        with self._record.change() as change:
            row = change.session.get_one(NoticeRow, notice_id)
            row.attempts += 1
            pause = min(_FIRST_PAUSE * 2 ** min(row.attempts, 10), _LONGEST_PAUSE)
            row.due_at = self._record.clock() + pause
            change.tell(
                Event(
                    kind="notice.delayed",
                    actor="system:controller",
                    subject=f"notice:{notice_id}",
                    details={"attempts": row.attempts},
                )
            )
