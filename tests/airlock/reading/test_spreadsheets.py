"""XLSX and ODS: every cell is read, and everything a person does not see is said."""

from __future__ import annotations

import datetime
import io
import zipfile

import pytest
from openpyxl.chart import Reference, ScatterChart, Series
from openpyxl.comments import Comment
from openpyxl.packaging.custom import StringProperty
from openpyxl.workbook.defined_name import DefinedName

from tests.airlock.reading.made import changed, flagged, ods, overlapping, picture, read, rules, sheet, workbook


def hide_sheet(state):
    def change(book):
        raw = book.create_sheet("Raw")
        raw.sheet_state = state
        for number in range(500):
            raw.append([number, f"person {number}"])

    return change


def hide_row(book):
    book.active.row_dimensions[3].hidden = True


def hide_column(book):
    book.active.column_dimensions["C"].hidden = True


def flat_row():
    """A row of no height, which openpyxl would not write."""
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(workbook())) as archive:
        xml = archive.read(part)
    return changed(workbook(), {part: xml.replace(b'<row r="3"', b'<row r="3" ht="0" customHeight="1"')})


def comment(book):
    book.active["A2"].comment = Comment("Jane Doe, ward 7", "me")


def mask(book):
    book.active["B2"].number_format = ";;;"


def property_of_own(book):
    book.custom_doc_props.append(StringProperty(name="note", value="4, 5, 6"))


def name_with_value(book):
    book.defined_names["secret"] = DefinedName("secret", attr_text='"17,18,19"')


def formula(book):
    book.active["D2"] = "=B2+1"


CACHE = (
    b'<pivotCacheRecords xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="2">'
    b'<r><n v="61"/><s v="F"/></r><r><n v="62"/><s v="M"/></r></pivotCacheRecords>'
)
LINK = (
    b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><externalBook><sheetDataSet>'
    b'<sheetData sheetId="0"><row r="1"><cell r="A1"><v>44</v></cell></row></sheetData></sheetDataSet></externalBook>'
    b"</externalLink>"
)
THREAD = (
    b'<ThreadedComments xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments">'
    b'<threadedComment ref="A1"><text>seen by J. Doe</text></threadedComment></ThreadedComments>'
)
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'

