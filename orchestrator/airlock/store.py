"""Submissions, their files and findings in the record. Every write hands its ``Event`` to the change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from orchestrator.audit.record import Change
from orchestrator.core.errors import Conflict, NotFound
from orchestrator.core.events import Event, Json

from .cases.model import CaseKind, CaseOutcome
from .cases.rows import CaseRow, OpinionRow
from .cases.store import conflicted, lapse_open
from .file_store import add_files, files, keep_round
from .model import State, Submission
from .rows import FileRow, ReviewRow, SubmissionRow
from .states import AIRLOCK_STATES, ROUND_ENDS, Action

__all__ = [
    "add_submission",
    "bytes_since",
    "check_seen",
    "count_open",
    "ids_in",
    "load",
    "move",
    "select_ids",
    "set_held",
    "set_incident",
    "set_title",
    "tell",
    "touch",
]

_WAITS_FOR_A_CASE = frozenset({State.OVERRIDE_ASKED, State.APPEALED, State.SIGN_OFF, State.RECALL_ASKED})
_ASKED = frozenset({CaseKind.OVERRIDE.value, CaseKind.APPEAL.value, CaseKind.RECALL.value})


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
    add_files(
        change,
        submission.submission_id,
        submission.files,
        round_number=submission.round,
        at=submission.submitted_at,
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
    people = _people(session, row.submission_id)
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
        incident=row.incident,
        conflicted=conflicted(session, row.submission_id),
        reviewers=people.reviewers,
        settlers=people.settlers,
        overriders=people.overriders,
        barred=people.barred,
        asker=people.asker,
        version=row.version,
        files=files(session, row.submission_id, round_number=row.round),
    )


@dataclass(frozen=True, kw_only=True)
class _People:
    """Who did what on a submission already, so that somebody else does the next thing."""

    reviewers: frozenset[str]
    settlers: frozenset[str]
    overriders: frozenset[str]
    barred: frozenset[str]
    asker: str


def _people(session: Session, submission_id: str) -> _People:
    handed_in = session.execute(
        select(ReviewRow.person_id, ReviewRow.round).where(ReviewRow.submission_id == submission_id)
    ).all()
    known = list(
        session.scalars(select(CaseRow).where(CaseRow.submission_id == submission_id).order_by(CaseRow.asked_at))
    )
    settled = [(row.asked_by, row.round) for row in known if row.kind == CaseKind.SETTLEMENT.value]
    upheld = [
        row.round for row in known if row.kind == CaseKind.APPEAL.value and row.outcome == CaseOutcome.ACCEPTED.value
    ]
    last = max(upheld, default=0)
    waiting = [row.asked_by for row in known if row.outcome == CaseOutcome.OPEN.value and row.kind in _ASKED]
    overrides = [row.case_id for row in known if row.kind == CaseKind.OVERRIDE.value]
    deciders = select(OpinionRow.person_id).where(OpinionRow.case_id.in_(overrides))
    return _People(
        reviewers=frozenset(person for person, _ in handed_in),
        settlers=frozenset(person for person, _ in settled),
        overriders=frozenset(session.scalars(deciders) if overrides else ()),
        barred=frozenset(person for person, number in [*handed_in, *settled] if number <= last),
        asker=waiting[-1] if waiting else "",
    )


def move(
    change: Change,
    submission: Submission,
    action: Action,
    *,
    at: datetime,
    event: Event,
    new_round: bool = False,
    reason: str = "",
) -> Submission:
    """Take one step of the state table; the owner’s time starts anew. ``Conflict`` when somebody else was first.

    ``reason`` is kept with the round that the step ends, for everybody whom it concerns.
    """
    row = change.session.get(SubmissionRow, submission.submission_id)
    if row is None or row.state != submission.state.value or row.round != submission.round:
        raise Conflict("Somebody else changed this submission first; look at it again.")
    target = AIRLOCK_STATES.after(submission.state, action)
    if new_round or (action in ROUND_ENDS and submission.state is not State.APPEALED):
        keep_round(change, submission, ended_by=action.value, reason=reason, at=at)
    if submission.state in _WAITS_FOR_A_CASE and target is not submission.state:
        lapse_open(change, submission.submission_id, at=at)
    row.state = target.value
    row.entered_at = at
    row.deadline = AIRLOCK_STATES.deadline(target, at)
    row.round += int(new_round)
    change.tell(event)
    change.session.flush()
    return _submission(change.session, row)


def check_seen(submission: Submission, seen: int) -> None:
    """Raise ``Conflict`` when somebody acts on what he saw, and it has changed since."""
    if seen != submission.version:
        raise Conflict("Somebody else changed this submission since you opened it; look at it again.")


def touch(change: Change, submission: Submission) -> None:
    """Let what others saw of it be out of date; the caller's event says why."""
    row = change.session.get(SubmissionRow, submission.submission_id)
    if row is None:
        raise NotFound("There is no such submission.")
    flag_modified(row, "state")
    change.session.flush()


def set_incident(change: Change, submission: Submission, reason: str, *, event: Event) -> None:
    """Keep why an operator holds it; empty when he does no longer."""
    row = change.session.get(SubmissionRow, submission.submission_id)
    if row is None:
        raise NotFound("There is no such submission.")
    row.incident = reason
    change.tell(event)
    change.session.flush()


def set_title(change: Change, submission: Submission, title: str) -> None:
    """Give it another title; the caller's event says so."""
    row = change.session.get(SubmissionRow, submission.submission_id)
    if row is None:
        raise NotFound("There is no such submission.")
    row.title = title


def set_held(change: Change, submission_id: str, reasons: tuple[str, ...], *, event: Event) -> None:
    """Hold a submission, or let it go on when there is no reason."""
    change.session.execute(
        update(SubmissionRow)
        .where(SubmissionRow.submission_id == submission_id)
        .values(held="\n".join(reasons), version=SubmissionRow.version + 1)
    )
    change.tell(event)


def bytes_since(session: Session, project_id: str, since: datetime) -> int:
    """Sum what the project handed in since a moment, whatever became of it."""
    query = (
        select(func.sum(FileRow.size))
        .join(SubmissionRow, SubmissionRow.submission_id == FileRow.submission_id)
        .where(
            SubmissionRow.project_id == project_id,
            func.coalesce(FileRow.received_at, SubmissionRow.submitted_at) >= since,
            FileRow.original_sha256 == "",
        )
    )
    return int(session.scalar(query) or 0)


def count_open(session: Session, project_id: str, states: Iterable[State]) -> int:
    """Count the project's submissions in these states."""
    query = select(func.count()).where(
        SubmissionRow.project_id == project_id, SubmissionRow.state.in_([state.value for state in states])
    )
    return int(session.scalar(query) or 0)
