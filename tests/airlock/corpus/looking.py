"""The airlock's engine on one case of the corpus: in this process instead of behind walls, otherwise the same."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.airlock.fakes import FakeInspector
from orchestrator.airlock.inspection import engine
from orchestrator.airlock.inspection.request import check_request
from orchestrator.airlock.model import Finding
from orchestrator.airlock.packs import Pack, load_pack
from orchestrator.airlock.sketches.building import build_sketch
from orchestrator.airlock.sketches.sketch import open_sketch

from .held_back.case import Case
from .held_back.tables import dataset

__all__ = ["look"]

PACKS = Path(__file__).resolve().parents[3] / "policies" / "airlock"
KEY = secrets.token_bytes(32)
PROJECT = "corpus"


@cache
def pack(name: str) -> Pack:
    """Return a rule book; the attack on released tables gets 3 seconds a request, not the 60 of a real one."""
    whole = load_pack(PACKS / f"{'sdap' if name == 'default' else name}.yaml")
    return replace(whole, resources=replace(whole.resources, wall_seconds=6))


@cache
def mounted(name: str) -> engine.Opened:
    """Return the sketch of a data set, made as it is when the data arrive."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "sketch").open("w+b") as into:
        table = Path(folder) / f"{name.replace('/', '-')}.csv"
        table.write_bytes(dataset(name))
        skipped = build_sketch([(table.name, table)], into, key=KEY, dataset=name)
        assert not skipped, skipped
        into.flush()
        return engine.Opened(dataset=name, sketch=open_sketch(into.fileno(), key=KEY), key=KEY)


def look(case: Case) -> list[Finding]:
    """Return all findings on a request: the airlock's engine, in this process instead of behind walls."""
    rules = pack(case.pack)
    with tempfile.TemporaryDirectory() as folder:
        inspector = FakeInspector(sketches=[mounted(name) for name in case.against])
        checked = check_request(
            _written(Path(folder) / "request", case.files),
            inspector,
            rules,
            released=_known(_written(Path(folder) / "released", case.released), rules),
            project_id=PROJECT,
            at_once=1,
        )
    return [finding for file in checked for finding in file.findings]


def _written(folder: Path, files: Mapping[str, bytes]) -> list[tuple[str, Path]]:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [(name, folder / name) for name in files]


def _known(files: Sequence[tuple[str, Path]], rules: Pack) -> list[dict[str, Any]]:
    """Return the tables of files that left before, as the ledger remembers them."""
    return [
        {"project": PROJECT, "release": name, "versions": [], "recalled": False, "table": table}
        for name, path in files
        for table in FakeInspector().inspect(path, name=name, sha256="", pack=rules).tables
    ]
