"""What the airlock keeps: submissions, files, findings, votes; states and transitions as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

__all__ = [
    "FINAL",
    "OWNERS",
    "TRANSITIONS",
    "Action",
    "Choice",
    "File",
    "Finding",
    "Link",
    "Outcome",
    "Owner",
    "Review",
    "Severity",
    "State",
    "Submission",
    "Transition",
    "Verdict",
    "View",
    "Vote",
    "deadline_of",
]


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


class Owner(StrEnum):
    """Who has to act next."""

    SYSTEM = "system"
    AUTHOR = "author"
    CHECKERS = "checkers"
    OPERATOR = "operator"
    NOBODY = "nobody"


class Action(StrEnum):
    """What moves a submission."""

    START_SCAN = "start-scan"
    SCAN_AGAIN = "scan-again"
    BLOCK = "block"
    ASK_REVIEW = "ask-review"
    RETURN = "return"
    REJECT = "reject"
    APPROVE = "approve"
    VOID = "void"
    START_RELEASE = "start-release"
    FINISH_RELEASE = "finish-release"
    QUARANTINE = "quarantine"
    LAPSE = "lapse"
    ISSUE_AGAIN = "issue-again"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One allowed move: who makes it, and whether it may happen while the submission is held."""

    action: Action
    source: State
    target: State
    actor: Owner
    while_held: bool = False


def _moves(
    action: Action, sources: tuple[State, ...], target: State, actor: Owner, *, while_held: bool = False
) -> tuple[Transition, ...]:
    return tuple(
        Transition(action=action, source=source, target=target, actor=actor, while_held=while_held)
        for source in sources
    )


_S = State
TRANSITIONS: tuple[Transition, ...] = (
    *_moves(Action.START_SCAN, (_S.FROZEN,), _S.SCANNING, Owner.SYSTEM, while_held=True),
    *_moves(
        Action.SCAN_AGAIN, (_S.SCANNING, _S.IN_REVIEW, _S.APPROVED), _S.FROZEN, Owner.SYSTEM, while_held=True
    ),
    *_moves(Action.BLOCK, (_S.SCANNING,), _S.BLOCKED, Owner.SYSTEM, while_held=True),
    *_moves(Action.ASK_REVIEW, (_S.SCANNING,), _S.IN_REVIEW, Owner.SYSTEM, while_held=True),
    *_moves(Action.RETURN, (_S.IN_REVIEW,), _S.RETURNED, Owner.CHECKERS),
    *_moves(Action.REJECT, (_S.IN_REVIEW,), _S.REJECTED, Owner.CHECKERS),
    *_moves(Action.APPROVE, (_S.IN_REVIEW,), _S.APPROVED, Owner.CHECKERS),
    *_moves(Action.VOID, (_S.APPROVED, _S.RELEASING), _S.IN_REVIEW, Owner.SYSTEM, while_held=True),
    *_moves(Action.START_RELEASE, (_S.APPROVED,), _S.RELEASING, Owner.SYSTEM),
    *_moves(Action.FINISH_RELEASE, (_S.RELEASING,), _S.RELEASED, Owner.SYSTEM),
    *_moves(Action.QUARANTINE, (_S.SCANNING, _S.RELEASING), _S.QUARANTINED, Owner.SYSTEM, while_held=True),
    *_moves(Action.REJECT, (_S.QUARANTINED,), _S.REJECTED, Owner.OPERATOR, while_held=True),
    *_moves(Action.LAPSE, (_S.RELEASED,), _S.LAPSED, Owner.SYSTEM, while_held=True),
    *_moves(Action.ISSUE_AGAIN, (_S.LAPSED,), _S.RELEASED, Owner.AUTHOR),
    *_moves(
        Action.WITHDRAW,
        (_S.FROZEN, _S.SCANNING, _S.BLOCKED, _S.IN_REVIEW, _S.RETURNED, _S.APPROVED),
        _S.WITHDRAWN,
        Owner.AUTHOR,
        while_held=True,
    ),
    *_moves(
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
        Owner.SYSTEM,
        while_held=True,
    ),
)
"""Every allowed move. Deadlines only ever lead to EXPIRED or LAPSED: waiting can never release anything."""

