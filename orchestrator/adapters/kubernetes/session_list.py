"""The list of sessions that a namespace's admission policies let in: written before a pod, taken back after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from orchestrator.core.errors import Conflict, Invalid, NotFound, Refused
from orchestrator.workspaces.builder.admission import SESSION, allowed, session_annotation
from orchestrator.workspaces.builder.objects import Object
from orchestrator.workspaces.places.model import PlacePlan

from .cluster import Cluster
from .kinds import NAMESPACE, POD
from .watching import Mirror

__all__ = ["SessionList"]

_PAUSE_SECONDS = 0.1


class SessionList:
    """Keeps each namespace's annotations of sessions. Who lets in holds the project's lock; a withdrawal does not."""

    def __init__(self, cluster: Cluster, mirror: Mirror) -> None:
        self._cluster = cluster
        self._mirror = mirror

    def add(self, place: PlacePlan, session_id: str, pod: Object) -> None:
        """Let this very pod in."""
        name = session_annotation(session_id)
        if self._listed(place).get(name) != allowed(pod):
            self._change(place, {"op": "add", "path": _path(name), "value": allowed(pod)})

    def drop(self, place: PlacePlan, session_id: str) -> None:
        """Let a session in no more."""
        self._remove(place, lambda: self._listed(place).keys() & {session_annotation(session_id)})

    def clear(self, place: PlacePlan) -> None:
        """Let nobody in any more."""
        self._remove(place, lambda: self._listed(place).keys())

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

    def _remove(self, place: PlacePlan, unwanted: Callable[[], Collection[str]]) -> None:
        """Take annotations away. Somebody else may have done so meanwhile, and then the whole step is refused."""
        names = sorted(unwanted())
        if not names:
            return
        try:
            self._change(place, *[{"op": "remove", "path": _path(name)} for name in names])
        except (Conflict, Invalid, NotFound, Refused):
            if set(names) & set(unwanted()):
                raise

    def _listed(self, place: PlacePlan) -> dict[str, str]:
        held = self._cluster.get(NAMESPACE, place.name) or {}
        annotations: dict[str, str] = held.get("metadata", {}).get("annotations") or {}
        return {name: text for name, text in annotations.items() if name.startswith(SESSION)}

    def _change(self, place: PlacePlan, *steps: dict[str, str]) -> None:
        ours = {"op": "test", "path": _path("tre.orchestrator/project", "labels"), "value": place.project_id}
        self._mirror.wrote(self._cluster.patch(NAMESPACE, place.name, "", [ours, *steps]))


def _path(name: str, field: str = "annotations") -> str:
    return f"/metadata/{field}/{name.replace('/', '~1')}"
