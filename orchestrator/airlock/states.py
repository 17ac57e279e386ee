"""The airlock's states as data: who takes which step, who is waited for and until when."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = ["AIRLOCK_STATES", "Action", "State", "may_while_held"]


class State(StrEnum):
    """Where a submission stands. Nothing is recorded before every byte is frozen, so FROZEN is the first."""

    FROZEN = "frozen"
    SCANNING = "scanning"
    BLOCKED = "blocked"
    IN_REVIEW = "in-review"
    RETURNED = "returned"
    REJECTED = "rejected"
    APPROVED = "approved"
    RELEASING = "releasing"
    RELEASED = "released"
    LAPSED = "lapsed"
    QUARANTINED = "quarantined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Action(StrEnum):
    """What moves a submission."""

    START_SCAN = "start the scan of"
    SCAN_AGAIN = "scan again"
    BLOCK = "block"
    ASK_REVIEW = "ask review of"
    RETURN = "return"
    REJECT = "reject"
    APPROVE = "approve"
    VOID = "void the approval of"
    START_RELEASE = "start the release of"
    FINISH_RELEASE = "release"
    QUARANTINE = "quarantine"
    LAPSE = "lapse"
    ISSUE_AGAIN = "issue again"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


_S = State
_STEPS: tuple[tuple[Action, tuple[State, ...], State, str], ...] = (
    (Action.START_SCAN, (_S.FROZEN,), _S.SCANNING, "system"),
    (Action.SCAN_AGAIN, (_S.SCANNING, _S.IN_REVIEW, _S.APPROVED), _S.FROZEN, "system"),
    (Action.BLOCK, (_S.SCANNING,), _S.BLOCKED, "system"),
    (Action.ASK_REVIEW, (_S.SCANNING,), _S.IN_REVIEW, "system"),
    (Action.RETURN, (_S.IN_REVIEW,), _S.RETURNED, "checkers"),
    (Action.REJECT, (_S.IN_REVIEW,), _S.REJECTED, "checkers"),
    (Action.APPROVE, (_S.IN_REVIEW,), _S.APPROVED, "checkers"),
    (Action.VOID, (_S.APPROVED, _S.RELEASING), _S.IN_REVIEW, "system"),
    (Action.START_RELEASE, (_S.APPROVED,), _S.RELEASING, "system"),
    (Action.FINISH_RELEASE, (_S.RELEASING,), _S.RELEASED, "system"),
    (Action.QUARANTINE, (_S.SCANNING, _S.RELEASING), _S.QUARANTINED, "system"),
    (Action.REJECT, (_S.QUARANTINED,), _S.REJECTED, "operator"),
    (Action.LAPSE, (_S.RELEASED,), _S.LAPSED, "system"),
    (Action.ISSUE_AGAIN, (_S.LAPSED,), _S.RELEASED, "author"),
    (
        Action.WITHDRAW,
        (_S.FROZEN, _S.SCANNING, _S.BLOCKED, _S.IN_REVIEW, _S.RETURNED, _S.APPROVED),
        _S.WITHDRAWN,
        "author",
    ),
    (
        Action.EXPIRE,
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
        State.IN_REVIEW: Waiting(owner="checkers", days=28, then=_EXPIRES),
        State.RETURNED: Waiting(owner="author", days=28, then=_EXPIRES),
        State.APPROVED: Waiting(owner="system", days=14, then=_EXPIRES),
        State.RELEASING: Waiting(owner="system", days=3, then=_EXPIRES),
        State.RELEASED: Waiting(owner="author", days=28, then="it lapses; the author may have it issued again"),
        State.QUARANTINED: Waiting(owner="operator", days=90, then=_EXPIRES),
    },
    lasting={State.LAPSED: "the author asks for a new link"},
)
"""Every allowed step. A deadline leads to EXPIRED or LAPSED only: waiting can never release anything."""

_NEVER_WHILE_HELD = frozenset(
    {
        (State.IN_REVIEW, Action.RETURN),
        (State.IN_REVIEW, Action.REJECT),
        (State.IN_REVIEW, Action.APPROVE),
        (State.APPROVED, Action.START_RELEASE),
        (State.RELEASING, Action.FINISH_RELEASE),
        (State.LAPSED, Action.ISSUE_AGAIN),
    }
)


def may_while_held(source: State, action: Action) -> bool:
    """Say whether a held submission may take this step: nothing that leads towards release, nor a checker's word."""
    return (source, action) not in _NEVER_WHILE_HELD
