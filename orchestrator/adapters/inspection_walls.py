"""The empty view an inspection runs in: interpreter, libraries and checks; no network, no host, no rights."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .restraint import LIBRARIES, SINGLE_THREADED
from .sandbox.confine import bubblewrap, setpriv_prefix

__all__ = ["INSPECTION_USER", "inspection_command"]

INSPECTION_USER = 64_997
"""Whom inspections run as where the airlock runs as root: a number that owns nothing."""
_PACKAGE = Path(__file__).resolve().parents[1]


def inspection_command(module: str, *, extra_source: Path | None = None) -> list[str]:
    """Return the command line that runs a module within an empty view: interpreter, checks, nothing else."""
    root = os.geteuid() == 0
    base = Path(sys.executable).resolve().parent.parent
    python = f"{base}/bin/{Path(sys.executable).resolve().name}"
    inside = "/opt/python" if base != Path("/usr") else "/usr"
    arguments = ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "inspection"]
    if root:  # root builds the view, then setpriv gives root up for good
        arguments += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    else:
        arguments += ["--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    for made in ("/app", "/app/orchestrator", "/libraries", "/opt", "/usr"):  # or they would be made for root alone
        arguments += ["--dir", made]
    arguments += _system()
    if inside != "/usr":
        arguments += ["--ro-bind", str(base), inside, "--setenv", "LD_LIBRARY_PATH", f"{inside}/lib"]
        python = f"{inside}/bin/{Path(python).name}"
    for part in ("__init__.py", "core", "airlock"):
        arguments += ["--ro-bind", str(_PACKAGE / part), f"/app/orchestrator/{part}"]
    path = "/app"
    if extra_source is not None:
        arguments += ["--ro-bind", str(extra_source), "/extra"]
        path = "/app:/extra"
    for name in SINGLE_THREADED:
        arguments += ["--setenv", name, "1"]
    arguments += ["--ro-bind", str(LIBRARIES), "/libraries", "--setenv", "PYTHONPATH", f"{path}:/libraries"]
    arguments += ["--setenv", "PYTHONDONTWRITEBYTECODE", "1", "--chdir", "/"]
    arguments += ["--remount-ro", "/", "--"]
    drop = setpriv_prefix(INSPECTION_USER) if root else []
    return [str(bubblewrap()), *arguments, *drop, python, "-S", "-m", module]


def _system() -> Sequence[str]:
    options: list[str] = []
    for name in ("/usr/lib", "/usr/lib64", "/usr/bin"):
        if Path(name).is_dir():
            options += ["--ro-bind", name, name]
    for name in ("bin", "lib", "lib64"):
        path = Path("/") / name
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    return options