OWNERS: dict[State, tuple[Owner, timedelta | None]] = {
    State.FROZEN: (Owner.SYSTEM, timedelta(days=3)),
    State.SCANNING: (Owner.SYSTEM, timedelta(days=1)),
    State.BLOCKED: (Owner.AUTHOR, timedelta(days=14)),
    State.IN_REVIEW: (Owner.CHECKERS, timedelta(days=28)),
    State.RETURNED: (Owner.AUTHOR, timedelta(days=28)),
    State.APPROVED: (Owner.SYSTEM, timedelta(days=14)),
    State.RELEASING: (Owner.SYSTEM, timedelta(days=3)),
    State.RELEASED: (Owner.AUTHOR, timedelta(days=28)),
    State.QUARANTINED: (Owner.OPERATOR, timedelta(days=90)),
    State.LAPSED: (Owner.NOBODY, None),
    State.REJECTED: (Owner.NOBODY, None),
    State.WITHDRAWN: (Owner.NOBODY, None),
    State.EXPIRED: (Owner.NOBODY, None),
}
"""Who has to act in each state, and within which time; a state that waits for nobody has no deadline."""

FINAL = frozenset({State.REJECTED, State.WITHDRAWN, State.EXPIRED})
"""States that nothing leaves."""


def deadline_of(state: State, entered_at: datetime) -> datetime | None:
    """Return the moment at which waiting in ``state`` ends, or nothing where nobody is waited for."""
    allowed = OWNERS[state][1]
    return None if allowed is None else entered_at + allowed


class Severity(StrEnum):
    """What a finding asks for: nothing, a person's written answer, or that the file stays inside."""

    NOTE = "note"
    FLAG = "flag"
    BLOCK = "block"


class Verdict(StrEnum):
    """What the first checks say of one file. Only a scan that read every byte may say PASS."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    FLAG = "flag"
    BLOCK = "block"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing a check saw. ``where`` is a place inside the file; ``guidance`` says what to do about it."""

    rule: str
    severity: Severity
    where: str
    message: str
    guidance: str = ""


@dataclass(frozen=True, kw_only=True)
class File:
    """One frozen file of a submission. ``context`` is the author's words on why it is safe."""

    file_id: str
    position: int
    name: str
    size: int
    sha256: str
    context: str
    kind: str = ""
    verdict: Verdict | None = None
    findings: tuple[Finding, ...] = ()
    binding: str = ""
    """Digest over everything a vote approves; empty until the file was scanned."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One request to take results out. ``round`` grows each time that earlier votes became void."""

    submission_id: str
    project_id: str
    session_id: str
    author_id: str
    title: str
    state: State
    round: int
    submitted_at: datetime
    entered_at: datetime
    deadline: datetime | None
    held: tuple[str, ...] = ()
    """Why nothing may move now, in sentences; empty when it is not held."""
    replaces: str | None = None
    pack_version: str = ""
    pack_sha256: str = ""
    checkers_needed: int = 2
    files: tuple[File, ...] = ()

    @property
    def owner(self) -> Owner:
        """Say who has to act next."""
        return OWNERS[self.state][0]


class Choice(StrEnum):
    """A checker's word on one file."""

    APPROVE = "approve"
    CHANGES = "changes"
    REJECT = "reject"


class Outcome(StrEnum):
    """What a submitted review, or all of them together, amounts to."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One checker's word on one file, bound to exactly what was looked at."""

    file_id: str
    person_id: str
    round: int
    choice: Choice
    comment: str
    binding: str
    voted_at: datetime


@dataclass(frozen=True, kw_only=True)
class Review:
    """One checker's submitted review of a round; it cannot be changed any more."""

    person_id: str
    round: int
    submitted_at: datetime
    outcome: Outcome
    void: bool = False
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Link:
    """One permission to collect a release: one person, one use, an end. The secret itself is never kept."""

    link_id: str
    submission_id: str
    person_id: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class View:
    """A submission as one person may see it: reviews of others appear only when blinding permits."""

    submission: Submission
    reviews: tuple[Review, ...] = ()
    own_votes: tuple[Vote, ...] = ()
    own_review_submitted: bool = False
    reviews_submitted: int = 0
    opened: frozenset[str] = field(default_factory=frozenset)
    """Identifiers of the files whose present bytes this person has opened."""
