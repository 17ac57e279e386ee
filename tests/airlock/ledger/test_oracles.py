"""Known problems with known answers."""

from __future__ import annotations

import pytest

from orchestrator.airlock.ledger.numbers import Numbers
from orchestrator.airlock.model import Severity
from tests.airlock.ledger.outsider import found, known, released, tables

# sdcTools/sdcTable, tests/testthat/test-simpleheuristic.R: two suppressions or more in every row and column, and yet
# (w, b) can be computed from rows w and x and columns a and c.
PROBLEM = """v1,a,b,c,d,tot
w,*,*,*,89,230
x,*,124,*,31,250
y,92,*,59,*,336
z,800,*,651,*,3127
tot,1021,1262,770,890,3943
"""


def test_every_line_has_two_masks_and_a_cell_is_known_all_the_same():
    answers = known(tables(PROBLEM))

    assert answers["table.csv", frozenset({"w", "b"})].after == (47, 47)
    others = {cell for cell, each in answers.items() if each.after[0] == each.after[1]}
    assert others == {("table.csv", frozenset({"w", "b"}))}
    (finding,) = found(tables(PROBLEM))
    assert (finding.rule, finding.severity, finding.low, finding.high) == ("LEDGER_CELL_PINNED", Severity.FLAG, 47, 47)
    assert "“b”, v1 “w” is exactly 47" in finding.message


@pytest.mark.parametrize(
    ("shown", "masked", "after"),
    [("x,*,124,*,31", "x,*,124,*,*", (0, 78)), ("x,*,124,*,31", "x,*,*,*,31", (0, 141))],
    ids=["(x,d) too", "(x,b) too, as sdcTable's own test asserts"],
)
def test_one_more_mask_makes_it_safe(shown: str, masked: str, after: tuple[int, int]):
    safe = tables(PROBLEM.replace(shown, masked))

    assert known(safe)["table.csv", frozenset({"w", "b"})].after == after
    assert found(safe) == []


# sdcTools/sdcTable, tests/testthat/test-linked-tables.r: 20 people in county 1, 30 in small regions; K and N between.
COUNTIES = """county,region,n
c1,A,*
c1,B,*
c1,I,8
c1,J,8
c1,Total,20
c2,K,*
c2,L,*
c2,M,*
c2,N,7
c2,Total,16
Total,Total,36
"""
SIZES = """size,region,n
small,A,*
small,B,*
small,I,8
small,J,8
small,K,*
small,N,7
small,Total,30
big,L,*
big,M,*
big,Total,6
Total,Total,36
"""


def test_linked_tables_are_safe_alone_and_not_together():
    numbers = Numbers(threshold=4)
    counties, sizes = tables(COUNTIES, "counties.csv", numbers), tables(SIZES, "sizes.csv", numbers)

    assert found(counties, numbers=numbers) == []
    assert found(sizes, numbers=numbers) == []
    together = known(counties + sizes, numbers=numbers)
    assert together["counties.csv", frozenset({"c2", "k"})].after == (3, 3)
    assert {each.rule for each in found(counties + sizes, numbers=numbers)} == {"LEDGER_CELL_PINNED"}


def test_linked_tables_are_safe_with_one_more_mask_in_both():
    numbers = Numbers(threshold=4)
    counties = tables(COUNTIES.replace("N,7", "N,*"), "counties.csv", numbers)
    sizes = tables(SIZES.replace("N,7", "N,*"), "sizes.csv", numbers)

    assert found(counties + sizes, numbers=numbers) == []
    assert known(counties + sizes, numbers=numbers)["counties.csv", frozenset({"c2", "k"})].after == (0, 10)


# ACRO 1.0.2 suppresses by leaving records out, so its margins are of the shown cells: 33 - 30 = 3.
RECOMPUTED = """region,F,M,All
north,30,,30
south,25,40,65
east,20,21,41
west,50,50,100
All,125,111,236
"""
ONE_WAY = """region,n
north,33
south,65
east,41
west,100
"""


def test_recomputed_margins_tell_nothing_alone():
    assert known(tables(RECOMPUTED))["table.csv", frozenset({"north", "male"})].after == (0, None)
    assert found(tables(RECOMPUTED)) == []


def test_recomputed_margins_and_an_ordinary_table_give_the_cell():
    (finding,) = found(tables(RECOMPUTED, "suppressed.csv") + tables(ONE_WAY, "regions.csv"))

    assert (finding.rule, finding.severity) == ("LEDGER_CELL_PINNED", Severity.BLOCK)
    assert (finding.low, finding.high) == (3, 3)
    assert finding.file == "suppressed.csv"
    assert finding.where == "row 2, column “M”"
    assert "exactly 3, below 10" in finding.message
    assert "“regions.csv” of the same request" in finding.message


def test_recomputed_margins_and_an_earlier_release_give_the_cell():
    for order in (("r", "o"), ("o", "r")):
        parts = {"r": tables(RECOMPUTED, "suppressed.csv"), "o": tables(ONE_WAY, "regions.csv")}
        (finding,) = found(parts[order[0]], released(parts[order[1]], release="r7"))
        assert (finding.rule, finding.low, finding.high, finding.releases) == ("LEDGER_CELL_PINNED", 3, 3, ("r7",))


# OpenSAFELY's rule: up to 7 redacted, the rest rounded to 5. A row of four redacted cells with a rounded total.
def test_redaction_and_rounding_leave_intervals():
    text = "region,F,M,Total\n" + "".join(f"r{n},{20 + 5 * n},{40 + 5 * n},{60 + 10 * n}\n" for n in range(8))
    text += "s,<=7,200,200\n"
    answers = known(tables(text, numbers=Numbers(threshold=8, rounding=5)), numbers=Numbers(threshold=8, rounding=5))

    assert answers["table.csv", frozenset({"s", "female"})].after == (1, 4)  # 200 ± 2 less 200 ± 2
