"""What is charged by use is counted from the record itself: checks, hours of sessions, members of a month."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from orchestrator.access.store import MembershipRow
from orchestrator.airlock.rows import ReviewRow, SubmissionRow
from orchestrator.assembly.rooms.fees import RecordMeter, open_billing
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.ids import new_id
from orchestrator.policy.service import Policy
from orchestrator.workspaces.model import SessionState
from orchestrator.workspaces.store import SessionRow

PROJECT = "paaaaaaaaaaaaaaa"


@pytest.fixture
def session(record: Record):
    """A session in which only the counted tables are filled: foreign keys would be checked at the commit, if any."""
    with record.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        with Session(connection) as session:
            yield session


def meter(session: Session, month: str, *, now: str = "2030-01-01") -> dict[tuple[str, str], int]:
    clock = FixedClock(at(now))
    return {(each.of, each.user): each.quantity for each in RecordMeter(clock).usage(session, PROJECT, month)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def submitted(session: Session, author: str, *reviews: tuple[int, str, bool], project: str = PROJECT) -> None:
    """One submission with reviews: round, moment, whether it counts no more."""
    now, submission = at("2026-11-01"), new_id()
    session.add(
        SubmissionRow(
            submission_id=submission,
            project_id=project,
            session_id=new_id(),
            author_id=author,
            title="Counts",
            state="in-review",
            submitted_at=now,
            entered_at=now,
        )
    )
    for number, moment, void in reviews:
        session.add(
            ReviewRow(
                review_id=new_id(),
                submission_id=submission,
                round=number,
                person_id=new_id(),
                submitted_at=at(moment),
                outcome="approve",
                void=void,
            )
        )
    session.flush()


def worked(session: Session, person: str, start: str, end: str | None, *, replay: bool = False) -> None:
    session.add(
        SessionRow(
            session_id=new_id(),
            project_id=PROJECT,
            person_id=person,
            state=SessionState.RUNNING if end is None else SessionState.ENDED,
            started_at=at(start),
            ended_at=None if end is None else at(end),
            active_at=at(start),
            replay_of=new_id() if replay else None,
        )
    )
    session.flush()


def belongs(session: Session, person: str, since: str, until: str | None = None, ended: str | None = None) -> None:
    session.add(
        MembershipRow(
            membership_id=new_id(),
            project_id=PROJECT,
            person_id=person,
            role="researcher",
            since=at(since),
            until=None if until is None else at(until),
            ended_at=None if ended is None else at(ended),
        )
    )
    session.flush()


def test_a_round_that_people_reviewed_is_one_check_of_its_author_however_many_reviewed_it(session: Session) -> None:
    submitted(session, "ann", (1, "2026-11-02", False), (1, "2026-11-03", False), (2, "2026-11-30T23:59:59", False))
    submitted(session, "ann", (1, "2026-12-01", False))
    submitted(session, "bob", (1, "2026-11-05", True))
    submitted(session, "bob")
    submitted(session, "bob", (1, "2026-11-05", False), project="another")
    assert meter(session, "2026-11") == {("checks", "ann"): 2}
    assert meter(session, "2026-12") == {("checks", "ann"): 1}


def test_a_check_belongs_to_the_month_of_its_first_review_that_counts(session: Session) -> None:
    submitted(session, "ann", (1, "2026-10-31", True), (1, "2026-11-30", False), (1, "2026-12-01", False))
    assert [("checks", "ann") in meter(session, month) for month in ("2026-10", "2026-11", "2026-12")] == [
        False,
        True,
        False,
    ]


def test_hours_are_those_begun_of_each_person_within_the_month(session: Session) -> None:
    worked(session, "ann", "2026-11-30T22:30", "2026-12-01T01:10")
    worked(session, "ann", "2026-11-01T00:00", "2026-11-01T00:40")
    worked(session, "bob", "2026-11-15T10:00", "2026-11-15T11:00")
    worked(session, "bob", "2026-11-16T10:00", "2026-11-16T18:00", replay=True)
    assert meter(session, "2026-11") == {("workspace-hours", "ann"): 3, ("workspace-hours", "bob"): 1}
    assert meter(session, "2026-12") == {("workspace-hours", "ann"): 2}


def test_a_session_that_goes_on_is_counted_until_now_and_over_the_end_of_a_month(session: Session) -> None:
    worked(session, "ann", "2028-02-28T23:00", None)
    assert meter(session, "2028-02", now="2028-02-29T01:30") == {("workspace-hours", "ann"): 3}
    assert meter(session, "2028-02", now="2028-03-05") == {("workspace-hours", "ann"): 25}
    assert meter(session, "2028-03", now="2028-03-01T00:10") == {("workspace-hours", "ann"): 1}
    assert meter(session, "2028-04", now="2028-03-05") == {}


def test_a_member_of_any_day_of_a_month_is_one_month_of_a_user(session: Session) -> None:
    belongs(session, "ann", "2026-11-30")
    belongs(session, "bob", "2026-01-01", ended="2026-11-01")
    belongs(session, "cyd", "2026-01-01", until="2026-11-02")
    belongs(session, "dan", "2026-12-01")
    belongs(session, "eve", "2026-01-01", ended="2026-11-03")
    belongs(session, "eve", "2026-11-20")
    assert meter(session, "2026-11") == {("user-months", name): 1 for name in ("ann", "cyd", "eve")}


def test_leap_days_belong_to_their_month(session: Session) -> None:
    worked(session, "ann", "2028-02-29T10:00", "2028-02-29T10:01")
    assert meter(session, "2028-02") == {("workspace-hours", "ann"): 1}
    assert meter(session, "2028-03") == {}


def test_a_budget_is_asked_whenever_a_project_is_judged(record: Record, policy: Policy) -> None:
    access = SimpleNamespace(stops=[])
    billing = open_billing(record, policy, access)  # type: ignore[arg-type]
    assert access.stops == [billing.stops]
    with record.read() as session:
        assert billing.stops(session, "aaaaaaaaaaaaaaaa") == []
