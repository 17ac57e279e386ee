"""What a waking workspace need not wait for, and what does not hold up one that goes to sleep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestrator.access.model import Granted
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Unavailable
from orchestrator.workspaces.ports import Delivered
from tests.workspaces.test_keeping import PROJECT, World


@pytest.fixture
def world(record: Record, clock: FixedClock, tmp_path: Path) -> World:
    return World(record, clock, tmp_path)


def test_the_hub_starts_before_the_data_are_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure, awake = world.delivery.ensure, []

    def slow(project_id: str, wanted: Sequence[Granted]) -> Delivered:
        awake.append(set(world.backend.awake))
        return ensure(project_id, wanted)

    monkeypatch.setattr(world.delivery, "ensure", slow)
    world.open()
    assert world.keeper.keep(PROJECT) == []
    assert awake == [{PROJECT}]
    assert world.register.workspace(PROJECT).ready_at is not None


def test_a_hub_that_cannot_start_early_is_told_once_and_the_data_come_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_yet(_plan: Any) -> bool:
        raise Unavailable("The project's place is being made.", system="kubernetes")

    monkeypatch.setattr(world.backend, "wake", not_yet)
    world.open()
    assert world.keeper.keep(PROJECT) == ["The project's place is being made."]
    assert PROJECT in world.delivery.projects()
    assert world.register.workspace(PROJECT).ready_at is None


def test_a_gate_that_has_gone_does_not_keep_a_workspace_from_sleeping(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_project_id: str) -> dict[str, int]:
        raise Unavailable("The workspace's gate is not there.", system="gate")

    world.open()
    world.keeper.keep(PROJECT)
    monkeypatch.setattr(world.backend, "bytes_to_browser", gone)
    world.register.asleep(PROJECT, "idle")
    assert world.keeper.keep(PROJECT) == []
    assert world.backend.awake == {}
    assert world.delivery.projects() == set()
