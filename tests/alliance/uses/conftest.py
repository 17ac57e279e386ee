"""Terms of use over two custodians with a dataset each, and a small table of diseases with real Mondo codes."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from orchestrator.alliance.service import AllianceService
from orchestrator.alliance.uses.diseases import Disease, DiseaseTable, check_table
from orchestrator.alliance.uses.service import UsesService
from orchestrator.audit.record import Record
from orchestrator.core.errors import NotFound
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy

DATA = Path(os.environ.get("TRE_TEST_DATA", Path(__file__).parents[3].parent / "shared" / "data"))
OPERATOR = Actor(person_id="operator", roles=frozenset({"operator"}), active=True, second_factor=True)
TUMOUR, MELANOMA, UVEAL, DIABETES = "MONDO:0045024", "MONDO:0005105", "MONDO:0006486", "MONDO:0005015"


def data_file(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing; set TRE_TEST_DATA to the folder of test data")
        pytest.skip(f"{path} is not on this machine; set TRE_TEST_DATA")
    return path


@pytest.fixture(scope="session")
def ontology() -> list[dict[str, str]]:
    """The rows of the published ontology."""
    with data_file("duo.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def diseases() -> DiseaseTable:
    """Four diseases as Mondo has them, with one code that was given up for another."""
    return DiseaseTable(
        diseases=check_table(
            [
                Disease(code=TUMOUR, label="cancer or benign tumor"),
                Disease(code=MELANOMA, label="melanoma", parents=(TUMOUR,)),
                Disease(code=UVEAL, label="uveal melanoma", parents=(MELANOMA,)),
                Disease(code=DIABETES, label="diabetes mellitus"),
                Disease(code="MONDO:9999999", label="eye melanoma", replaced_by=UVEAL),
            ]
        )
    )


class Offers:
    """Two custodians with officers, and a dataset of each."""

    def __init__(self, record: Record, policy: Policy) -> None:
        self.record = record
        self.alliance = AllianceService(record, policy, as_now=lambda _, actor: actor)
        self.north = self.alliance.register_custodian(OPERATOR, "North").custodian_id
        self.south = self.alliance.register_custodian(OPERATOR, "South").custodian_id
        self.owners = {"northdata": self.north, "southdata": self.south}
        self.uses = UsesService(record, policy, as_now=lambda _, actor: actor, owner_of=self._owner)

    def _owner(self, _: object, dataset_id: str) -> str:
        if dataset_id not in self.owners:
            raise NotFound("There is no such dataset; look for it in the catalogue.")
        return self.owners[dataset_id]

    def officer(self, custodian_id: str) -> Actor:
        return Actor(person_id="officer", custodians=frozenset({custodian_id}), active=True, second_factor=True)


@pytest.fixture
def offers(record: Record, policy: Policy) -> Offers:
    return Offers(record, policy)
