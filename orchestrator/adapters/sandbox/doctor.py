"""Looks whether this machine can hold workspaces, by trying, and says in words what to do where it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from orchestrator.adapters.findings import Check, Finding
from orchestrator.core.errors import OrchestratorError
from orchestrator.core.ids import new_id
from orchestrator.settings import Settings
from orchestrator.workspaces.model import Limits

from .confine import bubblewrap
from .limits import ControlGroups
from .places import Places
from .seccomp import filter_program

__all__ = ["check_machine", "examine"]

_SECONDS = 20
_RESTRICTION = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_SWITCH = Path("/proc/sys/kernel/unprivileged_userns_clone")


_GOOD = {
    "sandbox": "Sandboxes can be made.",
    "setpriv": "Root can be given up.",
    "memory": "Unsealed data stay in memory.",
    "paths": "Sockets fit below the state directory.",
    "limits": "Memory, processors and processes of a session are limited as a whole.",
    "calls": "Dangerous system calls are refused.",
}
_ABOUT = {
    "no-bubblewrap": "sandbox",
    "no-user-namespaces": "sandbox",
    "no-setpriv": "setpriv",
    "no-memory-directory": "memory",
    "path-too-long": "paths",
    "limits-not-enforced": "limits",
    "no-call-filter": "calls",
}


def examine(settings: Settings) -> list[Check]:
    """Return every check of this machine for these settings, the good ones too, for ``tre doctor``."""
    findings = check_machine(state=settings.state, memory_directory=settings.workspaces.memory_directory)
    problems = {_ABOUT[finding.word]: finding.message for finding in findings}
    return [Check(name=name, ok=name not in problems, message=problems.get(name, good)) for name, good in _GOOD.items()]


def check_machine(
    *, state: Path, memory_directory: Path, root: bool | None = None, program: Path | None = None
) -> list[Finding]:
    """Return what stands in the way of sandboxes on this machine; an empty list means that nothing does."""
    as_root = os.geteuid() == 0 if root is None else root
    checks: list[Callable[[], Finding | None]] = [
        lambda: _sandbox(as_root, program),
        lambda: _setpriv() if as_root else None,
        lambda: _memory(memory_directory),
        lambda: _paths(state),
        _limits,
        _filter,
    ]
    return [finding for check in checks if (finding := check()) is not None]


def _sandbox(root: bool, program: Path | None) -> Finding | None:
    try:
        command = [str(program or bubblewrap()), "--unshare-all", "--unshare-user", "--ro-bind", "/", "/"]
        answer = subprocess.run([*command, "--", "/bin/true"], capture_output=True, timeout=_SECONDS, check=False)
    except OrchestratorError as error:
        return Finding(word="no-bubblewrap", message=error.message, serious=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(word="no-bubblewrap", message=f"The sandbox program does not run: {error}.", serious=True)
    if answer.returncode == 0:
        return None
    return Finding(word="no-user-namespaces", message=_why(root, answer.stderr.decode(errors="replace")), serious=True)


def _why(root: bool, words: str) -> str:
    said = f"The sandbox could not be made ({words.strip()[:200] or 'no reason given'}). "
    if root:
        return (
            said + "This machine, or the container around it, forbids namespaces even to root; run on another machine."
        )
    ways = (
        "Two ways out: run this as root (sandboxes then run as users without any right), or let this user make "
        "user namespaces: "
    )
    if _reads(_RESTRICTION) == "1":
        return (
            f"{said}Your system lets only programs with an AppArmor profile make user namespaces. {ways}"
            "install an AppArmor profile with “userns,” for the bwrap program, or, for all programs, "
            "“sysctl kernel.apparmor_restrict_unprivileged_userns=0”."
        )
    if _reads(_SWITCH) == "0":
        forbids = "Your system forbids user namespaces to ordinary users."
        return f"{said}{forbids} {ways}“sysctl kernel.unprivileged_userns_clone=1”."
    return (
        f"{said}Your system forbids user namespaces to ordinary users. {ways}“sysctl user.max_user_namespaces=10000”."
    )


def _reads(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _setpriv() -> Finding | None:
    if shutil.which("setpriv", path="/usr/bin:/bin:/usr/sbin:/sbin"):
        return None
    message = "There is no “setpriv”, which takes root away from sandboxes: install util-linux."
    return Finding(word="no-setpriv", message=message, serious=True)


def _memory(directory: Path) -> Finding | None:
    kind = ""
    place = directory.absolute()
    while not place.exists():
        place = place.parent
    longest = -1
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, mount, found, *_ = line.split(" ")
        point = Path(mount.replace("\\040", " "))
        if place.resolve().is_relative_to(point) and len(point.parts) >= longest:
            longest, kind = len(point.parts), found
    if kind in {"tmpfs", "ramfs"}:
        return None
    return Finding(
        word="no-memory-directory",
        message=f"{directory} lies on a disk ({kind or 'unknown'}), but unsealed data may lie in memory only: "
        "set memory_directory to a tmpfs such as /dev/shm.",
        serious=True,
    )


def _paths(state: Path) -> Finding | None:
    try:
        Places(state=state.absolute()).run(new_id())
    except OrchestratorError as error:
        return Finding(word="path-too-long", message=error.message, serious=True)
    return None


def _limits() -> Finding | None:
    groups = ControlGroups(instance=f"check-{os.getpid()}")
    group, session = new_id(), new_id()
    try:
        missing = groups.place(group, session, Limits()).unenforced
    finally:
        groups.end(group, session)
    if not missing:
        return None
    return Finding(
        word="limits-not-enforced",
        message=f"Not enforced on this machine: {'; '.join(missing)}. Run as root, or have control groups delegated "
        "to you (with systemd: “systemd-run --user --scope -p Delegate=yes …”).",
        serious=False,
    )


def _filter() -> Finding | None:
    if filter_program() is not None:
        return None
    message = "The system-call filter is not known for this processor; sandboxes run with their other walls."
    return Finding(word="no-call-filter", message=message, serious=False)
