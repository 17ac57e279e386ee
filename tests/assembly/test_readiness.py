"""What is looked at before an installation starts, and the words in which it is refused."""

from __future__ import annotations

import multiprocessing
import os
import socket
from pathlib import Path

import pytest

from orchestrator.adapters.findings import Finding
from orchestrator.adapters.sandbox import doctor
from orchestrator.adapters.sandbox.processes import Processes
from orchestrator.assembly.installation import readiness
from orchestrator.assembly.installation.readiness import check_ports, check_ready, held, make_state_directory
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.settings import Settings
from tests.ports import free_port


def test_a_state_directory_is_made_with_its_parents_and_may_be_there_already(tmp_path: Path) -> None:
    for _ in range(2):
        make_state_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_file_is_no_state_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match="not a directory"):
        make_state_directory(tmp_path / "file")


def test_a_place_that_does_not_exist_for_directories_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match="cannot be used"):
        make_state_directory(tmp_path / "file" / "below")


def test_a_directory_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_state_directory(tmp_path)
    monkeypatch.setattr(readiness.os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(Invalid, match="belongs to another user"):
        make_state_directory(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Invalid, match="cannot be written"):
        make_state_directory(tmp_path)


def test_a_taken_port_is_named_with_the_program_that_needs_it(tmp_path: Path) -> None:
    processes = Processes(run=tmp_path / "run", logs=tmp_path / "logs")
    port = free_port()
    taken = pytest.raises(NotPossible, match=f"Port {port}, which “vault” needs")
    with socket.create_server(("127.0.0.1", port)), taken:
        check_ports(processes, {"vault": ("127.0.0.1", port)})
    check_ports(processes, {"vault": ("127.0.0.1", port)})


def test_a_machine_that_forbids_sandboxes_is_told_with_both_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(doctor, "bubblewrap", lambda: refusing)
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    with pytest.raises(NotPossible, match=r"Two ways out: run this as root.* or let this user make user namespaces"):
        check_ready(Settings(state=Path("/tmp/tre")))


def test_a_path_too_long_for_sockets_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="too long a path"):
        check_ready(Settings(state=tmp_path / ("long" * 30)))


def test_what_is_only_weaker_is_said_and_does_not_keep_it_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weak = Finding(word="limits-not-enforced", message="Not enforced: memory.", serious=False)
    monkeypatch.setattr(readiness, "machine_findings", lambda _: [weak])
    assert check_ready(Settings(state=tmp_path)) == ["Not enforced: memory."]


def test_one_installation_has_one_keeper_and_a_killed_one_leaves_no_hold(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    holds = context.Event()
    other = context.Process(target=_hold, args=(tmp_path, holds))
    other.start()
    try:
        assert holds.wait(180)
        with pytest.raises(NotPossible, match=f"kept running by process {other.pid}"), held(tmp_path):
            pass
    finally:
        other.kill()
        other.join()
    with held(tmp_path):
        pass


def _hold(state: Path, holds: object) -> None:
    with held(state):
        holds.set()  # type: ignore[attr-defined]
        multiprocessing.Event().wait()
