"""The airlock's states as data: who takes which step, who is waited for and until when, what a deadline does."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = ["AIRLOCK_STATES", "AT_DEADLINE", "ROUND_ENDS", "Action", "State", "may_while_held"]


class State(StrEnum):
    """Where a submission stands. Nothing is recorded before every byte is frozen, so FROZEN is the first."""

    FROZEN = "frozen"
    SCANNING = "scanning"
    BLOCKED = "blocked"
    OVERRIDE_ASKED = "override-asked"
    IN_REVIEW = "in-review"
    CONSOLIDATING = "consolidating"
    RETURNED = "returned"
    REJECTED = "rejected"
    APPEALED = "appealed"
    REJECTED_FINALLY = "rejected-finally"
    APPROVED = "approved"
    SIGN_OFF = "sign-off"
    RELEASING = "releasing"
    RELEASED = "released"
    LAPSED = "lapsed"
    RECALL_ASKED = "recall-asked"
    RECALLED = "recalled"
    QUARANTINED = "quarantined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Action(StrEnum):
    """What moves a submission."""

    START_SCAN = "start the scan of"
    SCAN_AGAIN = "scan again"
    BLOCK = "block"
    ASK_OVERRIDE = "ask for an override of"
    ACCEPT_OVERRIDE = "accept the override of"
    DECLINE_OVERRIDE = "decline the override of"
    ASK_REVIEW = "ask review of"
    CONSOLIDATE = "consolidate"
    REOPEN = "reopen the review of"
    RETURN = "return"
    RETURN_EARLY = "return early"
    REVISE = "revise"
    REJECT = "reject"
    APPEAL = "appeal for"
    UPHOLD_APPEAL = "uphold the appeal for"
    DISMISS_APPEAL = "dismiss the appeal for"
    CLOSE = "close"
    APPROVE = "approve"
    ASK_SIGN_OFF = "ask sign-off of"
    SIGN_OFF = "sign off"
    REFUSE_SIGN_OFF = "refuse to sign off"
    VOID = "void the approval of"
    START_RELEASE = "start the release of"
    FINISH_RELEASE = "release"
    QUARANTINE = "quarantine"
    LAPSE = "lapse"
    ISSUE_AGAIN = "issue again"
    ASK_RECALL = "ask the recall of"
    RECALL = "recall"
    RECALL_PART = "recall a part of"
    DISMISS_RECALL = "dismiss the recall of"
    REMIND = "remind of"
    TIME_OUT = "stop waiting for"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


_S, _A = State, Action
_LEAD = "SDC lead"
_SECOND = "second checker or operator"
_STEPS: tuple[tuple[Action, tuple[State, ...], State, str], ...] = (
    (_A.START_SCAN, (_S.FROZEN,), _S.SCANNING, "system"),
    (
        _A.SCAN_AGAIN,
        (_S.SCANNING, _S.IN_REVIEW, _S.CONSOLIDATING, _S.SIGN_OFF, _S.APPROVED),
        _S.FROZEN,
        "system",
    ),
    (_A.BLOCK, (_S.SCANNING,), _S.BLOCKED, "system"),
    (_A.ASK_OVERRIDE, (_S.BLOCKED, _S.IN_REVIEW), _S.OVERRIDE_ASKED, "author"),
    (_A.ACCEPT_OVERRIDE, (_S.OVERRIDE_ASKED,), _S.IN_REVIEW, _LEAD),
    (_A.DECLINE_OVERRIDE, (_S.OVERRIDE_ASKED,), _S.RETURNED, _LEAD),
    (_A.ASK_REVIEW, (_S.SCANNING,), _S.IN_REVIEW, "system"),
    (_A.CONSOLIDATE, (_S.IN_REVIEW,), _S.CONSOLIDATING, "checkers"),
    (_A.REOPEN, (_S.CONSOLIDATING,), _S.IN_REVIEW, "system"),
    (_A.RETURN, (_S.IN_REVIEW,), _S.RETURNED, "checkers"),
    (_A.RETURN, (_S.CONSOLIDATING,), _S.RETURNED, f"checkers or {_LEAD}"),
    (_A.RETURN_EARLY, (_S.IN_REVIEW, _S.CONSOLIDATING), _S.RETURNED, "any checker"),
    (_A.REVISE, (_S.RETURNED, _S.BLOCKED), _S.FROZEN, "author"),
    (_A.REJECT, (_S.IN_REVIEW,), _S.REJECTED, "checkers"),
    (_A.REJECT, (_S.CONSOLIDATING,), _S.REJECTED, f"checkers or {_LEAD}"),
    (_A.APPEAL, (_S.REJECTED,), _S.APPEALED, "author"),
    (_A.UPHOLD_APPEAL, (_S.APPEALED,), _S.IN_REVIEW, "appeal panel"),
    (_A.DISMISS_APPEAL, (_S.APPEALED,), _S.REJECTED_FINALLY, "appeal panel"),
    (_A.CLOSE, (_S.REJECTED,), _S.REJECTED_FINALLY, "system"),
    (_A.CLOSE, (_S.QUARANTINED,), _S.REJECTED_FINALLY, "operator"),
    (_A.APPROVE, (_S.IN_REVIEW,), _S.APPROVED, "checkers"),
    (_A.APPROVE, (_S.CONSOLIDATING,), _S.APPROVED, f"checkers or {_LEAD}"),
    (_A.ASK_SIGN_OFF, (_S.APPROVED,), _S.SIGN_OFF, "system"),
    (_A.SIGN_OFF, (_S.SIGN_OFF,), _S.APPROVED, "custodians"),
    (_A.REFUSE_SIGN_OFF, (_S.SIGN_OFF,), _S.RETURNED, "custodians"),
    (_A.VOID, (_S.APPROVED, _S.SIGN_OFF, _S.RELEASING), _S.IN_REVIEW, "system"),
    (_A.START_RELEASE, (_S.APPROVED,), _S.RELEASING, "system"),
    (_A.FINISH_RELEASE, (_S.RELEASING,), _S.RELEASED, "system"),
    (_A.QUARANTINE, (_S.SCANNING, _S.RELEASING), _S.QUARANTINED, "system"),
    (_A.LAPSE, (_S.RELEASED,), _S.LAPSED, "system"),
    (_A.ISSUE_AGAIN, (_S.LAPSED,), _S.RELEASED, "author"),
    (_A.ASK_RECALL, (_S.RELEASED, _S.LAPSED), _S.RECALL_ASKED, "checker or operator"),
    (_A.RECALL, (_S.RECALL_ASKED,), _S.RECALLED, _SECOND),
    (_A.RECALL_PART, (_S.RECALL_ASKED,), _S.LAPSED, _SECOND),
    (_A.DISMISS_RECALL, (_S.RECALL_ASKED,), _S.LAPSED, _SECOND),
    (_A.REMIND, (_S.RECALL_ASKED,), _S.RECALL_ASKED, "system"),
    (_A.TIME_OUT, (_S.OVERRIDE_ASKED, _S.CONSOLIDATING, _S.SIGN_OFF), _S.RETURNED, "system"),
    (_A.TIME_OUT, (_S.APPEALED,), _S.REJECTED, "system"),
    (
        _A.WITHDRAW,
        (
            _S.FROZEN,
            _S.SCANNING,
            _S.BLOCKED,
            _S.OVERRIDE_ASKED,
            _S.IN_REVIEW,
            _S.CONSOLIDATING,
            _S.RETURNED,
            _S.APPROVED,
            _S.SIGN_OFF,
        ),
        _S.WITHDRAWN,
        "author",
    ),
    (
        _A.EXPIRE,
        (
            _S.FROZEN,
            _S.SCANNING,
            _S.BLOCKED,
            _S.IN_REVIEW,
            _S.RETURNED,
            _S.APPROVED,
            _S.RELEASING,
            _S.QUARANTINED,
        ),
        _S.EXPIRED,
        "system",
    ),
)

_EXPIRES = "it expires; nothing is released"
_RETURNS = "it goes back to the author; nothing is released"

AIRLOCK_STATES = StateTable(
    noun="submission",
    start=State.FROZEN,
    steps=tuple(
        Step(action=action, source=source, target=target, by=by)
        for action, sources, target, by in _STEPS
        for source in sources
    ),
    waiting={
        State.FROZEN: Waiting(owner="system", days=3, then=_EXPIRES),
        State.SCANNING: Waiting(owner="system", days=1, then=_EXPIRES),
        State.BLOCKED: Waiting(owner="author", days=14, then=_EXPIRES),
        State.OVERRIDE_ASKED: Waiting(owner=_LEAD, days=14, then=_RETURNS),
        State.IN_REVIEW: Waiting(owner="checkers", days=28, then=_EXPIRES),
        State.CONSOLIDATING: Waiting(owner=f"checkers and {_LEAD}", days=7, then=_RETURNS),
        State.RETURNED: Waiting(owner="author", days=28, then=_EXPIRES),
        State.REJECTED: Waiting(owner="author", days=30, then="the rejection becomes final"),
        State.APPEALED: Waiting(
            owner="appeal panel", days=28, then="the rejection stands, and the author may appeal anew"
        ),
        State.APPROVED: Waiting(owner="system", days=14, then=_EXPIRES),
        State.SIGN_OFF: Waiting(owner="custodians", days=28, then=_RETURNS),
        State.RELEASING: Waiting(owner="system", days=3, then=_EXPIRES),
        State.RELEASED: Waiting(owner="author", days=28, then="it lapses; the author may have it issued again"),
        State.RECALL_ASKED: Waiting(
            owner=_SECOND, days=1, then="the operators are told, each day anew; it stays suspended"
        ),
        State.QUARANTINED: Waiting(owner="operator", days=90, then=_EXPIRES),
    },
    lasting={State.LAPSED: "the author asks for a new link"},
)
"""Every allowed step. A deadline never leads towards a release: waiting can never let anything out."""

AT_DEADLINE: Mapping[State, Action] = {
    **{step.source: Action.EXPIRE for step in AIRLOCK_STATES.steps if step.action is Action.EXPIRE},
    **{step.source: Action.TIME_OUT for step in AIRLOCK_STATES.steps if step.action is Action.TIME_OUT},
    State.REJECTED: Action.CLOSE,
    State.RELEASED: Action.LAPSE,
    State.RECALL_ASKED: Action.REMIND,
}
"""What the system does when a state's time is over: one step for each state that waits."""

