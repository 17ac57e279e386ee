"""Keys and store of sketches: stand-ins and the real OpenBao with sealed files behave alike; and who may do what."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.adapters.sketch_store import SketchFolder
from orchestrator.adapters.sketching import ProjectSketches, SketchMaker
from orchestrator.airlock.inspection.engine import opened
from orchestrator.airlock.sketches.fakes import FakeSketchKeys, FakeSketchStore
from orchestrator.airlock.sketches.ports import SketchKeys, SketchStore
from orchestrator.core.errors import Invalid, NotFound, OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import new_id
from tests.contract.credentials_world import VaultWorld, running_vault, short_directory


@dataclass(frozen=True)
class Sides:
    """The two identities: the controller's makes, the airlock's opens."""

    making: SketchKeys
    opening: SketchKeys
    store: SketchStore


@pytest.fixture(scope="module")
def vault() -> Iterator[VaultWorld]:
    with short_directory() as directory, running_vault(directory) as world:
        yield world


@pytest.fixture(params=["real", "fake"])
def sides(request: pytest.FixtureRequest, tmp_path: Path) -> Sides:
    if request.param == "fake":
        keys = FakeSketchKeys()
        return Sides(keys, keys, FakeSketchStore())
    world: VaultWorld = request.getfixturevalue("vault")
    return Sides(world.client("controller"), world.client("airlock"), SketchFolder(tmp_path / "sketches"))


def _unwrapping(keys: SketchKeys, version: str) -> Callable[[str], bytes]:
    return lambda wrapped: keys.open_sketch_key(version, wrapped)


def test_what_was_kept_comes_back_with_its_key(sides: Sides) -> None:
    version = new_id()
    assert not sides.store.known(version)
    key, wrapped = sides.making.new_sketch_key(version)
    assert len(key) == 32
    sides.store.keep(version, io.BytesIO(b"sketch" * 500_000), key=key, wrapped_key=wrapped)
    assert sides.store.known(version)
    into = io.BytesIO()
    assert sides.store.open(version, _unwrapping(sides.opening, version), into) == key
    assert into.getvalue() == b"sketch" * 500_000


def test_every_key_is_another_and_opens_its_own_version_only(sides: Sides) -> None:
    version, other = new_id(), new_id()
    (first, wrapped), (second, _) = sides.making.new_sketch_key(version), sides.making.new_sketch_key(version)
    sides.making.new_sketch_key(other)
    assert first != second
    with pytest.raises(OrchestratorError):
        sides.opening.open_sketch_key(other, wrapped)


def test_a_version_without_a_sketch_says_why(sides: Sides) -> None:
    version = new_id()
    with pytest.raises(NotFound, match="no sketch"):
        sides.store.open(version, lambda _: b"", io.BytesIO())
    sides.store.keep_failure(version, "making its sketch took too long.")
    assert sides.store.known(version)
    with pytest.raises(NotFound, match="took too long"):
        sides.store.open(version, lambda _: b"", io.BytesIO())


# What only the real server and the real files can show.


def test_the_controller_cannot_open_and_the_airlock_cannot_make(vault: VaultWorld) -> None:
    version = new_id()
    _, wrapped = vault.client("controller").new_sketch_key(version)
    with pytest.raises(Refused, match="permission denied"):
        vault.client("controller").open_sketch_key(version, wrapped)
    with pytest.raises(Refused, match="permission denied"):
        vault.client("airlock").new_sketch_key(version)


def test_the_airlock_reaches_no_dataset_through_its_new_right(vault: VaultWorld) -> None:
    client, version = vault.client("controller"), new_id()
    client.prepare_version(version)
    _, wrapped = client.new_data_key(version)
    for spelling in (version, f"../../versions/decrypt/{version}", f"%2e%2e/%2e%2e/versions/decrypt/{version}"):
        with pytest.raises(OrchestratorError):
            vault.client("airlock")._vault.post(f"sketches/decrypt/{spelling}", {"ciphertext": wrapped})


@pytest.fixture
def made(vault: VaultWorld, tmp_path: Path) -> tuple[SketchFolder, str]:
    """A sketch of one small table, made by a process and sealed."""
    folder, version = SketchFolder(tmp_path / "sketches"), new_id()
    source = tmp_path / "data"
    (source / "deep").mkdir(parents=True)
    rows = "\n".join(f"{number},{number * 7 % 90},{number * 13 % 401}" for number in range(600))
    (source / "deep" / "people.csv").write_text(f"person,age,cost\n{rows}\n")
    (source / "notes.docx").write_bytes(b"PK\x03\x04")
    maker = SketchMaker(vault.client("controller"), folder)
    _finished(maker, version, source)
    return folder, version


def _finished(maker: SketchMaker, version: str, source: Path) -> None:
    deadline = time.monotonic() + 180
    while not maker.done(version, "cohort", source):
        assert time.monotonic() < deadline, "the sketch was not made in time"
        time.sleep(0.05)


def _engine_sees(keys: SketchKeys, store: SketchStore, version: str):
    sketches = ProjectSketches(keys, store, lambda _: [("cohort", version)])
    with ExitStack() as stack:
        told = [each.open(stack) for each in sketches("project")]
        (found,) = opened(told)
    sketches.close()
    return found


def test_a_sketch_made_by_the_controller_is_opened_for_the_engine(
    vault: VaultWorld, made: tuple[SketchFolder, str]
) -> None:
    found = _engine_sees(vault.client("airlock"), *made)
    assert found.problem is None
    assert [(part.table, part.rows) for part in found.sketch.parts] == [("deep/people.csv", 600)]
    assert found.sketch.skipped == (("notes.docx", "only delimited text and Parquet are compared"),)


def test_the_file_on_disk_shows_nothing_and_is_its_owners_alone(tmp_path: Path, made: tuple[SketchFolder, str]) -> None:
    _, version = made
    file = tmp_path / "sketches" / f"{version}.sketch"
    assert file.stat().st_mode & 0o077 == 0
    content = file.read_bytes()
    assert b"people.csv" not in content
    assert b"TRESKETCH" not in content
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("place", [20, 200, -1])
def test_a_changed_sketch_is_a_finding_that_asks_people(
    vault: VaultWorld, tmp_path: Path, made: tuple[SketchFolder, str], place: int
) -> None:
    folder, version = made
    file = tmp_path / "sketches" / f"{version}.sketch"
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    found = _engine_sees(vault.client("airlock"), folder, version)
    assert found.sketch is None
    assert (found.problem.rule, found.problem.severity.value) == ("NOT_COMPARED", "flag")
    assert "cohort" in found.problem.message


def test_a_sketch_cut_short_is_a_finding_too(vault: VaultWorld, tmp_path: Path, made: tuple[SketchFolder, str]) -> None:
    folder, version = made
    file = tmp_path / "sketches" / f"{version}.sketch"
    file.write_bytes(file.read_bytes()[:-50])
    assert _engine_sees(vault.client("airlock"), folder, version).problem.rule == "NOT_COMPARED"


def test_a_sketch_of_another_version_is_not_taken_for_this_one(
    vault: VaultWorld, tmp_path: Path, made: tuple[SketchFolder, str]
) -> None:
    folder, version = made
    other = new_id()
    vault.client("controller").new_sketch_key(other)
    (tmp_path / "sketches" / f"{version}.sketch").rename(tmp_path / "sketches" / f"{other}.sketch")
    with pytest.raises(Invalid, match="another dataset version"):
        folder.open(other, _unwrapping(vault.client("airlock"), other), io.BytesIO())


def test_no_sketch_and_no_vault_are_findings(made: tuple[SketchFolder, str]) -> None:
    folder, version = made
    away = FakeSketchKeys()
    away.outage = True
    assert "could not be reached" in _engine_sees(away, folder, version).problem.message
    assert "no sketch" in _engine_sees(away, folder, new_id()).problem.message


def test_a_process_that_dies_is_remembered_and_the_version_goes_on(
    vault: VaultWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, version = SketchFolder(tmp_path / "sketches"), new_id()
    (tmp_path / "data").mkdir()
    monkeypatch.setattr("orchestrator.adapters.sketching._MODULE", "orchestrator.airlock.sketches.no_such_module")
    _finished(SketchMaker(vault.client("controller"), folder), version, tmp_path / "data")
    assert folder.known(version)
    assert "could not be made" in _engine_sees(vault.client("airlock"), folder, version).problem.message


def test_a_sketch_that_takes_too_long_is_given_up(vault: VaultWorld, tmp_path: Path) -> None:
    folder, version = SketchFolder(tmp_path / "sketches"), new_id()
    (tmp_path / "data").mkdir()
    maker = SketchMaker(vault.client("controller"), folder, seconds=0)
    _finished(maker, version, tmp_path / "data")
    with pytest.raises(NotFound, match="too long"):
        folder.open(version, lambda _: b"", io.BytesIO())


def test_data_that_lie_elsewhere_are_said_not_to_be_compared(vault: VaultWorld, tmp_path: Path) -> None:
    folder, version = SketchFolder(tmp_path / "sketches"), new_id()
    SketchMaker(vault.client("controller"), folder).never(version, "its data lie elsewhere.")
    assert "lie elsewhere" in _engine_sees(vault.client("airlock"), folder, version).problem.message


def test_few_sketches_are_made_at_once(vault: VaultWorld, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "people.csv").write_text("a,b\n1,2\n")
    maker, versions = SketchMaker(vault.client("controller"), SketchFolder(tmp_path / "sketches")), [new_id(), new_id()]
    waiting = new_id()
    for version in versions:
        assert not maker.done(version, "cohort", tmp_path / "data")
    assert not maker.done(waiting, "cohort", tmp_path / "data")
    assert len(maker._making) == 2
    for version in (*versions, waiting):
        _finished(maker, version, tmp_path / "data")


def test_without_a_vault_no_sketch_is_begun(tmp_path: Path) -> None:
    keys = FakeSketchKeys()
    keys.outage = True
    with pytest.raises(Unavailable):
        SketchMaker(keys, FakeSketchStore()).done(new_id(), "cohort", tmp_path)


def test_what_was_opened_stays_open_for_a_while_only(vault: VaultWorld, made: tuple[SketchFolder, str]) -> None:
    folder, version = made
    now = [0.0]
    sketches = ProjectSketches(vault.client("airlock"), folder, lambda _: [("cohort", version)], clock=lambda: now[0])

    def node() -> int:
        descriptor, _ = sketches.opened(version)
        with os.fdopen(descriptor) as file:
            return os.fstat(file.fileno()).st_ino

    first = node()
    assert node() == first
    now[0] = 301.0
    assert node() != first
    sketches.close()
