"""Values that were changed on their way: standard scores, logarithms, other units, and marks of a plot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from orchestrator.airlock.reading.parts import Points
from orchestrator.airlock.sketches.sketch import Sketch

from .tables import compared, people, rules, sketch_of

_COLUMNS = ["age", "sbp", "bmi", "hba1c"]


@pytest.fixture(scope="module")
def stays() -> tuple[Sketch, pd.DataFrame]:
    frame = people(20_000)
    return sketch_of({"stays.csv": frame}), frame


def _scores(frame: pd.DataFrame) -> pd.DataFrame:
    return (frame - frame.mean()) / frame.std()


@pytest.mark.parametrize(
    "change",
    [
        _scores,
        lambda frame: _scores(frame).round(6),
        np.log,
        lambda frame: np.log10(frame).round(6),
        np.sqrt,
        lambda frame: frame * 0.393701,
        lambda frame: 250 - 1.7 * frame,
    ],
    ids=["scores", "rounded scores", "logarithm", "rounded logarithm", "root", "inches", "turned round"],
)
def test_a_change_that_keeps_the_order_is_undone(stays: tuple[Sketch, pd.DataFrame], change) -> None:
    sketch, frame = stays
    changed = change(frame[_COLUMNS].sample(1500, random_state=3).astype(float))
    assert rules(compared(sketch, changed)) == {"ROW_OVERLAP": "block"}


def test_simulated_scores_are_left_alone(stays: tuple[Sketch, pd.DataFrame]) -> None:
    sketch, _ = stays
    assert rules(compared(sketch, _scores(people(1500, seed=9)[_COLUMNS]))) == {}
    normal = pd.DataFrame(np.random.default_rng(1).normal(size=(1500, 4)))
    assert rules(compared(sketch, normal)) == {}


def _points(frame: pd.DataFrame, x: str, y: str, *, pixels: bool) -> Points:
    xs, ys = frame[x].astype(float), frame[y].astype(float)
    if pixels:
        xs, ys = (57.6 + xs * 3.472).round(5), (307.584 - ys * 5.81).round(5)
    return Points(xs=tuple(xs), ys=tuple(ys))


@pytest.mark.parametrize("pixels", [False, True])
def test_the_marks_of_a_plot_are_records(pixels: bool) -> None:
    frame = people(2000)
    sketch = sketch_of({"stays.csv": frame})
    points = _points(frame.sample(500, random_state=1), "hba1c", "bmi", pixels=pixels)
    (finding,) = compared(sketch, points=(points,))
    assert (finding.rule, finding.severity.value) == ("PLOTTED_POINTS_MATCH", "block")
    assert "marks match" in finding.message


@pytest.mark.parametrize("pixels", [False, True])
def test_marks_of_means_and_of_simulated_people_are_not(pixels: bool) -> None:
    frame = people(2000)
    sketch = sketch_of({"stays.csv": frame})
    means = frame.groupby("age", as_index=False)[["bmi", "hba1c"]].mean()
    invented = people(500, seed=5)
    points = (_points(means, "age", "bmi", pixels=pixels), _points(invented, "hba1c", "bmi", pixels=pixels))
    assert compared(sketch, points=points) == []


def test_support_vectors_are_rows() -> None:
    """A classifier keeps scaled rows of its training data as they are."""
    frame = people(4000)
    sketch = sketch_of({"stays.csv": frame})
    scaled = _scores(frame[_COLUMNS])
    kept = scaled.sample(300, random_state=4)
    assert rules(compared(sketch, kept.round(8))) == {"ROW_OVERLAP": "block"}
