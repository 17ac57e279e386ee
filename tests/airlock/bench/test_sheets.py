"""Tables as people look through them: any text gives a page, rows keep their numbers, figures are right."""

from __future__ import annotations

import csv
import io
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.airlock.bench.columns import ColumnFigures, is_redacted, number
from orchestrator.airlock.bench.sheets import Look, Sheet

TABLE = "arm,n,mean age\nplacebo,120,71.2\ntreated,8,70.9\nall,128,\n"


def numbers(sheet: Sheet, **look) -> list[int]:
    return [row.number for row in sheet.page(Look(**look)).rows]


def test_a_table_is_read_a_page_at_a_time_with_the_numbers_that_findings_use() -> None:
    sheet = Sheet(TABLE, ",")
    assert sheet.heading == ("arm", "n", "mean age")
    page = sheet.page(Look(first=1, count=1))
    assert [(row.number, row.cells) for row in page.rows] == [(3, ("treated", "8", "70.9"))]
    assert (page.first, page.matching) == (1, 3)


def test_rows_are_sorted_by_size_and_empty_cells_come_last_either_way() -> None:
    sheet = Sheet("k,v\na,10\nb,9\nc,\nd,x\ne,-1\n", ",")
    assert numbers(sheet, order=1) == [6, 3, 2, 5, 4]
    assert numbers(sheet, order=1, descending=True) == [5, 2, 3, 6, 4]
    assert numbers(sheet, descending=True) == [6, 5, 4, 3, 2]
    assert numbers(sheet, order=99) == [2, 3, 4, 5, 6]


def test_rows_are_found_by_their_text_in_all_columns_or_in_one() -> None:
    sheet = Sheet('k,v\nAlpha,1\nbeta,"al,x"\n"two\nlines al",3\n', ",")
    assert numbers(sheet, find="AL") == [2, 3, 4]
    assert numbers(sheet, find="al", within=1) == [3]
    assert numbers(sheet, find="al,x") == [3]
    assert numbers(sheet, find="two\nlines") == [4]
    assert numbers(sheet, find="nowhere") == []
    assert numbers(sheet, find="al", within=99) == []


def test_a_row_is_jumped_to_by_its_number_on_its_own_page() -> None:
    sheet = Sheet("k\n" + "\n".join(str(number) for number in range(1000)), ",")
    page = sheet.page(Look(row=512, count=100))
    assert page.first == 500
    assert page.row_found
    assert "510" in [row.cells[0] for row in page.rows]
    assert not sheet.page(Look(row=5000)).row_found
    assert sheet.page(Look(first=10**7)).first == 900


@pytest.mark.parametrize("text", ["", "\n", "a", "a,b", "a,b\n\n\n", ",,,\n", '"', '"a', "a\r\nb\r\n", "a\rb\rc"])
def test_poor_tables_are_shown_as_they_are(text: str) -> None:
    sheet = Sheet(text, ",")
    page = sheet.page(Look())
    assert len(page.rows) == len(sheet)
    assert all(column.rows == len(sheet) for column in sheet.columns)


def test_ragged_rows_keep_every_cell_and_short_ones_count_as_empty() -> None:
    sheet = Sheet("a,b\n1\n2,3,4,5\n6,7\n", ",")
    assert sheet.widest == 4
    assert [column.null for column in sheet.columns] == [0, 1, 2, 2]
    assert [column.name for column in sheet.columns] == ["a", "b", "column 3", "column 4"]
    assert sheet.page(Look()).rows[1].cells == ("2", "3", "4", "5")


def test_a_wide_row_late_in_the_table_gives_its_columns_all_earlier_rows_as_empty() -> None:
    sheet = Sheet("a\n" + "1\n" * 1200 + "1,2\n", ",")
    assert [(column.rows, column.null) for column in sheet.columns] == [(1201, 0), (1201, 1200)]


def test_a_table_that_breaks_says_after_which_row_and_keeps_what_stands_before() -> None:
    sheet = Sheet('a,b\n1,2\n3,"4"x\n5,6\n', ",")
    assert sheet.broken == 2
    assert len(sheet) == 1


def test_an_enormous_cell_ends_the_reading_and_is_not_passed_over() -> None:
    sheet = Sheet("a,b\n1,2\n" + "x" * 200_000 + ",3\n", ",")
    assert sheet.broken == 2


