"""The index is a cache: it may be deleted, damaged, shared and killed, and is whole again from the record."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import tantivy

from orchestrator.audit.record import Record
from orchestrator.core.errors import Unavailable
from orchestrator.discovery.search import counting, following, searching
from orchestrator.discovery.search.index import Index, Mark
from orchestrator.discovery.search.model import Asked, Facet, Searchable
from orchestrator.discovery.search.searching import answer
from orchestrator.discovery.search.service import SearchService
from tests.discovery.search.conftest import Searched


def count(search: SearchService, words: str = "") -> int:
    return search.find(Asked(words=words)).found.total


def test_a_deleted_index_is_built_again_by_the_next_search(national: Searched) -> None:
    every = count(national.search)
    assert every == len(national.rooms.catalogue.entries())
    shutil.rmtree(national.directory)
    assert count(national.search) == every
    shutil.rmtree(national.directory)
    assert count(national.again()) == every


@pytest.mark.parametrize("kind", ["meta.json", ".term", ".idx", ".store", ".fast", ".pos"])
def test_a_damaged_index_is_built_again(national: Searched, kind: str) -> None:
    every, some = count(national.search), count(national.search, "hospital")
    damaged = [file for file in national.directory.rglob("*") if file.name.endswith(kind)]
    assert damaged
    for file in damaged:
        file.chmod(0o600)
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    search = national.again()
    assert count(search, "hospital") == some
    assert count(search) == every


ELSEWHERE = [
    BrokenPipeError(32, "Broken pipe"),
    FileNotFoundError(2, "No such file", "/somewhere/else"),
    OSError("without a number"),
    ConnectionResetError(),
    ValueError("Ions, Iowa"),
    json.JSONDecodeError("corrupt", "{", 1),
    UnicodeDecodeError("utf-8", b"", 0, 1, "corrupt"),
    Unavailable("The file does not exist.", system="record"),
    KeyboardInterrupt(),
]


@pytest.mark.parametrize("error", ELSEWHERE, ids=lambda error: type(error).__name__)
def test_an_error_of_the_asker_leaves_the_index_alone(tmp_path: Path, error: BaseException) -> None:
    index = Index(tmp_path)
    _put(index, 0, 3)
    before = sorted(tmp_path.rglob("*"))

    def fail(_: object) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        index.look(fail)
    assert raised.value is error
    assert sorted(tmp_path.rglob("*")) == before
    assert index.mark().sequence == 3


def test_an_error_of_the_indexs_own_file_throws_it_away(tmp_path: Path) -> None:
    index = Index(tmp_path)
    _put(index, 0, 3)
    asked: list[int] = []

    def once(searcher: tantivy.Searcher) -> int:
        asked.append(searcher.num_docs)
        if len(asked) == 1:
            raise OSError(errno.EIO, "Input/output error", str(index.place / "meta.json"))
        return searcher.num_docs

    assert index.look(once) == 0
    assert asked == [4, 0]


def test_too_many_open_files_are_no_damage(tmp_path: Path) -> None:
    _put(Index(tmp_path), 0, 3)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(Unavailable) as failure:
            Index(tmp_path).mark()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert failure.value.system == "search"
    assert Index(tmp_path).mark().sequence == 3


def test_files_that_are_gone_are_noticed(national: Searched) -> None:
    some = count(national.search, "hospital")
    for file in national.directory.rglob("*.term"):
        file.unlink()
    assert count(national.again(), "hospital") == some


def test_the_index_follows_in_batches_and_goes_on_where_it_was(
    national: Searched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_BATCH", 100)
    every = len(national.rooms.catalogue.entries())
    assert national.search.catch_up(0.0) == every - 100
    assert national.again().catch_up(0.0) == every - 200
    results = national.search.find(Asked(), patience=0.0)
    assert (results.found.total, results.behind) == (300, every - 300)
    assert national.search.catch_up(300.0) == 0
    assert count(national.search) == every


def test_another_history_of_the_record_means_a_new_index(
    searched: Searched, description: dict[str, Any], tmp_path: Path
) -> None:
    """A record restored from a backup goes on otherwise: what only the lost history had is not found."""
    searched.offer("first", description, "First register")
    assert count(searched.search) == 1
    backup = tmp_path / "backup.db"
    database = Path(str(searched.rooms.record.engine.url.database))
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    searched.offer("lost", description, "Sneezing register")
    assert count(searched.search, "sneezing") == 1
    searched.rooms.record.engine.dispose()
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()
    shutil.copy(backup, database)
    searched.offer("other", description, "Coughing register")
    for search in (searched.search, searched.again()):
        assert count(search, "title:sneezing") == 0
        assert count(search, "title:coughing") == 1
        assert count(search) == 2


def _put(index: Index, first: int, number: int) -> None:
    with index.writing(30.0) as free:
        assert free
        sequence = index.mark().sequence
        made = [Searchable(entry_id=f"e{each}", title=f"number {each}") for each in range(first, first + number)]
        index.apply(made, (), Mark(sequence=sequence + number, of="test"))


def _put_all(directory: Path, first: int) -> None:
    for turn in range(10):
        _put(Index(directory), first + turn, 1)


def test_several_processes_change_one_index_in_turns(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_put_all, args=(tmp_path, 100 * number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    index = Index(tmp_path)
    assert index.mark().sequence == 30
    assert index.look(lambda searcher: answer(searcher, Asked(words="number"))).total == 30


def test_readers_see_each_commit_whole_while_another_writes(tmp_path: Path) -> None:
    """Every look sees descriptions and mark of one commit, whatever the writer is at."""
    writer, reader, stop = Index(tmp_path), Index(tmp_path), threading.Event()
    seen: list[tuple[int, int]] = []

    def read() -> None:
        while not stop.is_set():
            seen.append(
                reader.look(
                    lambda searcher: (answer(searcher, Asked(words="number")).total, max(0, searcher.num_docs - 1))
                )
            )

    thread = threading.Thread(target=read)
    thread.start()
    for turn in range(15):
        _put(writer, turn * 10, 10)
    stop.set()
    thread.join()
    assert seen
    assert all(found == there and found % 10 == 0 for found, there in seen)
    assert [found for found, _ in seen] == sorted(found for found, _ in seen)


_ENDLESS = """
import sys
from pathlib import Path
from orchestrator.discovery.search.index import Index, Mark
from orchestrator.discovery.search.model import Searchable
index = Index(Path(sys.argv[1]))
with index.writing(30.0):
    start = index.mark().sequence
    for turn in range(start // 50, 100_000):
        made = [Searchable(entry_id=f"e{turn * 50 + n}", title=f"number {turn}", text="word " * 200) for n in range(50)]
        index.apply(made, (), Mark(sequence=(turn + 1) * 50, of="test"))
        print(turn, flush=True)
"""


def test_a_killed_writer_leaves_its_last_commit_and_no_lock(tmp_path: Path) -> None:
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", _ENDLESS, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(3):
                assert writer.stdout.readline()
            time.sleep(0.01)
            os.kill(writer.pid, signal.SIGKILL)
        index = Index(tmp_path)
        total = index.look(lambda searcher: answer(searcher, Asked(words="number"))).total
        assert index.mark().sequence == total > 0
        with index.writing() as free:
            assert free


def test_a_directory_that_cannot_be_made_is_said(record: Record, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable) as failure:
        SearchService(record, Index(tmp_path / "file" / "index")).find(Asked(words="x"))
    assert failure.value.system == "search"


def _broad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    monkeypatch.setattr(searching, "_MANY", 5)
    index = Index(tmp_path)
    made = [
        Searchable(
            entry_id=f"e{number}",
            title="Patient health" if number % 4 == 0 else f"number {number}",
            text="patient health " + "more words " * (number % 7),
            facets={Facet.PUBLISHER: (f"p{number % 60}",), Facet.KIND: (f"k{number % 3}", f"k{number % 5}")},
        )
        for number in range(120)
    ]
    with index.writing():
        index.apply(made, (), Mark(sequence=1, of="test"))
    return index


def test_facets_of_many_values_are_counted_right_however_many_sets_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = _broad(tmp_path, monkeypatch)
    right = {f"k{kind}": sum(kind in (number % 3, number % 5) for number in range(120)) for kind in range(5)}
    for sets in (2_000, 6):
        monkeypatch.setattr(counting, "_SETS", sets)
        found = index.look(lambda searcher: answer(searcher, Asked(words="patient")))
        assert {each.value: each.count for each in found.facets[Facet.KIND]} == right


def test_a_chosen_value_that_is_rare_keeps_its_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = _broad(tmp_path, monkeypatch)
    asked = Asked(words="patient", chosen={Facet.PUBLISHER: ("p59",)})
    found = index.look(lambda searcher: answer(searcher, asked))
    assert found.total == 2
    assert {each.value: each.count for each in found.facets[Facet.PUBLISHER]}["p59"] == 2
    assert len(found.facets[Facet.PUBLISHER]) <= 41
