"""Applications, decisions, projects, members and grants, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from .states import (
    APPLICATION_STATES,
    GRANT_STATES,
    PART_STATES,
    PROJECT_STATES,
    ApplicationKind,
    ApplicationState,
    GrantState,
    MemberRole,
    PartState,
    ProjectState,
)

__all__ = [
    "APPLICATION_STATES",
    "GRANT_STATES",
    "PART_STATES",
    "PROJECT_STATES",
    "Answers",
    "Application",
    "ApplicationKind",
    "ApplicationState",
    "CustodianPart",
    "Grant",
    "GrantStanding",
    "GrantState",
    "Granted",
    "MemberRole",
    "MemberStanding",
    "Membership",
    "PartState",
    "Project",
    "ProjectStanding",
    "ProjectState",
]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What is answered once for all custodians. ``start`` and ``end`` are days; the project's last day is ``end``."""

    title: str
    lay_summary: str
    purpose: str
    organisation: str
    ethics_reference: str
    ethics_until: date
    start: date
    end: date
    members: tuple[str, ...] = ()
    """Identifiers of the people who will work in the project besides the applicant, who leads it."""


@dataclass(frozen=True, kw_only=True)
class CustodianPart:
    """What one custodian is asked for, and its decision. Other custodians never see it."""

    custodian_id: str
    dataset_ids: tuple[str, ...]
    justification: str = ""
    """Why these datasets: written for this custodian only."""
    state: PartState
    decided_by: str | None = None
    decided_at: datetime | None = None
    """When it was decided, or when it ended undecided."""
    reason: str = ""
    agreement_until: datetime | None = None
    terms_version: int | None = None
    """The version of the custodian's terms that was current when it approved."""
    form_version: int | None = None
    """The version of the custodian's form that was asked; none: it had no form."""
    due_at: datetime | None = None
    """The first moment after the day by which whoever has this part should act."""


@dataclass(frozen=True, kw_only=True)
class Application:
    """One request over several custodians. ``parts`` holds only those that the person who asked may see."""

    application_id: str
    applicant_id: str
    answers: Answers
    state: ApplicationState
    state_since: datetime
    parts: tuple[CustodianPart, ...]
    reason: str = ""
    """Why an operator refused it, or why it was withdrawn."""
    project_id: str | None = None
    deadline: datetime | None = None
    """Until when whoever owns this state should act."""
    kind: ApplicationKind = ApplicationKind.NEW
    amends: str | None = None
    """The running project that an amendment or renewal is about."""
    workers: frozenset[str] = frozenset()
    """Everybody who is or ever was a member of that project."""
    deciders: frozenset[str] = frozenset()
    """Everybody who ever decided a part of it, also where the decision was opened again."""
    revision: int = 0
    """How often it was submitted."""

    @property
    def people(self) -> frozenset[str]:
        """Everybody who would work, works or ever worked in what it is for: none of them decides on it."""
        return frozenset({self.applicant_id, *self.answers.members, *self.workers})


@dataclass(frozen=True, kw_only=True)
class Membership:
    """One person in one project, for a time. Ended memberships are kept; a person who returns gets a new one."""

    membership_id: str
    project_id: str
    person_id: str
    role: MemberRole
    since: datetime
    until: datetime | None = None
    """The first moment this person is no longer a member; none means: as long as the project."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One version of one dataset for one project, as long as every condition holds (see ``standing``)."""

    grant_id: str
    project_id: str
    dataset_id: str
    version_id: str
    custodian_id: str
    agreement_until: datetime
    state: GrantState
    granted_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Project:
    """An approved project. ``start`` is its first moment, ``end`` the first moment after it."""

    project_id: str
    application_id: str
    title: str
    lay_summary: str
    organisation: str
    ethics_reference: str
    ethics_until: datetime
    start: datetime
    end: datetime
    state: ProjectState
    state_since: datetime
    approved_by: str
    approved_at: datetime
    reason: str = ""
    """Why it is suspended or was closed."""
    members: tuple[Membership, ...] = ()
    """Current memberships, the lead first."""
    grants: tuple[Grant, ...] = ()
    """Every grant it ever had, withdrawn ones too; a custodian's officer is shown its own only."""


@dataclass(frozen=True, kw_only=True)
class MemberStanding:
    """Whether a member may enter now. ``reasons`` are the failed conditions; none means he may, until ``until``."""

    person_id: str
    until: datetime
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GrantStanding:
    """Whether a granted version may be used in the project now, by those in ``people`` (person → last moment).

    ``reasons`` are the failed conditions of the grant itself; ``people_reasons`` those of single members towards it
    (terms not accepted). A failed condition of the whole project is repeated here, so that each grant explains itself.
    """

    grant_id: str
    dataset_id: str
    version_id: str
    custodian_id: str
    until: datetime
    reasons: tuple[str, ...] = ()
    people: Mapping[str, datetime] = field(default_factory=dict)
    people_reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ProjectStanding:
    """Every condition of one project at one moment. ``until`` is when the first of those that hold now will end."""

    project_id: str
    at: datetime
    until: datetime
    reasons: tuple[str, ...] = ()
    """Failed conditions of the whole project: while there is one, nobody enters and nothing is granted."""
    members: tuple[MemberStanding, ...] = ()
    grants: tuple[GrantStanding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Granted:
    """A version that a person's session may hold now, with what is needed to deliver it."""

    grant_id: str
    project_id: str
    dataset_id: str
    version_id: str
    custodian_id: str
    name: str
    """The dataset's folder-safe name: the folder below ``/data``, or the relay's name."""
    delivery: str
    """``files``, ``object``, ``volume`` or ``database``."""
    manifest_sha256: str
    connection: str = ""
    schema: str = ""
    views: tuple[str, ...] = ()
    store: str = ""
    prefix: str = ""
    volume: str = ""
    until: datetime
