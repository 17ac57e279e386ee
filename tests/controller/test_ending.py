"""A controller that ends, however it ends, leaves no connection open."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import orchestrator.assembly
from orchestrator.assembly.controller.controls import Controls
from orchestrator.controller import loop


def test_a_controller_that_fails_to_start_closes_itself_and_then_its_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[str] = []

    def fails() -> None:
        raise RuntimeError("no start")

    hubs, harvesting = (SimpleNamespace(close=lambda name=name: closed.append(name)) for name in ("hubs", "harvest"))
    controls: Any = SimpleNamespace(hubs=hubs, harvesting=harvesting)
    controls.close = lambda: Controls.close(controls)
    controller = SimpleNamespace(start=fails, close=lambda: closed.append("controller"))
    monkeypatch.setattr(orchestrator.assembly, "open_controls", lambda _: controls)
    monkeypatch.setattr(loop, "Controller", lambda _: controller)
    monkeypatch.setattr(loop, "health_server", lambda *_: None)
    monkeypatch.setattr(loop, "_collect_seldom", lambda: None)
    monkeypatch.setattr("orchestrator.controller.loop.signal.signal", lambda *_: None)
    house: Any = None
    with pytest.raises(RuntimeError, match="no start"):
        loop.run(house)
    assert closed == ["controller", "hubs", "harvest"]
