"""Journeys share one installation for each file: starting one takes most of their time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.ground import Ground, running_installation


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """A running installation of this file's own."""
    with running_installation() as ground:
        yield ground
