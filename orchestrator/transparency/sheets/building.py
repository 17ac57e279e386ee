"""Gathers what a sheet says from the record and its log, for one custodian only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.model import Grant, Project
from orchestrator.alliance import store as alliance
from orchestrator.audit.model import Verification
from orchestrator.audit.store import TreeRow
from orchestrator.core.clock import iso
from orchestrator.discovery import store as catalogue
from orchestrator.identity import store as identity

from ..log import Log, Logged, Releasing
from .checking import Facts, ProjectFacts, check_all
from .model import Left, Person, SheetContent, Use

__all__ = ["gather"]


def gather(session: Session, custodian_id: str, *, verification: Verification, now: datetime) -> SheetContent:
    """Return the sheet of one custodian as the record stands."""
    query = select(access.GrantRow.project_id).where(access.GrantRow.custodian_id == custodian_id).distinct()
    log = Log(session)
    people = identity.people(session)
    facts = Facts(
        custodian_id=custodian_id,
        terms=tuple(alliance.terms_versions(session, custodian_id)),
        projects=tuple(_facts(session, log, project_id, custodian_id) for project_id in session.scalars(query)),
        acceptances={
            (each.person_id, each.version): each.accepted_at
            for person in people
            for each in alliance.acceptances(session, person.person_id)
            if each.custodian_id == custodian_id
        },
        names={person.person_id: person.name for person in people},
        verification=verification,
        now=now,
    )
    found = alliance.custodian(session, custodian_id)
    tree = session.get(TreeRow, 1)
    uses = [_use(session, facts, project, grant) for project in facts.projects for grant in project.grants]
    return SheetContent(
        custodian_id=custodian_id,
        custodian=found.name if found else "",
        installation=tree.origin if tree else "",
        made_at=iso(now),
        uses=tuple(sorted(uses, key=lambda use: (use.dataset, use.granted_at, use.grant_id))),
        checks=check_all(facts),
        log_size=verification.size,
        log_root=verification.root.hex(),
    )


def _facts(session: Session, log: Log, project_id: str, custodian_id: str) -> ProjectFacts:
    project = access.to_project(session, access.project_row(session, project_id))
    amendments = session.scalars(
        select(access.ApplicationRow.application_id).where(access.ApplicationRow.amends == project_id)
    )
    subjects = [f"application:{each}" for each in (project.application_id, *amendments)]
    decided = [
        each
        for each in log.about(subjects)
        if each.kind.endswith(".part-approved") and each.details.get("custodian") == custodian_id
    ]
    grants = tuple(grant for grant in project.grants if grant.custodian_id == custodian_id)
    since = min(grant.granted_at for grant in grants)
    return ProjectFacts(
        project=project,
        grants=grants,
        workers=access.workers(session, project_id),
        decided=tuple(decided),
        sessions=tuple(log.sessions(project_id)),
        leases=tuple(log.about([f"project:{project_id}"], kinds=["lease.issued"])),
        releases=tuple(each for each in log.releases(project_id) if each.released_at >= since),
    )


def _use(session: Session, facts: Facts, about: ProjectFacts, grant: Grant) -> Use:
    project = about.project
    version = catalogue.to_version(catalogue.version_row(session, grant.version_id))
    times = sorted(each.at for each in about.uses_of(grant.grant_id))
    decided = _last_before(about.decided, grant.granted_at)
    ends = min(grant.agreement_until, grant.ended_at or grant.agreement_until)
    return Use(
        grant_id=grant.grant_id,
        dataset_id=grant.dataset_id,
        dataset=catalogue.dataset_row(session, grant.dataset_id).title,
        version_id=grant.version_id,
        version=version.number,
        content_sha256=version.manifest_sha256,
        project_id=project.project_id,
        project=project.title,
        organisation=project.organisation,
        project_state=project.state.value,
        state=grant.state.value,
        decided_by=facts.named(decided.actor) if decided else "",
        terms_version=int(decided.details.get("terms") or 0) if decided else 0,
        granted_at=iso(grant.granted_at),
        until=iso(ends),
        reason=grant.reason,
        sessions=len(times),
        first_used=iso(times[0]) if times else "",
        last_used=iso(times[-1]) if times else "",
        people=_people(session, facts, project),
        left=tuple(_left(facts, each) for each in about.releases),
    )


def _people(session: Session, facts: Facts, project: Project) -> tuple[Person, ...]:
    found = []
    for row in access.memberships(session, project.project_id):
        accepted = [version for person, version in facts.acceptances if person == row.person_id]
        ended = row.ended_at or row.until
        found.append(
            Person(
                person_id=row.person_id,
                name=facts.named(row.person_id),
                role=row.role,
                since=iso(row.since),
                until=iso(ended) if ended else "",
                accepted_terms=max(accepted, default=0),
            )
        )
    return tuple(found)


def _left(facts: Facts, release: Releasing) -> Left:
    officer = release.signed_off.get(facts.custodian_id, "")
    return Left(
        submission_id=release.submission_id,
        released_at=iso(release.released_at),
        files=release.files,
        record_sha256=release.record_sha256,
        reviewers=tuple(sorted(facts.named(each) for each in release.reviewers)),
        signed_off_by=facts.named(officer) if officer else "",
        recalled_at=iso(release.recalled_at) if release.recalled_at else "",
        log_position=release.position if release.position is not None else -1,
    )


def _last_before(decided: Sequence[Logged], moment: datetime) -> Logged | None:
    before = [each for each in decided if each.at <= moment]
    return before[-1] if before else None
