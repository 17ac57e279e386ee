"""Which projects something was done to: read from the log, so that a deed is acted upon within a second."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from orchestrator.access.store import GrantRow
from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow

__all__ = ["Follower", "Touched"]

_OWN = '"actor":"system:'
_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class Touched:
    """One project of which the log told something new; ``by_person``: somebody did it, not the installation."""

    project_id: str
    by_person: bool


class Follower:
    """Reads the log on from where it stood. It only makes things quick: what it misses is found by looking anew."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._position = -1

    def skip(self) -> None:
        """Go to the log's end."""
        with self._record.read() as session:
            last = session.scalar(select(EntryRow.position).order_by(EntryRow.position.desc()).limit(1))
        self._position = -1 if last is None else last

    def news(self) -> list[Touched]:
        """Return the projects that the log speaks of since the last time, each once."""
        touched: dict[str, bool] = {}
        with self._record.read() as session:
            query = select(EntryRow.position, EntryRow.subject, EntryRow.body).where(EntryRow.position > self._position)
            for position, subject, body in session.execute(query.order_by(EntryRow.position).limit(_BATCH)):
                self._position = position
                noun, _, name = subject.partition(":")
                if noun == "grant":
                    name = session.scalar(select(GrantRow.project_id).where(GrantRow.grant_id == name)) or ""
                if noun in ("project", "grant") and name:
                    touched[name] = touched.get(name, False) or _OWN not in body
        return [Touched(project_id=name, by_person=by_person) for name, by_person in touched.items()]
