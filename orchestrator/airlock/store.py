"""Submissions, their files and findings in the record. Every write hands its ``Event`` to the change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.errors import Conflict, NotFound
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id

from .model import File, Finding, Severity, State, Submission, Verdict
from .rows import FileRow, FindingRow, SubmissionRow
from .states import AIRLOCK_STATES, Action

__all__ = [
    "add_submission",
    "bytes_since",
    "count_open",
    "ids_in",
    "load",
    "move",
    "record_scan",
    "select_ids",
    "set_held",
    "tell",
]


def tell(change: Change, kind: str, actor: str, submission_id: str, details: Mapping[str, Json] | None = None) -> None:
    """Record an event about a submission."""
    change.tell(Event(kind=kind, actor=actor, subject=f"submission:{submission_id}", details=dict(details or {})))


def add_submission(change: Change, submission: Submission, *, event: Event) -> None:
    """Keep a new submission with its files."""
    change.session.add(
        SubmissionRow(
            submission_id=submission.submission_id,
            project_id=submission.project_id,
            session_id=submission.session_id,
            author_id=submission.author_id,
            title=submission.title,
            state=submission.state.value,
            round=submission.round,
            submitted_at=submission.submitted_at,
            entered_at=submission.entered_at,
            deadline=submission.deadline,
            replaces=submission.replaces,
            checkers_needed=submission.checkers_needed,
        )
    )
    change.session.flush()
    change.session.add_all(
        FileRow(
            file_id=file.file_id,
            submission_id=submission.submission_id,
            position=file.position,
            name=file.name,
            size=file.size,
            sha256=file.sha256,
            context=file.context,
        )
        for file in submission.files
    )
    change.tell(event)


def load(session: Session, submission_id: str) -> Submission:
    """Return one submission with its files and findings."""
    row = session.get(SubmissionRow, submission_id)
    if row is None:
        raise NotFound("There is no such submission, or none that you may see.")
    return _submission(session, row)


def select_ids(
    session: Session,
    *,
    states: Iterable[State] | None = None,
    author_id: str | None = None,
    project_id: str | None = None,
    newest_first: bool = False,
) -> list[str]:
    """List submissions by state, author or project."""
    query = select(SubmissionRow.submission_id)
    if states is not None:
        query = query.where(SubmissionRow.state.in_([state.value for state in states]))
    if author_id is not None:
        query = query.where(SubmissionRow.author_id == author_id)
    if project_id is not None:
        query = query.where(SubmissionRow.project_id == project_id)
    order = SubmissionRow.submitted_at.desc() if newest_first else SubmissionRow.submitted_at
    return list(session.scalars(query.order_by(order, SubmissionRow.submission_id)))


def ids_in(session: Session, *states: State) -> list[str]:
    """List the submissions in any of these states, oldest first."""
    return select_ids(session, states=states)


def _submission(session: Session, row: SubmissionRow) -> Submission:
    files = session.scalars(
        select(FileRow).where(FileRow.submission_id == row.submission_id).order_by(FileRow.position)
    )
    return Submission(
        submission_id=row.submission_id,
        project_id=row.project_id,
        session_id=row.session_id,
        author_id=row.author_id,
        title=row.title,
        state=State(row.state),
        round=row.round,
        submitted_at=row.submitted_at,
        entered_at=row.entered_at,
        deadline=row.deadline,
        held=tuple(row.held.splitlines()),
        replaces=row.replaces,
        pack_version=row.pack_version,
        pack_sha256=row.pack_sha256,
        checkers_needed=row.checkers_needed,
        files=tuple(_file(session, file) for file in files),
    )


def _file(session: Session, row: FileRow) -> File:
    findings = session.scalars(
        select(FindingRow).where(FindingRow.file_id == row.file_id).order_by(FindingRow.position)
    )
    return File(
        file_id=row.file_id,
        position=row.position,
        name=row.name,
        size=row.size,
        sha256=row.sha256,
        context=row.context,
        kind=row.kind,
        verdict=None if row.verdict is None else Verdict(row.verdict),
        binding=row.binding,
        findings=tuple(
            Finding(
                rule=each.rule,
                severity=Severity(each.severity),
                where=each.place,
                message=each.message,
                guidance=each.guidance,
            )
            for each in findings
        ),
    )


def move(
    change: Change, submission: Submission, action: Action, *, at: datetime, event: Event, new_round: bool = False
) -> Submission:
    """Take one step of the state table; the owner’s time starts anew. ``Conflict`` when somebody else was first."""
    row = change.session.get(SubmissionRow, submission.submission_id)
    if row is None or row.state != submission.state.value or row.round != submission.round:
        raise Conflict("Somebody else changed this submission first; look at it again.")
    target = AIRLOCK_STATES.after(submission.state, action)
    row.state = target.value
    row.entered_at = at
    row.deadline = AIRLOCK_STATES.deadline(target, at)
    row.round += int(new_round)
    change.tell(event)
    change.session.flush()
    return _submission(change.session, row)


def set_held(change: Change, submission_id: str, reasons: tuple[str, ...], *, event: Event) -> None:
    """Hold a submission, or let it go on when there is no reason."""
    change.session.execute(
        update(SubmissionRow)
        .where(SubmissionRow.submission_id == submission_id)
        .values(held="\n".join(reasons), version=SubmissionRow.version + 1)
    )
    change.tell(event)


def record_scan(
    change: Change, submission: Submission, files: Iterable[File], *, pack: tuple[str, str, int], event: Event
) -> None:
    """Replace what the checks say of every file, and the rules they followed."""
    row = change.session.get(SubmissionRow, submission.submission_id)
    if row is None:
        raise NotFound("There is no such submission.")
    row.pack_version, row.pack_sha256, row.checkers_needed = pack
    for file in files:
        change.session.query(FindingRow).filter_by(file_id=file.file_id).delete()
        kept = change.session.get(FileRow, file.file_id)
        if kept is None:
            raise NotFound("There is no such file.")
        kept.kind, kept.binding = file.kind, file.binding
        kept.verdict = None if file.verdict is None else file.verdict.value
        change.session.add_all(
            FindingRow(
                finding_id=new_id(),
                file_id=file.file_id,
                position=position,
                rule=each.rule,
                severity=each.severity.value,
                place=each.where,
                message=each.message,
                guidance=each.guidance,
            )
            for position, each in enumerate(file.findings)
        )
    change.tell(event)
    change.session.flush()


def bytes_since(session: Session, project_id: str, since: datetime) -> int:
    """Sum what the project handed in since a moment, whatever became of it."""
    query = (
        select(func.sum(FileRow.size))
        .join(SubmissionRow, SubmissionRow.submission_id == FileRow.submission_id)
        .where(SubmissionRow.project_id == project_id, SubmissionRow.submitted_at >= since)
    )
    return int(session.scalar(query) or 0)


def count_open(session: Session, project_id: str, states: Iterable[State]) -> int:
    """Count the project's submissions in these states."""
    query = select(func.count()).where(
        SubmissionRow.project_id == project_id, SubmissionRow.state.in_([state.value for state in states])
    )
    return int(session.scalar(query) or 0)
