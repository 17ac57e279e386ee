"""A comparison stays within the memory and the single thread that an inspection is given."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from orchestrator.airlock.sketches.building import build_sketch

from .tables import KEY, people

_PROGRAM = """
import csv, io, json, os, resource, sys
asked = json.loads(sys.stdin.read())
for what, limit in ((resource.RLIMIT_AS, asked["memory"]), (resource.RLIMIT_NPROC, 0), (resource.RLIMIT_FSIZE, 0)):
    resource.setrlimit(what, (limit, limit))
from orchestrator.airlock.reading.parts import Table
from orchestrator.airlock.sketches.comparing import compare
from orchestrator.airlock.sketches.sketch import open_sketch
descriptor = os.open(asked["sketch"], os.O_RDONLY)
sketch = open_sketch(descriptor, key=bytes.fromhex(asked["key"]))
rows = list(csv.reader(io.StringIO(asked["table"])))
made = Table(columns=tuple(rows[0]), again=lambda: iter(rows[1:]))
findings = compare([made], (), sketch, key=bytes.fromhex(asked["key"]))
print(json.dumps({"rules": [finding.rule for finding in findings], "threads": len(os.listdir("/proc/self/task"))}))
"""


def test_a_million_rows_are_compared_within_an_inspections_memory(tmp_path: Path) -> None:
    frame = people(1_000_000)
    frame.to_parquet(tmp_path / "stays.parquet")
    with (tmp_path / "sketch").open("w+b") as into:
        build_sketch([("stays.parquet", tmp_path / "stays.parquet")], into, key=KEY, dataset="stays")
    assert (tmp_path / "sketch").stat().st_size < 200 << 20
    random = np.random.default_rng(1)
    rows = pd.concat([people(4000, seed=3), frame.iloc[random.integers(0, 1_000_000, 40)]])
    asked = {
        "memory": 1024 << 20,
        "sketch": str(tmp_path / "sketch"),
        "key": KEY.hex(),
        "table": rows[["dob", "icd", "sbp", "bmi", "cost"]].to_csv(index=False),
    }
    single = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    run = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        input=json.dumps(asked).encode(),
        capture_output=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[3]), **single},
        cwd=tmp_path,
    )
    answer = json.loads(run.stdout)
    assert answer["rules"] == ["ROW_OVERLAP"]
    assert answer["threads"] == 1
