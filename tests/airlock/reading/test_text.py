"""Text, tables in text, Markdown and JSON: every cell lands in a table, every word in a text."""

from __future__ import annotations

import csv
import io
import json
import time

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.airlock.checks import counts, encoding
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.reading.specimen import Specimen
from tests.airlock.reading.made import flagged, read, rules
from tests.airlock.world import PACK

RULES = load_pack(PACK)

TABLE = "arm,n,mean age\nplacebo,120,71.5\ntreated,118,70.25\n"
ROWS = [("placebo", "120", "71.5"), ("treated", "118", "70.25")]


def rows(content: bytes | str) -> list[list[tuple[str, ...]]]:
    return [[tuple(row) for _, row in table.rows()] for table in read(content).tables]


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_table_is_read_whatever_its_marks_encoding_and_line_ends(mark, encoding, end):
    content = TABLE.replace(",", mark).replace("\n", end).encode(encoding)
    assert rows(content) == [ROWS]
    assert read(content).kind == "table"


@pytest.mark.parametrize(
    ("encoding", "odd"), [("utf-8", False), ("utf-8-sig", False), ("utf-16", True), ("cp1252", True), ("latin-1", True)]
)
def test_an_encoding_other_than_utf_8_is_said_and_read(encoding, odd):
    content = "région,n\nÎle,120\nÉtat,130\n".encode(encoding)
    assert ("ODD_ENCODING" in flagged(content)) is odd
    assert rows(content) == [[("Île", "120"), ("État", "130")]]


def test_tables_under_each_other_titles_and_notes_are_told_apart():
    content = "Table 1: outcomes\nSource: the study\n\narm,n\na,120\nb,118\n\nsex,deaths\nF,20\nM,30\n"
    found = read(content)
    assert [table.columns for table in found.tables] == [("arm", "n"), ("sex", "deaths")]
    assert [table.where for table in found.tables] == ["table 1", "table 2"]
    assert [number for number, _ in found.tables[1].rows()] == [9, 10]
    assert "Table 1: outcomes\nSource: the study" in [text.text for text in found.texts]


def test_a_line_above_the_headings_without_an_empty_one_is_no_heading():
    assert read("# made by the script\narm,n,m\na,120,130\nb,118,140\n").tables[0].columns == ("arm", "n", "m")


def test_an_empty_row_within_a_table_does_not_hide_what_follows():
    for empty in ("\n", ",\n"):
        content = "arm,n\na,120\n" + empty + "b,4\nc,130\n"
        assert [number for number, _ in read(content).tables[0].rows()] == [2, 4, 5]


def test_rows_without_headings_are_rows():
    assert rows("61,1.5\n62,2.5\n63,3.5\n")[0] == [("61", "1.5"), ("62", "2.5"), ("63", "3.5")]
    assert rows("F,61,17\nM,62,9\nM,63,8\n")[0][0] == ("F", "61", "17")
    assert read("sex,0,1\nF,120,130\nM,140,150\n").tables[0].columns == ("sex", "0", "1")
    assert read("arm,2019,2020\na,120,130\n").tables[0].columns == ("arm", "2019", "2020")


def test_empty_lines_inside_a_quoted_cell_divide_no_table():
    content = 'arm,note,n\na,"first\n\nsecond",120\nb,plain,130\n'
    assert rows(content) == [[("a", "first\n\nsecond", "120"), ("b", "plain", "130")]]


def test_printed_frames_and_tables_of_markdown_are_read():
    frame = pandas.DataFrame({"n": [120, 4], "mean": [71.5, 70.25]}, index=["placebo", "treated"])
    (printed,) = read(
        "The table below shows the arms of the trial.\n\n" + frame.to_string() + "\n\nIt ends here.\n"
    ).tables
    assert printed.columns == ("", "n", "mean")
    assert [row for _, row in printed.rows()] == [("placebo", "120", "71.50"), ("treated", "4", "70.25")]
    page = "# Results\n\nWords about it.\n\n| arm | n |\n|-----|--:|\n| a | 120 |\n| b \\| c | 4 |\n\nMore words.\n"
    found = read(page)
    assert found.kind == "markdown"
    assert found.tables[0].columns == ("arm", "n")
    assert [row for _, row in found.tables[0].rows()] == [("a", "120"), ("b | c", "4")]


