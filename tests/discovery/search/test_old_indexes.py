"""Indexes of other versions go when nobody has them open: not before, in whatever moment a process dies."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.discovery.search import holding
from orchestrator.discovery.search import index as module
from orchestrator.discovery.search.index import Index, Mark
from orchestrator.discovery.search.model import Asked, Searchable
from orchestrator.discovery.search.searching import answer

OLD = "0123456789ab"

_OTHER_VERSION = """
import sys
from pathlib import Path
from orchestrator.discovery.search import index as module
from orchestrator.discovery.search.index import Index, Mark
from orchestrator.discovery.search.model import Asked, Searchable
from orchestrator.discovery.search.searching import answer
module.fingerprint = lambda: sys.argv[2]
index = Index(Path(sys.argv[1]))
with index.writing(30.0) as free:
    assert free
    index.apply([Searchable(entry_id="e1", title="old words")], (), Mark(sequence=1, of="test"))
for _ in sys.stdin:
    print(index.look(lambda searcher: answer(searcher, Asked(words="old"))).total, flush=True)
"""

_KILLED_WHILE_REMOVING = """
import os, shutil, signal, sys
from pathlib import Path
from orchestrator.discovery.search import holding
from orchestrator.discovery.search.index import Index
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "rename":
    Path.rename = die
elif sys.argv[2] == "remove":
    shutil.rmtree = die
else:
    Path.unlink = die
with Index(Path(sys.argv[1])).writing(30.0):
    raise SystemExit("was to be killed")
"""


def _put(directory: Path) -> Index:
    index = Index(directory)
    with index.writing(30.0) as free:
        assert free
        index.apply([Searchable(entry_id="e1", title="new words")], (), Mark(sequence=1, of="test"))
    return index


def _of_another_version(directory: Path, name: str = OLD) -> Path:
    place = directory / name
    place.mkdir(parents=True)
    (place / "meta.json").write_text("{}")
    return place


def _write(directory: Path) -> None:
    with Index(directory).writing(30.0) as free:
        assert free


@contextmanager
def _other_process(directory: Path, shape: str = OLD) -> Iterator[subprocess.Popen[str]]:
    """A process of another version that has the index of its shape open; it answers a line with a number."""
    command = [sys.executable, "-c", _OTHER_VERSION, str(directory), shape]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert _ask(process) == "1\n"
        yield process


def _ask(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline()


def test_an_index_that_nobody_has_open_goes_with_the_next_change(tmp_path: Path) -> None:
    old = _of_another_version(tmp_path)
    index = _put(tmp_path)
    assert not old.exists()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(
        [index.place.name, f"{index.place.name}.open", "lock"]
    )
    assert index.look(lambda searcher: answer(searcher, Asked(words="new"))).total == 1


def test_whatever_is_not_named_as_an_index_stays(tmp_path: Path) -> None:
    names = ["notes", "0123456789AB", "0123456789abc", "0123456789a", "lost+found", ".hidden"]
    for name in names:
        _of_another_version(tmp_path, name)
    _put(tmp_path)
    assert all((tmp_path / name / "meta.json").exists() for name in names)


def test_two_versions_work_side_by_side_and_the_older_goes_when_it_ends(tmp_path: Path) -> None:
    with _other_process(tmp_path) as process:
        new = _put(tmp_path)
        assert (tmp_path / OLD / "meta.json").exists()
        assert _ask(process) == "1\n"
        assert new.look(lambda searcher: answer(searcher, Asked(words="new"))).total == 1
    assert process.returncode == 0
    _write(tmp_path)
    assert not (tmp_path / OLD).exists()
    assert not (tmp_path / f"{OLD}.open").exists()


def test_of_two_processes_the_last_to_end_keeps_it(tmp_path: Path) -> None:
    with _other_process(tmp_path) as last:
        with _other_process(tmp_path):
            _write(tmp_path)
            assert (tmp_path / OLD).exists()
        _write(tmp_path)
        assert _ask(last) == "1\n"
        assert (tmp_path / OLD).exists()
    _write(tmp_path)
    assert not (tmp_path / OLD).exists()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with _other_process(tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
    _write(tmp_path)
    assert not (tmp_path / OLD).exists()


@pytest.mark.parametrize("moment", ["rename", "remove", "unlink"])
def test_a_removal_that_is_broken_off_is_finished_by_the_next(tmp_path: Path, moment: str) -> None:
    _of_another_version(tmp_path)
    mine = _put(tmp_path / "elsewhere").place
    shutil.copytree(mine, tmp_path / mine.name)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED_WHILE_REMOVING, str(tmp_path), moment], check=False, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert any(OLD in each.name or "gone-" in each.name for each in tmp_path.iterdir())
    assert Index(tmp_path).mark().sequence == 1
    _write(tmp_path)
    assert not [each for each in tmp_path.iterdir() if OLD in each.name or "gone-" in each.name]
    assert Index(tmp_path).mark().sequence == 1


def test_an_index_that_is_let_go_can_be_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one process, too: what counts is whether an index is open, not whether it ever was."""
    with monkeypatch.context() as older:
        older.setattr(module, "fingerprint", lambda: OLD)
        index = _put(tmp_path)
    _write(tmp_path)
    assert (tmp_path / OLD).exists()
    del index
    _write(tmp_path)
    assert not (tmp_path / OLD).exists()


def test_an_index_whose_directory_was_deleted_is_held_again_when_it_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "search"
    with monkeypatch.context() as older:
        older.setattr(module, "fingerprint", lambda: OLD)
        index = _put(directory)
        shutil.rmtree(directory)
        assert index.mark().sequence == 0
    _write(directory)
    assert (directory / OLD).exists()


def test_who_comes_while_an_index_is_removed_waits_and_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that was locked is gone by then: its lock says nothing, and another is taken."""
    place = tmp_path / OLD
    opened: list[int] = []
    true_open = holding._opened

    def overtaken(of: Path) -> int:
        descriptor = true_open(of)
        opened.append(descriptor)
        if len(opened) == 1:
            (tmp_path / f"{OLD}.open").unlink()
        return descriptor

    monkeypatch.setattr(holding, "_opened", overtaken)
    descriptor = holding.hold(place)
    assert descriptor is not None
    assert len(opened) == 2
    monkeypatch.undo()
    try:
        place.mkdir()
        assert holding.sweep(tmp_path / "ffffffffffff") == []
    finally:
        os.close(descriptor)
    assert holding.sweep(tmp_path / "ffffffffffff") == [OLD]


def test_what_cannot_be_removed_keeps_nobody_from_searching(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _of_another_version(tmp_path)

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / OLD))

    monkeypatch.setattr(holding, "discard", refuse)
    with caplog.at_level("WARNING"):
        _write(tmp_path)
    assert "could not be removed: Permission denied" in caplog.text
    monkeypatch.undo()
    assert _put(tmp_path).mark().sequence == 1
