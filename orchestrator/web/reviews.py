"""The desk of whoever judges results: what waits, with age, claims, deadline, findings, and whose data it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.airlock.model import Claim, Severity, Submission, View

from .lineage import Lineage, datasets_of, lineage_of
from .pages import page
from .visits import Visit, signed_in

__all__ = ["router"]

router = APIRouter()

_SOON = timedelta(days=3)
_ORDERS = {
    "deadline": "nearest deadline",
    "age": "longest waiting",
    "findings": "worst finding",
    "reviews": "fewest reviews missing",
    "title": "title",
}
_SHOWN = {"all": "everything", "mine": "claimed by me", "free": "claimed by nobody"}
_ACTS = {
    "submit_review": "Review it",
    "vote": "Agree with the other checkers",
    "settle": "Settle between checkers",
    "decide_override": "Decide the override",
    "sign_off": "Sign off for your custodian",
    "decide_appeal": "Decide the appeal",
    "confirm_recall": "Confirm or dismiss the recall",
    "reject_quarantined": "Look at altered files",
    "": "Handed in; it waits for others",
}
_WEIGHT = {Severity.BLOCK: 0, Severity.FLAG: 1, Severity.NOTE: 2, None: 3}
_LAST = datetime.max.replace(tzinfo=UTC)

_Order = Annotated[str, Query(pattern=f"^({'|'.join(_ORDERS)})$")]
_Shown = Annotated[str, Query(pattern=f"^({'|'.join(_SHOWN)})$")]
_Words = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One row of the desk."""

    act: str
    submission: Submission
    claims: tuple[Claim, ...]
    highest: Severity | None
    lineage: Lineage
    view: View | None
    urgency: str
    """“late” past the deadline, “soon” in the last three days, empty before."""

    @property
    def missing(self) -> int:
        """How many reviews are still needed."""
        return self.submission.checkers_needed - (self.view.reviews_submitted if self.view else 0)

    @property
    def words(self) -> str:
        """Everything a search looks through."""
        datasets = " ".join(datasets_of(self.lineage))
        return f"{self.submission.title} {self.lineage.project.organisation} {datasets}".casefold()


@router.get("/reviews")
def queue(
    request: Request, order: _Order = "deadline", show: _Shown = "all", custodian: _Words = "", q: _Words = ""
) -> Response:
    """List what waits for this person as checker, SDC lead, officer or operator."""
    visit = signed_in(request)
    rows = _rows(visit)
    custodians = sorted({source.custodian_id for row in rows for source in row.lineage.sources})
    return page(
        request,
        "reviews.html",
        title="Results to check",
        rows=_sorted(_kept(rows, visit, show, custodian, q), order),
        total=len(rows),
        acts=_ACTS,
        orders=_ORDERS,
        shown=_SHOWN,
        custodians=custodians,
        asked={"order": order, "show": show, "custodian": custodian, "q": q},
    )


def _rows(visit: Visit) -> list[Waiting]:
    airlock, now = visit.house.airlock, visit.house.record.clock()

    @cache
    def lineage(submission: Submission) -> Lineage:
        return lineage_of(visit, submission)

    views = {view.submission.submission_id: view for view in airlock.queue(visit.actor)}
    rows = {
        task.submission.submission_id: Waiting(
            act=task.act,
            submission=task.submission,
            claims=task.claims,
            highest=task.highest,
            lineage=lineage(task.submission),
            view=views.get(task.submission.submission_id),
            urgency=_urgency(task.submission, now),
        )
        for task in airlock.tasks(visit.actor)
    }
    for key, view in views.items():
        rows.setdefault(
            key,
            Waiting(
                act="",
                submission=view.submission,
                claims=view.claims,
                highest=_highest(view.submission),
                lineage=lineage(view.submission),
                view=view,
                urgency=_urgency(view.submission, now),
            ),
        )
    return list(rows.values())


def _urgency(submission: Submission, now: datetime) -> str:
    if submission.deadline is None:
        return ""
    if submission.deadline <= now:
        return "late"
    return "soon" if submission.deadline - now <= _SOON else ""


def _highest(submission: Submission) -> Severity | None:
    found = {finding.severity for file in submission.files for finding in file.findings}
    return min(found, key=lambda each: _WEIGHT[each], default=None)


def _kept(rows: Iterable[Waiting], visit: Visit, show: str, custodian: str, words: str) -> list[Waiting]:
    wanted = words.casefold().split()
    return [
        row
        for row in rows
        if (show == "all" or _claimed(row, visit, show))
        and (not custodian or any(source.custodian_id == custodian for source in row.lineage.sources))
        and all(word in row.words for word in wanted)
    ]


def _claimed(row: Waiting, visit: Visit, show: str) -> bool:
    people = {claim.person_id for claim in row.claims}
    return visit.person.person_id in people if show == "mine" else not people


def _sorted(rows: Iterable[Waiting], order: str) -> list[Waiting]:
    by_age = sorted(rows, key=lambda row: row.submission.submitted_at)
    if order == "age":
        return by_age
    if order == "title":
        return sorted(by_age, key=lambda row: row.submission.title.casefold())
    if order == "findings":
        return sorted(by_age, key=lambda row: _WEIGHT[row.highest])
    if order == "reviews":
        return sorted(by_age, key=lambda row: row.missing)
    return sorted(by_age, key=lambda row: row.submission.deadline or _LAST)
