"""States of applications, their parts, projects and grants, with who moves them and who is waited for."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = [
    "APPLICATION_STATES",
    "GRANT_STATES",
    "PART_STATES",
    "PROJECT_STATES",
    "ApplicationKind",
    "ApplicationState",
    "GrantState",
    "MemberRole",
    "PartState",
    "ProjectState",
]


class ApplicationState(StrEnum):
    """Where an application stands as a whole."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    DECIDED = "decided"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class ApplicationKind(StrEnum):
    """What an application asks for: a project, a change of a running one, or more time for it."""

    NEW = "new"
    AMENDMENT = "amendment"
    RENEWAL = "renewal"


class PartState(StrEnum):
    """Where one custodian's part stands."""

    DRAFT = "draft"
    WAITING = "waiting"
    RETURNED = "returned"
    APPROVED = "approved"
    REFUSED = "refused"
    VOID = "void"


class ProjectState(StrEnum):
    """Whether a project may work."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class GrantState(StrEnum):
    """Whether a grant may hold; whether it does hold now is its standing."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class MemberRole(StrEnum):
    """What a member is in a project."""

    LEAD = "lead"
    RESEARCHER = "researcher"


APPLICATION_STATES = StateTable(
    noun="application",
    start=ApplicationState.DRAFT,
    steps=(
        Step(action="submit", source=ApplicationState.DRAFT, target=ApplicationState.SUBMITTED, by="applicant"),
        Step(action="withdraw", source=ApplicationState.DRAFT, target=ApplicationState.WITHDRAWN, by="applicant"),
        Step(action="lapse", source=ApplicationState.DRAFT, target=ApplicationState.LAPSED, by="controller"),
        Step(action="withdraw", source=ApplicationState.SUBMITTED, target=ApplicationState.WITHDRAWN, by="applicant"),
        Step(
            action="finish deciding", source=ApplicationState.SUBMITTED, target=ApplicationState.DECIDED, by="custodian"
        ),
        Step(action="refuse", source=ApplicationState.SUBMITTED, target=ApplicationState.REFUSED, by="custodian"),
        Step(action="withdraw", source=ApplicationState.DECIDED, target=ApplicationState.WITHDRAWN, by="applicant"),
        Step(action="approve", source=ApplicationState.DECIDED, target=ApplicationState.APPROVED, by="operator"),
        Step(action="refuse", source=ApplicationState.DECIDED, target=ApplicationState.REFUSED, by="operator"),
    ),
    waiting={
        ApplicationState.DRAFT: Waiting(owner="applicant", days=180, then="it lapses"),
        ApplicationState.SUBMITTED: Waiting(
            owner="custodian", days=30, then="the officers who have not decided and the operators are told"
        ),
        ApplicationState.DECIDED: Waiting(owner="operator", days=10, then="the operators are told"),
    },
)

PART_STATES = StateTable(
    noun="custodian's part of an application",
    start=PartState.DRAFT,
    steps=(
        Step(action="submit", source=PartState.DRAFT, target=PartState.WAITING, by="applicant"),
        Step(action="void", source=PartState.DRAFT, target=PartState.VOID, by="applicant or controller"),
        Step(action="approve", source=PartState.WAITING, target=PartState.APPROVED, by="custodian"),
        Step(action="refuse", source=PartState.WAITING, target=PartState.REFUSED, by="custodian"),
        Step(action="void", source=PartState.WAITING, target=PartState.VOID, by="applicant"),
        Step(action="return", source=PartState.WAITING, target=PartState.RETURNED, by="custodian"),
        Step(action="answer", source=PartState.RETURNED, target=PartState.WAITING, by="applicant"),
        Step(action="refuse", source=PartState.RETURNED, target=PartState.REFUSED, by="custodian"),
        Step(action="void", source=PartState.RETURNED, target=PartState.VOID, by="applicant"),
        Step(action="reopen", source=PartState.APPROVED, target=PartState.WAITING, by="applicant"),
        Step(action="end", source=PartState.APPROVED, target=PartState.VOID, by="operator"),
    ),
    waiting={
        PartState.DRAFT: Waiting(owner="applicant", days=180, then="its application lapses"),
        PartState.WAITING: Waiting(
            owner="custodian", days=30, then="the officers who have not decided and the operators are told"
        ),
        PartState.RETURNED: Waiting(owner="applicant", days=60, then="the applicant is told"),
    },
    lasting={PartState.APPROVED: "the decision on the whole application, or a change of what was approved"},
)

PROJECT_STATES = StateTable(
    noun="project",
    start=ProjectState.ACTIVE,
    steps=(
        Step(action="extend", source=ProjectState.ACTIVE, target=ProjectState.ACTIVE, by="operator"),
        Step(action="suspend", source=ProjectState.ACTIVE, target=ProjectState.SUSPENDED, by="operator"),
        Step(action="close", source=ProjectState.ACTIVE, target=ProjectState.CLOSED, by="operator"),
        Step(action="resume", source=ProjectState.SUSPENDED, target=ProjectState.ACTIVE, by="operator"),
        Step(action="close", source=ProjectState.SUSPENDED, target=ProjectState.CLOSED, by="operator"),
    ),
    waiting={ProjectState.SUSPENDED: Waiting(owner="operator", days=30, then="the operators are told")},
    lasting={ProjectState.ACTIVE: "its last day"},
)

GRANT_STATES = StateTable(
    noun="grant",
    start=GrantState.ACTIVE,
    steps=(
        Step(action="renew", source=GrantState.ACTIVE, target=GrantState.ACTIVE, by="custodian"),
        Step(action="withdraw", source=GrantState.ACTIVE, target=GrantState.WITHDRAWN, by="custodian or operator"),
        Step(action="end", source=GrantState.ACTIVE, target=GrantState.ENDED, by="operator"),
    ),
    lasting={GrantState.ACTIVE: "the end of its agreement, or of the project"},
)
