"""What became of a submission, round by round; and the incidents of the installation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.airlock import file_store, store
from orchestrator.airlock.cases import store as case_store
from orchestrator.airlock.cases.model import Case, CaseKind, History, Incident, Round
from orchestrator.airlock.cases.rows import CaseRow, RoundRow
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import File, Finding, Review, Severity, State, Submission, Verdict
from orchestrator.airlock.release import store as release_store
from orchestrator.airlock.rules import DECIDED
from orchestrator.policy.model import SITE, Actor

from . import store as review_store
from .reviews import hold_back

__all__ = ["Histories"]

_FOR_CHECKERS = frozenset({CaseKind.CHANGED_VOTE, CaseKind.SETTLEMENT})


class Histories:
    """Rounds, cases and receipts, each shown as far as a person may see them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def history(self, actor: Actor, submission_id: str) -> History:
        """Show every round of a submission with its reviews, its cases, and who collected it."""
        with self._desk.record.read() as session:
            submission = store.load(session, submission_id)
            self._desk.check(actor, "showSubmission", submission)
            author = actor.person_id == submission.author_id
            rounds = self._rounds(session, actor, submission)
            cases = case_store.cases(session, submission_id)
            recipients = release_store.recipients(session, submission_id)
        shown = [_unsaid(case, actor) for case in filter(self._unblinded(actor, submission, rounds), cases)]
        return History(
            submission=submission,
            rounds=rounds,
            cases=tuple(_nameless(case, submission.author_id) if author else case for case in shown),
            recipients=tuple(recipients),
        )

    def _unblinded(self, actor: Actor, submission: Submission, rounds: Iterable[Round]) -> Callable[[Case], bool]:
        """Return what says whether a person may read a case: what checkers say to each other is not for everybody."""
        author = actor.person_id == submission.author_id
        sees = self._sees_round(actor, submission, (each for one in rounds for each in one.reviews))
        return lambda case: case.kind not in _FOR_CHECKERS or (not author and (sees or case.round < submission.round))

    def _sees_round(self, actor: Actor, submission: Submission, reviews: Iterable[Review]) -> bool:
        """Say whether a person reads the present round: it is decided, he handed his review in, or he has to settle."""
        done = any(
            review.person_id == actor.person_id and review.round == submission.round and not review.void
            for review in reviews
        )
        settles = submission.state is State.CONSOLIDATING and self._desk.may(actor, "settleConflict", submission)
        return done or settles or submission.state in DECIDED

    def _rounds(self, session: Session, actor: Actor, submission: Submission) -> tuple[Round, ...]:
        every = file_store.every_file(session, submission.submission_id)
        reviews = review_store.reviews(session, submission.submission_id)
        author = actor.person_id == submission.author_id
        query = select(RoundRow).where(RoundRow.submission_id == submission.submission_id).order_by(RoundRow.round)
        ended = {row.round: row for row in session.scalars(query)}
        sees = self._sees_round(actor, submission, reviews)
        found = []
        for number in sorted({*ended, submission.round}):
            row = ended.get(number)
            own = [review for review in reviews if review.round == number]
            over = number < submission.round
            now = replace(submission, state=State.RETURNED) if over else submission
            found.append(
                Round(
                    number=number,
                    ended_at=None if row is None else row.ended_at,
                    ended_by="" if row is None else row.ended_by,
                    reason="" if row is None else row.reason,
                    files=_files_then(every, row) if row is not None and over else submission.files,
                    reviews=hold_back(now, own, author=author, sees_all=over or sees),
                )
            )
        return tuple(found)

    def incidents(self, actor: Actor) -> list[Incident]:
        """List recalls, holds and altered bytes, newest first; one's own projects' are left out."""
        self._desk.policy.check(self._desk.as_now(actor), "showIncidents", SITE)
        kinds = (CaseKind.RECALL.value, CaseKind.HOLD.value)
        with self._desk.record.read() as session:
            ids = list(session.scalars(select(CaseRow.submission_id).where(CaseRow.kind.in_(kinds)).distinct()))
            altered = store.ids_in(session, State.QUARANTINED)
            found = [incident for each in ids for incident in self._of(session, actor, each)]
            for each in altered:
                submission = store.load(session, each)
                if self._concerns(actor, submission):
                    found.append(Incident(kind="quarantined", submission=submission, case=None))
        return sorted(found, key=_when, reverse=True)

    def _concerns(self, actor: Actor, submission: Submission) -> bool:
        """Say whether somebody who keeps order is told: never the author, who reads his own without names."""
        return actor.person_id != submission.author_id and self._desk.may(actor, "showSubmission", submission)

    def _of(self, session: Session, actor: Actor, submission_id: str) -> list[Incident]:
        submission = store.load(session, submission_id)
        if not self._concerns(actor, submission):
            return []
        recipients = tuple(release_store.recipients(session, submission_id))
        cases = case_store.cases(session, submission_id, CaseKind.RECALL, CaseKind.HOLD)
        return [
            Incident(kind=case.kind.value, submission=submission, case=case, recipients=recipients) for case in cases
        ]


def _when(incident: Incident) -> datetime:
    return incident.submission.entered_at if incident.case is None else incident.case.asked_at


def _unsaid(case: Case, actor: Actor) -> Case:
    """Leave out what others of a panel said before one has said one's own word, or the panel has decided."""
    if case.kind is not CaseKind.APPEAL or case.closed_at is not None:
        return case
    said = any(each.person_id == actor.person_id for each in case.opinions)
    return case if said else replace(case, opinions=())


def _nameless(case: Case, author_id: str) -> Case:
    """Leave out who decided; the author keeps his own name on what he asked himself."""
    return replace(
        case,
        asked_by=case.asked_by if case.asked_by == author_id else "",
        opinions=tuple(replace(each, person_id="") for each in case.opinions),
    )


def _files_then(every: Mapping[str, File], row: RoundRow) -> tuple[File, ...]:
    """Return the files of an ended round with what was found in them then."""
    found = []
    for place, then in enumerate(json.loads(row.files)):
        file = every.get(then["file"])
        if file is not None:
            found.append(_then(file, place, then))
    return tuple(found)


def _then(file: File, place: int, then: Mapping[str, Any]) -> File:
    return replace(
        file,
        position=place,
        binding=then["binding"],
        verdict=None if then["verdict"] is None else Verdict(then["verdict"]),
        findings=tuple(
            Finding(rule=rule, severity=Severity(severity), where=where, message=message, guidance=guidance)
            for rule, severity, where, message, guidance in then["findings"]
        ),
    )