MODEL = """
                 OLS Regression Results
==================================================
Dep. Variable:        y   R-squared:         0.512
No. Observations:   341   AIC:               912.1
==================================================
              coef   std err         t     P>|t|
--------------------------------------------------
const      12.3000     1.200    10.250     0.000
age        -0.0310     0.004    -7.750     0.000
==================================================
"""
CROSSTAB = """
           |        outcome
       arm |         0          1 |     Total
-----------+----------------------+----------
   placebo |       110         10 |       120
   treated |       112          6 |       118
-----------+----------------------+----------
     Total |       222         16 |       238
"""


def test_tables_that_statistics_programs_print_are_read():
    above, below = read(MODEL).tables
    assert ("No. Observations:", "341", "AIC:", "912.1") in [row for _, row in above.rows()]
    assert below.columns == ("", "coef", "std err", "t", "P>|t|")
    assert [row for _, row in below.rows()] == [
        ("const", "12.3000", "1.200", "10.250", "0.000"),
        ("age", "-0.0310", "0.004", "-7.750", "0.000"),
    ]
    (crossed,) = read(CROSSTAB).tables
    assert crossed.columns == ("arm", "0", "1", "Total")
    assert [number for number, _ in crossed.rows()] == [5, 6, 8]
    assert ("treated", "112", "6", "118") in [row for _, row in crossed.rows()]


HIDING = {
    "base64 in words": ("Results.\n" + "QUJD" * 150 + "\n", "ENCODED_DATA"),
    "a data link": ("# R\n\n![p](data:image/png;base64,AAAA)\n", "ENCODED_DATA"),
    "a picture from elsewhere": ("# R\n\n![p](https://example.org/p.png)\n", "EXTERNAL_LINK"),
    "values in code": ("library(survival)\nages <- c(" + "61, " * 40 + "62)\nfit <- mean(ages)\n", "DATA_IN_CODE"),
    "values in a query": (
        "select a from t\nwhere x\ninsert into t values "
        + ", ".join(["(61, 62, 63)"] * 2)
        + "\n("
        + "1, " * 30
        + "2)\n",
        "DATA_IN_CODE",
    ),
    "one name twice": ('{"n": 120, "n": 4}', "REPEATED_KEYS"),
    "a model": (json.dumps({"support_vectors_": [[61, 1], [62, 0]], "dual_coef_": [1, 2]}), "MODEL_FILE"),
    "base64 in json": (json.dumps({"x": "QUJD" * 150}), "ENCODED_DATA"),
    "places on a map": (
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"id": n},
                        "geometry": {"type": "Point", "coordinates": [n, n * n]},
                    }
                    for n in range(30)
                ],
            }
        ),
        "PLOTTED_POINTS",
    ),
    "deep json": ("[" * 200 + "]" * 200, "INSPECTION_INCOMPLETE"),
}


@pytest.mark.parametrize("case", HIDING)
def test_what_text_carries_that_nobody_reads_is_said(case):
    content, rule = HIDING[case]
    assert rule in flagged(content)


@pytest.mark.parametrize(
    "content",
    [
        "# Results\n\nWe studied 240 people; see [the protocol](https://example.org).\n",
        "import pandas as pd\nframe = pd.read_csv('x.csv')\nprint(frame.mean())\n",
        json.dumps({"coefficients": {"age": 0.2}, "n": 240}),
        TABLE,
        "Plain words about the study.\n",
    ],
)
def test_ordinary_text_has_nothing_to_say(content):
    assert rules(content) == set()


FRAME = pandas.DataFrame({"arm": ["a", "b", "c"], "n": [120, 4, 130], "mean": [1.5, 2.5, 3.5]})
BY_ARM = FRAME.set_index("arm")


@pytest.mark.parametrize("orient", ["records", "split", "columns", "table", "values", "list"])
def test_every_orientation_of_a_frame_in_json_gives_its_cells(orient):
    value = FRAME.to_dict("list") if orient == "list" else json.loads(FRAME.to_json(orient=orient))
    cells = {cell for table in rows(json.dumps(value)) for row in table for cell in row}
    assert {"a", "b", "c", "120", "4", "130", "1.5", "2.5", "3.5"} <= cells


