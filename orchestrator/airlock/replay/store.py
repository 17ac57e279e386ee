"""Reads and writes replays. Every write hands its ``Event`` to the change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.audit.record import Change
from orchestrator.core.errors import NotFound
from orchestrator.core.events import Event

from .model import REPLAY_STATES, Replay, Replayed, ReplayState
from .rows import ReplayedFileRow, ReplayRow

__all__ = ["add", "add_made", "again", "in_states", "known_hashes", "latest", "move", "of_session", "row_of"]


def add(change: Change, replay: Replay, *, event: Event) -> None:
    """Keep a new replay."""
    change.session.add(
        ReplayRow(
            submission_id=replay.submission_id,
            round=replay.round,
            project_id=replay.project_id,
            author_id=replay.author_id,
            session_id=replay.session_id,
            program=replay.program,
            state=replay.state.value,
            entered_at=replay.entered_at,
            deadline=replay.deadline,
        )
    )
    change.session.flush()
    change.tell(event)


def again(session: Session, replay: Replay) -> Replay:
    """Return a replay as it stands now."""
    return _replay(session, row_of(session, replay))


def latest(session: Session, submission_id: str) -> Replay | None:
    """Return the newest replay of a submission, whatever round it was of."""
    query = select(ReplayRow).where(ReplayRow.submission_id == submission_id).order_by(ReplayRow.round.desc()).limit(1)
    row = session.scalars(query).first()
    return None if row is None else _replay(session, row)


def of_session(session: Session, replay_session_id: str) -> Replay | None:
    """Return the replay that runs in this session."""
    row = session.scalars(select(ReplayRow).where(ReplayRow.replay_session_id == replay_session_id)).first()
    return None if row is None else _replay(session, row)


def in_states(session: Session, *states: ReplayState) -> list[Replay]:
    """List replays in these states, oldest first."""
    wanted = [state.value for state in states]
    rows = session.scalars(select(ReplayRow).where(ReplayRow.state.in_(wanted)).order_by(ReplayRow.entered_at))
    return [_replay(session, row) for row in rows]


def move(change: Change, replay: Replay, action: str, *, at: datetime, event: Event, **noted: str) -> Replay:
    """Take a step; ``NotPossible`` when the state does not permit it. ``noted`` are further columns."""
    row = row_of(change.session, replay)
    target = REPLAY_STATES.after(ReplayState(row.state), action)
    row.state, row.entered_at, row.deadline = target.value, at, REPLAY_STATES.deadline(target, at)
    for name, value in noted.items():
        setattr(row, name, value)
    change.session.flush()
    change.tell(event)
    return _replay(change.session, row)


def row_of(session: Session, replay: Replay) -> ReplayRow:
    """Return the row of a replay."""
    row = session.get(ReplayRow, (replay.submission_id, replay.round))
    if row is None:
        raise NotFound("This round of the submission has no replay.")
    return row


def add_made(change: Change, replay: Replay, made: Iterable[Replayed]) -> None:
    """Keep what a replay made; the caller's event says so."""
    change.session.add_all(
        ReplayedFileRow(
            submission_id=replay.submission_id, round=replay.round, name=each.name, size=each.size, sha256=each.sha256
        )
        for each in made
    )
    change.session.flush()


def known_hashes(session: Session) -> set[str]:
    """Return the hash of every frozen file that some replay made."""
    return set(session.scalars(select(ReplayedFileRow.sha256).distinct()))


def _replay(session: Session, row: ReplayRow) -> Replay:
    query = (
        select(ReplayedFileRow)
        .where(ReplayedFileRow.submission_id == row.submission_id, ReplayedFileRow.round == row.round)
        .order_by(ReplayedFileRow.name)
    )
    return Replay(
        submission_id=row.submission_id,
        round=row.round,
        project_id=row.project_id,
        author_id=row.author_id,
        session_id=row.session_id,
        program=row.program,
        state=ReplayState(row.state),
        entered_at=row.entered_at,
        deadline=row.deadline,
        replay_session_id=row.replay_session_id,
        trouble=row.trouble,
        environment=row.environment,
        made=tuple(Replayed(name=each.name, size=each.size, sha256=each.sha256) for each in session.scalars(query)),
    )
