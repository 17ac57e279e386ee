"""Nothing that a person saw is lost or changed on the way to the file that leaves."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.airlock.canonical import Canonical, canonicalise
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.reading.specimen import Specimen
from tests.airlock.reading.made import ods, parquet, sheet
from tests.airlock.world import PACK

RULES = load_pack(PACK)
CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from('\n\t",;|'), max_size=8)
TABLE = st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=12)


def made(content: bytes, name: str = "results.csv") -> Canonical | None:
    return canonicalise(Specimen.of(content, name), RULES)


def written(rows, delimiter=",", end="\n") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def cells(content: bytes, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))


@settings(deadline=None)
@given(
    TABLE, st.sampled_from(",\t;|"), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
)
def test_a_table_keeps_every_cell(rows, delimiter, end, encoding):
    content = written(rows, delimiter, end).encode(encoding)
    file = Specimen.of(content, "results.csv")
    canonical = canonicalise(file, RULES)
    if file.kind != "table" or canonical is None:
        return
    (derived,) = canonical.files
    assert derived.name == "results.csv"
    assert file.table is not None
    held = [list(file.table.columns), *(list(row) for _, row in file.table.rows())]
    again = Specimen.of(derived.content, derived.name)
    assert again.encoding == "utf-8"
    assert again.kind == "table"
    assert again.table is not None
    assert [list(again.table.columns), *(list(row) for _, row in again.table.rows())] == held
    assert b"\r\n" not in derived.content


@settings(deadline=None)
@given(TABLE, st.sampled_from(",\t;|"), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_copy_of_a_copy_of_text_is_the_same(rows, delimiter, end):
    first = made(written(rows, delimiter, end).encode())
    if first is None:
        return
    second = made(first.files[0].content)
    assert second is not None
    assert second.files[0].content == first.files[0].content


def test_the_usual_results_keep_their_cells_exactly():
    for delimiter in ",\t;|":
        rows = [["arm", "n", "note"], ["a", "120", 'said "x", y'], ["b", "118", "-3.2"], ["", "1e-5", "=1+1"]]
        canonical = made(written(rows, delimiter, "\r\n").encode("utf-16"))
        assert canonical is not None
        assert cells(canonical.files[0].content, delimiter) == rows
        assert "ODD_ENCODING" in canonical.removed


def test_a_line_end_of_any_kind_within_a_cell_divides_no_row():
    for end in ("\r", "\n", "\r\n"):
        canonical = made(parquet({"w": [f"a{end}b", "c"], "n": [120, 130]}), "results.parquet")
        assert canonical is not None
        assert cells(canonical.files[0].content, ",") == [["w", "n"], [f"a{end}b", "120"], ["c", "130"]]


def test_a_formula_is_never_silently_changed():
    content = b"arm,n\n=cmd|' /C calc'!A0,120\n"
    canonical = made(content)
    assert canonical is not None
    assert canonical.files[0].content == content
    assert "FORMULA" not in canonical.removed


PIECES = st.lists(
    st.sampled_from(
        [
            "<p>",
            "</p>",
            "<table>",
            "<tr>",
            "<td>",
            "</table>",
            "<b>",
            "</b>",
            "<pre>",
            "</pre>",
            "<ul>",
            "<li>",
            "<!--c-->",
            "<svg>",
            "</svg>",
            "<caption>",
            "<h1>",
            "</h1>",
            "<script>",
            "</script>",
            "<div&style='color:red;text-align:right'>",
            "</div>",
            "<a&href='x'>",
            "</a>",
            "&lt;",
            "x",
            "\n",
            "\n\n",
        ]
    ),
    max_size=20,
)


@settings(deadline=None)
@given(PIECES)
def test_a_page_of_any_tags_comes_out_the_same_the_second_time(pieces):
    content = "<html><body>" + "".join(pieces).replace("&style", " style").replace("&href", " href")
    first = made(content.encode(), "results.html")
    if first is None:
        return
    second = made(first.files[0].content, "results.html")
    assert second is not None
    assert second.files[0].content == first.files[0].content


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), VALUES, max_size=4)
    | st.lists(VALUES, max_size=5)
)
def test_json_keeps_every_value_and_its_order(value):
    canonical = made(json.dumps(value).encode(), "results.json")
    assert canonical is not None
    (derived,) = canonical.files
    again = json.loads(derived.content)
    assert again == value
    assert json.dumps(again) == json.dumps(value)
    second = made(derived.content, "results.json")
    assert second is not None
    assert second.files[0].content == derived.content


def test_numbers_that_would_come_out_as_others_are_left_as_they_stand():
    for content in (b'{"a": 1e400}\n', b'{"a": NaN}\n'):
        canonical = made(content, "results.json")
        assert canonical is not None
        assert b"1e400" in canonical.files[0].content or b"NaN" in canonical.files[0].content
    assert math.isinf(float("1e400"))


def test_half_a_character_in_json_is_kept():
    canonical = made(b'{"a": "\\ud800"}', "results.json")
    assert canonical is not None
    assert json.loads(canonical.files[0].content) == {"a": "\ud800"}


NUMBER = st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 6))
WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp", "Co", "Cn", "Cf")), min_size=1, max_size=8
).filter(lambda word: not word.startswith("=") and word == word.strip())


def as_text(value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


@settings(deadline=None)
@given(st.lists(st.lists(NUMBER | WORD | st.booleans(), min_size=2, max_size=2), min_size=1, max_size=6))
def test_a_workbook_keeps_every_value(rows):
    canonical = made(sheet(rows), "results.xlsx")
    assert canonical is not None
    (derived,) = canonical.files
    assert derived.name == "results-Sheet.csv"
    assert cells(derived.content, ",") == [[as_text(value) for value in row] for row in rows]


def test_dates_times_and_empty_rows_of_a_workbook_stay_where_they_were():
    day = datetime.datetime(2026, 3, 1, 14, 30)  # noqa: DTZ001 - workbooks know no time zones
    canonical = made(sheet([["when", "n"], [], [day, 120], [day.date(), None]]), "results.xlsx")
    assert canonical is not None
    assert canonical.files[0].content == b"when,n\n\n2026-03-01 14:30:00,120\n2026-03-01,\n"


def test_a_spreadsheet_in_the_open_format_gives_its_cells():
    canonical = made(ods(), "results.ods")
    assert canonical is not None
    assert [(one.name, one.content) for one in canonical.files] == [("results-Results.csv", b"arm,n\nplacebo,120\n")]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
        ),
        max_size=8,
    )
)
def test_parquet_as_csv_keeps_every_value(rows):
    numbers, shares, words = ([row[index] for row in rows] for index in range(3))
    content = parquet(
        {"n": numbers or [1], "x": shares or [0.5], "w": [w.encode("utf-8", "replace").decode() for w in words] or [""]}
    )
    canonical = made(content, "results.parquet")
    assert canonical is not None
    head, *below = cells(canonical.files[0].content, ",")
    assert head == ["n", "x", "w"]
    assert [int(row[0]) for row in below] == (numbers or [1])
    assert [float(row[1]) for row in below] == (shares or [0.5])


def test_a_large_parquet_file_stays_parquet_and_loses_its_metadata():
    import pyarrow.parquet as pq

    content = parquet({"n": list(range(6_000)), "w": ["a", "b"] * 3_000}, said={"rows": "Jane Doe"})
    canonical = made(content, "results.parquet")
    assert canonical is not None
    (derived,) = canonical.files
    assert b"Jane Doe" not in derived.content
    assert pq.read_table(io.BytesIO(derived.content)).to_pydict() == pq.read_table(io.BytesIO(content)).to_pydict()
    assert "PARQUET_METADATA" in canonical.removed
    second = made(derived.content, "results.parquet")
    assert second is not None
    assert second.files[0].content == derived.content
