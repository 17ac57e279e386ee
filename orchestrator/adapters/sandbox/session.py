"""The researcher's sandbox: which paths a session sees, what its server is told, and the plan for its supervisor."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.core.errors import Invalid
from orchestrator.workspaces.model import SessionPlan

from .confine import Sandbox, View
from .image import USER, Image
from .places import Places, make_directory, platform_number

__all__ = [
    "make_folders",
    "memory_directories",
    "server_command",
    "session_environment",
    "session_sandbox",
    "session_views",
    "supervisor_plan",
]

_PASSED_ON = ("JUPYTERHUB_", "JPY_", "MEM_", "CPU_")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS", "POLARS_MAX_THREADS")
_SERVER = ("-m", "jupyterhub.singleuser")
_REPLAY = ("-I", "/opt/tre/lib/client.py", "replay")
_MIB = 1024 * 1024


def make_folders(plan: SessionPlan, places: Places) -> None:
    """Make home with its outbox, shared folder and socket directory. Repeatable, and safe against planted links."""
    if plan.replay:
        return  # its home lies in memory, and it listens nowhere
    root = os.geteuid() == 0
    user = plan.user_number
    place = places.home(plan.project_id, plan.person_id)
    for folder, mode in ((place, 0o700), (places.shared(plan.project_id), 0o2770)):
        folder.parent.mkdir(parents=True, exist_ok=True)
        make_directory(folder, mode=mode, user=user, group=user)
    home = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir("outbox", mode=0o700, dir_fd=home)
            if root:
                os.chown("outbox", user, user, dir_fd=home, follow_symlinks=False)
    finally:
        os.close(home)
    sockets = places.server_directory(plan.project_id, plan.session_id)
    make_directory(sockets, mode=0o2770, user=user, group=platform_number(user))


def session_views(plan: SessionPlan, places: Places) -> list[View]:
    """Return what a session sees besides its image: its folders, its sockets, and what it was granted."""
    views = [View(source=places.intake(plan.project_id, plan.session_id), target="/run/tre/intake")]
    if not plan.replay:
        views += _own_views(plan, places)
    names = [mount.name for mount in plan.mounts]
    if len(set(names)) != len(names):
        raise Invalid("Two datasets of one session have the same folder name; give each its own.", field="mounts")
    for name in (*names, *plan.relays):
        if not name or "/" in name or "\0" in name or name.startswith("."):
            raise Invalid(f"“{name[:40]}” cannot be the name of a folder.", field="mounts")
    views += [View(source=mount.source, target=f"/data/{mount.name}") for mount in plan.mounts]
    views += [View(source=Path(place), target=f"/run/tre/databases/{name}") for name, place in plan.relays.items()]
    return views


def _own_views(plan: SessionPlan, places: Places) -> list[View]:
    """Return what a person's session has besides its data: his home, the shared folder, the way to and from the hub."""
    sockets = places.server_directory(plan.project_id, plan.session_id)
    return [
        View(source=places.home(plan.project_id, plan.person_id), target="/home/researcher", writable=True),
        View(source=places.shared(plan.project_id), target="/shared", writable=True),
        View(source=places.run(plan.project_id) / "h", target="/run/tre/hub"),
        View(source=sockets, target="/run/tre/server", writable=True),
    ]


def session_sandbox(
    plan: SessionPlan, *, places: Places, image: Image, server: tuple[str, ...] | None = None
) -> Sandbox:
    """Return the sandbox of one session. ``server`` replaces the command that runs inside (for probes)."""
    count = f"--nproc={plan.limits.processes}:{plan.limits.processes}"
    limiter = (prlimit, count, "--") if (prlimit := shutil.which("prlimit", path="/usr/bin:/bin")) else ()
    return Sandbox(
        views=(*image.views, *session_views(plan, places)),
        directories=("/data", "/home", "/run/tre", "/run/tre/databases"),
        memory_directories=memory_directories(plan),
        links=image.links,
        environment={**session_environment(plan), **image.environment},
        directory="/opt",
        host_name="workspace",
        user=USER,
        command=(*limiter, *(server or server_command(plan, image.python))),
    )


def server_command(plan: SessionPlan, python: str) -> tuple[str, ...]:
    """Return what a session runs: its server, with what the hub appends to it, or a submitted program again."""
    if plan.replay:
        return (python, *_REPLAY)
    arguments = [argument for argument in plan.arguments if not argument.startswith("--ServerApp.sock=")]
    return (python, *_SERVER, "--ServerApp.sock=/run/tre/server/ws.sock", *arguments)


def memory_directories(plan: SessionPlan) -> tuple[tuple[str, int], ...]:
    """Return the directories that lie in memory, each with its size in bytes."""
    half = plan.limits.memory_mib * _MIB // 2
    own = (("/home/researcher", half), ("/shared", 16 * _MIB)) if plan.replay else ()
    return (("/tmp", half), ("/run", 16 * _MIB), ("/dev/shm", half), *own)  # noqa: S108


def session_environment(plan: SessionPlan) -> dict[str, str]:
    """Return what a session's server is told in its environment, on top of what its image says."""
    passed = {name: value for name, value in plan.environment.items() if name.startswith(_PASSED_ON)}
    # libraries count the machine's processors, not the session's share, and their threads count as processes
    threads = dict.fromkeys(_THREADS, str(max(1, math.ceil(plan.limits.cpus))))
    return {**passed, **threads, "JUPYTER_RUNTIME_DIR": "/tmp/jupyter"}  # noqa: S108


def supervisor_plan(
    plan: SessionPlan, *, sandbox: Sandbox, places: Places, program: Path, instance: str
) -> dict[str, Any]:
    """Return what the supervisor is told, ready for JSON. It holds the hub's token: write it for its owner only."""
    return {
        "project": plan.project_id,
        "session": plan.session_id,
        "instance": instance,
        "user_number": plan.user_number if os.geteuid() == 0 else None,
        "program": str(program),
        "limits": asdict(plan.limits),
        "ending": str(places.ending(plan.project_id, plan.session_id)),
        "socket": str(places.server_socket(plan.project_id, plan.session_id)),
        "sandbox": {
            **asdict(sandbox),
            "views": [{**asdict(view), "source": str(view.source)} for view in sandbox.views],
        },
    }
