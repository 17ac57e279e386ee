"""Answers the airlock's questions from the rooms below: people, projects, grants and terms as they are now."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy import select

from orchestrator.access import store as access_store
from orchestrator.access.model import Project
from orchestrator.access.service import AccessService
from orchestrator.alliance.service import AllianceService
from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow
from orchestrator.core.clock import iso
from orchestrator.identity.service import IdentityService
from orchestrator.policy.model import Actor

from .ports import CustodianTerms

__all__ = ["LiveGovernance"]

_LOOKING_BACK = timedelta(days=365)


class LiveGovernance:
    """Implements ``Governance`` on the services of identity, alliance and access."""

    def __init__(
        self, record: Record, identity: IdentityService, alliance: AllianceService, access: AccessService
    ) -> None:
        self._record, self._identity, self._alliance, self._access = record, identity, alliance, access

    def actor(self, person_id: str) -> Actor:
        """Return the person with the roles held at this moment; how he signed on was asked when he acted."""
        return self._identity.actor(person_id, second_factor=True)

    def hold_reasons(self, project_id: str, author_id: str, *, since: datetime) -> tuple[str, ...]:
        """Say why nothing of this author may leave now: the project, the author, or data withdrawn after ``since``."""
        standing = self._access.standing(project_id)
        reasons = list(standing.reasons)
        own = [member for member in standing.members if member.person_id == author_id]
        if not own:
            reasons.append("The author is no longer a member of the project.")
        for member in own:
            reasons += member.reasons
        project = self._access.project_record(project_id)
        if _lost_data(project, since, self._record.clock()) or self._lost_version(project, since):
            reasons.append("Data of this project was withdrawn, or its agreement ended, after this was submitted.")
        reasons += self._access.missing_evidence(project_id)
        return tuple(dict.fromkeys(" ".join(reason.split()) for reason in reasons))

    def _lost_version(self, project: Project, since: datetime) -> bool:
        """Say whether a version of the project's data was withdrawn after ``since``, as the log has it."""
        subjects = [f"version:{grant.version_id}" for grant in project.grants]
        query = select(EntryRow.body).where(EntryRow.kind == "version.withdrawn", EntryRow.subject.in_(subjects))
        with self._record.read() as session:
            return any(str(json.loads(body)["at"]) > iso(since) for body in session.scalars(query))

    def members_within_a_year(self, project_id: str) -> frozenset[str]:
        """Return everyone who is a member of the project or was one within the last twelve months."""
        earliest = self._record.clock() - _LOOKING_BACK
        with self._record.read() as session:
            rows = access_store.memberships(session, project_id)
        return frozenset(
            row.person_id
            for row in rows
            if (row.ended_at is None or row.ended_at > earliest) and (row.until is None or row.until > earliest)
        )

    def terms(self, project_id: str) -> tuple[CustodianTerms, ...]:
        """Return the newest terms of every custodian whose data the project holds or held."""
        custodians = {grant.custodian_id for grant in self._access.project_record(project_id).grants}
        newest = {each: self._alliance.terms(each)[:1] for each in sorted(custodians)}
        return tuple(
            CustodianTerms(
                custodian_id=custodian_id,
                version=terms[0].version if terms else 0,
                checkers_needed=terms[0].checkers_needed if terms else 2,
                minimum_count=terms[0].minimum_count if terms else 1,
                release_signoff=bool(terms) and terms[0].release_signoff,
                airlock_pack=terms[0].airlock_pack if terms else "",
            )
            for custodian_id, terms in newest.items()
        )

    def versions(self, project_id: str) -> dict[str, str]:
        """Return the versions of data that the project holds or held, each with its dataset."""
        return {grant.version_id: grant.dataset_id for grant in self._access.project_record(project_id).grants}

    def holders(self, role: str) -> frozenset[str]:
        """Return everyone who holds this role now."""
        return frozenset(each.person_id for each in self._everybody() if role in each.roles)

    def officers(self, custodian_id: str) -> frozenset[str]:
        """Return everyone who speaks for this custodian now."""
        return frozenset(each.person_id for each in self._everybody() if custodian_id in each.custodians)

    def _everybody(self) -> list[Actor]:
        return [self.actor(person.person_id) for person in self._identity.everybody()]

    def trained(self, person_id: str) -> bool:
        """Say whether this person has training in date."""
        return self._identity.standing(person_id).trained_until is not None


def _lost_data(project: Project, since: datetime, now: datetime) -> bool:
    ends = [min(filter(None, (grant.ended_at, grant.agreement_until))) for grant in project.grants]
    return any(since < end <= now for end in ends)
