"""Sets the demonstration up: its people, custodians, terms and datasets, through the same services as everybody."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.assembly import House
from orchestrator.core.errors import NotFound
from orchestrator.identity.model import Person
from orchestrator.policy.model import Actor

from .datasets import CUSTODIANS, DATASETS, DemonstrationDataset, write_files
from .gateway import furnish

__all__ = ["CONNECTION", "OFFICERS", "PEOPLE", "Cast", "prepare"]

CONNECTION = "demonstration"
"""The database connection's name in the settings."""

_SUMMARY_OF_TERMS = (
    "Use the data for the approved purpose only, inside the workspace. Do not try to identify anybody. "
    "Results leave only through the airlock, checked by two people, with no count below ten."
)

PEOPLE = {
    "olivia": ("Olivia Okafor", "operator of the hub"),
    "oscar": ("Oscar Lind", "operator of the hub"),
    "nadia": ("Nadia Rahman", "officer of the Northern Shared Care Record"),
    "bruno": ("Bruno Keller", "officer of the Breast Cancer Study Registry"),
    "tamsin": ("Tamsin Reid", "officer of the Pilot Trials Office"),
    "carla": ("Carla Novak", "colleague of the hub who answers questions"),
    "chandra": ("Chandra Bose", "output checker"),
    "cleo": ("Cleo Martin", "output checker"),
    "james": ("James Whitfield", "researcher, Whitfield Analytics Ltd"),
}
OFFICERS = {"northern-records": "nadia", "breast-registry": "bruno", "trials-office": "tamsin"}


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who and what the demonstration has, by its own short names."""

    people: dict[str, Person]
    custodians: dict[str, str]
    datasets: dict[str, str]


def prepare(house: House, tell: Callable[[str], None] = lambda _line: None) -> Cast:
    """Make what is missing of the demonstration; what is there is left alone."""
    setting = _Setting(house)
    tell("people and roles")
    people = setting.people()
    tell("custodians and terms")
    custodians = setting.custodians(people)
    tell("datasets")
    datasets = setting.datasets(people, custodians)
    tell("prices, terms of use and offers")
    setting.furnish(people, custodians, datasets)
    return Cast(people=people, custodians=custodians, datasets=datasets)


class _Setting:
    def __init__(self, house: House) -> None:
        self._house = house
        self._now = house.record.clock()

    def people(self) -> dict[str, Person]:
        identity = self._house.identity
        first = self._known("olivia")
        if first is None:
            name, _ = PEOPLE["olivia"]
            first = identity.first_operator(name, _email("olivia"), "development", _email("olivia"))
        people = {"olivia": first}
        for key in PEOPLE:
            people.setdefault(key, self._known(key) or self._register(people["olivia"], key))
        self._role(people["oscar"], "operator", None, by=people["olivia"], confirmed_by=people["oscar"])
        for key in ("chandra", "cleo"):
            self._role(people[key], "checker", None, by=people["olivia"], confirmed_by=people["oscar"])
            self._train(people["olivia"], people[key], "Output checking")
        self._role(people["carla"], "concierge", None, by=people["olivia"], confirmed_by=people["oscar"])
        self._qualify(people["olivia"], people["james"])
        return people

    def custodians(self, people: dict[str, Person]) -> dict[str, str]:
        known = {custodian.name: custodian.custodian_id for custodian in self._house.alliance.custodians()}
        found = {}
        for key, name in CUSTODIANS.items():
            custodian_id = known.get(name)
            if custodian_id is None:
                custodian = self._house.alliance.register_custodian(self._actor(people["olivia"]), name)
                custodian_id = custodian.custodian_id
            officer = people[OFFICERS[key]]
            self._role(officer, "custodian", custodian_id, by=people["olivia"], confirmed_by=people["oscar"])
            if not self._house.alliance.terms(custodian_id):
                self._house.alliance.publish_terms(
                    self._actor(officer),
                    custodian_id,
                    text=_SUMMARY_OF_TERMS,
                    valid_until=self._days(700),
                    checkers_needed=2,
                    minimum_count=10,
                )
            found[key] = custodian_id
        return found

    def datasets(self, people: dict[str, Person], custodians: dict[str, str]) -> dict[str, str]:
        found = {}
        for dataset in DATASETS:
            officer = self._actor(people[OFFICERS[dataset.custodian]])
            try:
                dataset_id = self._house.discovery.dataset_named(dataset.name).dataset_id
            except NotFound:
                dataset_id = self._house.discovery.register_dataset(
                    officer,
                    custodian_id=custodians[dataset.custodian],
                    name=dataset.name,
                    description=dataset.description(f"https://example.org/datasets/{dataset.name}"),
                ).dataset_id
            if not self._house.discovery.versions(dataset_id):
                self._add_version(officer, dataset_id, dataset)
            found[dataset.name] = dataset_id
        return found

    def furnish(self, people: dict[str, Person], custodians: dict[str, str], datasets: dict[str, str]) -> None:
        owners = {dataset.name: custodians[dataset.custodian] for dataset in DATASETS}
        furnish(
            self._house,
            operator=self._actor(people["olivia"]),
            officers={custodians[key]: self._actor(people[officer]) for key, officer in OFFICERS.items()},
            datasets={name: (dataset_id, owners[name]) for name, dataset_id in datasets.items()},
        )

    def _add_version(self, officer: Actor, dataset_id: str, dataset: DemonstrationDataset) -> None:
        if dataset.views:
            self._house.discovery.add_database_version(
                officer, dataset_id, connection=CONNECTION, schema="trial", views=dataset.views
            )
            return
        with tempfile.TemporaryDirectory(dir=self._house.settings.state) as directory:
            files = Path(directory) / "files"
            write_files(dataset.name, files)
            self._house.discovery.add_files_version(officer, dataset_id, files)

    def _known(self, key: str) -> Person | None:
        try:
            return self._house.identity.find_by_sign_on("development", _email(key))
        except NotFound:
            return None

    def _register(self, operator: Person, key: str) -> Person:
        name, affiliation = PEOPLE[key]
        return self._house.identity.register_person(
            self._actor(operator), name, _email(key), "development", _email(key), affiliation=affiliation
        )

    def _role(self, person: Person, role: str, custodian_id: str | None, *, by: Person, confirmed_by: Person) -> None:
        for holding in self._house.identity.holdings(person.person_id):
            if holding.role.value == role and holding.custodian_id == custodian_id:
                if holding.state.value == "proposed":
                    self._house.identity.confirm_role(self._actor(confirmed_by), holding.holding_id)
                return
        holding = self._house.identity.propose_role(
            self._actor(by), person.person_id, role, self._days(360), custodian_id
        )
        self._house.identity.confirm_role(self._actor(confirmed_by), holding.holding_id)

    def _qualify(self, operator: Person, person: Person) -> None:
        self._train(operator, person, "Safe researcher training")
        profile = self._house.identity.profile(self._actor(operator), person.person_id)
        if not profile.accreditations:
            self._house.identity.record_accreditation(
                self._actor(operator), person.person_id, "DEMO-0001", self._days(360)
            )

    def _train(self, operator: Person, person: Person, course: str) -> None:
        if not self._house.identity.profile(self._actor(operator), person.person_id).trainings:
            self._house.identity.record_training(self._actor(operator), person.person_id, course, self._days(360))

    def _actor(self, person: Person) -> Actor:
        return self._house.identity.actor(person.person_id, second_factor=True)

    def _days(self, days: int) -> datetime:
        return self._now + timedelta(days=days)


def _email(key: str) -> str:
    return f"{key}@demonstration.example"
