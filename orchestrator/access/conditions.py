"""The grant rule: every condition on which access hangs, judged over facts, each with its end and its sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.core.clock import day_in_words, last_day_in_words

from .model import (
    Grant,
    GrantStanding,
    GrantState,
    Membership,
    MemberStanding,
    Project,
    ProjectStanding,
    ProjectState,
)

__all__ = [
    "Condition",
    "EvidenceFacts",
    "Facts",
    "PersonFacts",
    "TermsFacts",
    "VersionFacts",
    "judge",
    "of_evidence",
]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One thing that must be so. ``until`` is when it stops by itself, ``since`` when it begins; ``otherwise`` says
    what to do while it is not so."""

    holds: bool
    otherwise: str
    until: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PersonFacts:
    """What is known of a member; none where nothing is valid."""

    active: bool
    trained_until: datetime | None
    accredited_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class TermsFacts:
    """A custodian's current terms, and who accepted exactly this version."""

    custodian: str
    version: int
    valid_until: datetime
    accepted_by: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class VersionFacts:
    """A granted version."""

    title: str
    sealed: bool
    withdrawn: bool


@dataclass(frozen=True, kw_only=True)
class EvidenceFacts:
    """One kind of evidence that terms ask for; ``spans`` are the times that verified pieces of it cover."""

    kind: str
    title: str
    spans: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that a project's standing hangs on. What is missing counts as not so."""

    people: Mapping[str, PersonFacts] = field(default_factory=dict)
    terms: Mapping[str, TermsFacts] = field(default_factory=dict)
    versions: Mapping[str, VersionFacts] = field(default_factory=dict)
    evidence: Mapping[str, tuple[EvidenceFacts, ...]] = field(default_factory=dict)
    """By custodian: what its terms ask for."""
    stops: tuple[str, ...] = ()
    """Why the whole project stops, told by rooms above this one, such as a budget that is used up."""


def judge(project: Project, facts: Facts, at: datetime) -> ProjectStanding:
    """Judge every condition of ``project`` at the moment ``at``."""
    whole = _of_project(project, at) + [Condition(holds=False, otherwise=each) for each in facts.stops]
    entrance = [
        (member, whole + _of_member(member, facts.people.get(member.person_id), at)) for member in project.members
    ]
    members = tuple(
        MemberStanding(person_id=member.person_id, until=_until(conditions, at), reasons=_reasons(conditions))
        for member, conditions in entrance
    )
    admitted = {member.person_id: member.until for member in members if not member.reasons}
    given = [(grant, _of_grant(grant, facts, at)) for grant in project.grants]
    grants = tuple(
        _grant(grant, whole + own, admitted, facts.terms.get(grant.custodian_id), at) for grant, own in given
    )
    every = [*whole, *(each for _, own in entrance for each in own), *(each for _, own in given for each in own)]
    return ProjectStanding(
        project_id=project.project_id,
        at=at,
        until=_next_change(every, at),
        reasons=_reasons(whole),
        members=members,
        grants=grants,
    )


def _grant(
    grant: Grant, conditions: list[Condition], admitted: Mapping[str, datetime], terms: TermsFacts | None, at: datetime
) -> GrantStanding:
    until, reasons = _until(conditions, at), _reasons(conditions)
    accepted = terms.accepted_by if terms else frozenset()
    people, people_reasons = {}, {}
    for person_id, entrance in admitted.items():
        if reasons:
            people_reasons[person_id] = reasons
        elif person_id not in accepted:
            people_reasons[person_id] = (_not_accepted(terms),)
        else:
            people[person_id] = min(entrance, until)
    return GrantStanding(
        grant_id=grant.grant_id,
        dataset_id=grant.dataset_id,
        version_id=grant.version_id,
        custodian_id=grant.custodian_id,
        until=until,
        reasons=reasons,
        people=people,
        people_reasons=people_reasons,
    )


def _of_project(project: Project, at: datetime) -> list[Condition]:
    state = {
        ProjectState.SUSPENDED: "The project is suspended; an operator can say why and resume it.",
        ProjectState.CLOSED: "The project is closed; apply for a new one.",
    }
    return [
        Condition(holds=project.state is ProjectState.ACTIVE, otherwise=state.get(project.state, "")),
        Condition(
            holds=at >= project.start,
            since=project.start,
            otherwise=f"The project starts on {day_in_words(project.start)}; wait until then.",
        ),
        _lasting(project.end, at, "The project’s last day was {day}; ask an operator to extend it."),
        _lasting(
            project.ethics_until,
            at,
            "The ethics approval ended on {day}; renew it and have an operator record it.",
        ),
    ]


