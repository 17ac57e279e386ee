"""What the controller takes from a dataset agent's answers."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.adapters.agent_control import AgentControl
from orchestrator.core.errors import Unavailable
from orchestrator.core.ids import new_id

PROJECT = new_id()


def _agent(answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> AgentControl:
    monkeypatch.setattr(AgentControl, "__abstractmethods__", frozenset())
    agent = AgentControl()  # type: ignore[abstract]
    monkeypatch.setattr(agent, "_ask", lambda *_: answer)
    return agent


def test_a_life_is_an_identifier_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    life = new_id()
    assert _agent({"life": life}, monkeypatch).life(PROJECT) == life
    assert _agent({}, monkeypatch).life(PROJECT) == ""


@pytest.mark.parametrize("life", ["-", "a" * 17, ["a"], 7, "../../etc/passwd"])
def test_a_life_that_no_agent_tells_is_refused(life: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match="told a life"):
        _agent({"life": life}, monkeypatch).life(PROJECT)
