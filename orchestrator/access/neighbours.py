"""What access asks of its neighbours, within its own transaction: people, terms, datasets, who is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.alliance import store as alliance
from orchestrator.alliance.model import Terms
from orchestrator.alliance.service import AllianceService
from orchestrator.audit.record import Change, Record
from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Event, Notice
from orchestrator.discovery import store as catalogue
from orchestrator.discovery.model import Dataset, DatasetState, DatasetVersion, VersionState
from orchestrator.discovery.service import DiscoveryService
from orchestrator.identity import store as identity
from orchestrator.identity.asking import Asking
from orchestrator.identity.model import Person, Role, RoleHolding
from orchestrator.identity.rules import judge as judge_person
from orchestrator.identity.service import IdentityService
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy

from .conditions import Facts, PersonFacts, TermsFacts, VersionFacts
from .evidence.facts import evidence_facts
from .model import Project

__all__ = ["Neighbours", "Stop"]

Stop = Callable[[Session, str], Sequence[str]]
"""Returns, for the application a project came of, the sentences why its use must stop now; most often none."""


class Neighbours(Asking):
    """The record, the rules and the rooms below; every question is answered inside one transaction."""

    def __init__(
        self,
        *,
        record: Record,
        policy: Policy,
        identity: IdentityService,
        alliance: AllianceService,
        discovery: DiscoveryService,
    ) -> None:
        super().__init__(record, policy)
        self._identity = identity
        self._alliance = alliance
        self._discovery = discovery
        self.stops: list[Stop] = []
        """What rooms above have to say against a project's use: each is asked whenever a project is judged."""

    def _current(self, session: Session, actor: Actor) -> Actor:
        return self.as_now(session, actor)

    def _knows(self, session: Session, person_id: str) -> bool:
        """Say whether a person is registered here."""
        try:
            identity.load(session, Person, person_id)
        except NotFound:
            return False
        return True

    def _operators(self, session: Session) -> list[str]:
        return identity.operators(session, self._now())

    def _officers(self, session: Session, custodian_id: str) -> list[str]:
        """Return who speaks for a custodian now."""
        query = select(identity.HoldingRow).where(
            identity.HoldingRow.role == Role.CUSTODIAN, identity.HoldingRow.custodian_id == custodian_id
        )
        now = self._now()
        holdings = identity.find(session, RoleHolding, query)
        return sorted({holding.person_id for holding in holdings if holding.in_force(now)})

    def _tell(
        self, change: Change, people: Iterable[str], *, kind: str, subject: str, apart_from: Iterable[str] = ()
    ) -> None:
        """Notify people that something waits for them or has changed."""
        for person_id in sorted(set(people) - set(apart_from)):
            change.notify(Notice(person=person_id, kind=kind, subject=subject))

    def _tell_once(self, change: Change, people: Iterable[str], *, kind: str, subject: str) -> int:
        """Notify people of something unless the log says that it was told already; return how many times it was."""
        query = select(EntryRow.position).where(EntryRow.kind == kind, EntryRow.subject == subject)
        if change.session.scalar(query.limit(1)) is not None:
            return 0
        change.tell(Event(kind=kind, actor="system:controller", subject=subject))
        self._tell(change, people, kind=kind, subject=subject)
        return 1

    def _actors(self, session: Session, kinds: Iterable[str], subjects: Iterable[str]) -> set[str]:
        """Return who did any of these things, as the log has it."""
        query = select(EntryRow.body).where(EntryRow.kind.in_(list(kinds)), EntryRow.subject.in_(list(subjects)))
        return {str(json.loads(body)["actor"]) for body in session.scalars(query)}

    def _custodian_of(self, session: Session, dataset_id: str) -> str:
        return catalogue.dataset_row(session, dataset_id).custodian_id

    def _terms_in_force(self, session: Session, custodian_id: str) -> Terms:
        self._alliance.check_may_grant(custodian_id, session=session)
        return self._alliance.current_terms(custodian_id, session=session)

    def _dataset(self, session: Session, dataset_id: str) -> Dataset | None:
        try:
            return catalogue.to_dataset(catalogue.dataset_row(session, dataset_id))
        except NotFound:
            return None

    def _version(self, session: Session, version_id: str) -> DatasetVersion:
        return catalogue.to_version(catalogue.version_row(session, version_id))

    def _current_version(self, session: Session, dataset_id: str) -> DatasetVersion:
        """Return the newest sealed version of a dataset; raise ``NotPossible`` when there is none."""
        versions = [catalogue.to_version(row) for row in catalogue.versions_of(session, dataset_id)]
        sealed = [version for version in versions if version.state is VersionState.SEALED]
        if not sealed:
            title = catalogue.dataset_row(session, dataset_id).title
            raise NotPossible(f"“{title}” has no sealed version to grant yet; ask its custodian to add one.")
        return sealed[-1]

    def _facts(self, session: Session, project: Project, at: datetime) -> Facts:
        """Return everything that the project's standing hangs on, as it is in this transaction."""
        return Facts(
            people={
                member.person_id: self._person_facts(session, member.person_id, at)
                for member in project.members
                if self._knows(session, member.person_id)
            },
            terms={
                custodian_id: found
                for custodian_id in sorted({grant.custodian_id for grant in project.grants})
                if (found := self._terms_facts(session, custodian_id, project)) is not None
            },
            versions={grant.version_id: self._version_facts(session, grant.version_id) for grant in project.grants},
            evidence={
                custodian_id: evidence_facts(session, project.application_id, terms)
                for custodian_id in sorted({grant.custodian_id for grant in project.grants})
                if (terms := alliance.current_terms(session, custodian_id)) is not None
            },
            stops=tuple(reason for stop in self.stops for reason in stop(session, project.application_id)),
        )

    def _person_facts(self, session: Session, person_id: str, at: datetime) -> PersonFacts:
        person = identity.load(session, Person, person_id)
        standing = judge_person(
            person,
            trainings=identity.trainings(session, person_id),
            accreditations=identity.accreditations(session, person_id),
            now=at,
        )
        return PersonFacts(
            active=person.active,
            trained_until=standing.trained_until,
            accredited_until=standing.accredited_until,
        )

    def _terms_facts(self, session: Session, custodian_id: str, project: Project) -> TermsFacts | None:
        custodian, terms = alliance.custodian(session, custodian_id), alliance.current_terms(session, custodian_id)
        if custodian is None or terms is None:
            return None
        accepted = {
            member.person_id
            for member in project.members
            if alliance.acceptance(
                session, custodian_id=custodian_id, version=terms.version, person_id=member.person_id
            )
        }
        return TermsFacts(
            custodian=custodian.name,
            version=terms.version,
            valid_until=terms.valid_until,
            accepted_by=frozenset(accepted),
        )

    def _version_facts(self, session: Session, version_id: str) -> VersionFacts:
        version = self._version(session, version_id)
        dataset = catalogue.dataset_row(session, version.dataset_id)
        return VersionFacts(
            title=dataset.title,
            sealed=version.state is VersionState.SEALED,
            withdrawn=version.state is VersionState.WITHDRAWN or dataset.state == DatasetState.WITHDRAWN,
        )
