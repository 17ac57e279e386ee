"""Files of submissions and what was found in them, round by round. Every write hands its ``Event`` to the change."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id

from .cases.rows import RoundRow
from .model import File, FileRole, Finding, Severity, Submission, Verdict
from .rows import FileRow, FindingRow, SubmissionRow
from .states import Action

__all__ = [
    "add_files",
    "drop_files",
    "every_file",
    "files",
    "keep_round",
    "known_hashes",
    "mark_recalled",
    "put_findings",
    "received",
    "record_scan",
]


def add_files(change: Change, submission_id: str, added: Iterable[File], *, round_number: int, at: datetime) -> None:
    """Keep files as they were sent; they belong to this round and the following ones. The caller's event says why."""
    change.session.add_all(_row(submission_id, file, round_number, at) for file in added)
    change.session.flush()


def _row(submission_id: str, file: File, round_number: int, at: datetime | None = None) -> FileRow:
    return FileRow(
        received_at=at,
        file_id=file.file_id,
        submission_id=submission_id,
        position=file.position,
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        context=file.context,
        role=file.role.value,
        original_sha256=file.original_sha256,
        original_name=file.original_name,
        round=round_number,
    )


def drop_files(change: Change, submission_id: str, names: Collection[str], *, round_number: int) -> list[str]:
    """Let files that were sent under these names, and what was made from them, be no part from this round on.

    Returns the identifiers of all of them, for the event that the caller tells.
    """
    rows = [
        row
        for row in change.session.scalars(_in_round(submission_id, round_number))
        if (row.original_name or row.name) in names
    ]
    for row in rows:
        row.left_round = round_number
    change.session.flush()
    return [row.file_id for row in rows]


