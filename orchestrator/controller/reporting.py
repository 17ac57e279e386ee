"""Says whether the controller lives and whether it could work now, and hands out its figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from prometheus_client import CONTENT_TYPE_LATEST

from orchestrator.core.errors import OrchestratorError

from .health import Answer, HealthServer, checked
from .metrics import Metrics

if TYPE_CHECKING:
    from orchestrator.assembly import Controls

__all__ = ["Beating", "health_server"]

_STILL = 30.0
"""A loop that has not come round for so long is stuck."""
_OLD = 180.0
"""A picture of the cluster that was not confirmed for so long is not relied on."""


class Beating(Protocol):
    """A controller, as seen from outside."""

    beat: float
    metrics: Metrics

    def leads(self) -> bool:
        """Say whether it may act now."""


def health_server(controls: Controls, controller: Beating) -> HealthServer | None:
    """Return the server for the address in the settings, not started yet; none where the settings name no port."""
    chosen = controls.house.settings.controller
    if chosen.health_port is None:
        return None
    return HealthServer(chosen.health_host, chosen.health_port, _routes(controls, controller))


def _routes(controls: Controls, controller: Beating) -> Mapping[str, Callable[[], Answer]]:
    return {
        "/healthz": lambda: checked({"loop": _loop(controller)}),
        "/readyz": lambda: checked(
            {"record": _record(controls), "cluster": _cluster(controls), "vault": _vault(controls)},
            role="leader" if controller.leads() else "standby",
        ),
        "/metrics": lambda: (200, CONTENT_TYPE_LATEST, controller.metrics.text()),
    }


def _loop(controller: Beating) -> str:
    still = time.monotonic() - controller.beat
    return f"it has not come round for {still:.0f} s" if still > _STILL else ""


def _record(controls: Controls) -> str:
    try:
        controls.house.audit.size()
    except OrchestratorError as error:
        return error.message
    return ""


def _cluster(controls: Controls) -> str:
    return "what it holds was not confirmed lately" if controls.surroundings.age() > _OLD else ""


def _vault(controls: Controls) -> str:
    try:
        return "" if controls.vault.ready() else "it is sealed or does not answer"
    except OrchestratorError as error:
        return error.message
