"""Cases, claims, conflicts, answers and ended rounds in the record. Every write hands its ``Event`` to the change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from orchestrator.airlock.model import Answer, Claim
from orchestrator.audit.record import Change
from orchestrator.core.errors import Conflict
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id

from .model import Case, CaseKind, CaseOutcome, Opinion
from .rows import AnswerRow, CaseRow, ClaimRow, ConflictRow, OpinionRow

__all__ = [
    "add_opinion",
    "answers",
    "cases",
    "claims",
    "close_case",
    "conflicted",
    "declare_conflict",
    "drop_claim",
    "lapse_open",
    "open_case",
    "overrides",
    "put_answer",
    "put_case",
    "put_claim",
]


def put_case(change: Change, case: Case, *, event: Event) -> Case:
    """Keep a new case, with the opinions it has already."""
    change.session.add(
        CaseRow(
            case_id=case.case_id,
            submission_id=case.submission_id,
            round=case.round,
            kind=case.kind.value,
            asked_by=case.asked_by,
            asked_at=case.asked_at,
            reason=case.reason,
            detail=case.detail,
            covers=json.dumps(case.covers),
            outcome=case.outcome.value,
            closed_at=case.closed_at,
        )
    )
    change.session.flush()
    for opinion in case.opinions:
        _put_opinion(change, case.case_id, opinion)
    change.tell(event)
    change.session.flush()
    return case


def add_opinion(change: Change, case: Case, opinion: Opinion, *, event: Event) -> Case:
    """Keep one more word on an open case; a second word of the same person is a conflict."""
    if any(each.person_id == opinion.person_id for each in case.opinions):
        raise Conflict("You have said your word on this already.")
    _put_opinion(change, case.case_id, opinion)
    change.tell(event)
    change.session.flush()
    return replace(case, opinions=(*case.opinions, opinion))


def _put_opinion(change: Change, case_id: str, opinion: Opinion) -> None:
    change.session.add(
        OpinionRow(
            opinion_id=new_id(),
            case_id=case_id,
            person_id=opinion.person_id,
            yes=opinion.yes,
            reason=opinion.reason,
            said_at=opinion.said_at,
        )
    )


def close_case(change: Change, case: Case, outcome: CaseOutcome, *, at: datetime, event: Event) -> Case:
    """End an open case; ``Conflict`` when somebody else did first."""
    row = change.session.get(CaseRow, case.case_id)
    if row is None or row.outcome != CaseOutcome.OPEN.value:
        raise Conflict("Somebody else decided this first; look at it again.")
    row.outcome, row.closed_at = outcome.value, at
    change.tell(event)
    change.session.flush()
    return replace(case, outcome=outcome, closed_at=at)


def lapse_open(change: Change, submission_id: str, *, at: datetime) -> None:
    """End what was asked and not decided, because the submission went on; a hold stays. The caller's event says why."""
    change.session.execute(
        update(CaseRow)
        .where(
            CaseRow.submission_id == submission_id,
            CaseRow.outcome == CaseOutcome.OPEN.value,
            CaseRow.kind != CaseKind.HOLD.value,
        )
        .values(outcome=CaseOutcome.LAPSED.value, closed_at=at)
    )


def cases(session: Session, submission_id: str, *kinds: CaseKind) -> list[Case]:
    """Return the cases of a submission, oldest first."""
    query = select(CaseRow).where(CaseRow.submission_id == submission_id)
    if kinds:
        query = query.where(CaseRow.kind.in_([kind.value for kind in kinds]))
    rows = list(session.scalars(query.order_by(CaseRow.asked_at, CaseRow.case_id)))
    return _with_opinions(session, rows)


def open_case(session: Session, submission_id: str, kind: CaseKind, *, detail: str | None = None) -> Case | None:
    """Return the newest open case of a kind, where there is one."""
    found = [
        case
        for case in cases(session, submission_id, kind)
        if case.outcome is CaseOutcome.OPEN and (detail is None or case.detail == detail)
    ]
    return found[-1] if found else None


def overrides(found: Iterable[Case]) -> frozenset[str]:
    """Return the bindings that an accepted override covers."""
    return frozenset(
        binding
        for case in found
        if case.kind is CaseKind.OVERRIDE and case.outcome is CaseOutcome.ACCEPTED
        for binding in case.covers
    )


