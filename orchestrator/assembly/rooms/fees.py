"""Fees, opened: the meter that reads what other rooms recorded, and the budget that can stop a project."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from orchestrator.access.service import AccessService
from orchestrator.access.store import MembershipRow
from orchestrator.airlock.rows import ReviewRow, SubmissionRow
from orchestrator.audit.record import Record
from orchestrator.billing.request import Usage
from orchestrator.billing.rules import month_bounds
from orchestrator.billing.service import BillingService
from orchestrator.core.clock import Clock
from orchestrator.policy.service import Policy
from orchestrator.workspaces.store import SessionRow

__all__ = ["RecordMeter", "open_billing"]

_HOUR = 3600


class RecordMeter:
    """Counts checks, hours and members from the record itself, so that no counter can drift from it.

    ``checks`` are rounds of a submission that people reviewed, counted for the author in the month of the first
    review that still counts. ``workspace-hours`` are hours begun of each person's sessions in a month, those of
    programs that were run again for checkers left out. ``user-months`` are people who were members on any day of it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def usage(self, session: Session, project_id: str, month: str) -> list[Usage]:
        """Return what a project used in a month (UTC), until now where it is not over."""
        first, after = (datetime.combine(day, time(), UTC) for day in month_bounds(month))
        until = min(after, self._clock())
        if until <= first:
            return []
        counted = {
            "checks": _checks(session, project_id, first, until),
            "workspace-hours": _hours(session, project_id, first, until),
            "user-months": _members(session, project_id, first, until),
        }
        return [
            Usage(of=of, quantity=number, month=month, user=person)
            for of, people in counted.items()
            for person, number in sorted(people.items())
        ]


def _checks(session: Session, project_id: str, first: datetime, until: datetime) -> Counter[str]:
    begun = func.min(ReviewRow.submitted_at)
    query = (
        select(SubmissionRow.author_id)
        .join(ReviewRow, ReviewRow.submission_id == SubmissionRow.submission_id)
        .where(SubmissionRow.project_id == project_id, ReviewRow.void.is_(False))
        .group_by(SubmissionRow.submission_id, ReviewRow.round, SubmissionRow.author_id)
        .having(begun >= first, begun < until)
    )
    return Counter(session.scalars(query))


def _hours(session: Session, project_id: str, first: datetime, until: datetime) -> Counter[str]:
    query = select(SessionRow).where(
        SessionRow.project_id == project_id,
        SessionRow.replay_of.is_(None),
        SessionRow.started_at < until,
        (SessionRow.ended_at.is_(None)) | (SessionRow.ended_at > first),
    )
    seconds: Counter[str] = Counter()
    for row in session.scalars(query):
        end = min(row.ended_at or until, until)
        seconds[row.person_id] += max(0, int((end - max(row.started_at, first)).total_seconds()))
    return Counter({person: -(-number // _HOUR) for person, number in seconds.items() if number})


def _members(session: Session, project_id: str, first: datetime, until: datetime) -> Counter[str]:
    query = select(MembershipRow).where(MembershipRow.project_id == project_id, MembershipRow.since < until)
    people: Counter[str] = Counter()
    for row in session.scalars(query):
        ends = [moment for moment in (row.until, row.ended_at) if moment is not None]
        if not ends or min(ends) > first:
            people[row.person_id] = 1
    return people


def open_billing(record: Record, policy: Policy, access: AccessService) -> BillingService:
    """Open fees on the record; a budget that is used up stops its project, one goes on only as far as was ordered."""
    billing = BillingService(record=record, policy=policy, meter=RecordMeter(record.clock))
    access.stops.append(billing.stops)
    access.beyond_orders = billing.beyond_orders
    return billing