def _of_member(member: Membership, person: PersonFacts | None, at: datetime) -> list[Condition]:
    conditions = [
        Condition(
            holds=at >= member.since,
            since=member.since,
            otherwise=f"The membership begins on {day_in_words(member.since)}; wait until then.",
        ),
    ]
    if member.until is not None:
        conditions.append(
            _lasting(member.until, at, "The membership ended on {day}; ask an operator to add this person again.")
        )
    if person is None:
        return [*conditions, Condition(holds=False, otherwise="This person is not known any more; ask an operator.")]
    return [
        *conditions,
        Condition(holds=person.active, otherwise="This person’s account is suspended; ask an operator why."),
        _lasting(
            person.accredited_until,
            at,
            "The accreditation ended on {day}; renew it and have an operator record it.",
            "No valid accreditation is recorded for this person; have an operator record one.",
        ),
        _lasting(
            person.trained_until,
            at,
            "The training ended on {day}; repeat the course and have an operator record it.",
            "No valid training is recorded for this person; pass the course and have an operator record it.",
        ),
    ]


def _of_grant(grant: Grant, facts: Facts, at: datetime) -> list[Condition]:
    terms, version = facts.terms.get(grant.custodian_id), facts.versions.get(grant.version_id)
    custodian = terms.custodian if terms else "the custodian"
    title = f"“{version.title}”" if version else "the dataset"
    return [
        Condition(
            holds=grant.state is GrantState.ACTIVE,
            otherwise=f"The grant of {title} was {grant.state.value}; ask {custodian} why, or apply again.",
        ),
        _lasting(
            grant.agreement_until,
            at,
            f"The agreement on {title} ended on {{day}}; ask {custodian} to renew it.",
        ),
        _lasting(
            terms.valid_until if terms else None,
            at,
            f"The terms of {custodian} ended on {{day}}; ask {custodian} to publish new ones.",
            f"There are no terms of {custodian} in force; ask {custodian} to publish them.",
        ),
        Condition(
            holds=version is not None and (version.sealed or version.withdrawn),
            otherwise=f"This version of {title} is not sealed yet; wait a moment, then ask an operator.",
        ),
        Condition(
            holds=version is None or not version.withdrawn,
            otherwise=f"This version of {title} was withdrawn; apply for the next one.",
        ),
        *(of_evidence(each, at, asked_by=custodian) for each in facts.evidence.get(grant.custodian_id, ())),
    ]


def of_evidence(facts: EvidenceFacts, at: datetime, *, asked_by: str = "the custodian") -> Condition:
    """Judge one kind of evidence: it holds as long as verified pieces follow on one another without a gap."""
    until, reaching = at, True
    while reaching:
        later = max((end for begin, end in facts.spans if begin <= until < end), default=until)
        until, reaching = later, later > until
    if until > at:
        return Condition(holds=True, until=until, otherwise="")
    ahead = min((begin for begin, _ in facts.spans if begin > at), default=None)
    if ahead is not None:
        words = f"The {facts.title} begins to count on {day_in_words(ahead)}; wait until then."
        return Condition(holds=False, since=ahead, otherwise=words)
    ended = max((end for _, end in facts.spans if end <= at), default=None)
    if ended is not None:
        day = last_day_in_words(ended)
        words = f"The {facts.title} that {asked_by} asks for ended on {day}; renew it and have it verified."
    else:
        words = f"The terms of {asked_by} ask for a verified {facts.title}; bring it and have somebody else verify it."
    return Condition(holds=False, otherwise=words)


def _not_accepted(terms: TermsFacts | None) -> str:
    if terms is None:
        return "The custodian has no terms in force that could be accepted; ask the custodian to publish them."
    return f"Version {terms.version} of the terms of {terms.custodian} is not accepted yet; read and accept it."


def _lasting(until: datetime | None, at: datetime, ended: str, never: str = "") -> Condition:
    if until is None:
        return Condition(holds=False, otherwise=never)
    return Condition(holds=at < until, until=until, otherwise=ended.format(day=last_day_in_words(until)))


def _reasons(conditions: Iterable[Condition]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(condition.otherwise for condition in conditions if not condition.holds))


def _until(conditions: list[Condition], at: datetime) -> datetime:
    """Return the earliest end of all conditions, or ``at`` when one of them fails already."""
    if any(not condition.holds for condition in conditions):
        return at
    return min(condition.until for condition in conditions if condition.until is not None)


def _next_change(conditions: Iterable[Condition], at: datetime) -> datetime:
    """Return the next moment at which time alone changes a condition; ``at`` when it never will again."""
    moments = [moment for each in conditions for moment in (each.since, each.until) if moment and moment > at]
    return min(moments, default=at)
