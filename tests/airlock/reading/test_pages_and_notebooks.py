"""HTML and notebooks: tables, words and pictures are read from every form an output is kept in."""

from __future__ import annotations

import base64
import json

import numpy
import pandas
import pytest

from tests.airlock.reading.made import chart, data_link, flagged, notebook, picture, read

FRAME = pandas.DataFrame({"n": [120, 4], "mean": [71.5, 70.25]}, index=["placebo", "treated"])


def shown(**data):
    forms = {key.replace("__", "/").replace("_p_", "+"): value for key, value in data.items()}
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": forms}


def test_a_table_of_pandas_is_read_from_its_page():
    (table,) = read(FRAME.to_html()).tables
    assert table.columns == ("", "n", "mean")
    assert list(table.rows()) == [(2, ("placebo", "120", "71.50")), (3, ("treated", "4", "70.25"))]


def test_cells_that_span_rows_and_columns_are_repeated():
    head = "<tr><th>arm</th><th colspan=2>n</th></tr>"
    page = f"<table>{head}<tr><td rowspan=2>a</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"
    (table,) = read(page).tables
    assert table.columns == ("arm", "n", "n")
    assert [row for _, row in table.rows()] == [("a", "1", "2"), ("a", "3", "4")]


def test_a_table_within_a_table_is_read_as_well():
    page = "<table><tr><td>x<table><tr><td>in</td><td>side</td></tr></table></td><td>y</td></tr></table>"
    assert [table.columns for table in read(page).tables] == [("in", "side"), ("x", "y")]


PAGES = {
    "a script": ("<script>let rows=[1,2]</script>", "SCRIPT"),
    "a handler": ("<p onclick='x()'>a</p>", "SCRIPT"),
    "a picture from elsewhere": ("<img src='https://example.org/p.png'>", "EXTERNAL_LINK"),
    "a frame": ("<iframe src='//example.org/'></iframe>", "EXTERNAL_LINK"),
    "a form": ("<form action='https://example.org/'></form>", "EXTERNAL_LINK"),
    "hidden words": ("<p style='display: none'>Jane Doe</p>", "HIDDEN_CONTENT"),
    "hidden by attribute": ("<div hidden>Jane Doe</div>", "HIDDEN_CONTENT"),
    "tiny words": ("<span style='font-size:0'>Jane Doe</span>", "HIDDEN_CONTENT"),
    "a template": ("<template>Jane Doe</template>", "HIDDEN_CONTENT"),
    "data in attributes": ("<div data-rows='" + "61,62," * 40 + "'></div>", "DATA_ATTRIBUTES"),
    "a long comment": ("<!-- " + "61,62," * 60 + " -->", "MARKUP_COMMENTS"),
    "an attached file": (f"<a href='{data_link(b'a,b', 'text/csv')}'>x</a>", "EMBEDDED_FILE"),
    "a picture with a tail": (f"<img src='{data_link(picture() + b'rows')}'>", "TRAILING_BYTES"),
    "a drawing of points": (
        chart(lambda axes: axes.scatter(range(50), [n * n % 17 for n in range(50)]), "svg").decode(),
        "PLOTTED_POINTS",
    ),
}


@pytest.mark.parametrize("case", PAGES)
def test_what_a_page_hides_runs_or_fetches_is_said(case):
    inside, rule = PAGES[case]
    assert rule in flagged(f"<html><body><p>Results</p>{inside}</body></html>")
    assert (
        flagged("<html><body><p>Results</p><table><tr><th>arm</th></tr><tr><td>a</td></tr></table></body></html>")
        == set()
    )


def test_what_follows_the_end_of_a_page_is_said():
    page = b"<html><body><p>Results</p></body></html>"
    assert "TRAILING_BYTES" in flagged(page + b"\n1,2,3\n")
    assert "POLYGLOT" in flagged(page + b"PK\x05\x06" + b"\x01" * 18)
    assert flagged(page + b"\n") == set()


def test_hidden_words_are_read_all_the_same():
    found = read("<html><body><p hidden>Jane Doe</p><p>Results</p></body></html>")
    assert {text.where: text.text for text in found.texts} == {"hidden text": "Jane Doe", "": "Results"}


@pytest.mark.parametrize("trick", ["<!-->{}<!-- -->", "<!--->{}<!-- -->", "<!-- x --!>{}<!-- -->"])
def test_what_only_looks_like_a_comment_is_read_as_a_browser_shows_it(trick):
    page = (
        "<html><body>" + trick.format("<table><tr><th>arm</th></tr><tr><td>seen</td></tr></table>") + "</body></html>"
    )
    assert [row for table in read(page).tables for _, row in table.rows()] == [("seen",)]


def test_data_handed_to_a_plot_by_a_script_is_read():
    trace = json.dumps([{"type": "scatter", "mode": "markers", "x": list(range(30)), "y": [n * n for n in range(30)]}])
    found = read(f"<html><body><div id='p'></div><script>Plotly.newPlot('p', {trace}, {{}})</script></body></html>")
    assert any(len(points.xs) == 30 for points in found.points)
    assert any(table.columns == ("x", "y") for table in found.tables)


