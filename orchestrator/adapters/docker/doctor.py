"""Looks whether this machine's Docker engine can hold sessions, by asking it and by running one trial container."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from typing import Any

from orchestrator.adapters.findings import Finding
from orchestrator.core.errors import Unavailable

from .container import PYTHON, trial_body
from .engine import Engine
from .sessions import unenforced

__all__ = ["GOOD", "check_engine"]

_TRIAL_SECONDS = 30.0
_LAYERED = {"overlay2", "overlayfs", "fuse-overlayfs", "btrfs", "zfs"}
GOOD = {
    "docker-engine": "The Docker engine answers.",
    "docker-image": "The workspace image is on this machine, by the very digest of the settings.",
    "docker-walls": "A trial container has no network, no capability, no root and no writable system.",
    "docker-limits": "Memory, processors and processes of a session are limited as a whole.",
    "docker-storage": "Containers share the image's layers.",
    "docker-calls": "The engine's own call filter is on.",
    "docker-users": "Sessions run under their project's own user number.",
    "docker-restart": "Sessions outlive a restart of the engine.",
}
"""What is said where nothing is wrong, in the order of looking."""

PROBE = """
import json, os, socket
status = dict(line.rstrip().split(":\\t") for line in open("/proc/self/status") if ":\\t" in line)
trouble = []
if [name for _, name in socket.if_nameindex()] != ["lo"]: trouble.append("it has a network")
if os.getuid() == 0: trouble.append("it runs as root")
if any(int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")):
    trouble.append("it has capabilities")
if status["NoNewPrivs"] != "1": trouble.append("it can gain rights")
if status["Seccomp"] != "2": trouble.append("its calls are not filtered")
for place in ("/", "/etc", "/opt/workspace", "/usr"):
    if os.access(place, os.W_OK): trouble.append(f"{place} can be written")
print(json.dumps(trouble))
"""


def check_engine(engine: Engine, image: str) -> list[Finding]:
    """Return what stands in the way of sessions in this engine; an empty list means that nothing does."""
    try:
        about = engine.about()
    except Unavailable as error:
        return [Finding(word="docker-engine", message=error.message, serious=True)]
    found = [*_image(engine, image), *_settings_of(about)]
    if not any(each.serious for each in found):
        found += _walls(engine, image)
    return found


def _image(engine: Engine, name: str) -> list[Finding]:
    known = engine.image(name)
    if known is not None and (name == known["Id"] or name in (known.get("RepoDigests") or ())):
        return []
    message = (
        f"The workspace image {name} is not on this machine: load it (docker load, docker pull) and set "
        "workspaces.docker_image to what “docker image inspect” says as Id or RepoDigests."
    )
    return [Finding(word="docker-image", message=message, serious=True)]


def _settings_of(about: dict[str, Any]) -> list[Finding]:
    found = []
    options = {name for each in about.get("SecurityOptions") or () for name in each.split(",") if "name=" in each}
    if "name=rootless" in options:
        message = (
            "The engine runs without root, so a session cannot have its project's number: use the system's engine."
        )
        found.append(Finding(word="docker-users", message=message, serious=True))
    elif "name=userns" in options:
        message = (
            "The engine maps users (userns-remap); sessions run outside of that mapping, as their project's number."
        )
        found.append(Finding(word="docker-users", message=message, serious=False))
    if missing := unenforced(about):
        message = f"Not enforced by this engine: {'; '.join(missing)}."
        found.append(Finding(word="docker-limits", message=message, serious=False))
    driver = str(about.get("Driver", "unknown"))
    if driver not in _LAYERED:
        message = f"The storage driver {driver} copies the whole image for every session: use overlay2."
        found.append(Finding(word="docker-storage", message=message, serious=False))
    if "name=seccomp" not in options or "profile=unconfined" in options:
        message = (
            "The engine's call filter is off; sessions have our shorter one alone: remove “seccomp-profile” there."
        )
        found.append(Finding(word="docker-calls", message=message, serious=False))
    if not about.get("LiveRestoreEnabled"):
        message = "A restart of the engine ends every session: set “live-restore” to true in its daemon.json."
        found.append(Finding(word="docker-restart", message=message, serious=False))
    return found


def _walls(engine: Engine, image: str) -> list[Finding]:
    """Run a container that is walled in like a session and let it look at its walls."""
    name = f"tre-trial-{secrets.token_hex(8)}"
    try:
        engine.start(engine.create(name, trial_body(image, (PYTHON, "-I", "-c", PROBE))))
        deadline = time.monotonic() + _TRIAL_SECONDS
        while (seen := engine.find(name)) is not None and not seen.over and time.monotonic() < deadline:
            time.sleep(0.1)
        output = engine.output(name).decode("utf-8", errors="replace").strip()
    except Unavailable as error:
        return [Finding(word="docker-walls", message=error.message, serious=True)]
    finally:
        with contextlib.suppress(Unavailable):
            engine.end(name, grace=0)
    try:
        trouble = json.loads(output)
    except ValueError:
        trouble = [f"it did not run ({output[-200:] or 'it said nothing'})"]
    if not trouble:
        return []
    message = f"A trial container of the workspace image does not have its walls: {'; '.join(map(str, trouble))}."
    return [Finding(word="docker-walls", message=message, serious=True)]
