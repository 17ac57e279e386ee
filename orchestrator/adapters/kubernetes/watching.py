"""What the cluster holds, heard from watches: one thread a kind, resumed, re-opened and listed anew as needed.

A watch that is closed is opened again where it ended; one that fell silent, that lost its version (410 Gone) or that
was cut off starts from a new list, which the API server promises not to be older than what was heard before. Whoever
decides by this mirror asks ``fresh`` first: without a sign of life from every kind it is not to be trusted.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from orchestrator.core.errors import OrchestratorError, Unavailable

from .cluster import Cluster, Expired
from .held import PROJECT, Holding
from .kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    INGRESS,
    LIMIT_RANGE,
    NAMESPACE,
    NETWORK_POLICY,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    RESOURCE_QUOTA,
    ROLE,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
    kind_of,
)

__all__ = ["INSTALLATION", "WATCHED", "Mirror"]

_log = logging.getLogger(__name__)

INSTALLATION = "tre.orchestrator/installation"
WATCHED = (
    NAMESPACE,
    NETWORK_POLICY,
    POD,
    DEPLOYMENT,
    SERVICE,
    INGRESS,
    CONFIG_MAP,
    SECRET,
    SERVICE_ACCOUNT,
    RESOURCE_QUOTA,
    LIMIT_RANGE,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    ROLE,
    ROLE_BINDING,
)
_WHOLE = frozenset({NETWORK_POLICY})
"""Kinds watched without a label: a network policy that anybody adds to a project's namespace opens it."""
_WATCH_SECONDS = 60
_OVERDUE_SECONDS = 20.0
_LONGEST_PAUSE = 10.0


