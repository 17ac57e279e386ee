"""Access in one place for its neighbours: applications, projects, and what stands at this moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.alliance.service import AllianceService
from orchestrator.audit.record import Record
from orchestrator.core.errors import NotFound
from orchestrator.discovery.model import VERSION_STATES, VersionState
from orchestrator.discovery.service import DiscoveryService
from orchestrator.identity.service import IdentityService
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy

from . import store
from .conditions import judge, of_evidence
from .endings import Endings
from .exchange.answering import Answering
from .exchange.changing import Changing
from .exchange.panels import Panels
from .exchange.talking import Talking
from .forms.service import Forms
from .inviting import Inviting
from .model import (
    Granted,
    GrantState,
    Project,
    ProjectStanding,
    ProjectState,
)
from .values import to_project

__all__ = ["AccessService"]


class AccessService(Endings):
    """The one way to read or change who may use what.

    What passes between an applicant and single custodians is in ``forms``, ``answers``, ``talks``, ``changes`` and
    ``panels``; ``inviting`` finds members by address. They share this room's record and rules.
    """

    def __init__(
        self,
        *,
        record: Record,
        policy: Policy,
        identity: IdentityService,
        alliance: AllianceService,
        discovery: DiscoveryService,
    ) -> None:
        super().__init__(record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery)
        self.forms = Forms(record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery)
        self.answers = Answering(
            record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery
        )
        self.talks = Talking(record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery)
        self.changes = Changing(record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery)
        self.panels = Panels(record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery)
        self.inviting = Inviting(
            record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery
        )

    # ---- looking at projects ------------------------------------------------------------------------------------

    def project(self, actor: Actor, project_id: str) -> Project:
        """Return a project this person may see: members, operators, and officers of a granting custodian."""
        with self._record.read() as session:
            current = self._current(session, actor)
            project = to_project(session, store.project_row(session, project_id))
            self._must_see_project(session, current, project)
            return _seen(current, project)

    def projects(self, actor: Actor) -> list[Project]:
        """Return every project this person may see, newest first."""
        with self._record.read() as session:
            current = self._current(session, actor)
            every = [to_project(session, store.project_row(session, each)) for each in store.project_ids(session)]
            return [_seen(current, each) for each in every if self._may_see_project(session, current, each)]

    def project_ids(self) -> list[str]:
        """Return every project that is not closed: what the controller keeps in step."""
        with self._record.read() as session:
            return store.project_ids(session, states=[ProjectState.ACTIVE, ProjectState.SUSPENDED])

    def project_record(self, project_id: str) -> Project:
        """Return a project whole, for the system itself; pages and commands use ``project``."""
        with self._record.read() as session:
            return to_project(session, store.project_row(session, project_id))

    def is_member(self, project_id: str, person_id: str) -> bool:
        """Say whether a person is or ever was a member of the project: such a person never checks its results."""
        with self._record.read() as session:
            return store.ever_worked(session, project_id, person_id)

    # ---- what stands now ----------------------------------------------------------------------------------------

    def standing(self, project_id: str, *, at: datetime | None = None) -> ProjectStanding:
        """Judge every condition of a project, now or at another moment."""
        with self._record.read() as session:
            return self._standing(session, project_id, at or self._record.clock())

    def missing_evidence(self, project_id: str) -> tuple[str, ...]:
        """Say which evidence that the project's active grants hang on is missing or has ended."""
        with self._record.read() as session:
            project, at = to_project(session, store.project_row(session, project_id)), self._record.clock()
            facts = self._facts(session, project, at)
        active = {grant.custodian_id for grant in project.grants if grant.state is GrantState.ACTIVE}
        names = {custodian_id: terms.custodian for custodian_id, terms in facts.terms.items()}
        judged = [
            of_evidence(each, at, asked_by=names.get(custodian_id, "the custodian"))
            for custodian_id in sorted(active)
            for each in facts.evidence.get(custodian_id, ())
        ]
        return tuple(dict.fromkeys(each.otherwise for each in judged if not each.holds))

    def admitted(self, project_id: str) -> dict[str, datetime]:
        """Return who may enter the project's workspace now, and until when."""
        standing = self.standing(project_id)
        return {member.person_id: member.until for member in standing.members if not member.reasons}

    def granted(self, project_id: str, person_id: str) -> list[Granted]:
        """Return what this person's session may hold now."""
        with self._record.read() as session:
            standing = self._standing(session, project_id, self._record.clock())
            return [
                self._granted(session, project_id, each.grant_id, each.people[person_id])
                for each in standing.grants
                if not each.reasons and person_id in each.people
            ]

    # ---- deadlines ----------------------------------------------------------------------------------------------

    def chase(self) -> int:
        """Act on passed deadlines: tell whoever is waited for, lapse old drafts; return how many were acted on."""
        now = self._record.clock()
        return (
            self._chase_applications(now)
            + self._chase_projects(now)
            + self._chase_arrivals(now)
            + self._chase_withdrawn_versions()
            + self.drop_withdrawn()
        )

    # ---- inside -------------------------------------------------------------------------------------------------

    def _standing(self, session: Session, project_id: str, at: datetime) -> ProjectStanding:
        project = to_project(session, store.project_row(session, project_id))
        return judge(project, self._facts(session, project, at), at)

    def _chase_arrivals(self, now: datetime) -> int:
        """Tell officers and operators, once, of a version that was not sealed in time."""
        told = 0
        for version in self._discovery.versions_in(VersionState.ARRIVING):
            deadline = VERSION_STATES.deadline(version.state, version.added_at)
            if deadline is None or now < deadline:
                continue
            with self._record.change() as change:
                custodian_id = self._custodian_of(change.session, version.dataset_id)
                people = [*self._operators(change.session), *self._officers(change.session, custodian_id)]
                told += self._tell_once(change, people, kind="version.overdue", subject=f"version:{version.version_id}")
        return told

    def _chase_withdrawn_versions(self) -> int:
        """Tell members, once, that a version granted to them was withdrawn."""
        withdrawn = [version.version_id for version in self._discovery.versions_in(VersionState.WITHDRAWN)]
        told = 0
        with self._record.read() as session:
            grants = [(row.grant_id, row.project_id) for row in store.active_grants(session, withdrawn)]
        for grant_id, project_id in grants:
            with self._record.change() as change:
                people = [row.person_id for row in store.current_members(change.session, project_id)]
                told += self._tell_once(change, people, kind="grant.version-withdrawn", subject=f"grant:{grant_id}")
        return told

    def _granted(self, session: Session, project_id: str, grant_id: str, until: datetime) -> Granted:
        grant = store.grant_row(session, grant_id)
        version, dataset = self._version(session, grant.version_id), self._dataset(session, grant.dataset_id)
        if dataset is None:
            raise NotFound("A granted dataset is not in the catalogue; tell an operator.")
        return Granted(
            grant_id=grant_id,
            project_id=project_id,
            dataset_id=grant.dataset_id,
            version_id=grant.version_id,
            custodian_id=grant.custodian_id,
            name=dataset.name,
            delivery=version.delivery.value,
            manifest_sha256=version.manifest_sha256,
            connection=version.connection,
            schema=version.schema,
            views=version.views,
            store=version.store,
            prefix=version.prefix,
            volume=version.volume,
            until=until,
        )


def _seen(current: Actor, project: Project) -> Project:
    """Cut a project to what a person may see: custodians' officers know nothing of one another's grants."""
    members = {member.person_id for member in project.members}
    if current.person_id in members or "operator" in current.roles:
        return project
    return replace(project, grants=tuple(grant for grant in project.grants if grant.custodian_id in current.custodians))
