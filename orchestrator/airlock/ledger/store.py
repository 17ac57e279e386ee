"""The release ledger in the record: tables kept at the scan, known outside from the release on, for ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from orchestrator.airlock.model import Severity, Submission
from orchestrator.airlock.packs import Pack
from orchestrator.audit.record import Change
from orchestrator.core.errors import Conflict
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id

from .numbers import numbers_of
from .rows import LedgerDatasetRow, LedgerTableRow
from .tables import PublishedTable, ReleasedTable
from .wording import LedgerFinding

__all__ = ["add", "check_at_release", "keep", "kept", "recall", "released_tables", "versions_of"]

Attack = Callable[..., Sequence[LedgerFinding]]


def keep(
    change: Change,
    submission: Submission,
    tables: Iterable[PublishedTable],
    datasets: Mapping[str, str],
    *,
    at: datetime,
    event: Event,
) -> None:
    """Keep the tables of a scan in place of those of an earlier one; ``datasets`` maps version to dataset.

    Raises ``Conflict`` where the submission is released: what is known outside does not change any more.
    """
    submission_id = submission.submission_id
    if change.session.scalar(
        select(LedgerTableRow.ledger_id).where(
            LedgerTableRow.submission_id == submission_id, LedgerTableRow.released_at.is_not(None)
        )
    ):
        raise Conflict("The tables of a released submission stay as they were released.")
    for row in (LedgerTableRow, LedgerDatasetRow):
        change.session.execute(delete(row).where(row.submission_id == submission_id))
    change.session.add_all(
        LedgerTableRow(
            ledger_id=new_id(),
            submission_id=submission_id,
            project_id=submission.project_id,
            position=position,
            file=table.file,
            document=table.canonical,
            sha256=table.sha256,
            kept_at=at,
        )
        for position, table in enumerate(tables)
    )
    change.session.add_all(
        LedgerDatasetRow(submission_id=submission_id, version_id=version, dataset_id=dataset)
        for version, dataset in sorted(datasets.items())
    )
    change.tell(event)
    change.session.flush()


def add(change: Change, submission_id: str, *, at: datetime, event: Event, files: Collection[str] | None = None) -> int:
    """Count a submission’s tables as known outside, in the change that releases them; return how many.

    ``files`` restricts it to the tables of these files, by name; the others never left.
    """
    query = update(LedgerTableRow).where(
        LedgerTableRow.submission_id == submission_id, LedgerTableRow.released_at.is_(None)
    )
    if files is not None:
        query = query.where(LedgerTableRow.file.in_(files))
    changed = change.session.execute(query.values(released_at=at))
    change.tell(event)
    return int(getattr(changed, "rowcount", 0))


def recall(
    change: Change, submission_id: str, *, at: datetime, event: Event, files: Collection[str] | None = None
) -> None:
    """Note a recall. The facts stay: whoever collected them knows them."""
    query = update(LedgerTableRow).where(
        LedgerTableRow.submission_id == submission_id, LedgerTableRow.recalled_at.is_(None)
    )
    if files is not None:
        query = query.where(LedgerTableRow.file.in_(files))
    change.session.execute(query.values(recalled_at=at))
    change.tell(event)


def kept(session: Session, submission_id: str) -> list[PublishedTable]:
    """Return the tables of a submission, in their order."""
    query = select(LedgerTableRow.document).where(LedgerTableRow.submission_id == submission_id)
    return [_table(document) for document in session.scalars(query.order_by(LedgerTableRow.position))]


def versions_of(session: Session, submission_id: str) -> dict[str, str]:
    """Return the versions of datasets that a submission’s tables were made from, with their datasets."""
    rows = session.execute(
        select(LedgerDatasetRow.version_id, LedgerDatasetRow.dataset_id).where(
            LedgerDatasetRow.submission_id == submission_id
        )
    )
    return {str(version): str(dataset) for version, dataset in rows}


def released_tables(
    session: Session, project_id: str, datasets: Collection[str], *, but: str = ""
) -> list[ReleasedTable]:
    """Return every table known outside that a project released, or any project released from one of these datasets.

    Recalled ones are among them. ``but`` leaves out one submission.
    """
    of_datasets = select(LedgerDatasetRow.submission_id).where(LedgerDatasetRow.dataset_id.in_(sorted(datasets)))
    rows = session.scalars(
        select(LedgerTableRow)
        .where(
            LedgerTableRow.released_at.is_not(None),
            LedgerTableRow.submission_id != but,
            (LedgerTableRow.project_id == project_id) | LedgerTableRow.submission_id.in_(of_datasets),
        )
        .order_by(LedgerTableRow.released_at, LedgerTableRow.submission_id, LedgerTableRow.position)
    ).all()
    versions: dict[str, set[str]] = {row.submission_id: set() for row in rows}
    for submission_id, version in session.execute(select(LedgerDatasetRow.submission_id, LedgerDatasetRow.version_id)):
        if submission_id in versions:
            versions[submission_id].add(version)
    return [
        ReleasedTable(
            project=row.project_id,
            release=row.submission_id,
            versions=frozenset(versions[row.submission_id]),
            recalled=row.recalled_at is not None,
            table=_table(row.document),
        )
        for row in rows
    ]


def check_at_release(
    session: Session,
    submission: Submission,
    tables: Sequence[PublishedTable],
    pack: Pack,
    *,
    attacked: Attack | None = None,
) -> list[LedgerFinding]:
    """Attack once more right before the release; return what the checkers have not seen, worst first.

    Another project may have released since. ``attacked`` runs the attack, in a process of its own where there is one.
    """
    from .ledger import attack  # noqa: PLC0415 - heavy, and wanted at releases only

    datasets = versions_of(session, submission.submission_id)
    found = (attacked or attack)(
        tables,
        released_tables(session, submission.project_id, set(datasets.values()), but=submission.submission_id),
        numbers_of(pack),
        project=submission.project_id,
        versions=frozenset(datasets),
    )
    seen = {(finding.rule, finding.message) for file in submission.files for finding in file.findings}
    return [each for each in found if each.severity is not Severity.NOTE and (each.rule, each.message) not in seen]


def _table(document: str) -> PublishedTable:
    plain: dict[str, Any] = json.loads(document)
    return PublishedTable.from_json(plain)