def _in_round(submission_id: str, round_number: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a select
    return (
        select(FileRow)
        .where(
            FileRow.submission_id == submission_id,
            FileRow.round <= round_number,
            or_(FileRow.left_round.is_(None), FileRow.left_round > round_number),
        )
        .order_by(FileRow.position, FileRow.original_name, FileRow.name, FileRow.file_id)
    )


def files(session: Session, submission_id: str, *, round_number: int) -> tuple[File, ...]:
    """Return what is, or was, under review in a round; places count from 0."""
    rows = [row for row in session.scalars(_in_round(submission_id, round_number)) if row.reviewed]
    return _loaded(session, rows)


def received(session: Session, submission_id: str, *, round_number: int) -> tuple[File, ...]:
    """Return the files of a round as they were sent, whatever was made from them."""
    rows = [row for row in session.scalars(_in_round(submission_id, round_number)) if not row.original_sha256]
    return _loaded(session, rows)


def every_file(session: Session, submission_id: str) -> dict[str, File]:
    """Return every file that was ever part of a submission, by identifier."""
    rows = list(session.scalars(select(FileRow).where(FileRow.submission_id == submission_id)))
    return {file.file_id: file for file in _loaded(session, rows)}


def known_hashes(session: Session) -> set[str]:
    """Return the hash of every frozen file that some submission names."""
    return set(session.scalars(select(FileRow.sha256).distinct()))


def _loaded(session: Session, rows: Sequence[FileRow]) -> tuple[File, ...]:
    found: dict[str, list[Finding]] = {row.file_id: [] for row in rows}
    query = (
        select(FindingRow)
        .join(FileRow, FileRow.file_id == FindingRow.file_id)
        .where(FileRow.submission_id.in_({row.submission_id for row in rows}))
        .order_by(FindingRow.file_id, FindingRow.position)
    )
    for each in session.scalars(query) if rows else ():
        if each.file_id in found:
            found[each.file_id].append(_finding(each))
    return tuple(_file(row, place, found[row.file_id]) for place, row in enumerate(rows))


def _finding(row: FindingRow) -> Finding:
    return Finding(
        rule=row.rule, severity=Severity(row.severity), where=row.place, message=row.message, guidance=row.guidance
    )


def _file(row: FileRow, place: int, findings: Iterable[Finding]) -> File:
    return File(
        file_id=row.file_id,
        position=place,
        name=row.name,
        size=row.size,
        sha256=row.sha256,
        context=row.context,
        kind=row.kind,
        verdict=None if row.verdict is None else Verdict(row.verdict),
        binding=row.binding,
        findings=tuple(findings),
        role=FileRole(row.role),
        original_sha256=row.original_sha256,
        original_name=row.original_name,
        recalled_at=row.recalled_at,
    )


def record_scan(
    change: Change, submission: Submission, scanned: Collection[File], *, pack: tuple[str, str, int], event: Event
) -> None:
    """Keep what the checks say of every file, and the rules they followed.

    Files made from those that were sent join the round; originals that gave some, and made files that are made no
    more, are no longer under review.
    """
    row = change.session.get(SubmissionRow, submission.submission_id)
    if row is None:
        raise NotFound("There is no such submission.")
    row.pack_version, row.pack_sha256, row.checkers_needed = pack
    present = {each.file_id: each for each in change.session.scalars(_in_round(row.submission_id, row.round))}
    for file in scanned:
        if file.file_id not in present:
            _join(change, row, file)
    change.session.flush()
    keep = {file.file_id for file in scanned}
    origins = {(file.original_name, file.original_sha256) for file in scanned}
    gone: list[Json] = [file_id for file_id, kept in present.items() if kept.original_sha256 and file_id not in keep]
    if gone:
        change.tell(Event(kind="files.left-out", actor=event.actor, subject=event.subject, details={"files": gone}))
    for file_id, kept in present.items():
        if file_id in gone:
            kept.left_round = row.round
        if not kept.original_sha256:
            kept.reviewed = (kept.name, kept.sha256) not in origins
    for file in scanned:
        _put_findings(change, file)
    change.tell(event)
    change.session.flush()


def _join(change: Change, submission: SubmissionRow, file: File) -> None:
    """Let a file that was made be part of the round; one that was made before, and then not, is part of it again."""
    kept = change.session.get(FileRow, file.file_id)
    if kept is None:
        change.session.add(_row(submission.submission_id, file, submission.round))
        return
    kept.left_round, kept.reviewed = None, True
    kept.original_sha256, kept.position = file.original_sha256, file.position


def _put_findings(change: Change, file: File) -> None:
    kept = change.session.get(FileRow, file.file_id)
    if kept is None:
        raise NotFound("There is no such file.")
    change.session.query(FindingRow).filter_by(file_id=file.file_id).delete()
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


def put_findings(change: Change, found: Iterable[File], *, event: Event) -> None:
    """Keep what is found of these files now, in place of what was."""
    for file in found:
        _put_findings(change, file)
    change.tell(event)
    change.session.flush()


def mark_recalled(change: Change, submission_id: str, hashes: Collection[str], *, at: datetime, event: Event) -> None:
    """Note that these bytes were recalled, under whatever names they left."""
    rows = change.session.scalars(select(FileRow).where(FileRow.submission_id == submission_id))
    for row in rows:
        if row.sha256 in hashes and row.recalled_at is None:
            row.recalled_at = at
    change.tell(event)
    change.session.flush()


def keep_round(change: Change, submission: Submission, *, ended_by: str, reason: str, at: datetime) -> None:
    """Keep how a round ended and what was looked at in it; the caller's event says so.

    A round that ended already, and is left behind by a revision, keeps what was said then.
    """
    row = change.session.get(RoundRow, (submission.submission_id, submission.round))
    if row is not None and ended_by == Action.REVISE.value:
        return
    if row is None:
        row = RoundRow(submission_id=submission.submission_id, round=submission.round)
        change.session.add(row)
    row.ended_at, row.ended_by, row.reason = at, ended_by, reason
    row.files = json.dumps(
        [
            {
                "file": file.file_id,
                "binding": file.binding,
                "verdict": None if file.verdict is None else file.verdict.value,
                "findings": [
                    [each.rule, each.severity.value, each.where, each.message, each.guidance] for each in file.findings
                ],
            }
            for file in submission.files
        ]
    )
