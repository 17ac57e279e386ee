"""The list of sessions that a namespace's admission policies let in: written before a pod, taken back after it."""

from __future__ import annotations

import time
from typing import Any

from orchestrator.core.errors import Conflict, Refused
from orchestrator.workspaces.admission import allowed
from orchestrator.workspaces.builder import session_parameters
from orchestrator.workspaces.objects import Object
from orchestrator.workspaces.places import ClusterLayout, PlacePlan

from .cluster import Cluster
from .kinds import CONFIG_MAP, POD
from .watching import Mirror

__all__ = ["SessionList"]

_PREFIX = "session-"
_PAUSE_SECONDS = 0.1


class SessionList:
    """Keeps the ConfigMap ``sessions`` of each namespace. Callers hold the project's lock."""

    def __init__(self, cluster: Cluster, mirror: Mirror, layout: ClusterLayout) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self._layout = layout

    def add(self, place: PlacePlan, session_id: str, pod: Object) -> None:
        """Let this very pod in."""
        listed = self._listed(place)
        if listed.get(session_id) != allowed(pod):
            self._write(place, {**listed, session_id: allowed(pod)})

    def drop(self, place: PlacePlan, session_id: str) -> None:
        """Let a session in no more."""
        listed = self._listed(place)
        if listed.pop(session_id, None) is not None:
            self._write(place, listed)

    def clear(self, place: PlacePlan) -> None:
        """Let nobody in any more."""
        if self._listed(place):
            self._write(place, {})

    def admitted(self, pod: Object, *, deadline: float) -> dict[str, Any]:
        """Make the pod; while the API server does not know the list's newest entry yet, ask again."""
        metadata = pod["metadata"]
        while True:
            try:
                return self._cluster.create(pod)
            except Conflict:
                held = self._cluster.get(POD, metadata["name"], metadata["namespace"])
                if held is None:
                    raise
                return held
            except Refused:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)

    def _listed(self, place: PlacePlan) -> dict[str, str]:
        held = self._cluster.get(CONFIG_MAP, "sessions", place.name)
        data: dict[str, str] = (held or {}).get("data") or {}
        return {name.removeprefix(_PREFIX): text for name, text in data.items()}

    def _write(self, place: PlacePlan, sessions: dict[str, str]) -> None:
        self._mirror.wrote(self._cluster.apply(session_parameters(place, self._layout, sessions)))
