"""The rows of many projects, read in a few statements: a sheet may be over a thousand of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from orchestrator.access.model import Project
from orchestrator.access.store import ApplicationRow, GrantRow, MembershipRow, ProjectRow
from orchestrator.access.values import as_project
from orchestrator.core.database import Base

__all__ = ["ProjectRows", "rows_of"]

Row = TypeVar("Row", bound=Base)
_AT_ONCE = 500
"""Identifiers in one statement; the smallest limit of a database is 999."""


@dataclass(frozen=True, kw_only=True)
class ProjectRows:
    """One project with everything that hangs on it."""

    project: Project
    memberships: tuple[MembershipRow, ...]
    """Every membership that it ever had, the lead first."""
    applications: tuple[str, ...]
    """The application that it came of, and every one that amends it."""


def rows_of(session: Session, project_ids: Sequence[str]) -> list[ProjectRows]:
    """Return these projects, newest first."""
    projects = _where(session, ProjectRow, ProjectRow.project_id, project_ids)
    members = _grouped(_where(session, MembershipRow, MembershipRow.project_id, project_ids))
    grants = _grouped(_where(session, GrantRow, GrantRow.project_id, project_ids))
    amendments: dict[str, list[str]] = {}
    for amending in _where(session, ApplicationRow, ApplicationRow.amends, project_ids):
        amendments.setdefault(amending.amends or "", []).append(amending.application_id)
    projects.sort(key=lambda row: (row.approved_at, row.project_id), reverse=True)
    made = []
    for row in projects:
        own = sorted(members.get(row.project_id, []), key=lambda each: (each.role, each.since, each.membership_id))
        given = sorted(grants.get(row.project_id, []), key=lambda each: (each.granted_at, each.grant_id))
        project = as_project(row, [each for each in own if each.ended_at is None], given)
        applications = (row.application_id, *sorted(amendments.get(row.project_id, [])))
        made.append(ProjectRows(project=project, memberships=tuple(own), applications=applications))
    return made


def _where(
    session: Session, table: type[Row], column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
    values: Sequence[str],
) -> list[Row]:  # fmt: skip
    found: list[Row] = []
    for start in range(0, len(values), _AT_ONCE):
        found += session.scalars(select(table).where(column.in_(values[start : start + _AT_ONCE])))
    return found


def _grouped(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.project_id, []).append(row)  # type: ignore[attr-defined]
    return found
