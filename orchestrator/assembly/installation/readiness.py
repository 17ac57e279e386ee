"""Looks before an installation starts whether it can, and says in words what stands in its way."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchestrator.adapters.sandbox.processes import Processes
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.settings import Settings

from .checkup import machine_findings

__all__ = ["check_ports", "check_ready", "held", "make_state_directory"]


def make_state_directory(state: Path) -> None:
    """Make the state directory, or find it our own; raises ``Invalid`` where nothing can be kept there."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        owner = state.stat().st_uid
        writable = os.access(state, os.R_OK | os.W_OK | os.X_OK)
    except OSError as error:
        why = "it is not a directory" if isinstance(error, FileExistsError) else error.strerror
        raise Invalid(
            f"The state directory {state} cannot be used: {why}. Choose another with --state.", field="state"
        ) from error
    if owner != os.geteuid():
        raise Invalid(
            f"The state directory {state} belongs to another user (number {owner}). Choose another with --state, or "
            "start as that user.",
            field="state",
        )
    if not writable:
        raise Invalid(f"The state directory {state} cannot be written. Choose another with --state.", field="state")


def check_ready(settings: Settings) -> list[str]:
    """Return what this machine will not enforce; raises ``NotPossible`` or ``Invalid`` when workspaces cannot run."""
    findings = machine_findings(settings)
    for finding in findings:
        if finding.word == "path-too-long":
            raise Invalid(finding.message, field="state")
    serious = [finding.message for finding in findings if finding.serious]
    if serious:
        raise NotPossible(" ".join(serious))
    return [finding.message for finding in findings]


def check_ports(processes: Processes, ports: Mapping[str, tuple[str, int]]) -> None:
    """Raise ``NotPossible`` when a program that must be started finds its port taken by somebody else."""
    for name, (host, port) in ports.items():
        if processes.find(name) is None and _taken(host, port):
            raise NotPossible(
                f"Port {port}, which “{name}” needs, is taken by another program. End that program, or choose another "
                "port: in tre.yaml of the state directory, or with --port for a new demonstration."
            )


@contextmanager
def held(state: Path) -> Iterator[None]:
    """Be the only one who keeps this installation running; the hold ends with the process, however it ends."""
    descriptor = os.open(state / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 20, 0).decode("ascii", errors="replace").strip() or "unknown"
            raise NotPossible(
                f"The installation in {state} is already kept running by process {holder}. "
                "Use that one, end it with Ctrl-C, or choose another state directory."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _taken(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise NotPossible(f"This user may not open port {port}; choose one of 1024 or higher.") from error
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