def test_a_table_is_read_from_every_form_of_an_output():
    output = shown(text__plain=FRAME.to_string(), text__html=FRAME.to_html())
    tables = read(notebook(output)).tables
    assert [table.columns for table in tables] == [("", "n", "mean"), ("", "n", "mean")]
    for table in tables:
        assert [row[1] for _, row in table.rows()] == ["120", "4"]


def test_words_printed_by_a_cell_are_read():
    output = {"output_type": "stream", "name": "stdout", "text": ["arm  n\n", "a    120\n", "b    4\n"]}
    (table,) = read(notebook(output)).tables
    assert [row for _, row in table.rows()] == [("a", "120"), ("b", "4")]


PLOT = {"data": [{"type": "scatter", "mode": "markers", "x": list(range(40)), "y": [n * n % 23 for n in range(40)]}]}
PACKED = {
    "data": [
        {
            "type": "scatter",
            "x": {"dtype": "f8", "bdata": base64.b64encode(numpy.arange(40.0).tobytes()).decode()},
            "y": {"dtype": "f8", "bdata": base64.b64encode((numpy.arange(40.0) ** 2 % 23).tobytes()).decode()},
        }
    ]
}
VEGA = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "mark": "point",
    "encoding": {"x": {"field": "age"}, "y": {"field": "hba1c"}},
    "datasets": {"d": [{"age": 40 + n, "hba1c": n * n % 31} for n in range(40)]},
}


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("application/vnd.plotly.v1+json", PLOT),
        ("application/vnd.plotly.v1+json", PACKED),
        ("application/vnd.vegalite.v5+json", VEGA),
    ],
    ids=["plotly", "packed arrays", "vega"],
)
def test_points_of_a_plot_kept_as_data_are_read_and_said(form, value):
    content = notebook({"output_type": "display_data", "metadata": {}, "data": {form: value}})
    assert {"NOTEBOOK_OUTPUT_DATA", "PLOTTED_POINTS"} <= flagged(content)
    assert any(len(points.xs) == 40 for points in read(content).points)
    assert any(len(list(table.rows())) == 40 for table in read(content).tables)


NOTEBOOKS = {
    "an attachment": (lambda: notebook(attachments={"rows.csv": {"text/csv": "1,2"}}), "NOTEBOOK_ATTACHMENT"),
    "widget state": (
        lambda: notebook(metadata={"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"a": [1, 2]}}}}),
        "NOTEBOOK_WIDGET_STATE",
    ),
    "metadata of a cell": (lambda: notebook(cell_metadata={"cache": "QUJD" * 200}), "NOTEBOOK_METADATA"),
    "metadata of the notebook": (lambda: notebook(metadata={"rows": list(range(200))}), "NOTEBOOK_METADATA"),
    "a field of its own": (lambda: notebook(rows=list(range(200))), "NOTEBOOK_METADATA"),
    "a script": (lambda: notebook(shown(application__javascript="x()")), "SCRIPT"),
    "an unknown form": (lambda: notebook(shown(application__x="rows")), "NOTEBOOK_OUTPUT_DATA"),
    "an unknown output": (lambda: notebook({"output_type": "rows"}), "INSPECTION_INCOMPLETE"),
    "base64": (lambda: notebook(metadata={"x": "QUJD" * 200}), "ENCODED_DATA"),
    "a picture with a tail": (
        lambda: notebook(shown(image__png=base64.b64encode(picture() + b"rows").decode())),
        "TRAILING_BYTES",
    ),
    "a damaged picture": (lambda: notebook(shown(image__png="AAAA")), "INSPECTION_INCOMPLETE"),
    "a damaged cell": (
        lambda: json.dumps({"nbformat": 4, "cells": [{"outputs": 5}]}).encode(),
        "INSPECTION_INCOMPLETE",
    ),
    "another version": (lambda: json.dumps({"nbformat": 9, "cells": []}).encode(), "INSPECTION_INCOMPLETE"),
}


@pytest.mark.parametrize("case", NOTEBOOKS)
def test_what_a_notebook_keeps_and_nobody_sees_is_said(case):
    make, rule = NOTEBOOKS[case]
    assert rule in flagged(make())


def test_an_ordinary_notebook_has_nothing_to_flag():
    content = notebook(
        shown(text__plain=FRAME.to_string(), text__html=FRAME.to_html()),
        shown(image__png=base64.b64encode(picture()).decode(), text__plain="<Figure size 640x480>"),
    )
    assert read(content).kind == "notebook"
    assert flagged(content) == set()
    assert len(read(content).pictures) == 1


def test_long_lists_of_values_in_code_are_said():
    source = (
        "rows = ["
        + ", ".join(str(40 + n % 37) for n in range(60))
        + "]\nimport pandas as pd\nprint(pd.Series(rows).mean())\n"
    )
    assert "DATA_IN_CODE" in flagged(source)
    assert read(source).kind == "code"
    assert "DATA_IN_CODE" not in flagged("import pandas as pd\nrows = [1, 2, 3]\nprint(pd.Series(rows).mean())\n")
