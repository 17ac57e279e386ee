"""The file of a sketch: what goes in comes out, and nothing that was changed or made with another key is trusted."""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from orchestrator.airlock.sketches.building import build_sketch
from orchestrator.airlock.sketches.comparing import compare
from orchestrator.airlock.sketches.hashing import Hasher
from orchestrator.airlock.sketches.sketch import open_sketch
from orchestrator.core.errors import Invalid

from .tables import KEY, compared, people, rules, sketch_of, table


def _written(tmp_path: Path, **files: bytes) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    places = []
    for name, content in files.items():
        path = tmp_path / name.replace("_", ".")
        path.write_bytes(content)
        places.append((path.name, path))
    with (tmp_path / "made").open("w+b") as into:
        skipped = build_sketch(places, into, key=KEY, dataset="d")
    return (tmp_path / "made").read_bytes(), skipped


def _opened(content: bytes, key: bytes = KEY):
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return open_sketch(file.fileno(), key=key)


def _csv(rows: int = 50) -> bytes:
    return people(rows).to_csv(index=False).encode()


def test_parts_and_columns_come_back(tmp_path: Path) -> None:
    frame = people(700)
    with tempfile.TemporaryFile() as into:
        frame.to_csv(tmp_path / "p.csv", index=False)
        build_sketch([("p.csv", tmp_path / "p.csv")], into, key=KEY, dataset="d", part_rows=300)
        sketch = open_sketch(into.fileno(), key=KEY)
    assert [(part.table, part.rows) for part in sketch.parts] == [
        ("p.csv", 300), ("p.csv, rows from 301", 300), ("p.csv, rows from 601", 100),
    ]  # fmt: skip
    kinds = {column.name: column.kind for column in sketch.parts[0].columns}
    assert kinds["dob"] == kinds["admitted"] == "date"
    assert kinds["age"] == kinds["cost"] == "number"
    assert kinds["icd"] == kinds["person"] == "text"
    assert rules(compared(sketch, frame.iloc[280:340])) == {"ROW_OVERLAP": "block"}


@pytest.mark.parametrize("key", [bytes(32), KEY[::-1]])
def test_another_key_opens_nothing_and_finds_nothing(tmp_path: Path, key: bytes) -> None:
    content, _ = _written(tmp_path, p_csv=_csv(300))
    with pytest.raises(Invalid, match="another key"):
        _opened(content, key)
    leak = table(people(300).iloc[:100])
    assert compare([leak], (), _opened(content), key=KEY) != []
    assert compare([leak], (), _opened(content), key=key) == []
    one, other = Hasher(KEY).numbers(np.arange(1000.0)), Hasher(key).numbers(np.arange(1000.0))
    assert not np.isin(one, other).any()


def test_whatever_is_changed_in_the_header_is_noticed(tmp_path: Path) -> None:
    content, _ = _written(tmp_path, p_csv=_csv())
    where = int.from_bytes(content[10:18], "big")
    random = np.random.default_rng(1)
    for place in (*range(58), *random.integers(where, len(content), 40)):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(Invalid):
            _opened(bytes(changed))


@pytest.mark.parametrize("length", [0, 5, 57, 128, 5000, -1])
def test_a_sketch_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    content, _ = _written(tmp_path, p_csv=_csv())
    with pytest.raises(Invalid):
        _opened(content[:length])


def test_an_unfinished_sketch_is_none(tmp_path: Path) -> None:
    content, _ = _written(tmp_path, p_csv=_csv())
    with pytest.raises(Invalid):
        _opened(bytes(58) + content[58:])


def test_odd_files_are_named_and_the_rest_is_compared(tmp_path: Path) -> None:
    frame = people(200)
    nested = pa.table({"person": ["a", "b"], "visits": [[1, 2], [3]], "age": [50, 60]})
    parquet.write_table(nested, tmp_path / "nested.parquet")
    frame.to_parquet(tmp_path / "whole.parquet")
    content, skipped = _written(
        tmp_path,
        scan_dcm=b"\0" * 40,
        people_csv=_csv(200),
        tabs_tsv=frame.to_csv(index=False, sep="\t").encode(),
        packed_csv_gz=gzip.compress(_csv(200)),
        western_csv="name;age\nZoë;5\nRené;6\n".encode("cp1252"),
        wide_csv="name,age\nx,1\n".encode("utf-16"),
        quoted_csv=b'a,b\n"line\nbreak",2\n"say ""hi""",3\n',
        none_csv=b"",
        ragged_csv=b"a,b\n1,2\n1,2,3\n",
        broken_parquet=b"PAR1 no",
        torn_csv_gz=gzip.compress(_csv(200))[:-300],
        nested_parquet=(tmp_path / "nested.parquet").read_bytes(),
        whole_parquet=(tmp_path / "whole.parquet").read_bytes(),
    )
    assert {name for name, _ in skipped} == {
        "none.csv", "ragged.csv", "broken.parquet", "torn.csv.gz", "scan.dcm",
    }  # fmt: skip
    parts = {part.table: part for part in _opened(content).parts}
    assert {name: part.rows for name, part in parts.items() if name != "torn.csv.gz"} == {
        "people.csv": 200, "tabs.tsv": 200, "packed.csv.gz": 200, "western.csv": 2, "wide.csv": 1, "quoted.csv": 2,
        "ragged.csv": 1,
        "nested.parquet": 2, "whole.parquet": 200,
    }  # fmt: skip
    assert [column.name for column in parts["nested.parquet"].columns] == ["person", "age"]
    findings = compare([table(frame.iloc[:30])], (), _opened(content), key=KEY)
    assert {finding.rule: finding.severity.value for finding in findings} == {
        "ROW_OVERLAP": "block",
        "NOT_COMPARED": "note",
    }
    assert "scan.dcm (only delimited text and Parquet are compared)" in findings[-1].message


def test_links_and_missing_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(_csv())
    (tmp_path / "link.csv").symlink_to(tmp_path / "p.csv")
    with (tmp_path / "made").open("w+b") as into:
        places = [(name, tmp_path / name) for name in ("link.csv", "gone.csv")]
        skipped = build_sketch(places, into, key=KEY, dataset="d")
        assert open_sketch(into.fileno(), key=KEY).parts == ()
    assert [name for name, _ in skipped] == ["link.csv", "gone.csv"]


def test_empty_and_odd_results_are_no_match() -> None:
    sketch = sketch_of({"people.csv": people(200)})
    for frame in (
        pd.DataFrame(),
        pd.DataFrame({"a": []}),
        pd.DataFrame({"a": [None] * 50, "b": [""] * 50}),
        pd.DataFrame({"a": ["x" * 100_000] * 3}),
        pd.DataFrame({"a": [float("inf"), -float("inf"), 1e308, -1e308, 0.0] * 10}),
        pd.DataFrame([[1]] * 5),
        pd.DataFrame(np.zeros((5, 500))),
    ):
        assert rules(compared(sketch, frame)) == {}


def test_a_dataset_without_tables_compares_with_nothing(tmp_path: Path) -> None:
    content, _ = _written(tmp_path, scan_dcm=b"\0")
    sketch = _opened(content)
    assert sketch.parts == ()
    assert [finding.rule for finding in compare([table(people(20))], (), sketch, key=KEY)] == ["NOT_COMPARED"]
    assert os.fspath(tmp_path)
