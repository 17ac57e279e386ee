"""A running project over two custodians on real rooms, with its register; and two hubs of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.transparency.hubs import Installation, Told
from tests.web.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world of a test's own."""
    made = make_world(tmp_path)
    yield made
    made.house.record.engine.dispose()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    folder = tmp_path_factory.mktemp("told")
    return {name: Told.make(folder / name, f"Hub {name.title()}") for name in ("north", "south")}


@pytest.fixture
def north(told: dict[str, Told], tmp_path: Path) -> Iterator[Installation]:
    made = told["north"].copied(tmp_path / "north")
    yield made
    made.close()


@pytest.fixture
def south(told: dict[str, Told], tmp_path: Path) -> Iterator[Installation]:
    made = told["south"].copied(tmp_path / "south")
    yield made
    made.close()
