"""Figures about all projects together, counted by the database: for the controller's metrics."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from orchestrator.access.store import ProjectRow
from orchestrator.audit.record import Record

from .model import SessionState
from .places import store as places
from .store import SessionRow, WorkspaceRow

__all__ = ["Figures", "count"]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What is there at one moment."""

    projects: dict[str, int]
    """By state."""
    awake: int
    sessions: dict[str, int]
    """Live ones, by state."""
    oldest_session_seconds: float
    conditions: dict[tuple[str, str], int]
    """Projects by condition and its state."""


def count(record: Record) -> Figures:
    """Count everything in one look at the record."""
    with record.read() as session:
        projects = session.execute(select(ProjectRow.state, func.count()).group_by(ProjectRow.state))
        live = select(SessionRow.state, func.count(), func.min(SessionRow.started_at))
        sessions = session.execute(live.where(SessionRow.state != SessionState.ENDED).group_by(SessionRow.state)).all()
        awake = session.scalar(select(func.count()).select_from(WorkspaceRow).where(WorkspaceRow.awake)) or 0
        oldest = min((row[2] for row in sessions), default=None)
        return Figures(
            projects={row[0]: row[1] for row in projects},
            awake=awake,
            sessions={row[0].value: row[1] for row in sessions},
            oldest_session_seconds=(record.clock() - oldest).total_seconds() if oldest else 0.0,
            conditions=places.condition_counts(session),
        )
