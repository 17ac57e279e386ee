"""The index of where the log names a project: kept with each change, made anew from the log where there is none."""

from __future__ import annotations

import json

from sqlalchemy import insert, select

from orchestrator.audit.record import Change, Record
from orchestrator.audit.store import EntryRow, TreeRow
from orchestrator.core.events import Event

from .log import MENTIONS, names_project
from .store import MentionRow

__all__ = ["make_anew", "note"]


def note(change: Change) -> None:
    """Index what this change tells. Its entries get the log's next positions, in the order in which they were told."""
    told = [(place, event) for place, event in enumerate(change.told) if names_project(event.kind, event.details)]
    if not told:
        return
    size = change.session.scalar(select(TreeRow.size)) or 0
    change.session.add_all(
        MentionRow(position=size + place, project_id=str(event.details["project"]), kind=event.kind)
        for place, event in told
    )


def make_anew(record: Record) -> int:
    """Index the whole log where nothing is indexed yet (an older installation); return how many entries it names."""
    with record.read() as session:
        known = session.scalar(select(MentionRow.position).limit(1)) is not None
        there = session.scalar(select(EntryRow.position).where(EntryRow.kind.in_(MENTIONS)).limit(1)) is not None
    if known or not there:
        return 0
    with record.change() as change:
        query = select(EntryRow.position, EntryRow.kind, EntryRow.body).where(EntryRow.kind.in_(MENTIONS))
        rows = []
        for row in change.session.execute(query):
            details = json.loads(row.body)["details"]
            if names_project(row.kind, details):
                rows.append({"position": row.position, "project_id": details["project"], "kind": row.kind})
        if not rows:
            return 0
        change.session.execute(insert(MentionRow), rows)
        subject = "register:index"
        change.tell(
            Event(kind="register.indexed", actor="system:register", subject=subject, details={"count": len(rows)})
        )
        return len(rows)
