"""The portal's world: real rooms on SQLite, told once per module where tests only look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.chromium import launched, serving
from tests.web.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world of a test's own, to change."""
    made = make_world(tmp_path)
    yield made
    made.house.record.engine.dispose()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world for tests that only look."""
    made = make_world(tmp_path_factory.mktemp("portal"))
    yield made
    made.house.record.engine.dispose()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The portal on a free port of loopback, with a story in progress."""
    with serving(tmp_path_factory.mktemp("served")) as world:
        yield world


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """A real Chromium."""
    with launched() as browser:
        yield browser
