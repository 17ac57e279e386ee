"""Sign-off: where a custodian's terms ask for it, one of its officers agrees to each release, or sends it back."""

from __future__ import annotations

from sqlalchemy.orm import Session

from orchestrator.airlock import store
from orchestrator.airlock.desk import Desk
from orchestrator.airlock.model import State, Submission
from orchestrator.airlock.rules import check_moves, check_words
from orchestrator.airlock.states import Action
from orchestrator.audit.record import Change
from orchestrator.core.errors import Invalid, NotPossible, Refused
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor

from . import store as case_store
from .model import Case, CaseKind, CaseOutcome, Opinion

__all__ = ["SignOffs", "ask_where_needed", "missing"]

_ACTOR = "system:airlock"


def missing(desk: Desk, session: Session, submission: Submission) -> list[str]:
    """List the custodians whose agreement to exactly these files, by an officer who may still give it, is missing."""
    found = case_store.cases(session, submission.submission_id, CaseKind.SIGN_OFF)
    covers = tuple(sorted(file.binding for file in submission.outputs))
    agreed = {
        case.detail
        for case in found
        if case.outcome is CaseOutcome.ACCEPTED
        and case.round == submission.round
        and case.covers == covers
        and all(_may_sign(desk, each.person_id, case.detail, submission) for each in case.opinions)
    }
    return [each for each in _signers(desk, submission) if each not in agreed]


def _signers(desk: Desk, submission: Submission) -> list[str]:
    return sorted(term.custodian_id for term in desk.governance.terms(submission.project_id) if term.release_signoff)


def _may_sign(desk: Desk, person_id: str, custodian_id: str, submission: Submission) -> bool:
    officer = desk.governance.actor(person_id)
    return custodian_id in officer.custodians and desk.may(officer, "signOffRelease", submission)


def ask_where_needed(desk: Desk, change: Change, submission: Submission) -> Submission:
    """Ask every custodian whose agreement is missing; without one the approved submission stays as it is."""
    wanted = missing(desk, change.session, submission)
    if not wanted:
        return submission
    now = desk.record.clock()
    event = _event("submission.sign-off-asked", _ACTOR, submission, custodians=wanted)
    moved = store.move(change, submission, Action.ASK_SIGN_OFF, at=now, event=event)
    for custodian_id in wanted:
        case = Case(
            case_id=new_id(),
            submission_id=moved.submission_id,
            round=moved.round,
            kind=CaseKind.SIGN_OFF,
            asked_by=_ACTOR,
            asked_at=now,
            reason="The custodian’s terms ask for its agreement to each release.",
            detail=custodian_id,
            covers=tuple(sorted(file.binding for file in moved.outputs)),
        )
        asked = _event("sign-off.asked", _ACTOR, moved, custodians=[custodian_id], case=case.case_id)
        case_store.put_case(change, case, event=asked)
        officers = desk.governance.officers(custodian_id)
        desk.tell_those_who_may(change, moved, "signOffRelease", "submission.sign-off", among=officers)
    return moved


class SignOffs:
    """What custodians' officers do."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def sign_off(
        self,
        actor: Actor,
        submission_id: str,
        *,
        agree: bool,
        reason: str = "",
        custodian_id: str | None = None,
        seen: int,
    ) -> State:
        """Agree to the release for one custodian, or send it back with a reason; the last yes lets it go on."""
        if not agree:
            reason = check_words(reason, field="reason", ask="Say why this may not leave, for the author.")
        with self._desk.record.change() as change:
            submission = store.load(change.session, submission_id)
            self._desk.check(actor, "signOffRelease", submission)
            check_moves(submission, Action.SIGN_OFF if agree else Action.REFUSE_SIGN_OFF)
            store.check_seen(submission, seen)
            case = self._case(change, actor, submission, custodian_id)
            now = self._desk.record.clock()
            opinion = Opinion(person_id=actor.person_id, yes=agree, reason=reason.strip(), said_at=now)
            kind = "sign-off.given" if agree else "sign-off.refused"
            told = _event(kind, actor.person_id, submission, custodians=[case.detail], case=case.case_id)
            case = case_store.add_opinion(change, case, opinion, event=told)
            outcome = CaseOutcome.ACCEPTED if agree else CaseOutcome.REFUSED
            closed = _event("sign-off.closed", actor.person_id, submission, custodians=[case.detail], case=case.case_id)
            case_store.close_case(change, case, outcome, at=now, event=closed)
            return self._go_on(change, actor, submission, agree=agree, reason=reason)

    def _case(self, change: Change, actor: Actor, submission: Submission, custodian_id: str | None) -> Case:
        mine = self._desk.governance.actor(actor.person_id).custodians
        if custodian_id is not None and custodian_id not in mine:
            raise Refused("You do not speak for this custodian.")
        known = case_store.cases(change.session, submission.submission_id, CaseKind.SIGN_OFF)
        open_cases = [case for case in known if case.outcome is CaseOutcome.OPEN and case.detail in mine]
        if custodian_id is not None:
            open_cases = [case for case in open_cases if case.detail == custodian_id]
        if not open_cases:
            raise NotPossible("No agreement of your custodian is waited for.")
        if len(open_cases) > 1:
            raise Invalid("You speak for several custodians that are asked: say for which.", field="custodian_id")
        return open_cases[0]

    def _go_on(self, change: Change, actor: Actor, submission: Submission, *, agree: bool, reason: str) -> State:
        now = self._desk.record.clock()
        if not agree:
            event = _event("submission.sign-off-refused", actor.person_id, submission)
            moved = store.move(change, submission, Action.REFUSE_SIGN_OFF, at=now, event=event, reason=reason)
            self._desk.tell_author(change, moved, "submission.returned")
            return moved.state
        if missing(self._desk, change.session, submission):
            store.touch(change, submission)
            return submission.state
        event = _event("submission.signed-off", actor.person_id, submission)
        return store.move(change, submission, Action.SIGN_OFF, at=now, event=event).state


def _event(
    kind: str, actor: str, submission: Submission, *, custodians: list[str] | None = None, case: str = ""
) -> Event:
    return Event(
        kind=kind,
        actor=actor,
        subject=f"submission:{submission.submission_id}",
        details={"round": submission.round, "custodians": list(custodians or []), "case": case},
    )
