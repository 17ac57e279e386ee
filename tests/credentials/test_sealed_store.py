"""Sealed datasets: what was changed, cut, swapped or moved is refused; sealing is all or nothing and repeatable."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters import sealed_store
from orchestrator.adapters.memory_volume import MemoryVolume, erase
from orchestrator.adapters.sealed_store import SealedDirectory
from orchestrator.adapters.sealed_stream import CHUNK, open_stream, seal_stream
from orchestrator.agent.sources import opener
from orchestrator.core.errors import Conflict, Invalid, NotFound
from orchestrator.core.ids import new_id
from orchestrator.credentials.manifest import check_path
from orchestrator.credentials.model import SealedVersion
from orchestrator.credentials.ports import Source

KEY = bytes(range(32))
CONTENT = {"large.bin": os.urandom(3 * CHUNK + 5), "a/table.csv": b"a,b\n1,2\n", "empty": b""}
HEADER = 8 + 32 + 7
STEP = CHUNK + 16


def _sealed(clear: bytes, context: bytes = b"context") -> bytes:
    target = io.BytesIO()
    assert b"".join(seal_stream(KEY, context, io.BytesIO(clear), target)) == clear
    return target.getvalue()


def _opened(sealed: bytes, context: bytes = b"context", key: bytes = KEY) -> bytes:
    return b"".join(open_stream(key, context, io.BytesIO(sealed)))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_what_was_sealed_is_opened_again_at_every_chunk_boundary(size: int) -> None:
    clear = os.urandom(size)
    assert _opened(_sealed(clear)) == clear


def test_the_same_content_is_sealed_differently_each_time() -> None:
    assert _sealed(b"same") != _sealed(b"same")


@given(position=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_any_flipped_bit_is_noticed(position: int, bit: int) -> None:
    sealed = bytearray(_sealed(b"a small file"))
    sealed[position % len(sealed)] ^= 1 << bit
    with pytest.raises(Invalid):
        _opened(bytes(sealed))


@given(length=st.integers(min_value=0))
def test_any_truncation_is_noticed(length: int) -> None:
    sealed = _sealed(b"a small file")
    with pytest.raises(Invalid):
        _opened(sealed[: length % len(sealed)])


def test_cutting_swapping_repeating_and_adding_whole_chunks_is_noticed() -> None:
    sealed = _sealed(CONTENT["large.bin"])
    head = sealed[:HEADER]
    chunks = [sealed[start : start + STEP] for start in range(HEADER, len(sealed), STEP)]
    assert len(chunks) == 4
    first, second, third, last = chunks
    assert _opened(head + b"".join(chunks)) == CONTENT["large.bin"]
    for changed in (
        [first, second, third],
        [second, first, third, last],
        [first, second, last],
        [first, first, second, third, last],
        [first, second, third, last + b"x"],
        [first, second, third, last, last],
        [],
    ):
        with pytest.raises(Invalid):
            _opened(head + b"".join(changed))


def test_another_key_or_another_context_opens_nothing() -> None:
    sealed = _sealed(b"content")
    with pytest.raises(Invalid):
        _opened(sealed, key=bytes(32))
    with pytest.raises(Invalid):
        _opened(sealed, context=b"other")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "arrival"
    for name, content in CONTENT.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    return source


@pytest.fixture
def store(tmp_path: Path) -> SealedDirectory:
    return SealedDirectory(tmp_path / "sealed")


@pytest.fixture
def volume() -> Iterator[MemoryVolume]:
    directory = Path("/dev/shm") / f"tre-{new_id()}"
    yield MemoryVolume(directory)
    erase(directory)


def _seal(store: SealedDirectory, source: Path, version_id: str | None = None) -> SealedVersion:
    return store.seal(version_id or new_id(), source, KEY, "vault:v1:x")


def _unseal(volume: MemoryVolume, version: SealedVersion, source: Source) -> Path:
    with opener(source) as opened:
        return volume.unseal(version, opened, KEY)


def test_a_sealed_version_is_unsealed_as_it_was(store: SealedDirectory, source: Path, volume: MemoryVolume) -> None:
    version = _seal(store, source)
    assert store.load(version.version_id) == version
    directory = _unseal(volume, version, store.source(version.version_id))
    assert {f.relative_to(directory).as_posix(): f.read_bytes() for f in directory.rglob("*") if f.is_file()} == CONTENT


def test_neither_names_nor_content_stand_on_the_disk(store: SealedDirectory, source: Path) -> None:
    version = _seal(store, source)
    names = {file.name for file in store.directory(version.version_id).iterdir()}
    assert names == {"manifest.json", *(file.stored_as for file in version.files)}
    for file in store.directory(version.version_id).iterdir():
        if file.name != "manifest.json":
            assert b"a,b\n1,2\n" not in file.read_bytes()


def test_sealing_again_gives_what_is_there_and_other_content_is_a_conflict(
    store: SealedDirectory, source: Path
) -> None:
    version = _seal(store, source)
    assert store.seal(version.version_id, source, bytes(32), "vault:v1:other") == version
    (source / "more").write_bytes(b"1")
    with pytest.raises(Conflict, match="new version"):
        _seal(store, source, version.version_id)


def test_a_file_that_changes_while_it_is_sealed_leaves_nothing(
    store: SealedDirectory, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    surveyed = sealed_store.survey

    def change_afterwards(directory: Path) -> object:
        planned = surveyed(directory)
        (source / "a/table.csv").write_bytes(b"changed")
        return planned

    monkeypatch.setattr(sealed_store, "survey", change_afterwards)
    version_id = new_id()
    with pytest.raises(Conflict, match="changed while"):
        _seal(store, source, version_id)
    assert list(store.directory(version_id).parent.iterdir()) == []
    with pytest.raises(NotFound):
        store.load(version_id)


def test_links_devices_and_pipes_are_not_sealed(store: SealedDirectory, source: Path) -> None:
    (source / "link").symlink_to("/etc/passwd")
    with pytest.raises(Invalid):
        _seal(store, source)
    (source / "link").unlink()
    (source / "folder").symlink_to("/etc")
    with pytest.raises(Invalid):
        _seal(store, source)
    (source / "folder").unlink()
    os.mkfifo(source / "pipe")
    with pytest.raises(Invalid, match="regular"):
        _seal(store, source)
    (source / "pipe").unlink()
    _seal(store, source)


def test_an_empty_directory_is_not_a_dataset(store: SealedDirectory, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(Invalid, match="no file"):
        _seal(store, tmp_path / "nothing")


def _assert_refused(volume: MemoryVolume, version: SealedVersion, directory: Path) -> None:
    with pytest.raises(Invalid):
        _unseal(volume, version, {"kind": "directory", "path": str(directory)})
    assert list(volume.directory.iterdir()) == [], "nothing half unsealed may be left"


def test_a_file_of_another_version_in_its_place_is_noticed(
    store: SealedDirectory, source: Path, volume: MemoryVolume
) -> None:
    mine, other = _seal(store, source), _seal(store, source)
    target = store.directory(mine.version_id) / mine.files[0].stored_as
    original = target.read_bytes()
    target.write_bytes((store.directory(other.version_id) / other.files[0].stored_as).read_bytes())
    _assert_refused(volume, mine, store.directory(mine.version_id))
    target.write_bytes(original)
    _unseal(volume, mine, store.source(mine.version_id))


def test_swapping_removing_adding_and_renaming_files_in_the_manifest_is_noticed(
    store: SealedDirectory, source: Path, volume: MemoryVolume
) -> None:
    version = _seal(store, source)
    directory = store.directory(version.version_id)
    first, second, third = version.files
    swapped = (
        dataclasses.replace(first, stored_as=second.stored_as),
        dataclasses.replace(second, stored_as=first.stored_as),
    )
    for files in (
        (*swapped, third),
        (first, second),
        (first, second, third, dataclasses.replace(third, path="added")),
        (first, second, dataclasses.replace(third, path="renamed")),
        (first, second, dataclasses.replace(third, sha256="0" * 64)),
        (dataclasses.replace(first, size=first.size + 1), second, third),
    ):
        _assert_refused(volume, dataclasses.replace(version, files=files), directory)
    _unseal(volume, version, {"kind": "directory", "path": str(directory)})


def test_a_missing_file_is_noticed(store: SealedDirectory, source: Path, volume: MemoryVolume) -> None:
    version = _seal(store, source)
    (store.directory(version.version_id) / version.files[1].stored_as).unlink()
    _assert_refused(volume, version, store.directory(version.version_id))


@pytest.mark.parametrize("text", ["{", "[]", '{"version_id": 1}', '{"files": 3}', ""])
def test_a_manifest_that_cannot_be_read_says_so(store: SealedDirectory, source: Path, text: str) -> None:
    version = _seal(store, source)
    (store.directory(version.version_id) / "manifest.json").write_text(text)
    with pytest.raises(Invalid, match="manifest"):
        store.load(version.version_id)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", ".", "a//b", "a\nb", "a/", "x" * 300, "a\0b"])
def test_a_path_that_could_leave_its_directory_is_refused(path: str) -> None:
    with pytest.raises(Invalid):
        check_path(path)
    assert check_path("folder/file name.csv") == "folder/file name.csv"
