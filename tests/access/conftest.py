"""A small world made by the real services: two operators, two custodians with officers, researchers, datasets."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.access.model import Answers, Application, Project
from orchestrator.access.service import AccessService
from orchestrator.alliance.service import AllianceService
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import make_engine
from orchestrator.discovery.arrivals import Arrivals
from orchestrator.discovery.service import DiscoveryService
from orchestrator.identity.service import IdentityService
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy
from tests import deciding
from tests.empty_record import lay_tables

SUMMARY = "We want to learn which simulated people with diabetes do well and why, " * 4


def description(title: str) -> dict[str, Any]:
    """Return a minimal valid description."""
    return {
        "identifier": None,
        "version": "1.0.0",
        "revisions": [],
        "issued": "2026-01-01T00:00:00Z",
        "modified": "2026-01-01T00:00:00Z",
        "summary": {
            "title": title,
            "abstract": "Simulated people.",
            "dataCustodian": {"identifier": "x1", "name": "A trust", "contactPoint": "data@example.org"},
            "populationSize": 10,
            "contactPoint": "data@example.org",
        },
        "accessibility": {"access": {"accessRights": "Ask."}},
        "observations": [],
    }


class World:
    """Everything a test of access needs, made through the services that people use."""

    def __init__(
        self, record: Record, policy: Policy, clock: FixedClock, directory: Path, *, like: World | None = None
    ) -> None:
        """Make the world anew, or know everybody of another one whose record and arrivals were copied."""
        self.record, self.clock, self.directory = record, clock, directory
        self.identity = IdentityService(record, policy)
        self.alliance = AllianceService(record, policy, as_now=self.identity.as_now)
        self.discovery = DiscoveryService(
            record=record,
            policy=policy,
            alliance=self.alliance,
            arrivals=Arrivals(directory=directory / "arrivals"),
            connections={"demo": "Trust b"},
            stores={"lake": "Trust a"},
            volumes={"scans": "Trust b"},
        )
        self.access = AccessService(
            record=record,
            policy=policy,
            identity=self.identity,
            alliance=self.alliance,
            discovery=self.discovery,
        )
        if like is not None:
            self.people, self.custodians = dict(like.people), dict(like.custodians)
            self.datasets, self.versions = dict(like.datasets), dict(like.versions)
            return
        self.people = {}
        first = self.identity.first_operator("Operator one", "o1@example.org", "https://id", "o1")
        self.people["operator"] = first.person_id
        self.register("operator2")
        self.give("operator2", "operator", confirmed_by="operator2")
        for name in ("lead", "member", "stranger", "officer_a", "officer_b"):
            self.register(name)
        self.custodians = {
            name: self.alliance.register_custodian(self.actor("operator"), f"Trust {name}").custodian_id
            for name in ("a", "b")
        }
        for name, custodian_id in self.custodians.items():
            self.give(f"officer_{name}", "custodian", custodian_id=custodian_id)
            self.publish_terms(name)
        self.datasets = {name: self.dataset(name) for name in ("a", "b")}
        self.versions = {name: self.version(name) for name in ("a", "b")}
        for name in ("lead", "member"):
            self.qualify(name)

    @property
    def now(self) -> datetime:
        return self.clock()

    def day(self, days: int) -> date:
        return (self.now + timedelta(days=days)).date()

    def register(self, name: str) -> str:
        operator = self.actor("operator")
        person = self.identity.register_person(operator, name.title(), f"{name}@example.org", "https://id", name)
        self.people[name] = person.person_id
        return person.person_id

    def actor(self, name: str) -> Actor:
        return self.identity.actor(self.people[name], second_factor=True)

    def give(self, name: str, role: str, *, custodian_id: str | None = None, confirmed_by: str = "operator2") -> str:
        until = self.now + timedelta(days=360)
        proposer = "operator" if confirmed_by != "operator" else "operator2"
        holding = self.identity.propose_role(self.actor(proposer), self.people[name], role, until, custodian_id)
        self.identity.confirm_role(self.actor(confirmed_by), holding.holding_id)
        return holding.holding_id

    def publish_terms(self, name: str, *, days: int = 700) -> int:
        terms = self.alliance.publish_terms(
            self.actor(f"officer_{name}"),
            self.custodians[name],
            text="Use the data for the approved purpose only.",
            valid_until=self.now + timedelta(days=days),
        )
        return terms.version

    def accept(self, person: str, name: str) -> None:
        custodian_id = self.custodians[name]
        version = self.alliance.current_terms(custodian_id).version
        self.alliance.accept_terms(self.actor(person), custodian_id, version)

    def qualify(self, name: str, *, days: int = 600) -> None:
        until = self.now + timedelta(days=days)
        self.identity.record_training(self.actor("operator"), self.people[name], "Safe researcher", until)
        self.identity.record_accreditation(self.actor("operator"), self.people[name], "12345", until)

    def dataset(self, name: str, *, custodian: str | None = None) -> str:
        owner = custodian or name
        return self.discovery.register_dataset(
            self.actor(f"officer_{owner}"),
            custodian_id=self.custodians[owner],
            name=f"set-{name}",
            description=description(f"Dataset {name}"),
        ).dataset_id

    def version(self, name: str, *, custodian: str | None = None, sealed: bool = True) -> str:
        folder = self.directory / f"source-{name}"
        folder.mkdir(exist_ok=True)
        (folder / "people.csv").write_text("id\n1\n")
        officer = self.actor(f"officer_{custodian or name}")
        version = self.discovery.add_files_version(officer, self.datasets[name], folder)
        if sealed:
            self.discovery.mark_sealed(version.version_id)
        return version.version_id

    def answers(self, **changes: Any) -> Answers:
        values: dict[str, Any] = {
            "title": "Diabetes outcomes",
            "lay_summary": SUMMARY,
            "purpose": "To learn which care helps.",
            "organisation": "University of Nowhere",
            "ethics_reference": "26/XX/0001",
            "ethics_until": self.day(500),
            "start": self.day(0),
            "end": self.day(300),
            "members": (self.people["member"],),
        }
        return Answers(**(values | changes))

    def submitted(self, datasets: tuple[str, ...] = ("a", "b"), **changes: Any) -> Application:
        lead = self.actor("lead")
        chosen = [self.datasets[name] for name in datasets]
        application = self.access.draft(lead, self.answers(**changes), chosen)
        return self.access.submit(lead, application.application_id)

    def decide(self, application_id: str, name: str, *, approve: bool = True, days: int = 400) -> Application:
        return deciding.decide(
            self.access,
            self.actor(f"officer_{name}"),
            application_id,
            self.custodians[name],
            approve=approve,
            reason="Considered.",
            agreement_until=self.day(days) if approve else None,
        )

    def decided(self, **approvals: bool) -> Application:
        application = self.submitted(tuple(approvals) or ("a", "b"))
        for name, approve in (approvals or {"a": True, "b": True}).items():
            self.decide(application.application_id, name, approve=approve)
        return self.access.application(self.actor("lead"), application.application_id)

    def approved(self, *, accepted: bool = True, **approvals: bool) -> Project:
        application = self.decided(**approvals)
        project = deciding.approve_project(self.access, self.actor("operator"), application.application_id)
        if accepted:
            for person in ("lead", "member"):
                for name in approvals or ("a", "b"):
                    self.accept(person, name)
        return project

    def grant_id(self, project: Project, name: str) -> str:
        return next(grant.grant_id for grant in project.grants if grant.dataset_id == self.datasets[name])

    def held(self, project: Project, person: str) -> set[str]:
        """Return the names of the datasets that a person's session may hold now."""
        granted = self.access.granted(project.project_id, self.people[person])
        return {each.name.removeprefix("set-") for each in granted}


@pytest.fixture(scope="session")
def first_world(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world as every test finds it, made once; its record is closed so that its file can be copied."""
    directory = tmp_path_factory.mktemp("world")
    engine = make_engine(f"sqlite:///{directory}/record.db")
    lay_tables(engine)
    clock = FixedClock()
    made = World(Record(engine, clock), policy, clock, directory)
    engine.dispose()
    return made


@pytest.fixture
def world(first_world: World, policy: Policy, clock: FixedClock, tmp_path: Path) -> Iterator[World]:
    """A world of the test's own."""
    directory = tmp_path / "world"
    shutil.copytree(first_world.directory, directory)
    engine = make_engine(f"sqlite:///{directory}/record.db")
    yield World(Record(engine, clock), policy, clock, directory, like=first_world)
    engine.dispose()


@pytest.fixture
def world_everywhere(record_everywhere: Record, policy: Policy, clock: FixedClock, tmp_path: Path) -> World:
    """A world on each kind of database in turn."""
    return World(record_everywhere, policy, clock, tmp_path)
