"""A running project over two custodians on real rooms, with its register."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world of a test's own."""
    made = make_world(tmp_path)
    yield made
    made.house.record.engine.dispose()
