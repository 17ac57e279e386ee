"""Cells say the same however they are written, on the side of the data and on the side of results."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.airlock.sketches.building import sketch_table
from orchestrator.airlock.sketches.cells import MISSING, decimals_of, read_cells
from orchestrator.airlock.sketches.hashing import DATE, NUMBER, TEXT, Hasher
from orchestrator.airlock.sketches.sketch import SketchWriter

_HASHER = Hasher(b"k" * 32)


@pytest.mark.parametrize(
    ("cell", "kind", "number"),
    [
        ("12", NUMBER, 12),
        (" 12.50 ", NUMBER, 12.5),
        ("-3e2", NUMBER, -300),
        (".5", NUMBER, 0.5),
        ("1,234,567.8", NUMBER, 1234567.8),
        ("1 234", NUMBER, 1234),
        ("12,5", NUMBER, 12.5),
        ("£1,200", NUMBER, 1200),
        ("45 %", NUMBER, 45),
        ("007", TEXT, 0),
        ("1e9999", TEXT, 0),
        ("+", TEXT, 0),
        ("e30", TEXT, 0),
        ("1970-01-02", DATE, 1),
        ("1970-01-02T13:00:00Z", DATE, 1),
        ("02/01/1970", DATE, 1),
        ("2 January 1970", DATE, 1),
        ("02JAN1970", DATE, 1),
        ("1970-02-30", TEXT, 0),
        ("", MISSING, 0),
        ("NaN", MISSING, 0),
        ("inf", TEXT, 0),
        ("E11.9", TEXT, 0),
    ],
)
def test_what_a_cell_says(cell: str, kind: int, number: float) -> None:
    cells = read_cells([cell])
    assert (cells.kinds[0], cells.numbers[0] if kind in (NUMBER, DATE) else 0) == (kind, number)


def test_american_days_are_told_from_the_whole_column() -> None:
    assert list(read_cells(["01/02/1970", "01/31/1970"]).numbers) == [1, 30]
    assert list(read_cells(["01/02/1970", "31/01/1970"]).numbers) == [31, 30]


@pytest.mark.parametrize(("numbers", "decimals"), [([1, 2, 30], 0), ([1.5, 2], 1), ([0.125], 3), ([1 / 3], 7)])
def test_decimals(numbers: list[float], decimals: int) -> None:
    assert decimals_of(np.array(numbers)) == decimals


_CELL = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.floats(-1e6, 1e6).map(repr),
    st.dates().map(str),
    st.text(alphabet="abcZ019 .,-|é", max_size=12),
    st.sampled_from(["", "NA", "007", "E11.9", "1,5", "12:30"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_CELL, min_size=1, max_size=25))
def test_both_sides_read_a_column_alike(values: list[str]) -> None:
    """Columns of the data are read by other means, for speed; every cell must hash as it does in results."""
    part = sketch_table(pa.table({"x": pa.array(values, pa.string())}), _HASHER, "t")
    (column,) = part.columns
    cells = read_cells(values)
    hashes = cells.hashes(_HASHER)
    for row, value in enumerate(hashes):
        if cells.kinds[row] == MISSING:
            assert column.codes[row] == column.distinct
        else:
            place = np.searchsorted(column.hashes, value)
            assert column.hashes[place] == value, values[row]
            assert column.values[place] == column.codes[row]


@settings(max_examples=40, deadline=None)
@given(st.lists(_CELL, min_size=1, max_size=25))
def test_long_columns_are_read_alike_too(values: list[str]) -> None:
    """Beyond a thousand distinct texts, most are hashed where they lie."""
    filled = [*(f"{number:04x}-{number}" for number in range(1100)), *values, "“Zoë”", "'quoted'", "ΣΑΣ", "x\u00a0"]
    test_both_sides_read_a_column_alike.hypothesis.inner_test(filled)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e5, 1e5).map(lambda value: round(value, 3)), min_size=1, max_size=60))
def test_codes_of_numbers_rise_with_them(values: list[float]) -> None:
    (column,) = sketch_table(pa.table({"x": values}), _HASHER, "t").columns
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(column.codes[order].astype(int)) >= 0)
    assert column.frequencies.sum() == len(values)
    for level in column.levels:
        rounded = np.rint(np.array(values) * 10.0**level.places)
        codes = level.rounded(column)[column.codes]
        assert len(set(zip(rounded, codes, strict=True))) == len(set(rounded)) == len(set(codes))


def test_no_value_is_in_the_sketch() -> None:
    """Neither words nor numbers of the data can be found in the file, only headings."""
    table = pa.table({"name": ["Winterbottom", "Featherstone"], "income": [48291.25, 1234567.0]})
    file = io.BytesIO()
    writer = SketchWriter(file=file, key=b"k" * 32, dataset="d")
    writer.add(sketch_table(table, _HASHER, "t.csv"))
    writer.finish()
    content = file.getvalue()
    assert b"income" in content
    for secret in (b"interbottom", b"eatherstone", np.float64(48291.25).tobytes(), np.float64(1234567.0).tobytes()):
        assert secret not in content
