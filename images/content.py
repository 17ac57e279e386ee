"""Makes an image's content without an engine: a directory with layers as tar files and one ``image.toml`` beside them.

The file is what an importer reads: ``debian`` (packages in the base), ``layers`` (tar files, laid over the base in this
order) and ``config`` (the OCI image's configuration). Layers are kept by content and made once.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import layers
import specification
from layers import Interpreter
from specification import ROOT, Image

__all__ = ["BASE", "make", "prune", "tag"]

BASE = Interpreter(version="3.11", directory="/usr/bin")
"""Debian 12's Python, which an importer's base must have."""
_CACHE = ROOT / ".cache" / "images"
_MAKERS = [ROOT / "images" / name for name in ("specification.py", "layers.py", "content.py")]
_TIME = 1_767_225_600  # 2026-01-01: the same for every file, so that the same content has the same digest


def tag(image: Image) -> str:
    """Name the version of an image by what goes into it."""
    return specification.digest(image, *_MAKERS)


def make(image: Image, directory: Path, *, uv: str) -> Path:
    """Write layers and ``image.toml`` to the directory and return the file."""
    directory.mkdir(parents=True, exist_ok=True)
    made = [_environments(image, uv), _files(image)]
    config = {
        "User": image.user,
        "Entrypoint": [],
        "Cmd": image.command,
        "WorkingDir": "/",
        "Env": [f"{name}={value}" for name, value in image.environment.items()],
    }
    lines = [f"debian = {json.dumps(image.debian)}", f"layers = {json.dumps([str(path) for path in made])}", "[config]"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in config.items() if value != []]
    target = directory / "image.toml"
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def prune(image: Image) -> None:
    """Remove the layers of the checkout's code that earlier states of it left behind."""
    for old in (_CACHE / "layers").glob(f"files-{image.name}-????????????????.tar"):
        if old.stem != f"files-{image.name}-{tag(image)}":
            old.unlink(missing_ok=True)


def _environments(image: Image, uv: str) -> Path:
    """One layer for all of them: what the installer links to its cache more than once is in the layer once."""
    lists = [
        f"{place} {path.name}".encode() + path.read_bytes() for place in image.python for path in image.lists(place)
    ]
    key = _key(str(bool(image.code)).encode(), *lists)

    def lay(root: Path) -> None:
        for environment in image.python:
            layers.lay_environment(image, environment, root, interpreter=BASE, uv=uv)

    return _layer(f"python-{key}", lay)


def _files(image: Image) -> Path:
    return _layer(f"files-{image.name}-{tag(image)}", lambda root: layers.lay_files(image, root, interpreter=BASE))


def _key(*parts: bytes) -> str:
    made_of = [hashlib.sha256(part).hexdigest() for part in (*parts, (ROOT / "images" / "layers.py").read_bytes())]
    return hashlib.sha256("".join(made_of).encode()).hexdigest()[:16]


def _layer(name: str, lay: Callable[[Path], None]) -> Path:
    """Return the layer's tar file, made anew only where it is not there yet."""
    target = _CACHE / "layers" / f"{name}.tar"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=_CACHE, prefix="laying-"))
        try:
            lay(scratch / "root")
            fresh = scratch / "layer.tar"
            with tarfile.open(fresh, "w", format=tarfile.GNU_FORMAT) as archive:
                for path in sorted((scratch / "root").rglob("*")):
                    archive.add(path, path.relative_to(scratch / "root"), recursive=False, filter=_plain)
            fresh.rename(target)
        finally:
            shutil.rmtree(scratch)
    return target


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Owned by root, writable by nobody else, without times."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = _TIME
    if not entry.issym():
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
