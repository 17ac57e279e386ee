"""The ledger's part in a submission: tables kept at the scan, attacked with all that is out, counted on leaving."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from orchestrator.airlock.desk import Desk
from orchestrator.airlock.ledger import store as ledger_store
from orchestrator.airlock.ledger.tables import PublishedTable
from orchestrator.airlock.model import File, FileRole, Finding, Submission
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.ports import Inspected, Inspector
from orchestrator.core.events import Json

__all__ = ["Looked", "attacked", "known_outside", "not_seen", "published"]


@dataclass(frozen=True, kw_only=True)
class Looked:
    """One file after its own inspection, with the tables that were read from it."""

    file: File
    tables: tuple[Json, ...] = ()


def published(looked: Iterable[Looked]) -> list[PublishedTable]:
    """Return the tables that leave with the outputs, each under the name that its file leaves as."""
    return [
        replace(PublishedTable.from_json(table), file=each.file.name)
        for each in looked
        if each.file.role is FileRole.OUTPUT
        for table in each.tables
        if isinstance(table, dict)
    ]


def known_outside(desk: Desk, session: Session, submission: Submission) -> list[Json]:
    """Return every table that is out already, of this project or from the datasets it holds; recalled ones too."""
    datasets = set(desk.governance.versions(submission.project_id).values())
    found = ledger_store.released_tables(session, submission.project_id, datasets, but=submission.submission_id)
    return [each.as_json() for each in found]


def attacked(
    desk: Desk,
    inspector: Inspector,
    submission: Submission,
    looked: Sequence[Looked],
    *,
    released: Sequence[Json],
    pack: Pack,
) -> Mapping[str, tuple[Finding, ...]]:
    """Look at all files together and at the outputs with everything that is out; return what is found, by file.

    Supporting files are among them, since some describe the others; their tables are not, since they never leave.
    """
    asked = [
        Inspected(
            file_id=each.file.file_id,
            path=desk.frozen.path(each.file.sha256),
            name=each.file.name,
            sha256=each.file.sha256,
            kind=each.file.kind,
            tables=tuple(table.as_json() for table in published([each])),
            rules=frozenset(finding.rule for finding in each.file.findings if finding.needs_answer),
        )
        for each in looked
    ]
    return inspector.inspect_together(
        asked,
        released=released,
        pack=pack,
        project_id=submission.project_id,
        versions=frozenset(desk.governance.versions(submission.project_id)),
    )


def not_seen(submission: Submission, found: Mapping[str, tuple[Finding, ...]]) -> dict[str, list[Finding]]:
    """Return what needs an answer and was not before the checkers, by file."""
    seen = {(finding.rule, finding.message) for file in submission.files for finding in file.findings}
    return {
        file_id: fresh
        for file_id, findings in found.items()
        if (fresh := [each for each in findings if each.needs_answer and (each.rule, each.message) not in seen])
    }