ROUND_ENDS = frozenset(
    {
        Action.RETURN,
        Action.RETURN_EARLY,
        Action.REJECT,
        Action.DECLINE_OVERRIDE,
        Action.REFUSE_SIGN_OFF,
        Action.TIME_OUT,
        Action.VOID,
        Action.FINISH_RELEASE,
    }
)
"""Steps after which the turn of the checkers is over; what they looked at then is kept for the history."""

_NEVER_WHILE_HELD = frozenset(
    {
        (State.OVERRIDE_ASKED, Action.ACCEPT_OVERRIDE),
        (State.IN_REVIEW, Action.CONSOLIDATE),
        (State.IN_REVIEW, Action.RETURN),
        (State.IN_REVIEW, Action.RETURN_EARLY),
        (State.IN_REVIEW, Action.REJECT),
        (State.IN_REVIEW, Action.APPROVE),
        (State.CONSOLIDATING, Action.RETURN),
        (State.CONSOLIDATING, Action.RETURN_EARLY),
        (State.CONSOLIDATING, Action.REJECT),
        (State.CONSOLIDATING, Action.APPROVE),
        (State.APPEALED, Action.UPHOLD_APPEAL),
        (State.APPEALED, Action.DISMISS_APPEAL),
        (State.SIGN_OFF, Action.SIGN_OFF),
        (State.SIGN_OFF, Action.REFUSE_SIGN_OFF),
        (State.APPROVED, Action.START_RELEASE),
        (State.RELEASING, Action.FINISH_RELEASE),
        (State.LAPSED, Action.ISSUE_AGAIN),
    }
)


def may_while_held(source: State, action: Action) -> bool:
    """Say whether a held submission may take this step: nothing that leads towards release, nor a checker's word."""
    return (source, action) not in _NEVER_WHILE_HELD
