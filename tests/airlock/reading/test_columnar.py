"""Parquet: rows in groups, and words beside them that no program shows."""

from __future__ import annotations

import base64
import io
import struct

import pandas
import pytest

from tests.airlock.reading.made import flagged, parquet, read, rules


def with_attributes() -> bytes:
    frame = pandas.DataFrame({"n": [120, 118]})
    frame.attrs = {"rows": list(range(100))}
    out = io.BytesIO()
    frame.to_parquet(out)
    return out.getvalue()


def with_gap() -> bytes:
    plain = parquet()
    footer = len(plain) - 8 - struct.unpack("<I", plain[-8:-4])[0]
    return plain[:footer] + b"age,sex\n61,F\n" + plain[footer:]


def in_a_field() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table([pa.array([120])], schema=pa.schema([pa.field("n", pa.int64(), metadata={"rows": "61,62,63"})]))
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


HIDDEN = {
    "metadata of the file": (lambda: parquet(said={"rows": "61,62;" * 3000}), "PARQUET_METADATA"),
    "metadata of a column": (in_a_field, "PARQUET_METADATA"),
    "attributes of a frame": (with_attributes, "PARQUET_METADATA"),
    "bytes between the columns and the end": (with_gap, "TRAILING_BYTES"),
    "bytes after the end": (lambda: parquet() + b"61,62", "TRAILING_BYTES"),
    "a file cut short": (lambda: parquet()[:-20] + b"PAR1", "INSPECTION_INCOMPLETE"),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_stands_beside_the_columns_is_said(case):
    make, rule = HIDDEN[case]
    assert rule in flagged(make())
    assert rules(parquet()) == set()


def test_what_pandas_and_arrow_write_of_themselves_is_no_finding():
    out = io.BytesIO()
    pandas.DataFrame({"arm": ["a", "b"], "n": [120, 118]}).to_parquet(out)
    assert rules(out.getvalue()) == set()


def test_hidden_words_are_read_from_both_places_they_are_kept_in():
    found = read(parquet(said={"rows": "Jane Doe"}))
    assert [text.where for text in found.texts] == ["metadata rows", "metadata ARROW:schema rows"]
    assert base64.b64encode(b"x")  # the second place is packed: no search of the bytes finds the words there
    assert b"Jane Doe" in parquet(said={"rows": "Jane Doe"})


def test_every_row_of_every_group_is_read_each_time_anew():
    content = parquet({"n": list(range(10_000)), "x": [None, 0.5] * 5_000}, row_group_size=1_000)
    (table,) = read(content).tables
    for _ in range(2):
        rows = list(table.rows())
        assert len(rows) == 10_000
        assert rows[0] == (2, ("0", ""))
        assert rows[-1] == (10_001, ("9999", "0.5"))


def test_indexes_of_pages_are_told_from_hidden_bytes():
    content = parquet(write_page_index=True)
    assert "TRAILING_BYTES" not in rules(content)
    assert "PARQUET_METADATA" in flagged(content)
