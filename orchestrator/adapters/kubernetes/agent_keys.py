"""Until when an agent may hold keys of an object store: noted on the claim that it brings the data into.

A store's short-lived keys cannot be taken back before they end. So it is written down that an agent gets some, before
it gets them and where every controller finds it: what is withdrawn meanwhile costs the agent its pod, and with it its
memory and its way to the store.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from orchestrator.core.clock import Clock, system_clock
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.credentials.ports import Source

from .cluster import Cluster
from .kinds import PERSISTENT_VOLUME_CLAIM

__all__ = ["StoreKeys"]

_CLAIM = "data"
_NOTE = "data.tre.orchestrator/keys-"
"""Annotation, one for each version: when the last keys that were given for it end."""
_LATE = timedelta(minutes=1)
"""A store's clock may go a little behind ours."""
_REMEMBERED_SECONDS = 30.0
"""Only who leads gives keys away, so what is remembered is old only where the lead went to and fro."""


class StoreKeys:
    """The notes of all projects, by namespace."""

    def __init__(self, cluster: Cluster, *, clock: Clock = system_clock) -> None:
        self._cluster = cluster
        self._clock = clock
        self._remembered: dict[str, tuple[float, Mapping[str, str]]] = {}

    def note(self, namespace: str, version_id: str, source: Source) -> None:
        """Note that the agent is about to get the keys of ``source``; nothing where it has none."""
        keys = source.get("credentials")
        if source.get("kind") != "objects" or not isinstance(keys, Mapping):
            return
        try:
            self._change(namespace, {"op": "add", "path": _path(version_id), "value": str(keys.get("until", ""))})
        except NotFound as error:
            raise NotPossible("The project's volume for data is not there: it has to be provisioned first.") from error

    def living(self, namespace: str) -> set[str]:
        """Return the versions for which keys were given that may be good still; what cannot be read may be."""
        moment, noted = self._remembered.get(namespace, (float("-inf"), {}))
        if time.monotonic() - moment > _REMEMBERED_SECONDS:
            noted = self._noted(namespace)
            self._remembered[namespace] = (time.monotonic(), noted)
        return {version_id for version_id, until in noted.items() if self._clock() < _end(until)}

    def forget(self, namespace: str, version_id: str = "") -> None:
        """Note that whoever had a version's keys, or all keys, is gone."""
        gone = [noted for noted in self._noted(namespace) if version_id in ("", noted)]
        if gone:
            self._change(namespace, *({"op": "remove", "path": _path(noted)} for noted in gone))

    def _change(self, namespace: str, *steps: Mapping[str, str]) -> None:
        try:
            self._cluster.patch(PERSISTENT_VOLUME_CLAIM, _CLAIM, namespace, steps)
        finally:
            self._remembered.pop(namespace, None)

    def _noted(self, namespace: str) -> Mapping[str, str]:
        claim = self._cluster.get(PERSISTENT_VOLUME_CLAIM, _CLAIM, namespace) or {}
        found: Mapping[str, str] = claim.get("metadata", {}).get("annotations") or {}
        return {name.removeprefix(_NOTE): until for name, until in found.items() if name.startswith(_NOTE)}


def _end(until: str) -> datetime:
    try:
        return datetime.fromisoformat(until) + _LATE
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def _path(version_id: str) -> str:
    return f"/metadata/annotations/{_NOTE.replace('/', '~1')}{version_id}"