class Mirror:
    """The objects of one installation, kept up to date in the background."""

    def __init__(
        self,
        cluster: Cluster,
        installation: str,
        *,
        changed: Callable[[str], None] = lambda _project: None,
        kinds: Iterable[Kind] = WATCHED,
        watch_seconds: int = _WATCH_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._selector = f"{INSTALLATION}={installation}"
        self._changed = changed
        self._watch_seconds = watch_seconds
        self._monotonic = monotonic
        self._holdings = {kind: Holding(monotonic=monotonic) for kind in kinds}
        self._heard: dict[Kind, float] = {}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to listen; returns at once."""
        for kind in self._holdings:
            thread = threading.Thread(target=self._follow, args=(kind,), name=f"watch-{kind.plural}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop listening. Threads that wait for the API server end with their watch."""
        self._stopping.set()

    def synced(self) -> bool:
        """Say whether every kind was listed once, so that absence means something."""
        return len(self._heard) == len(self._holdings)

    def age(self) -> float:
        """Return for how many seconds the quietest kind gave no sign of life; endless before the first list."""
        if not self.synced():
            return float("inf")
        return self._monotonic() - min(self._heard.values())

    def check(self, longest: float | None = None) -> None:
        """Raise ``Unavailable`` unless every kind gave a sign of life lately: nothing is decided by an old picture."""
        limit = 3.0 * self._watch_seconds if longest is None else longest
        if self.age() > limit:
            raise Unavailable(
                "What the cluster holds is not known well enough to act: wait until its API server answers again.",
                system="kubernetes",
            )

    def wait(self, seconds: float) -> bool:
        """Wait until every kind was listed; say whether that came true in time."""
        end = self._monotonic() + seconds
        while not self.synced() and self._monotonic() < end and not self._stopping.is_set():
            time.sleep(0.02)
        return self.synced()

    def get(self, kind: Kind, name: str, namespace: str = "") -> dict[str, Any] | None:
        """Return one object as last heard of, or ``None``."""
        held = self._holdings[kind].get((namespace, name))
        return held.body if held else None

    def identity(self, kind: Kind, name: str, namespace: str = "") -> tuple[str, str] | None:
        """Return one object's uid and version without unpacking it."""
        held = self._holdings[kind].get((namespace, name))
        return (held.uid, held.version) if held else None

    def list(self, kind: Kind, namespace: str = "") -> list[dict[str, Any]]:
        """Return the objects of one kind, of one namespace or of all."""
        holding = self._holdings[kind]
        return [held.body for _, held in (holding.of(namespace) if namespace else holding.all())]

    def names(self, kind: Kind, place: str) -> Iterable[tuple[str, str, str]]:
        """Return name, uid and project of what a namespace holds or, of what lies in none, a ``project/ID``."""
        return [(key[1], held.uid, held.project) for key, held in self._holdings[kind].of(place)]

    def wrote(self, item: Mapping[str, Any]) -> None:
        """Hold the answer to an own write at once, so that an older picture is not acted upon."""
        holding = self._holdings.get(kind_of(item))
        if holding is not None:
            holding.wrote(item)

    def _follow(self, kind: Kind) -> None:
        version, troubles = "", 0
        while not self._stopping.is_set():
            try:
                version = self._listen(kind, version) if version else self._list(kind, "")
                troubles = 0
            except Expired:
                version = self._relist(kind, version)
            except OrchestratorError as error:
                troubles += 1
                _log.warning("watching %s: %s", kind.plural, error.message)
                pause = min(0.2 * 2**troubles, _LONGEST_PAUSE)
                self._stopping.wait(random.uniform(pause / 2, pause))  # noqa: S311 - spread, no secret
                version = self._relist(kind, version)
            except Exception:  # noqa: BLE001 - a watch that ended silently would never be noticed
                _log.exception("watching %s", kind.plural)
                self._stopping.wait(_LONGEST_PAUSE)
                version = ""

    def _relist(self, kind: Kind, version: str) -> str:
        """List anew, not older than what was heard; an empty version says that it did not work and is tried again."""
        try:
            return self._list(kind, version)
        except OrchestratorError as error:
            _log.warning("listing %s: %s", kind.plural, error.message)
            self._stopping.wait(random.uniform(0.2, 1.0))  # noqa: S311 - spread, no secret
            return version

    def _list(self, kind: Kind, version: str) -> str:
        began = self._monotonic()
        listing = self._cluster.list(kind, "", self._label(kind), not_older_than=version)
        touched = self._holdings[kind].replace(listing.items, began=began)
        self._heard[kind] = self._monotonic()
        self._tell(touched if kind not in _WHOLE else {project for project in touched if self._ours(project)})
        return listing.resource_version

    def _listen(self, kind: Kind, version: str) -> str:
        holding = self._holdings[kind]
        seconds, began = self._watch_seconds, self._monotonic()
        for change in self._cluster.watch(kind, self._label(kind), version, seconds=seconds, silence=seconds + 10.0):
            if self._stopping.is_set():
                return version
            self._heard[kind] = self._monotonic()
            version = change.resource_version or version
            if change.type != "BOOKMARK":
                self._tell(self._hear(kind, change.object, deleted=change.type == "DELETED"))
            if holding.overdue(_OVERDUE_SECONDS):
                raise Expired("An own write was not heard of: list anew.")
        ended = self._heard[kind] = self._monotonic()
        if ended - began < 1.0:  # closed at once: do not hammer
            self._stopping.wait(random.uniform(0.2, 1.0))  # noqa: S311 - spread, no secret
        return version

    def _hear(self, kind: Kind, item: dict[str, Any], *, deleted: bool) -> set[str]:
        item = {**item, "apiVersion": kind.api_version, "kind": kind.name}
        touched = self._holdings[kind].heard(item, deleted=deleted)
        if kind not in _WHOLE:
            return touched
        return {project for project in touched if self._ours(project)} | self._owner(item)

    def _ours(self, project: str) -> bool:
        """Say whether the project has a namespace of this installation; what is watched whole also tells of others."""
        return NAMESPACE not in self._holdings or bool(self._holdings[NAMESPACE].of(f"project/{project}"))

    def _owner(self, item: Mapping[str, Any]) -> set[str]:
        """Return the project whose namespace this lies in: what is not labelled belongs to it too."""
        namespace = self.get(NAMESPACE, item["metadata"].get("namespace", "")) if NAMESPACE in self._holdings else None
        return {namespace["metadata"].get("labels", {}).get(PROJECT, "")} if namespace else set()

    def _tell(self, projects: Iterable[str]) -> None:
        for project in sorted(projects):
            if project:
                self._changed(project)

    def _label(self, kind: Kind) -> str:
        return "" if kind in _WHOLE else self._selector