@pytest.mark.parametrize("orient", ["index", "columns"])
def test_an_object_of_objects_is_turned_so_that_columns_hold_one_kind_of_value(orient):
    (table,) = read(BY_ARM.to_json(orient=orient)).tables
    assert table.columns == ("", "n", "mean")
    assert [row for _, row in table.rows()] == [("a", "120", "1.5"), ("b", "4", "2.5"), ("c", "130", "3.5")]


def test_single_values_become_a_table_headed_by_their_names():
    found = read(json.dumps({"model": {"n": 240, "r2": 0.5}, "deaths": 4, "note": "Jane Doe"}))
    assert {(table.where, table.columns) for table in found.tables} == {
        ("", ("deaths", "note")),
        ("model", ("n", "r2")),
    }
    assert any("Jane Doe" in text.text for text in found.texts)


def test_lines_of_json_are_a_table():
    (table,) = read('{"arm": "a", "n": 120}\n{"arm": "b", "n": 4}\n').tables
    assert table.columns == ("arm", "n")
    assert [row for _, row in table.rows()] == [("a", "120"), ("b", "4")]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=25,
)


def leaves(value):
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]


@settings(deadline=None)
@given(VALUES.filter(lambda value: isinstance(value, (dict, list))))
def test_no_number_in_json_is_left_out_of_the_tables(value):
    found = read(json.dumps(value))
    assert not [finding for finding in found.findings if finding.rule == "INSPECTION_INCOMPLETE"]
    cells = {cell for table in found.tables for _, row in table.rows() for cell in row}
    for leaf in leaves(value):
        if isinstance(leaf, int) and not isinstance(leaf, bool):
            assert str(leaf) in cells


CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)


@settings(deadline=None)
@given(st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=12))
def test_no_cell_of_a_table_is_left_out_of_tables_and_words(table):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    found = read(out.getvalue())
    if found.kind != "table":
        return
    words = " ".join(text.text for text in found.texts)
    assert not [finding for finding in found.findings if finding.rule == "INSPECTION_INCOMPLETE"]
    held = {cell for each in found.tables for row in (each.columns, *(row for _, row in each.rows())) for cell in row}
    specimen = Specimen.of(out.getvalue().encode(), "t")
    assert specimen.table is not None
    for row in (specimen.table.columns, *(row for _, row in specimen.table.rows())):
        for cell in row:
            assert not cell.strip() or cell in held or cell in words


@pytest.mark.parametrize(
    "content",
    [
        '{"arm": "a\\u202eb"}',
        '{"nbformat": 4, "cells": [{"cell_type": "markdown", "metadata": {}, "source": "a\\u202eb"}]}',
        "<html><body><p>a&#8238;b</p></body></html>",
        '<svg xmlns="http://www.w3.org/2000/svg"><text>a&#8238;b</text></svg>',
        "arm,n\na\u202eb,120\n",
    ],
    ids=["json", "notebook", "page", "drawing", "table"],
)
def test_characters_that_turn_words_round_are_found_behind_escapes_too(content):
    assert "BIDI_TEXT" in {finding.rule for finding in encoding.check(Specimen.of(content.encode(), "x"), RULES)}
    plain = content.replace("\\u202e", "").replace("&#8238;", "").replace("\u202e", "")
    assert list(encoding.check(Specimen.of(plain.encode(), "x"), RULES)) == []


@pytest.mark.parametrize(
    "content",
    [
        "\\begin{tabular}{lr}\n\\toprule\nregion & n \\\\\n\\midrule\nnorth & 3 \\\\\nsouth & \\textbf{250} \\\\[2pt]\n"
        "\\bottomrule\n\\end{tabular}\n",
        "counts:\n  north: 3\n  south: 250\n",
        "north = 3\nsouth = 250\n",
        "# Result\n\n* north: **3**\n* south: 250\n",
    ],
    ids=["TeX", "YAML", "TOML", "list"],
)
def test_counts_beside_their_names_are_a_table(content):
    assert rows(content)[-1][-2:] == [("north", "3"), ("south", "250")]
    assert "SMALL_COUNT" in {each.rule for each in counts.check(Specimen.of(content.encode(), "x.txt"), RULES)}


def test_many_repeated_names_take_time_that_grows_with_them():
    begun = time.process_time()
    content = "{" + ",".join(f'"k{each}": 1, "k{each}": 2' for each in range(15_000)) + "}"
    assert "REPEATED_KEYS" in rules(content)
    assert time.process_time() - begun < 10
