"""The chart, loaded once, and its values that set everything."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

CHART = Path(__file__).parents[2] / "helm"

Render = Callable[[dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def chart() -> helm_python.Chart:
    return helm_python.Chart.load(str(CHART))


@pytest.fixture
def everything() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CHART / "ci" / "everything.yaml").read_text())
    return copy.deepcopy(found)


@pytest.fixture(scope="session")
def render(chart: helm_python.Chart) -> Render:
    """Every object that the chart makes of these values, after Helm has checked them."""

    def objects(values: dict[str, Any]) -> list[dict[str, Any]]:
        chart.validate_schema(values)
        made = chart.render(values, name="tre", namespace="tre-system")
        texts = [text for path, text in sorted(made.items()) if path.endswith(".yaml")]
        return [thing for text in texts for thing in yaml.safe_load_all(text) if thing]

    return objects
