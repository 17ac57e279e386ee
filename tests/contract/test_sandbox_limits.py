"""Limits, call filter and machine checks of the sandbox, on this machine and on made-up ones."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.adapters.sandbox import doctor
from orchestrator.adapters.sandbox.confine import bubblewrap
from orchestrator.adapters.sandbox.doctor import check_machine, examine
from orchestrator.adapters.sandbox.limits import ControlGroups
from orchestrator.adapters.sandbox.seccomp import filter_program
from orchestrator.settings import Settings
from orchestrator.workspaces.model import Limits

LIMITS = Limits(cpus=1.5, memory_mib=100, processes=20)
REAL = Path("/sys/fs/cgroup")
VERSION_1 = (REAL / "memory" / "cgroup.procs").exists() and os.access(REAL / "memory", os.W_OK)


class MadeUp:
    """A directory that looks like a control group file system; the kernel's part is played by making the files."""

    def __init__(self, root: Path, membership: str) -> None:
        self.root = root
        self.membership = root.parent / "membership"
        self.membership.write_text(membership)

    def groups(self) -> ControlGroups:
        """Return the control groups under test."""
        return ControlGroups(instance="t", root=self.root, membership=self.membership)


@pytest.fixture
def unified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    root = tmp_path / "cgroup"
    own = root / "user" / "service"
    own.mkdir(parents=True)
    for folder in (root, root / "user", own):
        (folder / "cgroup.controllers").write_text("cpu memory pids io\n")
        (folder / "cgroup.subtree_control").write_text("")
    make, remove = Path.mkdir, Path.rmdir

    def mkdir(self: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        make(self, mode, parents, exist_ok)
        for name in ("memory.max", "memory.swap.max", "pids.max", "cpu.max", "cgroup.procs", "cgroup.subtree_control"):
            (self / name).write_text("")
        (self / "cgroup.controllers").write_text("cpu memory pids\n")

    def rmdir(self: Path) -> None:
        for path in self.iterdir():
            if path.is_file():
                path.unlink()
        remove(self)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr(Path, "rmdir", rmdir)
    return MadeUp(root, "0::/user/service\n")


def test_version_2_limits_memory_processes_and_processors_in_one_group(unified: MadeUp) -> None:
    placement = unified.groups().place("p", "s", LIMITS)
    [directory] = placement.directories
    assert directory == unified.root / "tre-t" / "p" / "s"
    assert (directory / "memory.max").read_text() == str(100 * 1024 * 1024)
    assert (directory / "memory.swap.max").read_text() == "0"
    assert (directory / "cpu.max").read_text() == "150000 100000"
    assert int((directory / "pids.max").read_text()) >= 20
    assert placement.unenforced == ()
    assert unified.groups().sessions() == {("p", "s")}
    unified.groups().end("p", "s")
    assert unified.groups().sessions() == set()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere, so that nothing is undelegated")
def test_version_2_uses_the_delegated_part_where_the_top_is_closed(unified: MadeUp) -> None:
    unified.root.chmod(0o555)
    try:
        placement = unified.groups().place("p", "s", LIMITS)
    finally:
        unified.root.chmod(0o755)
    assert placement.directories == (unified.root / "user" / "tre-t" / "p" / "s",)


def test_without_control_groups_every_missing_limit_is_named(tmp_path: Path) -> None:
    (tmp_path / "cgroup").mkdir()
    placement = MadeUp(tmp_path / "cgroup", "").groups().place("p", "s", LIMITS)
    assert placement.directories == ()
    assert [words.split()[0] for words in placement.unenforced] == ["memory", "processor", "processes"]


@pytest.mark.skipif(not VERSION_1, reason="needs control groups of version 1 that may be written")
def test_version_1_limits_kill_and_leave_no_group_behind() -> None:
    groups = ControlGroups(instance=f"test-{os.getpid()}")
    placement = groups.place("p", "s", LIMITS)
    try:
        assert placement.unenforced == ()
        greedy = [sys.executable, "-c", "kept = bytearray(400 * 2**20); kept[::4096] = b'x' * len(kept[::4096])"]
        free = subprocess.run(greedy, check=False)
        held = subprocess.run(greedy, check=False, preexec_fn=placement.join)
        assert (free.returncode, held.returncode) == (0, -9)
        sleeper = subprocess.Popen(["/bin/sleep", "60"], preexec_fn=placement.join)  # noqa: PLW1509
        assert groups.processes("p", "s") == {sleeper.pid}
        assert groups.sessions() == {("p", "s")}
    finally:
        groups.end("p", "s")
    assert sleeper.wait() == -9
    assert groups.sessions() == set()
    groups.end("p", "s")
    assert not list(REAL.glob(f"*/tre-test-{os.getpid()}"))


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_of_the_call_filter_lands_inside_and_every_way_ends(machine: str) -> None:
    program = filter_program(machine)
    assert program is not None
    steps = [struct.unpack("=HBBI", program[place : place + 8]) for place in range(0, len(program), 8)]
    assert len(steps) < 4096
    for place, (code, when_true, when_false, _) in enumerate(steps):
        if code in {0x15, 0x35}:
            assert place + 1 + max(when_true, when_false) < len(steps)
    assert steps[-1][0] == 0x06
    assert filter_program("pdp11") is None


def test_this_machine_can_hold_sandboxes_and_says_what_it_lacks(tmp_path: Path) -> None:
    findings = check_machine(state=Path("/tmp/tre"), memory_directory=Path("/dev/shm/tre"))
    assert [finding for finding in findings if finding.serious] == []
    findings = check_machine(state=tmp_path / ("long" * 30), memory_directory=Path("/usr/share"))
    assert {"path-too-long", "no-memory-directory"} <= {finding.word for finding in findings}


def test_the_doctor_names_every_check_with_its_outcome() -> None:
    checks = {check.name: check for check in examine(Settings(state=Path("/tmp/tre")))}
    assert set(checks) == {"sandbox", "setpriv", "memory", "paths", "limits", "calls"}
    assert all(checks[name].ok for name in ("sandbox", "memory", "paths"))
    assert all(check.message.endswith((".", ").")) for check in checks.values())


def test_a_machine_that_forbids_user_namespaces_is_told_with_both_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    refusing.chmod(0o755)
    restriction = tmp_path / "restricted"
    restriction.write_text("1\n")
    monkeypatch.setattr(doctor, "_RESTRICTION", restriction)
    findings = check_machine(state=Path("/tmp/tre"), memory_directory=Path("/dev/shm"), program=refusing, root=False)
    finding = next(finding for finding in findings if finding.word == "no-user-namespaces")
    assert finding.serious
    for words in ("Permission denied", "run this as root", "AppArmor profile", "sysctl"):
        assert words in finding.message
    assert bubblewrap().is_file()
    found = check_machine(state=Path("/tmp/tre"), memory_directory=Path("/dev/shm"), root=False)
    assert "no-user-namespaces" not in {finding.word for finding in found}