def test_the_figures_of_a_column_are_those_a_checker_needs() -> None:
    column = Sheet('n\n0\n3\n9\n15\n20\n[REDACTED]\nNA\n"1,200"\n', ",").columns[0]
    assert (column.kind, column.rows, column.numbers, column.null, column.redacted) == ("whole numbers", 8, 6, 1, 1)
    assert (column.least, column.least_above_zero, column.most, column.total) == (0, 3, 1200, 1247)
    assert (column.by_5, column.by_6, column.midpoint_6) == (4, 2, 4)
    assert column.smaller_than(10)
    assert not column.smaller_than(3)


def test_a_mixture_is_a_signal_and_only_whole_numbers_may_be_small_counts() -> None:
    kinds = Sheet("a,b,c,d,e\n1,1.5,x,,*\n2,2,3,,<10\n", ",").columns
    assert [column.kind for column in kinds] == ["whole numbers", "numbers", "mixed", "nothing", "redacted"]
    assert [column.smaller_than(10) for column in kinds] == [True, False, True, False, False]


@pytest.mark.parametrize(
    "cell", ["[REDACTED]", "redacted", "*", "**", "<10", "≤ 7", "[c]", "fewer than 5", "suppressed"]
)
def test_marks_of_redaction(cell: str) -> None:
    assert is_redacted(cell)


@pytest.mark.parametrize("cell", ["", "10", "c", "-", "redness", "****", "<", "north"])
def test_what_is_no_mark_of_redaction(cell: str) -> None:
    assert not is_redacted(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("7", 7), (" 7 ", 7), ("1,204", 1204), ("-3.5e2", -350), ("12 %", 12), ("−4", -4), (".5", 0.5), ("1e999", None),
     ("1,20", None), ("nan", None), ("inf", None), ("0x10", None), ("1_000", None), ("", None), ("7 (3%)", None)],
)  # fmt: skip
def test_numbers(cell: str, value: float | None) -> None:
    assert number(cell) == value


_CELLS = st.text(alphabet=st.characters(exclude_characters="\r\x00", exclude_categories=("Cs",)), max_size=8)


@given(st.lists(st.lists(_CELLS, min_size=1, max_size=5), min_size=1, max_size=12))
def test_whatever_a_csv_library_writes_is_shown_cell_by_cell(rows: list[list[str]]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    sheet = Sheet(written.getvalue(), ",")
    assert [row.cells for row in sheet.page(Look(count=100)).rows] == [tuple(row) for row in rows[1:]]
    assert [row.number for row in sheet.page(Look(count=100)).rows] == list(range(2, len(rows) + 1))


@given(st.text(max_size=200))
def test_no_text_makes_the_reading_of_a_table_fail(text: str) -> None:
    sheet = Sheet(text, ",")
    for look in (Look(), Look(order=0), Look(find="a"), Look(find=text[:3], within=0), Look(row=3)):
        assert sheet.page(look).matching <= len(sheet)


@given(st.lists(st.sampled_from(["1", "2.5", "", "NA", "x", "*", "-7", "1e3", "<10", "30"]), max_size=60))
def test_figures_do_not_depend_on_how_the_cells_were_cut_into_pieces(cells: list[str]) -> None:
    whole, parts = ColumnFigures("c"), ColumnFigures("c")
    whole.add(cells)
    for cell in cells:
        parts.add([cell])
    assert whole.result() == parts.result()
    assert sum((whole.result().numbers, whole.result().null, whole.result().redacted, whole.result().words)) == len(
        cells
    )


def test_a_hundred_thousand_rows_are_ready_to_look_at_in_seconds_at_most() -> None:
    dice = random.Random(5)  # noqa: S311 - the same table each time
    text = "id,arm,n,mean\n" + "".join(
        f"{row},{dice.choice('ABC')},{dice.randrange(900)},{dice.random():.3f}\n" for row in range(100_000)
    )
    began = time.process_time()
    sheet = Sheet(text, ",")
    assert len(sheet) == 100_000
    assert len(sheet.page(Look(row=99_999)).rows) == 100
    assert time.process_time() - began < 15  # the benchmark says what it really takes; this finds a slip of magnitude
