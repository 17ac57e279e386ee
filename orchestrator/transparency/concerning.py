"""Which projects' entries may read differently after what was recorded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.audit.record import Change
from orchestrator.audit.store import EntryRow
from orchestrator.core.events import Event

from . import store
from .log import Log

__all__ = ["after", "told"]

_OF_PROJECTS = ("project.", "grant.", "member.", "submission.released", "submission.recalled", "waiver.")
_FIRST_USES = ("lease.issued", "session.begun")
_OF_OTHERS = ("dataset.", "terms.published")
"""What changes entries of many projects: the catch-up looks at it, the change itself does not wait for it."""


def told(change: Change, now: datetime) -> list[str]:
    """Return the projects whose entries the events of a change may alter."""
    events = [event for event in change.told if event.kind.startswith((*_OF_PROJECTS, *_FIRST_USES))]
    found: dict[str, None] = {}
    log = Log(change.session, change.told, now)
    for event in events:
        project = _project(change.session, event, log)
        if project and not (event.kind in _FIRST_USES and _used_before(change.session, project)):
            found[project] = None
    return [each for each in found if change.session.get(access.ProjectRow, each) is not None]


def after(session: Session, position: int) -> list[str]:
    """Return the projects that entries of the log from ``position`` on may concern."""
    kinds = (*_OF_PROJECTS, *_OF_OTHERS, *_FIRST_USES)
    query = select(EntryRow.body).where(
        EntryRow.position >= position, or_(*(EntryRow.kind.startswith(each, autoescape=True) for each in kinds))
    )
    found: set[str] = set()
    log = Log(session)
    for body in session.scalars(query):
        entry = json.loads(body)
        event = Event(kind=entry["kind"], actor=entry["actor"], subject=entry["subject"], details=entry["details"])
        if event.kind == "waiver.ended":
            return access.project_ids(session)
        found |= set(_of_others(session, event)) or {_project(session, event, log)}
    known = session.scalars(select(access.ProjectRow.project_id).order_by(access.ProjectRow.project_id))
    return [each for each in known if each in found]


def _of_others(session: Session, event: Event) -> Iterable[str]:
    noun, _, identifier = event.subject.partition(":")
    if not event.kind.startswith(_OF_OTHERS):
        return ()
    column = access.GrantRow.dataset_id if noun == "dataset" else access.GrantRow.custodian_id
    return session.scalars(select(access.GrantRow.project_id).where(column == identifier).distinct())


def _project(session: Session, event: Event, log: Log) -> str:
    noun, _, identifier = event.subject.partition(":")
    if noun == "project":
        return identifier
    if noun == "submission":
        return log.project_of(identifier)
    if noun == "waiver":
        return _of_application(session, str(event.details.get("application", "")))
    return str(event.details.get("project", ""))


def _of_application(session: Session, application_id: str) -> str:
    """Return the project that an application made or amends; empty where there is none yet."""
    row = session.get(access.ApplicationRow, application_id)
    if row is None:
        return ""
    query = select(access.ProjectRow.project_id).where(access.ProjectRow.application_id == application_id)
    return row.amends or session.scalar(query) or ""


def _used_before(session: Session, project_id: str) -> bool:
    """Whether the entry has its day of first use already: each later session changes nothing."""
    latest = store.latest(session, project_id)
    return latest is not None and "access_date" in json.loads(latest.content)["fields"]