HIDDEN = {
    "a hidden sheet": (lambda: workbook(hide_sheet("hidden")), "HIDDEN_SHEET"),
    "a very hidden sheet": (lambda: workbook(hide_sheet("veryHidden")), "HIDDEN_SHEET"),
    "a hidden row": (lambda: workbook(hide_row), "HIDDEN_ROWS"),
    "a row without height": (flat_row, "HIDDEN_ROWS"),
    "a hidden column": (lambda: workbook(hide_column), "HIDDEN_COLUMNS"),
    "a comment": (lambda: workbook(comment), "CELL_COMMENTS"),
    "a thread of comments": (
        lambda: changed(workbook(), {"xl/threadedComments/threadedComment1.xml": THREAD}),
        "CELL_COMMENTS",
    ),
    "a masking format": (lambda: workbook(mask), "HIDDEN_VALUES"),
    "a property": (lambda: workbook(property_of_own), "DOCUMENT_METADATA"),
    "a name with a value": (lambda: workbook(name_with_value), "DEFINED_NAMES"),
    "a formula without value": (lambda: workbook(formula), "INSPECTION_INCOMPLETE"),
    "a pivot cache": (lambda: changed(workbook(), {"xl/pivotCache/pivotCacheRecords1.xml": CACHE}), "PIVOT_CACHE"),
    "a linked workbook": (lambda: changed(workbook(), {"xl/externalLinks/externalLink1.xml": LINK}), "EXTERNAL_LINK"),
    "a macro": (lambda: changed(workbook(), {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 code"}), "MACROS"),
    "an embedded file": (lambda: changed(workbook(), {"xl/embeddings/oleObject1.bin": b"rows"}), "EMBEDDED_FILE"),
    "a zip among the pictures": (lambda: changed(workbook(), {"xl/media/x.dat": b"PK\x03\x04"}), "EMBEDDED_FILE"),
    "a part nobody knows": (lambda: changed(workbook(), {"xl/extra/data.xml": b"<rows>1,2,3</rows>"}), "UNKNOWN_PART"),
    "an unnamed sheet": (lambda: changed(workbook(), {"xl/worksheets/sheet9.xml": b"<worksheet/>"}), "HIDDEN_SHEET"),
    "an entity bomb": (lambda: changed(workbook(), {"xl/theme/theme1.xml": BOMB}), "ENTITY_DECLARATION"),
    "bytes after its end": (lambda: workbook() + b"row,row,row", "TRAILING_BYTES"),
    "bytes before its start": (lambda: b"GIF89a" + workbook(), None),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_a_workbook_hides_is_said(case):
    make, rule = HIDDEN[case]
    found = flagged(make())
    assert found if rule is None else rule in found
    assert rule not in flagged(workbook())


def test_an_ordinary_workbook_has_nothing_to_flag_and_every_cell_is_read():
    found = read(workbook())
    assert found.kind == "workbook"
    assert flagged(workbook()) == set()
    (table,) = found.tables
    assert table.columns == ("arm", "n", "mean age")
    assert list(table.rows()) == [(2, ("placebo", "120", "71.5")), (3, ("treated", "118", "70.25"))]
    assert table.where == "sheet “Results”"


def test_rows_of_hidden_sheets_are_read_as_tables_too():
    tables = read(workbook(hide_sheet("veryHidden"))).tables
    assert sum(len(list(table.rows())) for table in tables if "Raw" in table.where) == 500


def test_cells_beyond_the_size_that_a_sheet_states_are_read():
    """openpyxl's streaming reader believes the stated size; hidden rows below it would go unseen."""
    honest = workbook()
    part = "xl/worksheets/sheet1.xml"

    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        xml = archive.read(part)
    assert b'<dimension ref="A1:C3"' in xml
    lying = changed(honest, {part: xml.replace(b'ref="A1:C3"', b'ref="A1:B2"')})
    rows = [row for table in read(lying).tables for _, row in table.rows()]
    assert ("treated", "118", "70.25") in rows


def test_several_tables_titles_and_notes_on_one_sheet_are_told_apart():
    counts = [["arm", "n"], ["a", 120], ["b", 118]]
    deaths = [["sex", "deaths"], ["F", 20], ["M", 30], ["Note: counts below ten were left out."]]
    content = sheet([["Table 1: outcomes by arm"], [], *counts, [], *deaths])
    found = read(content)
    assert [table.columns for table in found.tables] == [("arm", "n"), ("sex", "deaths")]
    assert [number for number, _ in found.tables[1].rows()] == [8, 9]
    words = "\n".join(text.text for text in found.texts)
    assert "Table 1: outcomes by arm" in words
    assert "Note: counts below ten" in words


def test_dates_percentages_and_long_numbers_come_out_as_they_are_stored():
    content = sheet([["day", "share", "number"], [datetime.date(2026, 3, 1), 0.125, 4857773456], [None, True, 1e22]])
    rows = [row for _, row in read(content).tables[0].rows()]
    assert rows == [("2026-03-01", "0.125", "4857773456"), ("", "TRUE", "1e+22")]


def test_values_and_marks_that_a_chart_keeps_are_said():
    def change(book):
        drawn = ScatterChart()
        cells = book.active
        drawn.series.append(
            Series(Reference(cells, min_col=3, min_row=2, max_row=3), Reference(cells, min_col=2, min_row=2, max_row=3))
        )
        cells.add_chart(drawn, "F2")

    content = workbook(change)

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read("xl/charts/chart1.xml")
    cache = b"</f><numCache><pt idx='0'><v>61</v></pt></numCache></numRef></xVal>"
    kept = xml.replace(b"</f></numRef></xVal>", cache)
    assert kept != xml
    assert "CHART_CACHE" in rules(changed(content, {"xl/charts/chart1.xml": kept}))
    assert "CHART_CACHE" not in rules(workbook())


def test_words_of_deleted_cells_are_found():
    strings = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>arm</t></si><si><t>n</t></si>'
        b"<si><t>mean age</t></si><si><t>placebo</t></si><si><t>treated</t></si><si><t>Jane Doe</t></si></sst>"
    )
    content = changed(workbook(), {"xl/sharedStrings.xml": strings})
    assert "HIDDEN_STRINGS" in flagged(content)
    assert any("Jane Doe" in text.text for text in read(content).texts)
    assert "HIDDEN_STRINGS" not in rules(workbook())


def test_a_workbook_of_overlapping_parts_is_not_unpacked():
    assert "OVERLAPPING_ARCHIVE" in flagged(overlapping())


def one_sheet(inside, style=""):
    return ods(f'<table:table table:name="R"{style}>{inside}</table:table>')


def row(attribute=""):
    cell = '<table:table-cell office:value-type="float" office:value="7"><text:p>7</text:p></table:table-cell>'
    return f"<table:table-row{attribute}>{cell}</table:table-row>"


NOTED = (
    "<table:table-row><table:table-cell><office:annotation><text:p>J. Doe</text:p></office:annotation>"
    "</table:table-cell></table:table-row>"
)
OWN = b"<m xmlns:meta='urn:m'><meta:user-defined>4,5</meta:user-defined></m>"
ODS = {
    "a hidden sheet": (lambda: one_sheet(row(), ' table:style-name="off"'), "HIDDEN_SHEET"),
    "a hidden row": (lambda: one_sheet(row(' table:visibility="collapse"')), "HIDDEN_ROWS"),
    "a filtered row": (lambda: one_sheet(row(' table:visibility="filter"')), "HIDDEN_ROWS"),
    "a hidden column": (
        lambda: one_sheet('<table:table-column table:visibility="collapse"/>' + row()),
        "HIDDEN_COLUMNS",
    ),
    "a comment": (lambda: one_sheet(NOTED), "CELL_COMMENTS"),
    "a script": (lambda: ods(parts={"Basic/Standard/Module1.xml": b"<module/>"}), "MACROS"),
    "an object": (lambda: ods(parts={"Object 1/content.xml": b"<chart/>"}), "EMBEDDED_FILE"),
    "a part nobody knows": (lambda: ods(parts={"extra.bin": b"rows"}), "UNKNOWN_PART"),
    "metadata of its own": (lambda: ods(parts={"meta.xml": OWN}), "DOCUMENT_METADATA"),
}


@pytest.mark.parametrize("case", ODS)
def test_what_an_opendocument_spreadsheet_hides_is_said(case):
    make, rule = ODS[case]
    assert rule in flagged(make())
    assert flagged(ods()) == set()


def test_repeated_rows_and_cells_of_an_opendocument_spreadsheet_count_as_often_as_they_say():
    content = ods(
        '<table:table table:name="R"><table:table-row table:number-rows-repeated="3"><table:table-cell '
        'table:number-columns-repeated="2" office:value-type="float" office:value="7"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row></table:table>'
    )
    found = read(content)
    assert found.kind == "ods"
    (table,) = found.tables
    assert [row for _, row in table.rows()] == [("7", "7")] * 3


def test_a_sheet_of_a_million_repeated_cells_is_a_finding_and_not_memory():
    cell = '<table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="7"/>'
    rows = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    assert "INSPECTION_INCOMPLETE" in flagged(one_sheet(rows))


def test_pictures_of_a_workbook_are_looked_into():
    loud = picture() + b"PK\x03\x04 rows"
    assert "TRAILING_BYTES" in flagged(changed(workbook(), {"xl/media/image1.png": loud}))
    assert flagged(changed(workbook(), {"xl/media/image1.png": picture()})) == set()
