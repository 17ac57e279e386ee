"""Which volumes a place has: those of the grants that stand, whoever may enter at the moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.access.model import GrantState
from orchestrator.assembly.controller import provisioning
from orchestrator.core.errors import NotFound
from orchestrator.discovery.model import Delivery

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def grant(version: str, *, state: GrantState = GrantState.ACTIVE, days: int = 10) -> Any:
    return SimpleNamespace(version_id=version, state=state, agreement_until=NOW + timedelta(days=days))


class House:
    """Only what is asked; nobody is admitted, and nobody asks who is."""

    def __init__(self, *grants: Any) -> None:
        self.settings = SimpleNamespace(kubernetes=SimpleNamespace(volumes={"disk": {}}))
        self.record = SimpleNamespace(clock=lambda: NOW)
        self.access = SimpleNamespace(project_record=self._project)
        self.discovery = SimpleNamespace(version=self._version)
        self._grants = grants

    def _project(self, project_id: str) -> Any:
        if project_id != "known":
            raise NotFound("There is no such project.")
        return SimpleNamespace(grants=self._grants)

    def _version(self, version_id: str) -> Any:
        delivery = Delivery.FILES if version_id == "files" else Delivery.VOLUME
        return SimpleNamespace(version_id=version_id, delivery=delivery, volume=f"disk of {version_id}")


def test_the_grants_that_stand_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "volume_plan", lambda _settings, name, version: (name, version))
    house: Any = House(
        grant("b"),
        grant("a"),
        grant("files"),
        grant("withdrawn", state=GrantState.WITHDRAWN),
        grant("ended", state=GrantState.ENDED),
        grant("over", days=-1),
    )
    found: Any = provisioning._volumes(house, "known")
    assert found == (("disk of a", "a"), ("disk of b", "b"))
    assert provisioning._volumes(house, "unknown") == ()
