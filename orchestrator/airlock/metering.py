"""Metering: every handed-in review is one check, counted by person, project, custodians and month.

There is no counter: each count is a query over the reviews themselves, so that it cannot drift from the record.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from orchestrator.core.errors import Invalid
from orchestrator.policy.model import SITE, Actor

from .desk import Desk
from .rows import ReviewRow, SubmissionRow, VoteRow

__all__ = ["CheckCount", "Metering"]

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, kw_only=True)
class CheckCount:
    """What one checker did for one project in one month (UTC).

    ``checks`` are handed-in reviews, ``void`` those among them that later counted no more, ``files`` the votes in them
    that were given anew; ``custodians`` are those whose data the project holds or held, by identifier.
    """

    month: str
    person_id: str
    project_id: str
    custodians: tuple[str, ...]
    checks: int
    void: int
    files: int


class Metering:
    """Counts for any fee schedule: what a check costs, and who pays for it, is for others to say."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def checks(self, actor: Actor, month: str) -> list[CheckCount]:
        """Count the checks of a month (``2026-11``): all for an operator, an officer's for his custodians' data."""
        first, after = _bounds(month)
        current = self._desk.as_now(actor)
        self._desk.policy.check(current, "meterChecks", SITE)
        with self._desk.record.read() as session:
            rows = _counted(session, first, after)
        custodians = {project: self._custodians(project) for project in {row[1] for row in rows}}
        sees_all = "operator" in current.roles
        return [
            CheckCount(
                month=month,
                person_id=person,
                project_id=project,
                custodians=custodians[project],
                checks=checks,
                void=void,
                files=files,
            )
            for person, project, checks, void, files in rows
            if sees_all or current.custodians & set(custodians[project])
        ]

    def _custodians(self, project_id: str) -> tuple[str, ...]:
        return tuple(sorted(term.custodian_id for term in self._desk.governance.terms(project_id)))


def _bounds(month: str) -> tuple[datetime, datetime]:
    read = _MONTH.fullmatch(month)
    if read is None or not 1 <= int(read[1]) < 9999:
        raise Invalid(f"“{month[:20]}” is not a month; write it as YYYY-MM, such as 2026-11.", field="month")
    year, number = int(read[1]), int(read[2])
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    return datetime(year, number, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)


def _counted(session: Session, first: datetime, after: datetime) -> list[tuple[str, str, int, int, int]]:
    """Return checker, project, reviews, void ones, votes given anew; by checker and project."""
    within = (ReviewRow.submitted_at >= first, ReviewRow.submitted_at < after)
    reviews = session.execute(
        select(ReviewRow.person_id, SubmissionRow.project_id, ReviewRow.void, func.count())
        .join(SubmissionRow, SubmissionRow.submission_id == ReviewRow.submission_id)
        .where(*within)
        .group_by(ReviewRow.person_id, SubmissionRow.project_id, ReviewRow.void)
    )
    votes = session.execute(
        select(ReviewRow.person_id, SubmissionRow.project_id, func.count())
        .join(SubmissionRow, SubmissionRow.submission_id == ReviewRow.submission_id)
        .join(
            VoteRow,
            (VoteRow.submission_id == ReviewRow.submission_id)
            & (VoteRow.round == ReviewRow.round)
            & (VoteRow.person_id == ReviewRow.person_id),
        )
        .where(*within, VoteRow.carried_from.is_(None))
        .group_by(ReviewRow.person_id, SubmissionRow.project_id)
    )
    counts: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for person, project, void, number in reviews:
        counts[person, project][0] += number
        counts[person, project][1] += number if void else 0
    for person, project, number in votes:
        counts[person, project][2] = number
    return [(person, project, *found) for (person, project), found in sorted(counts.items())]  # type: ignore[misc]
