"""What changed between two versions is told cell by cell, and small changes of counts apart."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.airlock.bench.alike import changed_lines
from orchestrator.airlock.bench.differences import How, compare
from orchestrator.airlock.bench.sheets import Sheet


def sheet(text: str) -> Sheet:
    return Sheet(text, ",")


def changes(difference) -> list[tuple[str, int, list[tuple[str, str, float | None, bool]]]]:
    return [
        (line.how.value, line.number, [(c.then, c.now, c.change, c.small) for c in line.cells if c.changed])
        for line in difference.lines
    ]


def test_a_count_that_changed_by_one_is_found_wherever_its_row_went() -> None:
    then = sheet("arm,n,mean\nplacebo,120,71.2\ntreated,118,70.9\n")
    now = sheet("arm,n,mean\ntreated,117,70.9\nplacebo,120,71.2\n")
    found = compare(then, now, threshold=10)
    assert found.keyed_by == ("arm",)
    assert changes(found) == [("changed", 2, [("118", "117", -1, True)])]
    assert (found.cells_changed, found.cells_changed_little, found.same_rows) == (1, 1, 1)


def test_a_large_change_and_one_of_words_are_no_small_ones() -> None:
    found = compare(sheet("k,n\na,120\nb,x\nc,1.5\n"), sheet("k,n\na,130\nb,y\nc,2.5\n"), threshold=10)
    assert [cell[3] for _, _, cells in changes(found) for cell in cells] == [False, False, False]
    assert compare(sheet("k,n\na,120\n"), sheet("k,n\na,129\n"), threshold=10).cells_changed_little == 1


def test_rows_and_columns_that_came_or_went_are_named() -> None:
    found = compare(sheet("k,n,old\na,1,x\nb,2,y\n"), sheet("k,new,n\na,p,1\nc,q,3\n"), threshold=10)
    assert found.columns == ((How.SAME, "k"), (How.ADDED, "new"), (How.SAME, "n"), (How.REMOVED, "old"))
    assert [(line.how, line.number) for line in found.lines] == [
        (How.CHANGED, 2),
        (How.ADDED, 3),
        (How.REMOVED, 3),
    ]
    assert not found.nothing


def test_rows_without_unique_labels_are_matched_by_likeness() -> None:
    found = compare(sheet("n,m\n10,1\n20,2\n30,3\n"), sheet("n,m\n5,0\n10,1\n20,4\n30,3\n"), threshold=10)
    assert found.keyed_by == ()
    assert changes(found) == [
        ("added", 2, [("", "5", None, False), ("", "0", None, False)]),
        ("changed", 4, [("2", "4", 2, True)]),
    ]


def test_two_label_columns_together_name_rows_where_one_does_not() -> None:
    then = sheet("arm,sex,n\na,f,50\na,m,60\nb,f,70\n")
    found = compare(then, sheet("arm,sex,n\nb,f,71\na,f,50\na,m,60\n"), threshold=10)
    assert found.keyed_by == ("arm", "sex")
    assert changes(found) == [("changed", 2, [("70", "71", 1, True)])]


def test_headings_that_repeat_are_matched_by_turn() -> None:
    found = compare(sheet("k,n,n\na,1,2\n"), sheet("k,n,n\na,1,3\n"), threshold=10)
    assert changes(found) == [("changed", 2, [("2", "3", 1, True)])]


def test_the_same_table_has_no_difference_and_an_empty_one_loses_all_rows() -> None:
    table = "k,n\na,1\nb,2\n"
    assert compare(sheet(table), sheet(table), threshold=10).nothing
    assert compare(sheet(table), sheet("k,n\n"), threshold=10).rows(How.REMOVED) == 2
    assert compare(sheet(""), sheet(""), threshold=10).nothing


def test_planted_repetition_does_not_make_the_comparison_slow() -> None:
    then, now = sheet("n,m\n" + "1,1\n2,2\n" * 1000), sheet("n,m\n" + "2,2\n1,1\n" * 1000)
    began = time.process_time()
    compare(then, now, threshold=10)
    changed_lines(["a", "b"] * 5_000, ["b", "a"] * 5_000)
    assert time.process_time() - began < 10


def test_a_hundred_thousand_rows_are_compared_by_their_numbers() -> None:
    lines = [f"{row},{row % 97}" for row in range(100_000)]
    now = [*lines]
    now[70_000] = "70000,64"
    found = compare(sheet("id,n\n" + "\n".join(lines)), sheet("id,n\n" + "\n".join(now)), threshold=10)
    assert [(line.number, line.how) for line in found.lines] == [(70_002, How.CHANGED)]


def test_lines_of_a_text_that_changed() -> None:
    assert changed_lines(["a", "b", "c"], ["a", "x", "c", "d"]) == [
        ("removed", 2, "b"),
        ("added", 2, "x"),
        ("added", 4, "d"),
    ]


_ROWS = st.lists(st.lists(st.sampled_from(["1", "2", "a", "b", ""]), min_size=2, max_size=3), max_size=8)


@given(_ROWS, _ROWS)
def test_every_row_of_both_versions_is_accounted_for(then: list[list[str]], now: list[list[str]]) -> None:
    old, new = (sheet("k,n\n" + "\n".join(",".join(row) for row in rows)) for rows in (then, now))
    found = compare(old, new, threshold=10)
    kept = found.same_rows + found.rows(How.CHANGED)
    assert kept + found.rows(How.ADDED) == len(new)
    assert kept + found.rows(How.REMOVED) == len(old)
