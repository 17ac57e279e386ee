"""The catalogue: officers keep it, everybody reads it, versions are immutable."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.alliance.service import AllianceService
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.discovery.arrivals import Arrivals
from orchestrator.discovery.model import DatasetState, Delivery, ManifestFile, VersionState
from orchestrator.discovery.rules import files_fingerprint
from orchestrator.discovery.service import DiscoveryService
from orchestrator.identity.service import IdentityService
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy


class Catalogue:
    """The service with one custodian, its officer, an officer of another and a researcher."""

    def __init__(self, record: Record, policy: Policy, clock: FixedClock, directory: Path) -> None:
        identity = IdentityService(record, policy)
        alliance = AllianceService(record, policy, as_now=identity.as_now)
        self.identity, self.clock = identity, clock
        first = identity.first_operator("One", "o@example.org", "https://id", "o")
        operator = identity.actor(first.person_id, second_factor=True)
        second = identity.register_person(operator, "Two", "t@example.org", "https://id", "t").person_id
        until = clock() + timedelta(days=300)
        holding = identity.propose_role(operator, second, "operator", until)
        identity.confirm_role(identity.actor(second, second_factor=True), holding.holding_id)
        self.people = {"operator": first.person_id}
        self.custodians: dict[str, str] = {}
        for name in ("a", "b"):
            custodian_id = alliance.register_custodian(operator, f"Trust {name}").custodian_id
            person = identity.register_person(operator, name, f"{name}@example.org", "https://id", name).person_id
            holding = identity.propose_role(operator, person, "custodian", until, custodian_id)
            identity.confirm_role(identity.actor(second, second_factor=True), holding.holding_id)
            self.people[name], self.custodians[name] = person, custodian_id
        researcher = identity.register_person(operator, "R", "r@example.org", "https://id", "r")
        self.people["researcher"] = researcher.person_id
        self.service = DiscoveryService(
            record=record,
            policy=policy,
            alliance=alliance,
            arrivals=Arrivals(directory=directory / "arrivals"),
            connections={"demo": "Trust A", "registry": "Trust b", "nobody": ""},
            stores={"lake": "Trust A", "other": "Trust b", "nobody": ""},
            volumes={"scans": "Trust A", "other": "Trust b", "nobody": ""},
        )
        self.source = directory / "source"
        self.source.mkdir()
        (self.source / "people.csv").write_text("id\n1\n")

    def actor(self, name: str) -> Actor:
        return self.identity.actor(self.people[name], second_factor=True)


@pytest.fixture
def catalogue(record: Record, policy: Policy, clock: FixedClock, tmp_path: Path) -> Catalogue:
    return Catalogue(record, policy, clock, tmp_path)


@pytest.fixture
def dataset_id(catalogue: Catalogue, description: dict[str, Any]) -> str:
    dataset = catalogue.service.register_dataset(
        catalogue.actor("a"), custodian_id=catalogue.custodians["a"], name="diabetes-1", description=description
    )
    return dataset.dataset_id


def test_an_officer_registers_and_everybody_reads(
    catalogue: Catalogue, dataset_id: str, description: dict[str, Any]
) -> None:
    dataset = catalogue.service.dataset(dataset_id)
    assert dataset == catalogue.service.dataset_named("diabetes-1")
    assert dataset.title == "Simulated diabetes register"
    assert dataset.description == description
    assert dataset.state is DatasetState.LISTED


def test_only_officers_of_the_custodian_change_its_datasets(
    catalogue: Catalogue, dataset_id: str, description: dict[str, Any]
) -> None:
    version = catalogue.service.add_files_version(catalogue.actor("a"), dataset_id, catalogue.source)
    service = catalogue.service
    calls: list[Callable[[Actor], object]] = [
        lambda actor: service.register_dataset(
            actor, custodian_id=catalogue.custodians["a"], name="other", description=description
        ),
        lambda actor: service.describe_dataset(actor, dataset_id, description),
        lambda actor: service.add_files_version(actor, dataset_id, catalogue.source),
        lambda actor: service.add_database_version(
            actor, dataset_id, connection="demo", schema="omop", views=["person"]
        ),
        lambda actor: service.add_object_version(actor, dataset_id, store_name="lake", prefix="a/"),
        lambda actor: service.add_volume_version(actor, dataset_id, volume="scans"),
        lambda actor: service.withdraw_version(actor, version.version_id, "No reason"),
        lambda actor: service.withdraw_dataset(actor, dataset_id, "No reason"),
    ]
    for name in ("b", "operator", "researcher"):
        for call in calls:
            with pytest.raises(Refused, match="Only an officer"):
                call(catalogue.actor(name))
    description["summary"]["title"] = "A better title"
    assert service.describe_dataset(catalogue.actor("a"), dataset_id, description).title == "A better title"
    assert len(list(service.arrival_directory(version.version_id).parent.iterdir())) == 1


@pytest.mark.parametrize("name", ["", "Diabetes", "a_b", "-a", "a-", "a--b", "1a", "a/b", "..", "ä", "a" * 41, "a\n"])
def test_a_name_that_is_not_safe_as_a_folder_is_refused(
    catalogue: Catalogue, description: dict[str, Any], name: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        catalogue.service.register_dataset(
            catalogue.actor("a"), custodian_id=catalogue.custodians["a"], name=name, description=description
        )
    assert refusal.value.field == "name"


def test_a_name_is_taken_once_even_after_withdrawal(
    catalogue: Catalogue, dataset_id: str, description: dict[str, Any]
) -> None:
    catalogue.service.withdraw_dataset(catalogue.actor("a"), dataset_id, "Wrong data")
    with pytest.raises(NotPossible, match="taken"):
        catalogue.service.register_dataset(
            catalogue.actor("b"), custodian_id=catalogue.custodians["b"], name="diabetes-1", description=description
        )


def test_versions_are_numbered_sealed_and_current(catalogue: Catalogue, dataset_id: str) -> None:
    service, officer = catalogue.service, catalogue.actor("a")
    first = service.add_files_version(officer, dataset_id, catalogue.source)
    assert (first.number, first.state, first.delivery) == (1, VersionState.ARRIVING, Delivery.FILES)
    assert first.manifest_sha256 == files_fingerprint(first.manifest)
    assert service.current_version(dataset_id) is None
    assert service.versions_in(VersionState.ARRIVING) == [first]
    service.mark_sealed(first.version_id)
    sealed = service.mark_sealed(first.version_id)
    assert service.current_version(dataset_id) == sealed
    assert not service.arrival_directory(first.version_id).exists()
    second = service.add_database_version(
        officer, dataset_id, connection="demo", schema="omop", views=["visit", "person"]
    )
    assert (second.number, second.views) == (2, ("person", "visit"))
    assert service.current_version(dataset_id) == sealed
    service.mark_sealed(second.version_id)
    service.withdraw_version(officer, second.version_id, "Wrong views")
    assert service.current_version(dataset_id) == sealed
    assert [version.number for version in service.versions(dataset_id)] == [1, 2]


def test_objects_get_their_manifest_from_the_controller_that_read_them(catalogue: Catalogue, dataset_id: str) -> None:
    service, officer = catalogue.service, catalogue.actor("a")
    added = service.add_object_version(officer, dataset_id, store_name="lake", prefix="cohort/v1/")
    assert (added.delivery, added.store, added.prefix) == (Delivery.OBJECT, "lake", "cohort/v1/")
    assert (added.state, added.manifest) == (VersionState.ARRIVING, ())
    assert service.current_version(dataset_id) is None
    manifest = (ManifestFile(path="a.csv", size=3, sha256="0" * 64), ManifestFile(path="b", size=0, sha256="1" * 64))
    sealed = service.mark_sealed(added.version_id, manifest)
    assert (sealed.state, sealed.manifest) == (VersionState.SEALED, manifest)
    assert sealed.manifest_sha256 == files_fingerprint(manifest) != added.manifest_sha256
    assert service.mark_sealed(added.version_id, manifest[:1]) == sealed, "what was sealed never changes"


def test_a_volume_version_names_its_volume(catalogue: Catalogue, dataset_id: str) -> None:
    service, officer = catalogue.service, catalogue.actor("a")
    added = service.add_volume_version(officer, dataset_id, volume="scans")
    assert (added.delivery, added.volume, added.state) == (Delivery.VOLUME, "scans", VersionState.ARRIVING)
    sealed = service.mark_sealed(added.version_id)
    assert service.current_version(dataset_id) == sealed
    assert sealed.manifest_sha256 == added.manifest_sha256


@pytest.mark.parametrize("name", ["other", "nobody", "missing", ""])
def test_a_store_or_volume_belongs_to_one_custodian_and_nobody_else_offers_it(
    catalogue: Catalogue, dataset_id: str, name: str
) -> None:
    service, officer = catalogue.service, catalogue.actor("a")
    with pytest.raises(Invalid, match=r"known: lake\)") as refusal:
        service.add_object_version(officer, dataset_id, store_name=name, prefix="a/")
    assert refusal.value.field == "store"
    with pytest.raises(Invalid, match=r"known: scans\)") as refusal:
        service.add_volume_version(officer, dataset_id, volume=name)
    assert refusal.value.field == "volume"


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "/",
        "a",
        "/a/",
        "a//",
        "../",
        "a/../",
        "./",
        ".a/",
        "a*/",
        "a?/",
        "${x}/",
        "a b/",
        "ä/",
        "a/\n",
        "a" * 512 + "/",
    ],
)
def test_a_prefix_is_plain_ends_with_a_slash_and_is_never_the_whole_bucket(
    catalogue: Catalogue, dataset_id: str, prefix: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        catalogue.service.add_object_version(catalogue.actor("a"), dataset_id, store_name="lake", prefix=prefix)
    assert refusal.value.field == "prefix"


def test_a_version_is_withdrawn_once_and_never_sealed_again(catalogue: Catalogue, dataset_id: str) -> None:
    service, officer = catalogue.service, catalogue.actor("a")
    version = service.add_files_version(officer, dataset_id, catalogue.source)
    with pytest.raises(Invalid):
        service.withdraw_version(officer, version.version_id, " ")
    service.withdraw_version(officer, version.version_id, "Wrong rows")
    assert not service.arrival_directory(version.version_id).exists()
    with pytest.raises(NotPossible):
        service.withdraw_version(officer, version.version_id, "Wrong rows")
    with pytest.raises(NotPossible):
        service.mark_sealed(version.version_id)
    with pytest.raises(FrozenInstanceError):
        version.number = 7  # type: ignore[misc]


def test_a_withdrawn_dataset_takes_its_versions_with_it(catalogue: Catalogue, dataset_id: str) -> None:
    service, officer = catalogue.service, catalogue.actor("a")
    sealed = service.mark_sealed(service.add_files_version(officer, dataset_id, catalogue.source).version_id)
    service.add_files_version(officer, dataset_id, catalogue.source)
    service.withdraw_dataset(officer, dataset_id, "Wrong data")
    assert {version.state for version in service.versions(dataset_id)} == {VersionState.WITHDRAWN}
    assert service.datasets() == []
    assert service.version(sealed.version_id).manifest == sealed.manifest
    with pytest.raises(NotPossible, match="withdrawn"):
        service.add_files_version(officer, dataset_id, catalogue.source)
    assert service.sweep_arrivals() == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"connection": "elsewhere"}, "connection"),
        ({"connection": "postgresql://h/d"}, "connection"),
        ({"schema": "pg_catalog"}, "schema"),
        ({"schema": "information_schema"}, "schema"),
        ({"schema": 'a"; drop'}, "schema"),
        ({"schema": ""}, "schema"),
        ({"views": []}, "views"),
        ({"views": ["person", "person"]}, "views"),
        ({"views": ["person; drop table x"]}, "views"),
        ({"views": ["Person"]}, "views"),
        ({"views": ["v" * 64]}, "views"),
    ],
)
def test_a_database_version_takes_plain_identifiers_of_configured_connections_only(
    catalogue: Catalogue, dataset_id: str, changes: dict[str, Any], field: str
) -> None:
    values: dict[str, Any] = {"connection": "demo", "schema": "omop", "views": ["person"]}
    service, officer = catalogue.service, catalogue.actor("a")
    assert service.add_database_version(officer, dataset_id, **values)
    with pytest.raises(Invalid) as refusal:
        service.add_database_version(officer, dataset_id, **(values | changes))
    assert refusal.value.field == field


def test_a_database_belongs_to_one_custodian_and_nobody_else_offers_views_of_it(
    catalogue: Catalogue, dataset_id: str
) -> None:
    service, officer = catalogue.service, catalogue.actor("a")
    for connection in ("registry", "nobody"):
        with pytest.raises(Invalid) as refusal:
            service.add_database_version(officer, dataset_id, connection=connection, schema="omop", views=["person"])
        assert refusal.value.field == "connection"
        assert "registry" not in refusal.value.message.replace("“registry”", "")
    assert service.add_database_version(officer, dataset_id, connection="demo", schema="omop", views=["person"])


def test_datasets_are_listed_by_title_whole_or_of_one_custodian(
    catalogue: Catalogue, dataset_id: str, description: dict[str, Any]
) -> None:
    description["summary"]["title"] = "aortic register"
    other = catalogue.service.register_dataset(
        catalogue.actor("b"), custodian_id=catalogue.custodians["b"], name="aorta", description=description
    )
    service = catalogue.service
    assert [each.dataset_id for each in service.datasets()] == [other.dataset_id, dataset_id]
    assert [each.dataset_id for each in service.datasets(limit=1)] == [other.dataset_id]
    assert service.datasets(limit=0) == []
    assert [each.dataset_id for each in service.datasets(custodian_id=catalogue.custodians["a"])] == [dataset_id]


def test_what_interrupted_copies_left_is_swept_after_a_day(catalogue: Catalogue, dataset_id: str) -> None:
    service = catalogue.service
    kept = service.add_files_version(catalogue.actor("a"), dataset_id, catalogue.source)
    arrivals = service.arrival_directory(kept.version_id).parent
    orphan = arrivals / ".new-aaaaaaaaaaaaaaaa"
    orphan.mkdir()
    old = (catalogue.clock() - timedelta(days=2)).timestamp()
    for entry in (orphan, arrivals / kept.version_id):
        os.utime(entry, (old, old))
    assert service.sweep_arrivals() == [orphan.name]
    assert (arrivals / kept.version_id).exists()


def test_plain_files_of_a_sealed_version_go_even_if_the_controller_died_before_removing_them(
    catalogue: Catalogue, dataset_id: str
) -> None:
    service = catalogue.service
    version = service.add_files_version(catalogue.actor("a"), dataset_id, catalogue.source)
    service.mark_sealed(version.version_id)
    service.arrival_directory(version.version_id).mkdir()
    assert service.sweep_arrivals() == [version.version_id]
    assert not service.arrival_directory(version.version_id).exists()


def test_what_does_not_exist_is_not_found(catalogue: Catalogue) -> None:
    for call in (
        lambda: catalogue.service.dataset("a" * 16),
        lambda: catalogue.service.dataset_named("nothing"),
        lambda: catalogue.service.version("a" * 16),
        lambda: catalogue.service.mark_sealed("a" * 16),
    ):
        with pytest.raises(NotFound):
            call()
