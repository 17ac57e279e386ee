"""The small world of access, whose custodians join and leave the alliance; three operators, two officers each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.access.departures import Departures
from orchestrator.alliance.accreditation.checklist import Subject
from orchestrator.alliance.accreditation.model import Case
from orchestrator.alliance.accreditation.service import AccreditationService
from orchestrator.alliance.onboarding.service import OnboardingService
from orchestrator.assembly.rooms.alliance import open_onboarding
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import make_engine
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy
from tests.access.conftest import World
from tests.empty_record import lay_tables

CHECKLISTS = Path(__file__).parents[2] / "policies" / "alliance"


@dataclass
class Alliance:
    """The world with its alliance."""

    world: World
    accreditation: AccreditationService
    onboarding: OnboardingService
    departures: Departures

    def actor(self, name: str) -> Actor:
        return self.world.actor(name)

    @property
    def clock(self) -> FixedClock:
        return self.world.clock

    def filled(self, name: str = "a", *, days: int = 300) -> Case:
        """Open a custodian's case and give evidence of every needed item."""
        officer = self.actor(f"officer_{name}")
        case = self.accreditation.open_case(officer, Subject.CUSTODIAN, self.world.custodians[name])
        for item in self.accreditation.checklists[Subject.CUSTODIAN].items:
            if item.needed:
                until = self.clock() + timedelta(days=days)
                case = self.accreditation.give_evidence(officer, case.case_id, item.key, f"Ref {item.key}", until)
        return case

    def assessed(self, name: str = "a", *, days: int = 300) -> Case:
        """Fill and submit a case, and have every piece of evidence verified."""
        case = self.filled(name, days=days)
        self.accreditation.submit(self.actor(f"officer_{name}"), case.case_id)
        for each in case.evidence:
            case = self.accreditation.verify(self.actor("operator"), each.evidence_id)
        return case

    def accredited(self, name: str = "a", *, days: int = 300) -> Case:
        case = self.assessed(name, days=days)
        self.accreditation.recommend(self.actor("operator"), case.case_id)
        return self.accreditation.confirm(self.actor("operator2"), case.case_id)


def alliance_of(world: World, policy: Policy, *, needed: bool = False) -> Alliance:
    accreditation, onboarding = open_onboarding(
        world.record, policy, world.identity, checklists=CHECKLISTS, accreditation_needed=needed
    )
    world.alliance.barrier = onboarding.barrier
    return Alliance(world, accreditation, onboarding, Departures(record=world.record, discovery=world.discovery))


@pytest.fixture(scope="session")
def first_alliance(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world with a second officer of a and a third operator, made once."""
    directory = tmp_path_factory.mktemp("alliance")
    engine = make_engine(f"sqlite:///{directory}/record.db")
    lay_tables(engine)
    clock = FixedClock()
    made = World(Record(engine, clock), policy, clock, directory)
    more(made)
    engine.dispose()
    return made


def more(world: World) -> None:
    for name, role, custodian in (("officer_a2", "custodian", world.custodians["a"]), ("operator3", "operator", None)):
        world.register(name)
        world.give(name, role, custodian_id=custodian)


@pytest.fixture
def members(first_alliance: World, policy: Policy, clock: FixedClock, tmp_path: Path) -> Iterator[Alliance]:
    """An alliance of the test's own."""
    directory = tmp_path / "world"
    shutil.copytree(first_alliance.directory, directory)
    engine = make_engine(f"sqlite:///{directory}/record.db")
    yield alliance_of(World(Record(engine, clock), policy, clock, directory, like=first_alliance), policy)
    engine.dispose()
