"""What is taken in: plain files, read once without following anything, all or nothing."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.errors import Conflict, Invalid, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.discovery import arrivals as room
from orchestrator.discovery.arrivals import Arrivals
from orchestrator.discovery.model import ManifestFile
from orchestrator.discovery.rules import check_file_path, files_fingerprint


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "b.csv").write_bytes(b"id\n1\n")
    (folder / "deep" / "er" / "a.csv").write_bytes(b"")
    return folder


@pytest.fixture
def arrivals(tmp_path: Path) -> Arrivals:
    return Arrivals(directory=tmp_path / "arrivals")


def left(arrivals: Arrivals) -> list[str]:
    return sorted(entry.name for entry in arrivals.directory.iterdir()) if arrivals.directory.exists() else []


def test_a_directory_is_copied_with_a_manifest_sorted_by_path(arrivals: Arrivals, source: Path) -> None:
    version_id = new_id()
    manifest = arrivals.take(version_id, source)
    assert manifest == (
        ManifestFile(path="b.csv", size=5, sha256=hashlib.sha256(b"id\n1\n").hexdigest()),
        ManifestFile(path="deep/er/a.csv", size=0, sha256=hashlib.sha256(b"").hexdigest()),
    )
    place = arrivals.place(version_id)
    assert (place / "b.csv").read_bytes() == b"id\n1\n"
    assert left(arrivals) == [version_id]
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / "b.csv").stat().st_mode) == 0o600


def test_the_copy_is_independent_of_what_happens_to_the_source_later(arrivals: Arrivals, source: Path) -> None:
    version_id = new_id()
    arrivals.take(version_id, source)
    (source / "b.csv").write_text("changed")
    assert (arrivals.place(version_id) / "b.csv").read_bytes() == b"id\n1\n"


def _link_to_secret(folder: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")


def _dangling_link(folder: Path) -> None:
    (folder / "link").symlink_to("nowhere")


def _link_to_folder(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "deep")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _socket(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("sock")
    finally:
        os.chdir(here)


def _control_name(folder: Path) -> None:
    (folder / "a\nb").write_text("x")


def _backslash(folder: Path) -> None:
    (folder / "a\\b").write_text("x")


def _bytes_name(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff"))).write_text("x")


def _too_deep(folder: Path) -> None:
    (folder / "/".join(["d"] * 40)).mkdir(parents=True)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_link_to_secret, "symbolic link"),
        (_dangling_link, "symbolic link"),
        (_link_to_folder, "symbolic link"),
        (_pipe, "named pipe"),
        (_socket, "socket"),
        (_control_name, "file name"),
        (_backslash, "file name"),
        (_bytes_name, "file name"),
        (_too_deep, "deep"),
    ],
)
def test_anything_but_plain_files_is_refused_and_nothing_is_kept(
    arrivals: Arrivals, source: Path, spoil: Callable[[Path], None], words: str
) -> None:
    arrivals.take(new_id(), source)
    before = left(arrivals)
    spoil(source)
    with pytest.raises(Invalid, match=words) as refusal:
        arrivals.take(new_id(), source)
    assert refusal.value.field == "directory"
    assert left(arrivals) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="making a device needs root")
def test_a_device_is_refused(arrivals: Arrivals, source: Path) -> None:
    try:
        os.mknod(source / "device", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this system lets nobody make devices")
    with pytest.raises(Invalid, match="character device"):
        arrivals.take(new_id(), source)


def test_a_link_to_the_directory_itself_is_refused(arrivals: Arrivals, source: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(source)
    with pytest.raises(Invalid, match="give the directory itself"):
        arrivals.take(new_id(), link)
    with pytest.raises(Invalid, match="not a directory"):
        arrivals.take(new_id(), source / "b.csv")
    with pytest.raises(Invalid, match="cannot be read"):
        arrivals.take(new_id(), tmp_path / "absent")


def test_an_empty_directory_is_refused(arrivals: Arrivals, tmp_path: Path) -> None:
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    with pytest.raises(Invalid, match="holds no files"):
        arrivals.take(new_id(), tmp_path / "empty")
    assert left(arrivals) == []


def test_a_huge_sparse_file_is_refused_before_it_is_read(tmp_path: Path, source: Path) -> None:
    arrivals = Arrivals(directory=tmp_path / "arrivals", largest_bytes=10**12)
    with (source / "sparse").open("wb") as file:
        file.truncate(2 * 10**12)
    with pytest.raises(Invalid, match="larger than"):
        arrivals.take(new_id(), source)
    assert left(arrivals) == []


def test_limits_count_every_file_together(tmp_path: Path, source: Path) -> None:
    with pytest.raises(Invalid, match="larger than"):
        Arrivals(directory=tmp_path / "x", largest_bytes=4).take(new_id(), source)
    with pytest.raises(Invalid, match="more than 1 files"):
        Arrivals(directory=tmp_path / "x", most_files=1).take(new_id(), source)
    assert len(Arrivals(directory=tmp_path / "x", largest_bytes=5, most_files=2).take(new_id(), source)) == 2


@pytest.fixture
def as_ordinary_user() -> Iterator[Path]:
    """A folder of an ordinary user, acting as that user even when the tests run as root."""
    nobody, root = 65534, os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:
        if root:
            os.chown(name, nobody, nobody)
            os.seteuid(nobody)
        try:
            yield Path(name)
        finally:
            if root:
                os.seteuid(0)


def test_an_unreadable_file_is_named(as_ordinary_user: Path) -> None:
    source, arrivals = as_ordinary_user / "source", Arrivals(directory=as_ordinary_user / "arrivals")
    source.mkdir()
    (source / "b.csv").write_text("x")
    (source / "b.csv").chmod(0)
    with pytest.raises(Invalid, match=r"b\.csv cannot be read"):
        arrivals.take(new_id(), source)
    assert left(arrivals) == []
    (source / "b.csv").chmod(0o600)
    assert arrivals.take(new_id(), source)


def _while_reading(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    real, calls = os.read, []

    def read(descriptor: int, size: int) -> bytes:
        block = real(descriptor, size)
        if block and not calls:
            calls.append(1)
            act()
        return block

    monkeypatch.setattr(room.os, "read", read)


def test_a_file_that_grows_or_changes_while_it_is_copied_is_refused(
    arrivals: Arrivals, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def append() -> None:
        with (source / "b.csv").open("ab") as file:
            file.write(b"2\n")

    with monkeypatch.context() as patch:
        _while_reading(patch, append)
        with pytest.raises(Conflict, match="changed while it was copied"):
            arrivals.take(new_id(), source)
    assert left(arrivals) == []
    assert arrivals.take(new_id(), source)


def test_a_file_exchanged_for_a_link_between_look_and_open_is_not_followed(
    arrivals: Arrivals, source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    real = os.stat

    def stat_then_exchange(name: object, **options: object) -> os.stat_result:
        seen = real(name, **options)  # type: ignore[arg-type]
        if name == "b.csv":
            (source / "b.csv").unlink()
            (source / "b.csv").symlink_to(secret)
        return seen

    monkeypatch.setattr(room.os, "stat", stat_then_exchange)
    with pytest.raises((Invalid, Conflict)):
        arrivals.take(new_id(), source)
    monkeypatch.undo()
    assert left(arrivals) == []


def test_a_full_disk_keeps_nothing_and_says_so(
    arrivals: Arrivals, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(room.os, "write", full)
        with pytest.raises(Unavailable, match="Make room") as refusal:
            arrivals.take(new_id(), source)
    assert refusal.value.system == "disk"
    assert left(arrivals) == []
    assert arrivals.take(new_id(), source)


def test_forgetting_can_be_repeated_and_places_cannot_be_climbed_out_of(arrivals: Arrivals, source: Path) -> None:
    version_id = new_id()
    arrivals.take(version_id, source)
    arrivals.forget(version_id)
    arrivals.forget(version_id)
    assert left(arrivals) == []
    with pytest.raises(Invalid):
        arrivals.place("../../etc")


def test_the_fingerprint_hangs_on_every_path_size_and_hash_and_not_on_the_order() -> None:
    files = [ManifestFile(path=name, size=1, sha256="0" * 64) for name in ("a", "b")]
    fingerprint = files_fingerprint(files)
    assert fingerprint == files_fingerprint(files[::-1])
    for other in (
        [files[0]],
        [files[0], ManifestFile(path="c", size=1, sha256="0" * 64)],
        [files[0], ManifestFile(path="b", size=2, sha256="0" * 64)],
        [files[0], ManifestFile(path="b", size=1, sha256="1" * 64)],
    ):
        assert files_fingerprint(other) != fingerprint


@given(st.text())
def test_a_path_that_is_taken_stays_below_its_folder(path: str) -> None:
    try:
        taken = check_file_path(path)
    except Invalid:
        return
    resolved = os.path.normpath(f"/folder/{taken}")
    assert resolved == f"/folder/{taken}"
    assert resolved.startswith("/folder/")
