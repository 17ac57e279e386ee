"""What a session may use: control groups (version 1 or 2) where they can be had, resource limits everywhere.

Whether control groups work is found by trying, never by asking for a version. What then stays unenforced is named.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.core.errors import Unavailable
from orchestrator.workspaces.model import Limits

__all__ = ["ControlGroups", "Placement", "apply_resource_limits"]

_OVERHEAD = 12  # bubblewrap's own processes and threads around the session
_PERIOD = 100_000
_END_SECONDS = 10.0
_MIB = 1024 * 1024
_WORDS = {
    "memory": "memory of the whole session (limited per process only): no control group for memory may be used here",
    "cpu": "processor share: no control group for processors may be used here",
    "pids": "processes of the whole session (limited by resource limit only): no control group may be used here",
}


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The control groups of one session, and in words what they leave unenforced."""

    directories: tuple[Path, ...]
    controllers: frozenset[str]

    @property
    def unenforced(self) -> tuple[str, ...]:
        """Sentences for the limits that nothing enforces for the session as a whole."""
        return tuple(text for name, text in _WORDS.items() if name not in self.controllers)

    def join(self) -> None:
        """Move the calling process into every group; its children start there."""
        for directory in self.directories:
            (directory / "cgroup.procs").write_text(f"{os.getpid()}\n", encoding="ascii")


class ControlGroups:
    """The control groups of one installation, named by ``instance`` so that two on one machine never meet."""

    def __init__(self, *, instance: str, root: Path = Path("/sys/fs/cgroup"), membership: Path | None = None) -> None:
        self._name = f"tre-{instance}"
        self._root = root
        self._membership = membership or Path("/proc/self/cgroup")

    def place(self, group: str, session: str, limits: Limits) -> Placement:
        """Make the session's groups and set its limits; leave out every controller that cannot be had."""
        directories: list[Path] = []
        controllers: set[str] = set()
        for parent, found in self._parents():
            missing = found - controllers
            if not missing:
                continue
            directory = parent / self._name / group / session
            with contextlib.suppress(OSError):
                _make(directory, parent, found)
                done = {name for name in missing if _limit(directory, name, limits)}
                if done and _accepts(directory):
                    directories.append(directory)
                    controllers |= done
                else:
                    directory.rmdir()
        return Placement(directories=tuple(directories), controllers=frozenset(controllers))

    def sessions(self) -> set[tuple[str, str]]:
        """List (project, session) of every group of ours that still exists, wherever its supervisor is."""
        return {
            (directory.parent.name, directory.name)
            for parent, _ in self._parents()
            for directory in (parent / self._name).glob("*/*/")
        }

    def processes(self, group: str, session: str) -> set[int]:
        """List the processes that live in the session's groups."""
        return {pid for directory in self._directories(group, session) for pid in _members(directory)}

    def end(self, group: str, session: str) -> None:
        """Kill every process of the session and remove its groups. Repeatable."""
        stop = time.monotonic() + _END_SECONDS
        for directory in self._directories(group, session):
            while not _remove(directory):
                if time.monotonic() > stop:
                    raise Unavailable(
                        f"Processes of session {session} do not end; look for a hung disk or mount.",
                        system="control groups",
                        unknown_outcome=True,
                    )
                time.sleep(0.01)
            for parent in (directory.parent, directory.parent.parent):
                with contextlib.suppress(OSError):
                    parent.rmdir()

    def _directories(self, group: str, session: str) -> list[Path]:
        places = [parent / self._name / group / session for parent, _ in self._parents()]
        return [place for place in dict.fromkeys(places) if place.is_dir()]

    def _parents(self) -> Iterator[tuple[Path, frozenset[str]]]:
        """Yield where groups might be made, best first, with the controllers each would give."""
        own = {}
        for line in self._membership.read_text(encoding="ascii").splitlines():
            _, names, path = line.split(":", 2)
            own.update(dict.fromkeys(names.split(","), path.lstrip("/")))
        for name in ("memory", "pids", "cpu"):  # version 1: one hierarchy each
            mount = self._root / name
            if (mount / "cgroup.procs").exists() and not (mount / "cgroup.controllers").exists():
                yield mount, frozenset({name})
                if own.get(name):
                    yield mount / own[name], frozenset({name})
        for mount in (self._root, self._root / "unified"):  # version 2: one tree
            if (mount / "cgroup.controllers").exists():
                mine = mount / own.get("", "")
                for parent in dict.fromkeys((mount, mine.parent if mine != mount else mount, mine)):
                    with contextlib.suppress(OSError):
                        offered = (parent / "cgroup.controllers").read_text(encoding="ascii").split()
                        yield parent, frozenset(offered) & {"memory", "pids", "cpu"}


