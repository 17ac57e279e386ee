"""What is granted reaches the agent as what it is: sealed files, objects, views; volumes pass it by."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.access.model import Granted
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Unavailable
from orchestrator.core.ids import new_id
from orchestrator.credentials.fakes import FakeAgent, FakePrefixes, FakeStore, FakeVault
from orchestrator.credentials.service import Credentials
from orchestrator.discovery.model import ManifestFile
from orchestrator.workspaces.delivery import RecordedDelivery


class World:
    def __init__(self, record: Record, clock: FixedClock) -> None:
        self.vault, self.agent, self.store, self.prefixes = (
            FakeVault(clock=clock),
            FakeAgent(),
            FakeStore(),
            FakePrefixes(),
        )
        self.credentials = Credentials(
            vault=self.vault, agent=self.agent, store=self.store, clock=clock, prefixes=self.prefixes
        )
        self.clock, self.project, self.looked_up = clock, new_id(), 0
        self.delivery = RecordedDelivery(
            record=record, credentials=self.credentials, sealed=self.store, manifest_of=self._manifest
        )

    def _manifest(self, version_id: str) -> tuple[ManifestFile, ...]:  # noqa: ARG002
        self.looked_up += 1
        return (ManifestFile(path="a.csv", size=1, sha256="0" * 64),)

    def granted(self, delivery: str, **more: str) -> Granted:
        ids = {name: new_id() for name in ("grant_id", "dataset_id", "version_id", "custodian_id")}
        until = self.clock() + timedelta(hours=1)
        return Granted(
            **ids, project_id=self.project, name=f"set-{delivery}", delivery=delivery, manifest_sha256="0" * 64,
            until=until, **more,
        )  # fmt: skip


@pytest.fixture
def world(record: Record, clock: FixedClock) -> World:
    return World(record, clock)


def test_each_kind_of_version_comes_its_own_way(world: World, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"1")
    files, objects = world.granted("files"), world.granted("object", store="lake", prefix="a/")
    volume, database = world.granted("volume", volume="scans"), world.granted("database", connection="d")
    world.credentials.seal_version(files.version_id, tmp_path)
    everything = [files, objects, volume, database]
    directories = world.delivery.ensure(world.project, everything).directories
    assert set(directories) == {files.version_id, objects.version_id, volume.version_id}
    assert directories[volume.version_id] == Path("/volumes") / volume.version_id
    leased = {lease.version_id for lease in world.vault.leases(world.project)}
    assert leased == {files.version_id, objects.version_id, database.version_id}
    again = world.delivery.ensure(world.project, everything)
    assert (again.directories, again.anew, world.looked_up) == (directories, False, 1)
    world.delivery.withdraw_unwanted(world.project, [volume])
    assert world.agent.held(world.project) == {}
    assert world.vault.leases(world.project) == []


def test_a_version_that_cannot_be_wiped_loses_its_lease_and_holds_up_no_other(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_bytes(b"1")
    versions = [world.granted("files") for _ in range(3)]
    for each in versions:
        world.credentials.seal_version(each.version_id, tmp_path)
    world.delivery.ensure(world.project, versions)
    wipe, stuck = world.agent.wipe, min(each.version_id for each in versions)

    def wiped(project_id: str, version_id: str) -> None:
        if version_id == stuck:
            raise Unavailable("The agent does not answer.", system="agent")
        wipe(project_id, version_id)

    monkeypatch.setattr(world.agent, "wipe", wiped)
    with pytest.raises(Unavailable, match="does not answer"):
        world.delivery.withdraw_unwanted(world.project, [])
    assert set(world.agent.held(world.project)) == {stuck}
    assert world.vault.leases(world.project) == []


def test_an_object_version_without_a_store_is_said_and_does_not_keep_a_volume_back(world: World) -> None:
    world.credentials._prefixes = None
    objects, volume = world.granted("object", store="lake", prefix="a/"), world.granted("volume", volume="scans")
    assert set(world.delivery.ensure(world.project, [objects, volume]).directories) == {volume.version_id}
    with pytest.raises(Unavailable, match="knows no object store"):
        world.delivery.ensure(world.project, [objects])
