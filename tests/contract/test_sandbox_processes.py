"""Detached processes: recorded by themselves, found again, ended whole, and nobody else's ever touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from orchestrator.adapters.sandbox.processes import Processes, alive
from orchestrator.core.errors import Unavailable
from tests.processes import ended

SLEEP = ["/bin/sleep", "300"]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    kept = Processes(run=tmp_path / "run", logs=tmp_path / "logs", log_bytes=1000)
    yield kept
    for record in kept.records():
        kept.stop(record.name, group=record.group, deadline=1)


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_process_is_detached_and_has_a_session_of_its_own(processes: Processes) -> None:
    record = processes.ensure("vault", SLEEP)
    process = psutil.Process(record.pid)
    assert os.getsid(record.pid) == record.pid
    assert os.getsid(0) != record.pid
    assert process.ppid() != os.getpid()
    assert str(Path(f"/proc/{record.pid}/fd/0").readlink()) == os.devnull


def test_the_same_process_is_adopted_and_another_command_replaces_it(processes: Processes) -> None:
    first = processes.ensure("gate", SLEEP, group="p")
    assert processes.ensure("gate", SLEEP, group="p") == first
    changed = processes.ensure("gate", SLEEP, group="p", fingerprint="another configuration")
    assert changed.pid != first.pid
    assert not alive(first)
    assert [record.name for record in processes.records()] == ["gate"]


def test_a_new_keeper_finds_what_an_earlier_one_started(processes: Processes, tmp_path: Path) -> None:
    record = processes.ensure("hub", SLEEP, group="p")
    later = Processes(run=tmp_path / "run", logs=tmp_path / "logs")
    assert later.find("hub", group="p") == record
    assert later.ensure("hub", SLEEP, group="p") == record


def test_one_that_was_killed_is_started_again(processes: Processes) -> None:
    record = processes.ensure("hub", SLEEP)
    os.kill(record.pid, signal.SIGKILL)
    _until(lambda: processes.find("hub") is None)
    assert processes.known("hub") == record
    assert processes.ensure("hub", SLEEP).pid != record.pid


def test_stopping_ends_every_process_of_the_session_even_those_that_refuse(
    processes: Processes, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    script = f"trap '' TERM; /bin/sleep 300 & /bin/sleep 300 & : > {ready}; wait; wait; wait; while :; do sleep 1; done"
    record = processes.ensure("stubborn", ["/bin/sh", "-c", script])
    _until(ready.exists)
    members = [record.pid, *(child.pid for child in psutil.Process(record.pid).children())]
    assert len(members) == 3
    processes.stop("stubborn", deadline=0.2)
    assert all(ended(pid) for pid in members)
    assert processes.records() == []
    processes.stop("stubborn")


def test_children_left_by_a_killed_leader_are_ended_too(processes: Processes, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    record = processes.ensure("leader", ["/bin/sh", "-c", f"/bin/sleep 300 & echo $! > {ready}; wait"])
    _until(lambda: ready.exists() and ready.read_text().strip().isdigit())
    child = int(ready.read_text())
    os.kill(record.pid, signal.SIGKILL)
    _until(lambda: processes.find("leader") is None)
    assert not ended(child)
    processes.stop("leader")
    assert ended(child)


def test_a_number_that_now_belongs_to_another_process_is_never_signalled(processes: Processes, tmp_path: Path) -> None:
    record = processes.ensure("hub", SLEEP)
    time.sleep(0.05)  # start times are kept in hundredths of a second: the bystander must have another one
    bystander = subprocess.Popen(SLEEP, start_new_session=True)
    try:
        path = tmp_path / "run" / "p" / "hub.json"
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "pid": bystander.pid}))
        assert processes.find("hub") is None
        processes.stop("hub")
        assert bystander.poll() is None
        assert alive(record)
    finally:
        bystander.kill()
        bystander.wait()
        os.kill(record.pid, signal.SIGKILL)


def test_a_program_that_is_not_there_is_told_and_leaves_no_record(processes: Processes) -> None:
    with pytest.raises(Unavailable, match="could not be started"):
        processes.ensure("nothing", ["/no/such/program"])
    assert processes.records() == []


def test_the_starter_may_die_at_once_and_the_process_is_still_on_record(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from orchestrator.adapters.sandbox.processes import Processes\n"
        f"Processes(run=Path({str(tmp_path)!r}), logs=Path({str(tmp_path)!r})).ensure('x', ['/bin/sleep', '300'])\n"
        "os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    answer = subprocess.run([sys.executable, "-c", script], check=False, timeout=60, env=environment)
    assert answer.returncode == -signal.SIGKILL
    processes = Processes(run=tmp_path, logs=tmp_path)
    assert processes.find("x") is not None
    processes.stop("x")
    assert processes.records() == []


def test_a_log_is_cut_to_its_newest_half(processes: Processes) -> None:
    record = processes.ensure("loud", ["/bin/sh", "-c", "seq 1 2000; exec /bin/sleep 300"])
    log = Path(record.log)
    _until(lambda: log.exists() and log.read_text().endswith("2000\n"))
    processes.trim()
    assert log.stat().st_size <= 1000
    assert log.read_text().endswith("2000\n")


def test_descriptors_of_the_starter_do_not_reach_the_process(processes: Processes, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        record = processes.ensure("plain", SLEEP)
        _until(lambda: Path(f"/proc/{record.pid}/comm").read_text() == "sleep\n")
        # a program that has just begun has its libraries open for a moment; what was inherited would stay open
        _until(lambda: {path.name for path in Path(f"/proc/{record.pid}/fd").iterdir()} == {"0", "1", "2"})
