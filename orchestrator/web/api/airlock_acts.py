"""What goes beyond votes: claims, answers, overrides, settlements, sign-offs, appeals, recalls, holds, counts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from orchestrator.airlock.cases.model import Gravity
from orchestrator.airlock.model import Outcome

from .airlock_case_shapes import (
    AgreeIn,
    CaseOut,
    CountOut,
    DecisionIn,
    HistoryOut,
    IncidentOut,
    PrecedentOut,
    ReasonIn,
    RecallIn,
    ReturnIn,
    SettlementIn,
    StateOut,
    TaskOut,
)
from .airlock_shapes import ClaimOut
from .callers import Caller, Id
from .shapes import Limit, Offset, Page, page_of

__all__ = ["router"]

router = APIRouter(tags=["airlock"])

_Key = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
_Text = Annotated[str, Query(min_length=1, max_length=200)]
_Month = Annotated[str, Query(max_length=7)]


@router.get("/tasks")
def tasks(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[TaskOut]:
    """List what waits for the caller at the airlock, the nearest deadline first."""
    return page_of(TaskOut, caller.house.airlock.tasks(caller.actor), offset, limit)


@router.get("/precedents")
def precedents(caller: Caller, text: _Text, limit: Limit = 50) -> Page[PrecedentOut]:
    """Find what was decided before, by the words of contexts, comments, reasons and findings."""
    return page_of(PrecedentOut, caller.house.airlock.search_precedents(caller.actor, text), 0, limit)


@router.get("/incidents")
def incidents(caller: Caller, offset: Offset = 0, limit: Limit = 50) -> Page[IncidentOut]:
    """List recalls, holds and altered files, newest first."""
    return page_of(IncidentOut, caller.house.airlock.incidents(caller.actor), offset, limit)


@router.get("/metering")
def metering(caller: Caller, month: _Month, offset: Offset = 0, limit: Limit = 200) -> Page[CountOut]:
    """Count the checks of a month (2026-11) by checker and project, from the reviews themselves."""
    return page_of(CountOut, caller.house.airlock.checks(caller.actor, month), offset, limit)


@router.get("/submissions/{submission_id}/history")
def history(caller: Caller, submission_id: Id) -> HistoryOut:
    """Give every round, case and receipt of a submission, as far as the caller may see them."""
    return HistoryOut.model_validate(caller.house.airlock.history(caller.actor, submission_id))


@router.put("/reviews/{submission_id}/claim")
def claim(caller: Caller, submission_id: Id) -> ClaimOut:
    """Say that one is at it, for two days: advice to others, never a lock."""
    return ClaimOut.model_validate(caller.house.airlock.claim(caller.actor, submission_id))


@router.delete("/reviews/{submission_id}/claim", status_code=204, response_class=Response)
def unclaim(caller: Caller, submission_id: Id) -> None:
    """Give one's claim up."""
    caller.house.airlock.unclaim(caller.actor, submission_id)


@router.post("/reviews/{submission_id}/conflict", status_code=204, response_class=Response)
def declare_conflict(caller: Caller, submission_id: Id, body: ReasonIn) -> None:
    """Declare a conflict of interest: one's own review counts no more."""
    caller.house.airlock.declare_conflict(caller.actor, submission_id, reason=body.reason)


@router.put("/reviews/{submission_id}/files/{file_id}/findings/{finding}", status_code=204, response_class=Response)
def answer_finding(caller: Caller, submission_id: Id, file_id: Id, finding: _Key, body: ReasonIn) -> None:
    """Say what one makes of a finding; each flag and block needs it before a review is handed in."""
    caller.house.airlock.answer_finding(caller.actor, submission_id, file_id, finding, comment=body.reason)


@router.post("/reviews/{submission_id}/return", status_code=204, response_class=Response)
def return_early(caller: Caller, submission_id: Id, body: ReturnIn) -> None:
    """Send a submission back before all have reviewed it; the votes of the turn count no more."""
    caller.house.airlock.return_early(caller.actor, submission_id, reason=body.reason, seen=body.seen)


