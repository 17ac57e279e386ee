"""Brings objects in step with how they were built, writing only what differs, and says in words what had drifted."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.core.errors import Conflict, NotPossible, Refused
from orchestrator.workspaces.builder.objects import DIGEST

from .cluster import Cluster
from .differences import differences, steps
from .held import PROJECT
from .kinds import NAMESPACE, Kind, kind_of
from .watching import INSTALLATION, Mirror

__all__ = ["Applier", "Brought", "Prune", "stuck"]

_log = logging.getLogger(__name__)

COMPLETE = "tre.orchestrator/complete"
"""On the namespace: digest of the names of all that was made in it once, so that what is missing later has drifted."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SETTLED_AT_MOST = 200_000

Thing = dict[str, Any]
Prune = Callable[[Kind, Mapping[str, Any]], bool]
"""Says of an object in the namespace that was not built whether it has to go."""
_Key = tuple[Kind, str, str]


@dataclass
class Brought:
    """What it cost: objects written, and what had drifted, in words."""

    written: int = 0
    drift: list[str] = field(default_factory=list)


class Applier:
    """Compares with the mirror and writes to the cluster; remembers versions it found right, and nothing else."""

    def __init__(self, cluster: Cluster, mirror: Mirror) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self._settled: dict[_Key, tuple[str, str, str]] = {}

    def bring(
        self,
        objects: Sequence[Thing],
        *,
        prune: Prune | None = None,
        prunable: Sequence[Kind] = (),
        done: Brought | None = None,
    ) -> Brought:
        """Bring them in step, in their order; with ``prune`` also remove what is no longer built.

        ``done`` is filled as it goes, for whoever wants to know what had drifted also when something failed.

        An object that the cluster refuses does not hold up those after it; the refusal is raised at the end. Raises
        ``Conflict`` when the namespace is somebody else's, and ``NotPossible`` when it is being removed.
        """
        self._mirror.check()
        done = Brought() if done is None else done
        complete = self._open(objects, done)
        refusal: Refused | None = None
        for thing in objects:
            try:
                self._bring(thing, done, complete=complete)
            except Refused as error:
                refusal = refusal or error
        if prune is not None:
            self._prune(objects, prune, prunable, done)
        if refusal is not None:
            raise refusal
        self._close(objects, done, complete=complete)
        return done

    def _open(self, objects: Sequence[Thing], done: Brought) -> bool:
        """Make the namespace, or see that it is ours; say whether all of these objects were once in it."""
        thing = objects[0]
        if kind_of(thing) != NAMESPACE:
            return False
        name = thing["metadata"]["name"]
        live = self._mirror.get(NAMESPACE, name) or self._cluster.get(NAMESPACE, name)
        if live is None:
            live = self._cluster.create(thing)
            done.written += 1
            self._mirror.wrote(live)
            self._settle(thing, live)
        if not _ours(thing, live):
            raise Conflict(f"The namespace {name} was made by somebody else: it is not touched. Remove or rename it.")
        if "deletionTimestamp" in live["metadata"]:
            raise NotPossible(f"The namespace {name} is being removed: {stuck(live)}.")
        return bool(live["metadata"].get("annotations", {}).get(COMPLETE) == _names(objects))

    def _bring(self, thing: Thing, done: Brought, *, complete: bool) -> None:
        kind, name, namespace = key = _key(thing)
        identity = self._mirror.identity(kind, name, namespace)
        digest = thing["metadata"]["annotations"][DIGEST]
        if identity is not None and self._settled.get(key) == (*identity, digest):
            return
        live = self._mirror.get(kind, name, namespace)
        if live is None and (complete or not kind.namespaced):
            live = self._cluster.get(kind, name, namespace)  # it may be there without its label
        if live is None:
            done.drift += [f"{kind.name}/{name} deleted"] if complete else []
            self._write(thing, done)
            return
        if not kind.namespaced and not _ours(thing, live):
            raise Conflict(f"{kind.name}/{name} was made by somebody else: it is not touched.")
        if "deletionTimestamp" in live["metadata"]:
            raise NotPossible(f"{kind.name}/{name} in {namespace} is being removed: it is made anew when it has gone.")
        self._compare(thing, live, done)

    def _compare(self, thing: Thing, live: Thing, done: Brought) -> None:
        found = differences(thing, live)
        if not found:
            self._settle(thing, live)
            return
        planned = _DIGEST.fullmatch(live["metadata"].get("annotations", {}).get(DIGEST, ""))
        same = planned and planned[0] == thing["metadata"]["annotations"][DIGEST]
        if same or not planned:
            kind, name, _ = _key(thing)
            places = ", ".join(str(difference) for difference in found[:3])
            done.drift.append(f"{kind.name}/{name} edited: {places}{' …' if len(found) > 3 else ''}")
        self._write(thing, done)

    def _write(self, thing: Thing, done: Brought) -> None:
        answer = self._cluster.apply(thing)
        done.written += 1
        self._mirror.wrote(answer)
        patch = steps(differences(thing, answer), answer["metadata"]["resourceVersion"])
        if patch:
            answer = self._put_right(thing, answer, patch)
        self._settle(thing, answer)

    def _put_right(self, thing: Thing, answer: Thing, patch: list[dict[str, Any]]) -> Thing:
        """Take out what others added, which applying leaves; what the API server insists on is its own."""
        kind, name, namespace = _key(thing)
        try:
            answer = self._cluster.patch(kind, name, namespace, patch)
        except Refused as error:
            _log.info("%s/%s keeps what the cluster added: %s", kind.name, name, error.message)
        else:
            self._mirror.wrote(answer)
        return answer

    def _prune(self, objects: Sequence[Thing], prune: Prune, prunable: Sequence[Kind], done: Brought) -> None:
        built = {_key(thing) for thing in objects}
        namespace = objects[0]["metadata"]["name"]
        project = objects[0]["metadata"]["labels"][PROJECT]
        for kind in prunable:
            place = namespace if kind.namespaced else f"project/{project}"
            for name, uid, owner in self._mirror.names(kind, place):
                if (kind, name, namespace if kind.namespaced else "") in built:
                    continue
                live = self._mirror.get(kind, name, namespace if kind.namespaced else "")
                if live is None or "deletionTimestamp" in live["metadata"] or not prune(kind, live):
                    continue
                if self._cluster.delete(kind, name, live["metadata"].get("namespace", ""), uid=uid):
                    done.written += 1
                if owner != project:
                    done.drift.append(f"{kind.name}/{name} added by somebody else")

    def _close(self, objects: Sequence[Thing], done: Brought, *, complete: bool) -> None:
        """Note on the namespace that everything is there: from now on whatever is missing was taken away."""
        if complete or kind_of(objects[0]) != NAMESPACE:
            return
        name = objects[0]["metadata"]["name"]
        path = "/metadata/annotations/" + COMPLETE.replace("/", "~1")
        answer = self._cluster.patch(NAMESPACE, name, "", [{"op": "add", "path": path, "value": _names(objects)}])
        done.written += 1
        self._mirror.wrote(answer)
        self._settle(objects[0], answer)

    def _settle(self, thing: Thing, live: Thing) -> None:
        metadata = live["metadata"]
        if len(self._settled) > _SETTLED_AT_MOST:
            self._settled.clear()  # places come and go: better compare once more than grow for ever
        digest = thing["metadata"]["annotations"][DIGEST]
        self._settled[_key(thing)] = (metadata["uid"], metadata["resourceVersion"], digest)


