"""The words of findings are read back into the cells that they point to."""

from __future__ import annotations

import pytest

from orchestrator.airlock.bench.places import Marks, Place, lines_of, places_of
from orchestrator.airlock.model import Finding, Severity

HEADINGS = ("arm", "n", "mean age", "a heading that is so long that a finding shortens it")


@pytest.mark.parametrize(
    ("where", "places"),
    [
        ("column “n”: row 7, row 9 and 3 more", [(7, 1), (9, 1)]),
        ("row 7 n, row 9 mean age", [(7, 1), (9, 2)]),
        ("row 7, column “mean age”", [(7, 2)]),
        ("row 7, column 3", [(7, 2)]),
        ("row 3 has 4 cells, row 8 has 2 cells", [(3, None), (8, None)]),
        ("rows 3–5", [(3, None), (4, None), (5, None)]),
        ("column “n”", [(None, 1)]),
        ("heading 2", [(1, 1)]),
        ("sheet “Ages”, column “n”: row 12", [(12, 1)]),
        ("row 4 a heading that is so long tha…", [(4, 3)]),
        ("row 1,204 n", [(1204, 1)]),
        ("after row 12", [(12, None)]),
        ("whole file", []),
        ("row 99999999999999999999", [(999999999, None)]),
        ("column “no such”: row 2", [(2, None)]),
        ("", []),
    ],
)
def test_places(where: str, places: list[tuple[int | None, int | None]]) -> None:
    assert places_of(where, HEADINGS) == [Place(row=row, column=column) for row, column in places]


def test_a_huge_range_of_rows_marks_no_more_than_some() -> None:
    assert len(places_of("rows 1–900000", HEADINGS)) == 501


def test_lines_of_a_text_are_found() -> None:
    assert lines_of("line 3, lines 5-6 and 4 more") == [3, 5, 6]


def test_the_next_finding_comes_round_to_the_first_and_leaves_out_what_points_nowhere() -> None:
    def finding(where: str) -> Finding:
        return Finding(rule="R", severity=Severity.FLAG, where=where, message="m")

    marks = Marks.of(
        [finding("row 7 n"), finding("whole file"), finding("row 7 n, row 8"), finding("column “n”")], HEADINGS
    )
    assert [marks.after(number) for number in (0, 1, 2, 3, 4)] == [1, 3, 3, 4, 1]
    assert [mark.number for mark in marks.cells[7, 1]] == [1, 3]
    assert [mark.number for mark in marks.rows[8]] == [3]
    assert [mark.number for mark in marks.columns[1]] == [4]
    assert Marks.of([finding("whole file")], HEADINGS).after(0) is None
