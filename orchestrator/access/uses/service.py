"""Declaring what data are wanted for, answering it by each dataset's terms, and telling the rules of a project."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.applications import application_thing
from orchestrator.access.evidence import store as evidence
from orchestrator.access.evidence.facts import evidence_facts
from orchestrator.access.evidence.research import research_of
from orchestrator.access.exchange import store as exchange
from orchestrator.access.exchange.parts import PartExchange
from orchestrator.access.model import Application, ApplicationState, Grant, GrantState, PartState, Project
from orchestrator.access.project_ground import project_thing
from orchestrator.access.rules import end_of, seen_by_officer, start_of
from orchestrator.access.values import to_application, to_project
from orchestrator.alliance import store as alliance
from orchestrator.alliance.service import AllianceService
from orchestrator.alliance.uses.model import Purpose, UseTerms, Verdict
from orchestrator.alliance.uses.rules import check_purpose
from orchestrator.alliance.uses.service import UsesService
from orchestrator.alliance.uses.strictest import Stated, strictest
from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Event
from orchestrator.discovery.service import DiscoveryService
from orchestrator.identity import store as identity
from orchestrator.identity.model import Person
from orchestrator.identity.service import IdentityService
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy

from . import store
from .model import Assessed, DeclaredPurpose, EffectiveRules, Setter
from .rules import Contribution, of_agreements, of_terms, of_uses

__all__ = ["DataUses"]

_DAYS_A_MONTH = 30.4375
_USERS = "DUO:0000026"


class DataUses(PartExchange):
    """Purposes of applications and the rules of projects."""

    def __init__(
        self,
        *,
        record: Record,
        policy: Policy,
        identity: IdentityService,
        alliance: AllianceService,
        discovery: DiscoveryService,
        uses: UsesService,
    ) -> None:
        super().__init__(record=record, policy=policy, identity=identity, alliance=alliance, discovery=discovery)
        self._uses = uses

    def declare(self, actor: Actor, application_id: str, purpose: Purpose) -> DeclaredPurpose:
        """Say what the data of an application are wanted for; frozen while custodians decide on it."""
        with self._record.change() as change:
            application = self._application(change.session, actor, application_id)
            self._check(change.session, actor, "declarePurpose", application_thing(application))
            if not self._open(change.session, application):
                raise NotPossible(
                    "The purpose is frozen with the application; a custodian can ask you for a change of it."
                )
            earlier = store.newest(change.session, application_id)
            declared = DeclaredPurpose(
                application_id=application_id,
                version=earlier.version + 1 if earlier else 1,
                purpose=check_purpose(purpose),
                declared_by=actor.person_id,
                declared_at=self._now(),
            )
            event = Event(
                kind="purpose.declared",
                actor=actor.person_id,
                subject=f"application:{application_id}",
                details={"version": declared.version, "uses": list(declared.purpose.uses)},
            )
            kept = store.add(change, declared, event=event)
            self._tell_readers(change, actor, application)
            return kept

    def may_declare(self, actor: Actor, application_id: str) -> bool:
        """Say whether this person may declare the purpose now."""
        with self._record.read() as session:
            application = self._application(session, actor, application_id)
            current = self._current(session, actor)
            allowed = self._policy.may(current, "declarePurpose", application_thing(application))
            return allowed and self._open(session, application)

    def purpose(self, actor: Actor, application_id: str) -> DeclaredPurpose | None:
        """Return what an application declares, for those who may see it; ``None`` while nothing is declared."""
        with self._record.read() as session:
            return self._declared(session, self._application(session, actor, application_id))

    def assessments(self, actor: Actor, application_id: str) -> list[Assessed]:
        """Return what the terms of each dataset say to the purpose; an officer sees his own custodian's only."""
        with self._record.read() as session:
            application = self._application(session, actor, application_id)
            parts = [(part.custodian_id, each) for part in application.parts for each in part.dataset_ids]
            datasets = [dataset_id for _, dataset_id in parts]
            terms = self._uses.current_of(datasets, session=session)
            declared = self._declared(session, application)
            purpose = self._whole(session, application, declared.purpose if declared else Purpose(), terms.values())
            found = self._uses.assess(datasets, purpose, session=session)
            return [
                Assessed(
                    dataset_id=dataset_id,
                    title=self._title(session, dataset_id),
                    custodian_id=custodian_id,
                    assessment=assessment,
                )
                for (custodian_id, dataset_id), assessment in zip(parts, found, strict=True)
            ]

    def effective_rules(self, actor: Actor, project_id: str) -> EffectiveRules:
        """Return the strictest rules over a project's datasets with who set them.

        Members and operators see all of them; an officer sees what comes of his own custodian's data. All data the
        project holds or held count, because results may come of them.
        """
        with self._record.read() as session:
            current = self._current(session, actor)
            project = to_project(session, access.project_row(session, project_id))
            workers = access.workers(session, project_id)
            if not self._policy.may(current, "showProject", project_thing(project, workers=workers, now=self._now())):
                raise NotFound("There is no such project, or none that you may see.")
            members = {member.person_id for member in project.members}
            whole = actor.person_id in members or "operator" in current.roles
            grants = [each for each in project.grants if whole or each.custodian_id in current.custodians]
            return self._rules(session, project, grants)

    def forbidden(self, session: Session, application_id: str, custodian_id: str) -> tuple[str, ...]:
        """Return the reasons for which one custodian's terms of use do not permit an application's purpose."""
        application = to_application(session, access.application_row(session, application_id))
        datasets = [
            each for part in application.parts if part.custodian_id == custodian_id for each in part.dataset_ids
        ]
        terms = self._uses.current_of(datasets, session=session)
        declared = self._declared(session, application)
        purpose = self._whole(session, application, declared.purpose if declared else Purpose(), terms.values())
        return tuple(
            f"{self._title(session, each.dataset_id)}: {answer.reason}"
            for each in self._uses.assess(datasets, purpose, session=session)
            for answer in each.answers
            if answer.verdict is Verdict.NOT_PERMITTED
        )

    # ---- inside -------------------------------------------------------------------------------------------------

    def _rules(self, session: Session, project: Project, grants: list[Grant]) -> EffectiveRules:
        now = self._now()
        custodians = sorted({grant.custodian_id for grant in grants})
        contributions = [self._contribution(session, project, each) for each in custodians]
        names = {each.custodian_id: each.custodian for each in contributions}
        setters = {
            grant.dataset_id: Setter(
                custodian_id=grant.custodian_id,
                custodian=names[grant.custodian_id],
                datasets=(self._title(session, grant.dataset_id),),
            )
            for grant in grants
        }
        active = [grant for grant in grants if grant.state is GrantState.ACTIVE]
        ends = {grant.grant_id: (grant.agreement_until, setters[grant.dataset_id]) for grant in active}
        terms = self._uses.current_of(setters, session=session)
        stated = [Stated(source=each, clauses=terms[each].clauses) for each in sorted(terms)]
        named = [value for each in stated for clause in each.clauses for value in clause.values if ":" in value]
        together = strictest(stated, self._uses.diseases(named, session=session))
        return EffectiveRules(
            project_id=project.project_id,
            at=now,
            rules=(*of_terms(contributions, now), *of_agreements(ends), *of_uses(together, setters)),
            silent=tuple(sorted(setters[each].datasets[0] for each in setters.keys() - terms.keys())),
        )

    def _contribution(self, session: Session, project: Project, custodian_id: str) -> Contribution:
        custodian, terms = alliance.custodian(session, custodian_id), alliance.current_terms(session, custodian_id)
        return Contribution(
            custodian_id=custodian_id,
            custodian=custodian.name if custodian else "",
            terms=terms,
            evidence=evidence_facts(session, project.application_id, terms) if terms else (),
        )

    def _application(self, session: Session, actor: Actor, application_id: str) -> Application:
        """Return an application cut to what this person may see of it."""
        application = to_application(session, access.application_row(session, application_id))
        current = self._current(session, actor)
        if not self._policy.may(current, "showApplication", application_thing(application)):
            raise NotFound("There is no such application, or none that you may see.")
        own = {application.applicant_id, *application.answers.members}
        if actor.person_id in own or "operator" in current.roles:
            return application
        return seen_by_officer(application, current.custodians)

    def _declared(self, session: Session, application: Application) -> DeclaredPurpose | None:
        """An amendment that says nothing else is for what its project was approved for."""
        found = store.newest(session, application.application_id)
        if found is None and application.amends is not None:
            found = store.of_project(session, access.project_row(session, application.amends))
        return found

    def _whole(
        self, session: Session, application: Application, purpose: Purpose, terms: Iterable[UseTerms]
    ) -> Purpose:
        """Add what the application says anyway: its people, its organisation, its time, its ethics approval.

        Who declares fewer people, other organisations or less time than he applies for is judged by both.
        """
        answers, now = application.answers, self._now()
        days = (end_of(answers.end) - start_of(answers.start)).days
        pieces = evidence.for_application(session, research_of(session, application.application_id).application_id)
        proven = any(each.kind == "ethics" and each.in_force(now) for each in pieces)
        ids = [application.applicant_id, *answers.members]
        allowed = {
            value for each in terms for clause in each.clauses if clause.code == _USERS for value in clause.values
        }
        return replace(
            purpose,
            months=max(purpose.months or 1, math.ceil(days / _DAYS_A_MONTH)),
            institutions=_joint(purpose.institutions, (answers.organisation,)),
            people=_joint(purpose.people, (self._as_named(session, each, allowed) for each in ids)),
            project=purpose.project or answers.title,
            ethics=True if purpose.ethics is None and proven else purpose.ethics,
        )

    def _as_named(self, session: Session, person_id: str, allowed: set[str]) -> str:
        """Return a person as the terms name people: by identifier, e-mail address or name."""
        if not self._knows(session, person_id):
            return person_id
        person = identity.load(session, Person, person_id)
        known = {each.casefold() for each in allowed}
        ways = (person_id, person.email, person.name)
        return next((each for each in ways if each.casefold() in known), person.name)

    def _open(self, session: Session, application: Application) -> bool:
        """Say whether the purpose may be declared: in a draft, or where a custodian asks for a change of it."""
        if application.state is not ApplicationState.SUBMITTED:
            return application.state is ApplicationState.DRAFT
        return any(
            "purpose" in request.fields
            for part in application.parts
            for request in exchange.open_requests(session, application.application_id, part.custodian_id)
        )

    def _tell_readers(self, change: Change, actor: Actor, application: Application) -> None:
        """Put a purpose that changed after submission before the custodians that approved another one, and tell all."""
        if application.state is ApplicationState.DRAFT:
            return
        row = access.application_row(change.session, application.application_id)
        for part in access.part_rows(change.session, application.application_id):
            if part.state == PartState.APPROVED:
                content = self._content(change.session, application, part.custodian_id)
                self._reopen(change, actor, row, part, content)
            elif part.state == PartState.WAITING:
                self._tell_officers(change, row, part.custodian_id, "application.changed")

    def _title(self, session: Session, dataset_id: str) -> str:
        dataset = self._dataset(session, dataset_id)
        return dataset.title if dataset else dataset_id


def _joint(declared: Iterable[str], applied: Iterable[str]) -> tuple[str, ...]:
    """Return both, each once however it is written."""
    known = {" ".join(each.split()).casefold(): each for each in (*applied, *declared)}
    return tuple(known.values())
