"""The processes of a container as the kernel knows them: to end them also while no engine answers."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from orchestrator.core.errors import Unavailable

__all__ = ["end_members", "members"]

_SECONDS = 10.0


def members(identity: str) -> set[int]:
    """List the processes whose control group carries the container's identity."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if identity in (entry / "cgroup").read_text(encoding="utf-8", errors="replace"):
                    found.add(int(entry.name))
    return found


def end_members(identity: str) -> None:
    """Kill every process of a container. Its first one takes the others with it; nothing starts them again."""
    deadline = time.monotonic() + _SECONDS
    while left := members(identity):
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise Unavailable(
                "A session's processes do not end while the Docker engine is away: start the engine, or look for a "
                "hung disk.",
                system="docker",
                unknown_outcome=True,
            )
        time.sleep(0.02)
