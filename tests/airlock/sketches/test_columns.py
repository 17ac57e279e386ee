"""Single columns of the data in results."""

from __future__ import annotations

import pandas as pd
import pytest

from orchestrator.airlock.sketches.sketch import Sketch

from .tables import compared, people, rules, sketch_of


@pytest.fixture(scope="module")
def stays() -> tuple[Sketch, pd.DataFrame]:
    frame = people(60_000)
    return sketch_of({"stays.csv": frame}), frame


@pytest.mark.parametrize("column", ["bmi", "cost", "sbp", "icd", "age"])
def test_values_in_the_order_of_the_data_stay_inside(stays: tuple[Sketch, pd.DataFrame], column: str) -> None:
    sketch, frame = stays
    findings = compared(sketch, frame[[column]].iloc[1000:1300].rename(columns={column: "x"}))
    assert rules(findings) == {"COLUMN_DUMP": "block"}
    assert "follow each other" in findings[0].message


@pytest.mark.parametrize(("column", "every"), [("bmi", 3), ("sex", 1), ("age", 2)])
def test_shuffled_or_telling_little_it_is_left_to_people(
    stays: tuple[Sketch, pd.DataFrame], column: str, every: int
) -> None:
    sketch, frame = stays
    assert rules(compared(sketch, frame[[column]].iloc[1000:1300:every])) == {}


def test_a_sorted_column_follows_itself_anywhere(stays: tuple[Sketch, pd.DataFrame]) -> None:
    sketch, frame = stays
    assert rules(compared(sketch, pd.DataFrame({"age": range(18, 95), "n": 50}))) == {}
    assert rules(compared(sketch, frame[["admitted"]].drop_duplicates().sort_values("admitted"))) == {}


def test_a_list_of_identifiers_is_asked_about(stays: tuple[Sketch, pd.DataFrame]) -> None:
    sketch, frame = stays
    findings = compared(sketch, frame[["person"]].sample(30, random_state=1))
    assert rules(findings) == {"COLUMN_DUMP": "flag"}
    assert "30 of 30 distinct values" in findings[0].message


def test_identifiers_that_were_invented_are_not() -> None:
    """Of numbers with noughts in front, results keep the digits only: they are still known."""
    numbered = pd.DataFrame({"person": [f"{number:08d}" for number in range(0, 3_000_000, 997)]})
    numbered["age"] = range(len(numbered))
    sketch = sketch_of({"p.csv": numbered})
    assert rules(compared(sketch, numbered[["person"]].astype(int).sample(40, random_state=2))) != {}
    invented = pd.DataFrame({"person": range(1, 3_000_000, 70_001)})
    assert rules(compared(sketch, invented)) == {}
