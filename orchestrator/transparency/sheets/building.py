"""Gathers what a sheet says from the record and its log, for one custodian only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.model import Grant
from orchestrator.alliance import store as alliance
from orchestrator.audit.model import Verification
from orchestrator.audit.store import TreeRow
from orchestrator.core.clock import iso
from orchestrator.discovery import store as catalogue
from orchestrator.identity import store as identity

from ..log import Log, Logged, Releasing
from .checking import Facts, ProjectFacts, check_all
from .model import Left, Person, SheetContent, Use
from .rows import rows_of

__all__ = ["gather"]


def gather(session: Session, custodian_id: str, *, verification: Verification, now: datetime) -> SheetContent:
    """Return the sheet of one custodian as the record stands."""
    query = select(access.GrantRow.project_id).where(access.GrantRow.custodian_id == custodian_id).distinct()
    facts = Facts(
        custodian_id=custodian_id,
        terms=tuple(alliance.terms_versions(session, custodian_id)),
        projects=_projects(session, custodian_id, sorted(session.scalars(query))),
        acceptances={
            (each.person_id, each.version): each.accepted_at for each in alliance.acceptances_of(session, custodian_id)
        },
        names={person.person_id: person.name for person in identity.people(session)},
        verification=verification,
        now=now,
    )
    found = alliance.custodian(session, custodian_id)
    tree = session.get(TreeRow, 1)
    data = _Data(session)
    uses = [_use(data, facts, project, grant) for project in facts.projects for grant in project.grants]
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


def _projects(session: Session, custodian_id: str, project_ids: Sequence[str]) -> tuple[ProjectFacts, ...]:
    """Return what the record and its log know of these projects: a few statements, however many they are."""
    log, rows = Log(session), rows_of(session, project_ids)
    decided = _grouped(
        each
        for each in log.about(f"application:{each}" for row in rows for each in row.applications)
        if each.kind.endswith(".part-approved") and each.details.get("custodian") == custodian_id
    )
    leases = _grouped(log.about((f"project:{each}" for each in project_ids), kinds=["lease.issued"]))
    sessions, releases = log.sessions_of(project_ids), log.releases_of(project_ids)
    made = []
    for row in rows:
        project_id = row.project.project_id
        grants = tuple(grant for grant in row.project.grants if grant.custodian_id == custodian_id)
        since = min(grant.granted_at for grant in grants)
        of_its_applications = [one for each in row.applications for one in decided.get(f"application:{each}", [])]
        made.append(
            ProjectFacts(
                project=row.project,
                grants=grants,
                memberships=row.memberships,
                workers=frozenset(each.person_id for each in row.memberships),
                decided=tuple(sorted(of_its_applications, key=lambda each: each.position or 0)),
                sessions=tuple(sessions[project_id]),
                leases=tuple(leases.get(f"project:{project_id}", [])),
                releases=tuple(each for each in releases[project_id] if each.released_at >= since),
            )
        )
    return tuple(made)


def _grouped(entries: Iterable[Logged]) -> dict[str, list[Logged]]:
    found: dict[str, list[Logged]] = {}
    for each in entries:
        found.setdefault(each.subject, []).append(each)
    return found


class _Data:
    """Titles of datasets, and numbers and hashes of their versions, each looked up once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._titles: dict[str, str] = {}
        self._versions: dict[str, tuple[int, str]] = {}

    def title(self, dataset_id: str) -> str:
        if dataset_id not in self._titles:
            self._titles[dataset_id] = catalogue.dataset_row(self._session, dataset_id).title
        return self._titles[dataset_id]

    def version(self, version_id: str) -> tuple[int, str]:
        if version_id not in self._versions:
            row = catalogue.version_row(self._session, version_id)
            self._versions[version_id] = (row.number, row.manifest_sha256)
        return self._versions[version_id]


def _use(data: _Data, facts: Facts, about: ProjectFacts, grant: Grant) -> Use:
    project = about.project
    number, sha256 = data.version(grant.version_id)
    times = sorted(each.at for each in about.uses_of(grant.grant_id))
    decided = _last_before(about.decided, grant.granted_at)
    ends = min(grant.agreement_until, grant.ended_at or grant.agreement_until)
    return Use(
        grant_id=grant.grant_id,
        dataset_id=grant.dataset_id,
        dataset=data.title(grant.dataset_id),
        version_id=grant.version_id,
        version=number,
        content_sha256=sha256,
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
        people=_people(facts, about),
        left=tuple(_left(facts, each) for each in about.releases),
    )


def _people(facts: Facts, about: ProjectFacts) -> tuple[Person, ...]:
    found = []
    for row in about.memberships:
        ended = row.ended_at or row.until
        found.append(
            Person(
                person_id=row.person_id,
                name=facts.named(row.person_id),
                role=row.role,
                since=iso(row.since),
                until=iso(ended) if ended else "",
                accepted_terms=facts.newest_accepted.get(row.person_id, 0),
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
