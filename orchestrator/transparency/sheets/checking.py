"""The checks of a sheet: each governance rule, tried on every case that the log has; pure, so that they can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol

from orchestrator.access.model import Grant, Project
from orchestrator.alliance.model import Terms
from orchestrator.audit.model import Verification
from orchestrator.core.clock import day_in_words, iso

from ..log import Logged, Releasing
from .model import Check

__all__ = ["Facts", "ProjectFacts", "check_all"]

_GRACE = timedelta(seconds=60)
"""A withdrawal takes moments to reach what runs; what begins later than this is a failure."""


class Belonging(Protocol):
    """One membership as the record keeps it; none of ``until`` and ``ended_at``: it goes on."""

    person_id: str
    role: str
    since: datetime
    until: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ProjectFacts:
    """What the record and its log know of one project that holds or held the custodian's data."""

    project: Project
    grants: tuple[Grant, ...]
    workers: frozenset[str]
    """Everybody who ever was a member."""
    memberships: Sequence[Belonging]
    """Every membership that there ever was, the lead first."""
    decided: tuple[Logged, ...]
    """The custodian's approvals of the project's application, oldest first."""
    sessions: tuple[Logged, ...]
    leases: tuple[Logged, ...]
    releases: tuple[Releasing, ...]

    def uses_of(self, grant_id: str) -> list[Logged]:
        """Return the sessions that were given this grant."""
        return [each for each in self.sessions if grant_id in each.details.get("grants", [])]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything a sheet is judged on. ``acceptances``: when a person accepted a version of the custodian's terms."""

    custodian_id: str
    terms: tuple[Terms, ...]
    projects: tuple[ProjectFacts, ...]
    acceptances: Mapping[tuple[str, int], datetime]
    names: Mapping[str, str]
    verification: Verification
    now: datetime

    @cached_property
    def newest_accepted(self) -> Mapping[str, int]:
        """The newest version of the terms that each person accepted."""
        found: dict[str, int] = {}
        for person_id, version in self.acceptances:
            found[person_id] = max(version, found.get(person_id, 0))
        return found

    def named(self, person_id: str) -> str:
        """Return a person's name; the identifier where the record does not know him."""
        return self.names.get(person_id, person_id)

    def terms_at(self, moment: datetime) -> Terms | None:
        """Return the terms that were the newest at a moment."""
        before = [terms for terms in self.terms if terms.published_at <= moment]
        return max(before, key=lambda terms: terms.version, default=None)


def check_all(facts: Facts) -> tuple[Check, ...]:
    """Return every check with its cases and failures, in a fixed order."""
    checks = []
    for check_id, (sentence, cases) in _CHECKS.items():
        found = list(cases(facts))
        checks.append(
            Check(check_id=check_id, sentence=sentence, cases=len(found), failures=tuple(one for one in found if one))
        )
    return tuple(checks)


def _decided(facts: Facts) -> Iterator[str]:
    for about in facts.projects:
        for grant in about.grants:
            before = [each for each in about.decided if each.at <= grant.granted_at]
            datasets = [dataset for each in before for dataset in each.details.get("datasets", [])]
            if grant.dataset_id not in datasets:
                yield f"Grant {grant.grant_id}: the log has no approval of this dataset before it was granted."
            elif before[-1].actor in about.workers:
                yield f"Grant {grant.grant_id}: it was approved by {before[-1].actor}, who worked in the project."
            else:
                yield ""


def _approved(facts: Facts) -> Iterator[str]:
    for about in facts.projects:
        own = about.project.approved_by in about.workers
        yield f"Project {about.project.project_id}: it was approved by one of its members." if own else ""


def _accepted(facts: Facts) -> Iterator[str]:
    for about in facts.projects:
        given = {grant.grant_id for grant in about.grants}
        for session in about.sessions:
            if not given & set(session.details.get("grants", [])):
                continue
            terms = facts.terms_at(session.at)
            accepted = facts.acceptances.get((session.actor, terms.version)) if terms else None
            if accepted is None or accepted > session.at:
                day = day_in_words(session.at)
                yield f"Session {session.about}: its person had not accepted the terms in force on {day}."
            else:
                yield ""


def _within(facts: Facts) -> Iterator[str]:
    for about in facts.projects:
        for grant in about.grants:
            ends = min(grant.agreement_until, grant.ended_at or grant.agreement_until)
            leases = [each for each in about.leases if each.details.get("grant") == grant.grant_id]
            for each in (*about.uses_of(grant.grant_id), *leases):
                if grant.granted_at <= each.at <= ends + _GRACE:
                    yield ""
                else:
                    yield f"Grant {grant.grant_id}: data were delivered at {iso(each.at)}, outside its time."


def _reviewed(facts: Facts) -> Iterator[str]:
    for about in facts.projects:
        for release in about.releases:
            terms = facts.terms_at(release.released_at)
            needed = terms.checkers_needed if terms else 2
            independent = release.reviewers - about.workers
            if release.reviewers & about.workers:
                yield f"Release {release.submission_id}: a member of the project was among its checkers."
            elif len(independent) < needed:
                count = len(independent)
                yield f"Release {release.submission_id}: {count} people checked it; the terms ask for {needed}."
            else:
                yield ""


def _agreed(facts: Facts) -> Iterator[str]:
    for about in facts.projects:
        for release in about.releases:
            terms = facts.terms_at(release.released_at)
            if terms is None or not terms.release_signoff:
                continue
            officer = release.signed_off.get(facts.custodian_id, "")
            if not officer:
                yield f"Release {release.submission_id}: no officer of the custodian agreed to it."
            elif officer in about.workers:
                yield f"Release {release.submission_id}: the officer who agreed to it worked in the project."
            else:
                yield ""


def _log(facts: Facts) -> Iterator[str]:
    findings = facts.verification.findings
    yield from (finding.message for finding in findings)
    if not findings:
        yield ""


_CHECKS: Mapping[str, tuple[str, Callable[[Facts], Iterator[str]]]] = {
    "decided": ("An officer of the custodian who never worked in the project approved each grant.", _decided),
    "approved": ("An operator who never worked in the project approved each project.", _approved),
    "terms": ("Whoever opened a workspace with the data had accepted the custodian's terms of that day.", _accepted),
    "within": ("The data were delivered within the time of their grants only.", _within),
    "reviewed": ("As many independent people as the terms ask for checked each release.", _reviewed),
    "agreed": ("An officer agreed to each release where the terms ask for it.", _agreed),
    "log": ("The audit log was read from its first entry to its last, and nothing in it was altered.", _log),
}
"""Each yields, for every case it tried, why it fails; an empty text where it holds."""
