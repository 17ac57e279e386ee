"""Decisions on applications by somebody who has just read them, for tests that are about something else."""

from __future__ import annotations

from typing import Any

from orchestrator.airlock.rows import SubmissionRow
from orchestrator.audit.record import Record

__all__ = ["SOMETHING", "advise", "approve_project", "ask_changes", "decide", "refuse_project", "seen"]

SOMETHING = "0" * 64
"""What those say they read who are refused before anybody looks at it."""


def decide(access: Any, actor: Any, application_id: str, custodian_id: str, **decision: Any) -> Any:
    """Read a custodian's part, then decide on it."""
    read = access.reading(actor, application_id, custodian_id)
    return access.decide(actor, application_id, custodian_id, read=read, **decision)


def ask_changes(access: Any, actor: Any, application_id: str, custodian_id: str, words: str, **what: Any) -> Any:
    """Read a custodian's part, then ask for changes of it."""
    read = access.reading(actor, application_id, custodian_id)
    return access.changes.ask_changes(actor, application_id, custodian_id, words, read=read, **what)


def advise(access: Any, actor: Any, application_id: str, custodian_id: str, opinion: Any, words: str) -> Any:
    """Read a custodian's part as its panel does, then advise on it."""
    read = access.panels.part(actor, application_id, custodian_id).read
    return access.panels.advise(actor, application_id, custodian_id, opinion, words, read=read)


def approve_project(access: Any, actor: Any, application_id: str) -> Any:
    """Read all of an application, then make its project."""
    read = access.readings(actor, application_id).whole
    return access.approve_project(actor, application_id, read=read)


def refuse_project(access: Any, actor: Any, application_id: str, reason: str) -> Any:
    """Read all of an application, then refuse it."""
    read = access.readings(actor, application_id).whole
    return access.refuse_project(actor, application_id, reason, read=read)


def seen(record: Record, submission_id: str) -> int:
    """Return the version of a submission that somebody sees who looks at it now; 0 where there is none."""
    with record.read() as session:
        row = session.get(SubmissionRow, submission_id)
        return row.version if row is not None else 0
