"""`tre airlock check`: the airlock's engine on files of this machine, with no server and nothing kept."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from orchestrator.adapters.inspection import IsolatedInspector
from orchestrator.adapters.inspection_walls import inspection_command
from orchestrator.adapters.restraint import restrained_command
from orchestrator.airlock.frozen import file_sha256
from orchestrator.airlock.inspection.request import Checked, check_request
from orchestrator.airlock.packs import Pack, load_pack
from orchestrator.airlock.sketches.building import build_sketch
from orchestrator.core.errors import Invalid, NotFound, OrchestratorError
from orchestrator.core.events import Json

from .house import POLICIES

__all__ = ["check_paths", "choose_pack", "files_below"]

Command = Callable[..., list[str]]
_HERE = "here"
"""Stands for the project that files on this machine belong to."""


@dataclass(frozen=True, kw_only=True)
class TemporarySketch:
    """A sketch that lives as long as one call."""

    dataset: str
    descriptor: int
    key: bytes

    def open(self, stack: ExitStack) -> dict[str, Any]:
        """Return what the engine is told of it; every inspection reads it from a descriptor of its own."""
        own = os.open(f"/proc/self/fd/{self.descriptor}", os.O_RDONLY | os.O_CLOEXEC)
        stack.callback(os.close, own)
        return {"dataset": self.dataset, "descriptor": own, "key": self.key.hex()}


def choose_pack(name: str) -> Pack:
    """Return a rule book by its name, or by the path of its file."""
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return load_pack(Path(name))
    known = sorted(file.stem for file in (POLICIES / "airlock").glob("*.yaml"))
    if name not in known:
        raise NotFound(f"There is no rule book “{name}”; there are {', '.join(known)}, or name a file.")
    return load_pack(POLICIES / "airlock" / f"{name}.yaml")


def files_below(paths: Sequence[Path]) -> list[Path]:
    """Return every file that ``paths`` name, folders with all that is below; links are not followed."""
    found: list[Path] = []
    for path in paths:
        if path.is_symlink():
            raise Invalid(f"{path} is a link, and links are not followed; name the file itself.", field="PATH")
        if path.is_dir():
            found += [each for each in sorted(path.rglob("*")) if each.is_file() and not each.is_symlink()]
        elif path.is_file():
            found.append(path)
        else:
            raise NotFound(f"There is no file {path}.")
    if not found:
        raise Invalid("There is no file in what you named.", field="PATH")
    return found


def check_paths(
    paths: Sequence[Path],
    pack: Pack,
    *,
    against: Sequence[Path] = (),
    released: Sequence[Path] = (),
    say: Callable[[str], None] = lambda _: None,
) -> list[Checked]:
    """Check files as one request, against datasets that lie below ``against`` and tables that are already out."""
    command, words = _walls(pack)
    if words:
        say(words)
    files = files_below(paths)
    with ExitStack() as stack:
        sketches = [_sketched(path, stack, say) for path in against]
        return _checked(files, IsolatedInspector(command=command, sketches=lambda _: sketches), pack, released)


def _checked(
    files: Sequence[Path], inspector: IsolatedInspector, pack: Pack, released: Sequence[Path]
) -> list[Checked]:
    known = _known(files_below(released), inspector, pack) if released else []
    return check_request(
        [(str(path), path) for path in files],
        inspector,
        pack,
        released=known,
        project_id=_HERE,
        at_once=os.cpu_count() or 1,
    )


def _sketched(path: Path, stack: ExitStack, say: Callable[[str], None]) -> TemporarySketch:
    """Make the sketch of a dataset for this call alone; its key is never written down."""
    files = files_below([path])
    names = [(str(each.relative_to(path)) if path.is_dir() else each.name, each) for each in files]
    key = secrets.token_bytes(32)
    sketch = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with the stack
    for name, why in build_sketch(names, cast("BinaryIO", sketch), key=key, dataset=path.name):
        say(f"{name} of {path.name} is not compared: {why}")
    sketch.flush()
    return TemporarySketch(dataset=path.name, descriptor=sketch.fileno(), key=key)


def _walls(pack: Pack) -> tuple[Command, str]:
    """Choose the strongest isolation that works here: an empty view, restraint, or limits alone, which is said."""
    small = replace(pack, resources=replace(pack.resources, wall_seconds=20))
    with tempfile.NamedTemporaryFile() as empty:
        for command in (inspection_command, restrained_command):
            try:
                seen = IsolatedInspector(command=command).inspect(Path(empty.name), name="t", sha256="", pack=small)
            except OrchestratorError:
                continue
            if seen.kind == "empty":
                return command, ""
    words = "This machine cannot isolate the checks; they run with limits of memory and time only."
    return _limits_alone, words


def _limits_alone(module: str, *, extra_source: Path | None = None) -> list[str]:  # noqa: ARG001 - one form for all
    return [sys.executable, "-I", "-c", f"from {module} import main; import sys; sys.exit(main())"]


def _known(files: Sequence[Path], inspector: IsolatedInspector, pack: Pack) -> list[Json]:
    """Return the tables of files that are already out, as the ledger knows them."""
    known: list[Json] = []
    for path in files:
        seen = inspector.inspect(path, name=path.name, sha256=file_sha256(path)[0], pack=pack)
        known += [
            {"project": _HERE, "release": str(path), "versions": [], "recalled": False, "table": table}
            for table in seen.tables
        ]
    return known
