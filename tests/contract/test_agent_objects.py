"""A real agent stages objects of a real S3 store with credentials for one prefix, whole or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import signal
import stat
import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.objects import Prefixes, SealedObjects, ShortLived
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import Invalid, NotFound, Refused, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.credentials.model import ObjectVersion, Wanted
from orchestrator.credentials.ports import Source
from orchestrator.credentials.service import Credentials
from tests.contract.credentials_world import VaultWorld, World, eventually, running_vault, short_directory
from tests.contract.objects_world import Store, running_store

CONTENT = {"table.csv": b"a,b\n1,2\n", "folder/large.bin": os.urandom(3_000_000), "empty": b""}


@pytest.fixture(scope="module")
def vault() -> Iterator[VaultWorld]:
    with short_directory() as directory, running_vault(directory) as world:
        yield world


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with short_directory() as directory, running_store(directory / "s3", tls=True) as running:
        yield running


class Objects(World):
    """A world whose datasets lie in a store."""

    def __init__(self, vault: VaultWorld, directory: Path, store: Store) -> None:
        super().__init__(vault=vault, directory=directory)
        self.objects = store
        self.prefixes = Prefixes(lambda _name: store.short_lived())
        self.service = Credentials(
            vault=self.client, agent=self.agents, store=self.store, clock=system_clock, prefixes=self.prefixes
        )

    def put(self, content: Mapping[str, bytes]) -> Wanted:
        """Put files below a new prefix, take stock, and want them for an hour."""
        prefix = f"sets/{new_id()}/"
        for name, data in content.items():
            self.objects.put(prefix + name, data)
        files = self.service.take_stock("store", prefix)
        version = ObjectVersion(version_id=new_id(), store="store", prefix=prefix, files=files)
        until = system_clock() + timedelta(hours=1)
        return Wanted(grant_id=new_id(), version_id=version.version_id, until=until, objects=version)

    def nothing_in_memory(self, project: str) -> bool:
        return list(self.memory(project).iterdir()) == []


@pytest.fixture
def world(vault: VaultWorld, store: Store) -> Iterator[Objects]:
    with short_directory() as directory:
        world = Objects(vault, directory, store)
        try:
            yield world
        finally:
            world.clean()


def _prefix(wanted: Wanted) -> str:
    assert wanted.objects is not None
    return wanted.objects.prefix


def test_exactly_the_granted_prefix_is_staged_whole_and_read_only(world: Objects) -> None:
    wanted, _other = world.put(CONTENT), world.put({"other": b"1"})
    project = world.project()
    changes = world.service.ensure_leases(project, [wanted])
    assert changes.failed == {}
    directory = changes.directories[wanted.version_id]
    assert {p.relative_to(directory).as_posix(): p.read_bytes() for p in directory.rglob("*") if p.is_file()} == CONTENT
    assert stat.S_IMODE((directory / "folder/large.bin").stat().st_mode) == 0o444
    assert [entry.name for entry in world.memory(project).iterdir()] == [wanted.version_id]
    again = world.service.ensure_leases(project, [wanted])
    assert (again.issued, again.revoked, again.wiped, again.agent_restarted) == ((), (), (), False)


def test_stock_is_path_size_and_hash_of_every_object(world: Objects) -> None:
    wanted = world.put(CONTENT)
    assert wanted.objects is not None
    expected = {(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENT.items()}
    assert {(file.path, file.size, file.sha256) for file in wanted.objects.files} == expected
    with pytest.raises(Invalid, match="no object below"):
        world.service.take_stock("store", "sets/nothing/")


def test_withdrawn_objects_go_at_once_and_their_lease_with_them(world: Objects) -> None:
    gone, kept = world.put({"gone": b"1"}), world.put({"kept": b"2"})
    project = world.project()
    world.service.ensure_leases(project, [gone, kept])
    with (world.memory(project) / gone.version_id / "gone").open("rb", buffering=0) as handle:
        world.service.withdraw(project, gone.version_id)
        assert handle.read() == b""
    assert [lease.version_id for lease in world.client.leases(project)] == [kept.version_id]
    assert (world.memory(project) / kept.version_id / "kept").read_bytes() == b"2"


def test_objects_go_when_their_lease_is_revoked_and_without_a_lease_none_come(world: Objects) -> None:
    wanted = world.put({"table": b"1"})
    project = world.project()
    world.service.ensure_leases(project, [wanted])
    (lease,) = world.client.leases(project)
    world.client.revoke_lease(lease.accessor)
    eventually(lambda: world.nothing_in_memory(project))
    assert wanted.objects is not None
    source = world.prefixes.source("store", _prefix(wanted), wanted.version_id)
    with pytest.raises(Refused, match="no lease"):
        world.agents.stage(project, lease, wanted.objects, source)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"table.csv": b"a,b\n1,3\n"}, "does not match its manifest"),
        ({"table.csv": b"a,b\n1,2\n3"}, "another size"),
        ({"table.csv": b"a"}, "another size"),
        ({"table.csv": None}, "not in the store"),
        ({"extra.csv": b"1"}, "not in the manifest"),
        ({"folder/deep/extra": b""}, "not in the manifest"),
    ],
)
def test_a_prefix_that_was_changed_is_refused_in_words_and_nothing_of_it_is_shown(
    world: Objects, change: dict[str, bytes | None], words: str
) -> None:
    good, bad = world.put({"good": b"1"}), world.put(CONTENT)
    for name, data in change.items():
        if data is None:
            world.objects.bucket().client().delete_object(Bucket="datasets", Key=_prefix(bad) + name)
        else:
            world.objects.put(_prefix(bad) + name, data)
    project = world.project()
    changes = world.service.ensure_leases(project, [good, bad])
    assert words in changes.failed[bad.version_id]
    assert [entry.name for entry in world.memory(project).iterdir()] == [good.version_id]


def test_credentials_for_another_prefix_stage_nothing(world: Objects) -> None:
    mine, other = world.put({"mine": b"1"}), world.put({"other": b"2"})
    project = world.project()
    world.service.ensure_leases(project, [mine])
    world.agents.wipe(project, mine.version_id)
    lease = world.client.lease(project, mine.grant_id, mine.version_id, mine.until)
    source = {**world.prefixes.source("store", _prefix(other), mine.version_id), "prefix": _prefix(mine)}
    assert mine.objects is not None
    with pytest.raises(Refused, match="AccessDenied"):
        world.agents.stage(project, lease, mine.objects, source)
    assert world.nothing_in_memory(project)


def test_a_path_that_could_leave_the_version_is_refused(world: Objects) -> None:
    wanted = world.put({"table": b"1"})
    project = world.project()
    world.service.ensure_leases(project, [])
    assert wanted.objects is not None
    escaping = dataclasses.replace(wanted.objects.files[0], path="../../escaped")
    version = dataclasses.replace(wanted.objects, files=(escaping,))
    lease = world.client.lease(project, wanted.grant_id, wanted.version_id, wanted.until)
    with pytest.raises(Invalid, match="plain path"):
        world.agents.stage(project, lease, version, world.prefixes.source("store", _prefix(wanted), wanted.version_id))


def test_no_key_of_the_store_stands_in_configuration_log_or_environment(world: Objects) -> None:
    wanted = world.put({"table": b"1"})
    project = world.project()
    seen: list[Any] = []
    source = world.prefixes.source

    def noting(*arguments: str) -> Source:
        seen.append(source(*arguments))
        return seen[-1]

    world.prefixes.source = noting  # type: ignore[method-assign]
    world.service.ensure_leases(project, [wanted])
    keys = seen[0]["credentials"]
    written = b"".join(p.read_bytes() for p in world.directory.rglob("*") if p.is_file())
    process = Path(f"/proc/{world.agent_process(project)}")
    written += (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    for name in ("access_key", "secret_key", "token"):
        assert keys[name].encode() not in written


def test_a_withdrawal_during_staging_does_not_wait_for_the_rest(world: Objects) -> None:
    wanted = world.put({f"{number}": os.urandom(1_000_000) for number in range(40)})
    project = world.project()
    world.service.ensure_leases(project, [])
    failed: dict[str, str] = {}
    thread = threading.Thread(target=lambda: failed.update(world.service.ensure_leases(project, [wanted]).failed))
    thread.start()
    eventually(lambda: any(entry.name.startswith(".") for entry in world.memory(project).iterdir()))
    world.agents.wipe(project, wanted.version_id)
    thread.join(120)
    assert "withdrawn" in failed[wanted.version_id]
    assert world.nothing_in_memory(project)


def test_files_sealed_in_a_bucket_are_unsealed_without_any_ciphertext_on_a_disk(world: Objects, store: Store) -> None:
    sealed = SealedObjects(store.short_lived("sealed"), "sealed/")
    world.service = Credentials(vault=world.client, agent=world.agents, store=sealed, clock=system_clock)
    wanted = world.files(CONTENT)
    project = world.project()
    changes = world.service.ensure_leases(project, [wanted])
    assert changes.failed == {}
    directory = changes.directories[wanted.version_id]
    assert {p.relative_to(directory).as_posix(): p.read_bytes() for p in directory.rglob("*") if p.is_file()} == CONTENT
    assert not (world.directory / "sealed").exists() or not list((world.directory / "sealed").rglob("*"))
    assert wanted.sealed is not None
    store.put(f"sealed/{wanted.version_id}/{wanted.sealed.files[0].stored_as}", b"x" * 100, bucket="sealed")
    world.agents.wipe(project, wanted.version_id)
    assert "changed" in world.service.ensure_leases(project, [wanted]).failed[wanted.version_id]
    assert world.nothing_in_memory(project)


def _half_made(memory: Path) -> bool:
    """Say whether something is being brought: it lies under a name with a dot until it is whole."""
    return any(entry.name.startswith(".") for entry in memory.iterdir())


@pytest.fixture
def own_store() -> Iterator[Store]:
    with short_directory() as directory, running_store(directory / "s3") as running:
        yield running


def test_a_store_that_goes_away_half_way_leaves_nothing_and_works_again_when_it_is_back(
    vault: VaultWorld, own_store: Store
) -> None:
    with short_directory() as directory:
        world = Objects(vault, directory, own_store)
        try:
            wanted = world.put({f"{number:02}": os.urandom(2_000_000) for number in range(30)})
            project = world.project()
            world.service.ensure_leases(project, [])
            failed: dict[str, str] = {}
            thread = threading.Thread(
                target=lambda: failed.update(world.service.ensure_leases(project, [wanted]).failed)
            )
            thread.start()
            eventually(lambda: _half_made(world.memory(project)), every=0.001)
            own_store.kill()
            thread.join(100)
            assert "object store could not" in failed[wanted.version_id]
            assert world.nothing_in_memory(project)
            with pytest.raises(Unavailable, match="short-lived"):
                world.prefixes.source("store", _prefix(wanted), wanted.version_id)
            own_store.start()
            assert world.service.ensure_leases(project, [wanted]).failed == {}
        finally:
            world.clean()


def test_a_store_that_stops_sending_holds_up_a_withdrawal_only_briefly(vault: VaultWorld, own_store: Store) -> None:
    with short_directory() as directory:
        world = Objects(vault, directory, own_store)
        try:
            wanted = world.put({f"{number:02}": os.urandom(2_000_000) for number in range(30)})
            project = world.project()
            world.service.ensure_leases(project, [])
            thread = threading.Thread(target=lambda: world.service.ensure_leases(project, [wanted]))
            thread.start()
            eventually(lambda: _half_made(world.memory(project)), every=0.001)
            assert own_store.process is not None
            own_store.process.send_signal(signal.SIGSTOP)
            try:
                world.agents.wipe(project, wanted.version_id)
            finally:
                own_store.process.send_signal(signal.SIGCONT)
            thread.join(120)
            assert world.nothing_in_memory(project)
        finally:
            world.clean()


def test_an_installation_without_stores_says_so(vault: VaultWorld, tmp_path: Path) -> None:
    world = World(vault=vault, directory=tmp_path)
    with pytest.raises(Exception, match="knows no object store"):
        world.service.take_stock("x", "y/")


def test_a_store_that_the_settings_no_longer_name_is_said() -> None:
    def gone(name: str) -> ShortLived:
        raise NotFound(f"The settings have no object store “{name}” any more.")

    with pytest.raises(NotFound, match="any more"):
        Prefixes(gone).source("old", "a/", new_id())
