"""What the engine is asked for: a session's container as plain data, the same walls as the sandbox's."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.adapters.sandbox.confine import View
from orchestrator.adapters.sandbox.image import ENVIRONMENT
from orchestrator.adapters.sandbox.places import Places
from orchestrator.adapters.sandbox.seccomp import filter_program
from orchestrator.adapters.sandbox.session import (
    memory_directories,
    server_command,
    session_environment,
    session_views,
)
from orchestrator.workspaces.model import SessionPlan

from . import inside

__all__ = ["LABEL", "PYTHON", "Box", "body", "session_user", "trial_body"]

LABEL = "tre.orchestrator/"
PYTHON = "/opt/workspace/bin/python"
_PATH = "/opt/workspace/bin:/opt/tre/bin:/usr/local/bin:/usr/bin:/bin"
_OVERHEAD = 1  # the container's first process
_MIB = 1024 * 1024
_NOBODY = 65_534
_OWN = "rw,exec,nosuid,nodev,mode=1777"
_SIZES = {
    "/tmp": _OWN,  # noqa: S108 - inside
    "/run": "rw,noexec,nosuid,nodev,mode=0755",
    "/home/researcher": _OWN,
    "/shared": _OWN,
}
"""The last two are folders of the machine, except where a program runs again with nothing of anybody."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """What all sessions of an installation share."""

    image: str
    """By digest or by the engine's own image id, so that nothing else can take its place."""
    instance: str
    server: tuple[str, ...] | None = None
    """Replaces the server's command; for probes and tests."""


def _labels(box: Box, plan: SessionPlan) -> dict[str, str]:
    """Say whose container this is, so that it is found again whoever has died."""
    told = {"installation": box.instance, "project": plan.project_id, "session": plan.session_id, "part": "session"}
    return {f"{LABEL}{name}": value for name, value in told.items()}


def body(box: Box, plan: SessionPlan, *, places: Places, accounts: Path) -> dict[str, Any]:
    """Return the request that makes the session's container. ``accounts`` are the files that name its user."""
    command = box.server or server_command(plan, PYTHON)
    views = [
        *session_views(plan, places),
        *(View(source=accounts / name, target=f"/etc/{name}") for name in ("passwd", "group")),
    ]
    request = _confined(box.image, plan, {**session_environment(plan), **ENVIRONMENT, "PATH": _PATH}, command)
    request["HostConfig"]["Mounts"] = [_mount(view) for view in views]
    return {**request, "Labels": _labels(box, plan)}


def trial_body(image: str, command: tuple[str, ...]) -> dict[str, Any]:
    """Return the request for a container with a session's walls and limits, and nothing of anybody in it."""
    nobody = SessionPlan(session_id="trial", project_id="trial", person_id="trial", user_number=_NOBODY)
    return _confined(image, nobody, {"PATH": _PATH}, command)


def _confined(image: str, plan: SessionPlan, environment: dict[str, str], command: tuple[str, ...]) -> dict[str, Any]:
    user = session_user(plan)
    return {
        "Image": image,
        "Hostname": "workspace",
        "User": f"{user}:{user}",
        "WorkingDir": "/opt",
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Entrypoint": [PYTHON, "-I", "-S", "-c", Path(inside.__file__).read_text(encoding="utf-8")],
        "Cmd": [base64.b64encode(filter_program() or b"").decode("ascii"), *command],
        "NetworkDisabled": True,
        "AttachStdin": False,
        "OpenStdin": False,
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {**_walls(), **_limits(plan)},
    }


def session_user(plan: SessionPlan) -> int:
    """Return the number that the session runs under: the project's own, or this user's where we are not root."""
    return plan.user_number if os.geteuid() == 0 else os.geteuid()


def _walls() -> dict[str, Any]:
    return {
        "NetworkMode": "none",
        "Dns": ["127.0.0.1"],  # the machine's own name servers are nobody's business inside
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "UsernsMode": "host",  # the project's own number, as its files have it; never root
        "Privileged": False,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "ReadonlyRootfs": True,
        "RestartPolicy": {"Name": "no"},
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "2m", "max-file": "1"}},
    }


def _limits(plan: SessionPlan) -> dict[str, Any]:
    memory, size = plan.limits.memory_mib * _MIB, plan.limits.file_size_mib * _MIB
    in_memory = dict(memory_directories(plan))
    return {
        "Memory": memory,
        "MemorySwap": memory,  # nothing of it reaches a disk
        "NanoCpus": int(min(plan.limits.cpus, os.cpu_count() or 1) * 1_000_000_000),
        "PidsLimit": plan.limits.processes + _OVERHEAD,
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}, {"Name": "fsize", "Soft": size, "Hard": size}],
        "ShmSize": in_memory["/dev/shm"],  # noqa: S108 - inside
        "Tmpfs": {name: f"{options},size={in_memory[name]}" for name, options in _SIZES.items() if name in in_memory},
    }


def _mount(view: View) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": str(view.source),
        "Target": view.target,
        "ReadOnly": not view.writable,
        "BindOptions": {"Propagation": "rprivate", "NonRecursive": True},
    }
