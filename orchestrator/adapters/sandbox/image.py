"""What every session finds inside: a workspace interpreter, a small ``/etc`` and the server's hardened configuration.

On one machine this stands for the image of the container backends: the same fixed paths, all of it read-only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.core.errors import Unavailable

from .confine import View
from .launch import write_atomically

__all__ = ["ENVIRONMENT", "USER", "Image", "make_image"]

USER = 1000
_OF_CONTAINERS = Path(__file__).parents[3] / "images" / "workspace"
_CONFIGURATION = {
    "jupyter/jupyter_server_config.py": "jupyter_server_config.py",
    "jupyter/labconfig/page_config.json": "page_config.json",
}
"""What the server is told, from the very files that the container images are made with."""

_FILES = {
    "passwd": f"researcher:x:{USER}:{USER}:Researcher:/home/researcher:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n",
    "group": f"researcher:x:{USER}:\nnogroup:x:65534:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
}

ENVIRONMENT = {
    "HOME": "/home/researcher",
    "USER": "researcher",
    "LOGNAME": "researcher",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",  # noqa: S108 - a memory directory of the sandbox's own
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "JUPYTERHUB_DISABLE_USER_CONFIG": "1",
    "JUPYTER_PLATFORM_DIRS": "0",
}
"""What every session is told, whatever it runs in; the container images say the same."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """The views, links and environment that all sessions share."""

    views: tuple[View, ...]
    links: tuple[tuple[str, str], ...]
    environment: dict[str, str]
    python: str


def make_image(*, directory: Path, workspace: Path, submit_program: Path | None) -> Image:
    """Write the files of the image below ``directory`` and say how they are seen from inside. Repeatable.

    ``workspace`` is the virtual environment of the workspaces; ``submit_program`` becomes ``tre-airlock``.
    """
    interpreter = (workspace / "bin" / "python").resolve()
    if not interpreter.is_file():
        raise Unavailable(
            f"There is no workspace environment at {workspace}: make it with ./scripts/run, or name another one.",
            system="workspace environment",
            retry=False,
        )
    base = interpreter.parent.parent
    inside = base if base.is_relative_to("/usr") else Path("/opt/python")
    configuration = {name: (_OF_CONTAINERS / file).read_text("utf-8") for name, file in _CONFIGURATION.items()}
    _write(
        directory,
        {**_FILES, **configuration, "pyvenv.cfg": f"home = {inside}/bin\ninclude-system-site-packages = false\n"},
    )
    views = [View(source=directory / name, target=f"/etc/{name}") for name in _FILES]
    views += [View(source=directory / "jupyter", target="/etc/jupyter")]
    views += [View(source=directory / "pyvenv.cfg", target="/opt/workspace/pyvenv.cfg")]
    views += [
        View(source=workspace / name, target=f"/opt/workspace/{name}")
        for name in ("lib", "share", "etc")
        if (workspace / name).is_dir()
    ]
    environment = {"PATH": "/opt/workspace/bin:/opt/tre/bin:/usr/bin:/bin"}
    if inside != base:
        views.append(View(source=base, target="/opt/python"))
        environment["LD_LIBRARY_PATH"] = "/opt/python/lib"  # a moved interpreter must find its own library first
    if submit_program is not None and submit_program.is_file():
        launcher = '#!/bin/sh\nexec /opt/workspace/bin/python -I -S /opt/tre/lib/client.py "$@"\n'
        _write(directory, {"tre-airlock": launcher}, mode=0o755)
        views += [View(source=directory / "tre-airlock", target="/opt/tre/bin/tre-airlock")]
        views += [View(source=submit_program, target="/opt/tre/lib/client.py")]
    links = [(f"{inside}/bin/{interpreter.name}", f"/opt/workspace/bin/{name}") for name in ("python", "python3")]
    links += [("lib", "/opt/workspace/lib64"), ("/usr/share/zoneinfo/Etc/UTC", "/etc/localtime")]
    environment |= ENVIRONMENT
    return Image(views=tuple(views), links=tuple(links), environment=environment, python="/opt/workspace/bin/python")


def _write(directory: Path, files: dict[str, str], *, mode: int = 0o644) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o755)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text, mode=mode)
            path.chmod(mode)