def _with_opinions(session: Session, rows: Sequence[CaseRow]) -> list[Case]:
    said: dict[str, list[Opinion]] = {row.case_id: [] for row in rows}
    if said:
        query = select(OpinionRow).where(OpinionRow.case_id.in_(list(said)))
        for each in session.scalars(query.order_by(OpinionRow.said_at, OpinionRow.opinion_id)):
            said[each.case_id].append(
                Opinion(person_id=each.person_id, yes=each.yes, reason=each.reason, said_at=each.said_at)
            )
    return [_case(row, said[row.case_id]) for row in rows]


def _case(row: CaseRow, said: Sequence[Opinion]) -> Case:
    return Case(
        case_id=row.case_id,
        submission_id=row.submission_id,
        round=row.round,
        kind=CaseKind(row.kind),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        reason=row.reason,
        detail=row.detail,
        covers=tuple(json.loads(row.covers)),
        outcome=CaseOutcome(row.outcome),
        closed_at=row.closed_at,
        opinions=tuple(said),
    )


def put_claim(change: Change, submission_id: str, claim: Claim, *, event: Event) -> None:
    """Keep a claim; an earlier one of the same person is replaced."""
    row = change.session.get(ClaimRow, (submission_id, claim.person_id))
    if row is None:
        row = ClaimRow(submission_id=submission_id, person_id=claim.person_id)
        change.session.add(row)
    row.claimed_at, row.until = claim.claimed_at, claim.until
    change.tell(event)


def drop_claim(change: Change, submission_id: str, person_id: str, *, event: Event) -> None:
    """Give a claim up; without one nothing happens, and nothing is told."""
    row = change.session.get(ClaimRow, (submission_id, person_id))
    if row is not None:
        change.session.delete(row)
        change.tell(event)


def claims(session: Session, submission_id: str, *, now: datetime) -> tuple[Claim, ...]:
    """Return the claims that have not run out, oldest first."""
    query = select(ClaimRow).where(ClaimRow.submission_id == submission_id, ClaimRow.until > now)
    return tuple(
        Claim(person_id=row.person_id, claimed_at=row.claimed_at, until=row.until)
        for row in session.scalars(query.order_by(ClaimRow.claimed_at, ClaimRow.person_id))
    )


def declare_conflict(
    change: Change, submission_id: str, person_id: str, reason: str, *, at: datetime, event: Event
) -> None:
    """Keep a declared conflict of interest; a second declaration changes nothing."""
    if change.session.get(ConflictRow, (submission_id, person_id)) is None:
        change.session.add(ConflictRow(submission_id=submission_id, person_id=person_id, reason=reason, declared_at=at))
    change.tell(event)
    change.session.flush()


def conflicted(session: Session, submission_id: str) -> frozenset[str]:
    """Return who declared a conflict of interest."""
    return frozenset(session.scalars(select(ConflictRow.person_id).where(ConflictRow.submission_id == submission_id)))


def put_answer(change: Change, submission_id: str, answer: Answer, *, event: Event) -> None:
    """Keep a checker's words on a finding; earlier words of the same round are replaced."""
    row = change.session.scalar(
        select(AnswerRow).where(
            AnswerRow.file_id == answer.file_id,
            AnswerRow.person_id == answer.person_id,
            AnswerRow.round == answer.round,
            AnswerRow.finding == answer.finding,
        )
    )
    if row is None:
        row = AnswerRow(
            answer_id=new_id(),
            submission_id=submission_id,
            file_id=answer.file_id,
            person_id=answer.person_id,
            round=answer.round,
            finding=answer.finding,
        )
        change.session.add(row)
    row.comment, row.binding, row.answered_at = answer.comment, answer.binding, answer.answered_at
    change.tell(event)
    change.session.flush()


def answers(session: Session, submission_id: str) -> list[Answer]:
    """Return everybody's words on findings, of every round; they count where the file still has their binding."""
    query = select(AnswerRow).where(AnswerRow.submission_id == submission_id)
    return [
        Answer(
            file_id=row.file_id,
            person_id=row.person_id,
            round=row.round,
            finding=row.finding,
            comment=row.comment,
            binding=row.binding,
            answered_at=row.answered_at,
        )
        for row in session.scalars(query.order_by(AnswerRow.answered_at, AnswerRow.answer_id))
    ]
