"""The objects of one kind as last heard of, small in memory, and never older than what this process wrote itself.

Versions are compared for equality only. An own write is held until the watch has said exactly that version: what
comes before it is older, and acting upon it would undo or repeat the write.
"""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["PROJECT", "Held", "Holding", "Key"]

PROJECT = "tre.orchestrator/project"
_REMEMBERED = 2048
_HISTORY = 4

Key = tuple[str, str]
"""Namespace (empty for what lies in none) and name."""


@dataclass(frozen=True, slots=True)
class Held:
    """One object as last heard of; its body is packed, because thousands of them are held."""

    uid: str
    version: str
    project: str
    packed: bytes
    before: tuple[str, ...] = ()
    """The versions it had before, newest first."""

    @property
    def body(self) -> dict[str, Any]:
        """The whole object, without what only says who set which field."""
        unpacked: dict[str, Any] = json.loads(zlib.decompress(self.packed))
        return unpacked


@dataclass(frozen=True, slots=True)
class _Awaited:
    uid: str
    version: str
    since: float


class Holding:
    """Every object of one kind that a watch tells of, safe for any thread."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._held: dict[Key, Held] = {}
        self._places: defaultdict[str, set[Key]] = defaultdict(set)
        self._awaited: dict[Key, _Awaited] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()

    def get(self, key: Key) -> Held | None:
        """Return one object as last heard of."""
        with self._lock:
            return self._held.get(key)

    def of(self, place: str) -> list[tuple[Key, Held]]:
        """Return what lies in a namespace or, of what lies in none, what belongs to a project."""
        with self._lock:
            return [(key, self._held[key]) for key in sorted(self._places.get(place, ()))]

    def all(self) -> list[tuple[Key, Held]]:
        """Return everything."""
        with self._lock:
            return sorted(self._held.items(), key=lambda pair: pair[0])

    def replace(self, items: Iterable[Mapping[str, Any]], *, began: float) -> set[str]:
        """Take a whole list that was begun at that time; return the projects for which something is different."""
        fresh = dict(_packed(items))
        with self._lock:
            for key, awaited in list(self._awaited.items()):
                if awaited.since >= began and key in self._held:
                    fresh[key] = self._held[key]  # written after the list was begun: the list may not have it
                else:
                    del self._awaited[key]
            keys = self._held.keys() | fresh.keys()
            different = [key for key in keys if _other(self._held.get(key), fresh.get(key))]
            touched = {held.project for key in different for held in (self._held.get(key), fresh.get(key)) if held}
            self._held = fresh
            self._places = defaultdict(set)
            for key, held in fresh.items():
                self._places[_place(key, held)].add(key)
        return touched

    def heard(self, item: Mapping[str, Any], *, deleted: bool) -> set[str]:
        """Take one thing the watch said; return the projects for which something is different."""
        (key, held), *_ = _packed([item])
        with self._lock:
            awaited = self._awaited.get(key)
            if awaited is not None and not _reached(awaited, held, deleted=deleted):
                return set()
            self._awaited.pop(key, None)
            before = self._held.get(key)
            if deleted:
                self._forget(key, held.uid)
            else:
                self._keep(key, held)
        return {seen.project for seen in (before, held) if seen}

    def wrote(self, item: Mapping[str, Any]) -> None:
        """Take the API server's answer to an own write."""
        (key, held), *_ = _packed([item])
        with self._lock:
            before = self._held.get(key)
            if held.uid in self._gone or (before and held.version in (before.version, *before.before)):
                return  # the watch was quicker
            self._keep(key, held)
            self._awaited[key] = _Awaited(held.uid, held.version, self._monotonic())

    def overdue(self, seconds: float) -> bool:
        """Say whether an own write was not heard of for so long that only a new list can tell."""
        with self._lock:
            return any(self._monotonic() - awaited.since > seconds for awaited in self._awaited.values())

    def _keep(self, key: Key, held: Held) -> None:
        before = self._held.get(key)
        if before is not None:
            self._places[_place(key, before)].discard(key)
            if before.uid == held.uid and before.version != held.version:
                history = (before.version, *before.before)[:_HISTORY]
                held = Held(held.uid, held.version, held.project, held.packed, history)
        self._held[key] = held
        self._places[_place(key, held)].add(key)

    def _forget(self, key: Key, uid: str) -> None:
        before = self._held.pop(key, None)
        if before is not None:
            self._places[_place(key, before)].discard(key)
        self._gone[uid] = None
        while len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)


def _packed(items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Key, Held]]:
    for item in items:
        metadata = {name: value for name, value in item["metadata"].items() if name != "managedFields"}
        text = json.dumps({**item, "metadata": metadata}, separators=(",", ":"))
        project = metadata.get("labels", {}).get(PROJECT, "")
        key = (metadata.get("namespace", ""), metadata["name"])
        yield key, Held(metadata["uid"], metadata["resourceVersion"], project, zlib.compress(text.encode(), 1))


def _place(key: Key, held: Held) -> str:
    return key[0] or f"project/{held.project}"


def _reached(awaited: _Awaited, held: Held, *, deleted: bool) -> bool:
    """Say whether the watch has come to the own write that is awaited, or to the end of that very object."""
    return held.uid == awaited.uid if deleted else held.version == awaited.version


def _other(before: Held | None, after: Held | None) -> bool:
    return (before and (before.uid, before.version)) != (after and (after.uid, after.version))