@router.post("/reviews/{submission_id}/settlement", status_code=201)
def settle(caller: Caller, submission_id: Id, body: SettlementIn) -> CaseOut:
    """Decide as SDC lead where checkers disagree."""
    case = caller.house.airlock.settle(
        caller.actor, submission_id, outcome=Outcome(body.outcome), reason=body.reason, seen=body.seen
    )
    return CaseOut.model_validate(case)


@router.post("/submissions/{submission_id}/override", status_code=201)
def ask_override(caller: Caller, submission_id: Id, body: ReasonIn) -> CaseOut:
    """Ask, as the author, that people look at what the checks block."""
    return CaseOut.model_validate(caller.house.airlock.ask_override(caller.actor, submission_id, reason=body.reason))


@router.post("/submissions/{submission_id}/override/decision")
def decide_override(caller: Caller, submission_id: Id, body: DecisionIn) -> StateOut:
    """Let blocked files go to review as SDC lead, or send the submission back."""
    state = caller.house.airlock.decide_override(
        caller.actor, submission_id, accept=body.yes, reason=body.reason, seen=body.seen
    )
    return StateOut(state=state.value)


@router.post("/submissions/{submission_id}/sign-off")
def sign_off(caller: Caller, submission_id: Id, body: AgreeIn) -> StateOut:
    """Agree to a release as an officer of a custodian that asks for it, or send it back."""
    state = caller.house.airlock.sign_off(
        caller.actor,
        submission_id,
        agree=body.yes,
        reason=body.reason,
        custodian_id=body.custodian_id,
        seen=body.seen,
    )
    return StateOut(state=state.value)


@router.post("/submissions/{submission_id}/appeal", status_code=201)
def appeal(caller: Caller, submission_id: Id, body: ReasonIn) -> CaseOut:
    """Appeal as the author against a rejection, once and within 30 days."""
    return CaseOut.model_validate(caller.house.airlock.appeal(caller.actor, submission_id, reason=body.reason))


@router.post("/submissions/{submission_id}/appeal/decision")
def decide_appeal(caller: Caller, submission_id: Id, body: DecisionIn) -> StateOut:
    """Say one's word on an appeal, as one who never judged this submission."""
    state = caller.house.airlock.decide_appeal(
        caller.actor, submission_id, uphold=body.yes, reason=body.reason, seen=body.seen
    )
    return StateOut(state=state.value)


@router.post("/submissions/{submission_id}/recall", status_code=201)
def recall(caller: Caller, submission_id: Id, body: RecallIn) -> CaseOut:
    """Ask that released files be taken back: nothing is handed out from this moment."""
    case = caller.house.airlock.recall(
        caller.actor, submission_id, reason=body.reason, gravity=Gravity(body.gravity), files=body.files
    )
    return CaseOut.model_validate(case)


@router.post("/submissions/{submission_id}/recall/decision")
def confirm_recall(caller: Caller, submission_id: Id, body: DecisionIn) -> StateOut:
    """Confirm a recall as the second person, or dismiss it."""
    state = caller.house.airlock.confirm_recall(
        caller.actor, submission_id, confirm=body.yes, reason=body.reason, seen=body.seen
    )
    return StateOut(state=state.value)


@router.put("/submissions/{submission_id}/hold", status_code=204, response_class=Response)
def hold(caller: Caller, submission_id: Id, body: ReasonIn) -> None:
    """Stop a submission and its links, as an operator, because of an incident."""
    caller.house.airlock.hold(caller.actor, submission_id, reason=body.reason)


@router.post("/submissions/{submission_id}/hold/end", status_code=204, response_class=Response)
def let_go(caller: Caller, submission_id: Id, body: ReasonIn) -> None:
    """Let a submission go on that an operator held."""
    caller.house.airlock.let_go(caller.actor, submission_id, reason=body.reason)