def _make(directory: Path, parent: Path, controllers: frozenset[str]) -> None:
    """Make the group and those above it; another session's end may take an empty one away in between."""
    for last_try in (False, False, True):
        try:
            for step in (directory.parent.parent, directory.parent, directory):
                if (parent / "cgroup.controllers").exists():
                    _hand_down(step.parent, controllers)
                step.mkdir(exist_ok=True)
        except FileNotFoundError:
            if last_try:
                raise
        else:
            return


def _hand_down(group: Path, controllers: frozenset[str]) -> None:
    for name in controllers:
        with contextlib.suppress(OSError):
            (group / "cgroup.subtree_control").write_text(f"+{name}", encoding="ascii")


def _limit(directory: Path, name: str, limits: Limits) -> bool:
    """Set one limit by whichever file exists; say whether it was taken."""
    memory, processes = str(limits.memory_mib * _MIB), str(limits.processes + _OVERHEAD)
    quota = str(int(limits.cpus * _PERIOD))
    needed = {
        "memory": (("memory.max", memory), ("memory.limit_in_bytes", memory)),
        "pids": (("pids.max", processes),),
        "cpu": (("cpu.max", f"{quota} {_PERIOD}"), ("cpu.cfs_quota_us", quota)),
    }[name]
    welcome = {
        "memory": (("memory.swap.max", "0"), ("memory.memsw.limit_in_bytes", memory), ("memory.oom.group", "0")),
    }.get(name, ())
    taken = False
    for file, value in needed:
        with contextlib.suppress(OSError):
            taken = taken or _set(directory / file, value)
    for file, value in welcome:
        with contextlib.suppress(OSError):
            _set(directory / file, value)
    return taken


def _set(path: Path, value: str) -> bool:
    if not path.exists():
        return False
    path.write_text(value, encoding="ascii")
    return True


def _accepts(directory: Path) -> bool:
    """Try to move a process in: a group may be ours to make and yet not ours to enter from where we are."""
    visitor = subprocess.Popen(["/bin/sleep", "10"], stdin=subprocess.DEVNULL)
    try:
        (directory / "cgroup.procs").write_text(f"{visitor.pid}\n", encoding="ascii")
    except OSError:
        return False
    finally:
        visitor.kill()
        visitor.wait()
    return True


def _members(directory: Path) -> set[int]:
    try:
        return {int(line) for line in (directory / "cgroup.procs").read_text(encoding="ascii").split()}
    except OSError:
        return set()


def _remove(directory: Path) -> bool:
    with contextlib.suppress(OSError):
        (directory / "cgroup.kill").write_text("1", encoding="ascii") if (directory / "cgroup.kill").exists() else None
    for pid in _members(directory):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    try:
        directory.rmdir()
    except OSError as error:
        return error.errno == errno.ENOENT
    return True


def apply_resource_limits(limits: Limits, *, controllers: frozenset[str]) -> None:
    """Limit the calling process and all it starts: no core dumps, bounded files, and memory where no group does it.

    The number of processes is limited later, inside the user namespace, where only the session's own are counted.
    """
    size = limits.file_size_mib * _MIB
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    if "memory" not in controllers:
        memory = limits.memory_mib * _MIB
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