def stuck(namespace: Mapping[str, Any]) -> str:
    """Say in words what a namespace that is being removed waits for."""
    waiting = [
        " ".join(str(condition.get("message", "")).split())
        for condition in namespace.get("status", {}).get("conditions", [])
        if condition.get("status") == "True" and condition.get("message")
    ]
    finalizers = namespace["metadata"].get("finalizers", [])
    waiting += [f"finalizers {', '.join(finalizers)}"] if finalizers else []
    return "; ".join(waiting) or "its content is being removed"


def _ours(thing: Thing, live: Thing) -> bool:
    """Say whether it was made for this project by this installation, even if a label was taken off since."""
    wanted, labels = thing["metadata"]["labels"], live["metadata"].get("labels", {})
    digest = live["metadata"].get("annotations", {}).get(DIGEST)
    there = [name for name in (INSTALLATION, PROJECT) if name in labels]
    return all(labels[name] == wanted[name] for name in there) and (len(there) == 2 or bool(there and digest))


def _names(objects: Sequence[Thing]) -> str:
    names = sorted(f"{kind}/{namespace}/{name}" for kind, name, namespace in map(_key, objects))
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _key(thing: Thing) -> _Key:
    metadata = thing["metadata"]
    return kind_of(thing), metadata["name"], metadata.get("namespace", "")
