"""The airlock's world for every test of this room."""

from __future__ import annotations

import pytest

from tests.airlock.world import World, make_world


@pytest.fixture
def world(record, clock, policy, tmp_path) -> World:
    """An airlock whose neighbours are fakes and whose record, rules, checks and files are real."""
    return make_world(record, clock, policy, tmp_path)
