"""A namespace for a short time, to try in it what the cluster really enforces; never left behind.

It carries a label of its own and no project, so that no project's rules and no clean-up take it for a place. What an
earlier run left, because it was killed, is removed by the next.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.core.errors import OrchestratorError, Unavailable
from orchestrator.core.ids import new_id

from . import probe
from .cluster import Cluster
from .kinds import NAMESPACE, POD, SERVICE_ACCOUNT

__all__ = ["PROVING", "answering_pod", "last_words", "proving_namespace", "started", "trying_pod", "until"]

PROVING = "tre.orchestrator/proving"
_FORGOTTEN = timedelta(minutes=10)
_SECONDS = 60.0
_TRY_SECONDS = 20
_T = TypeVar("_T")
_PROGRAM = Path(probe.__file__)


@contextmanager
def proving_namespace(
    cluster: Cluster,
    installation: str,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Make a namespace with an opaque name of its own, give it, and remove it whatever happens."""
    _remove_forgotten(cluster, installation)
    name = f"tre-{new_id()}"
    marks = {PROVING: installation, "pod-security.kubernetes.io/enforce": "restricted", **(labels or {})}
    metadata = {"name": name, "labels": marks, "annotations": dict(annotations or {})}
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    try:
        until(lambda: cluster.get(SERVICE_ACCOUNT, "default", name), f"the service account of {name}")
        yield name
    finally:
        cluster.delete(NAMESPACE, name)


def answering_pod(namespace: str, name: str, image: str, ports: list[tuple[str, int]]) -> dict[str, Any]:
    """Return a pod that answers on these ports."""
    return _pod(namespace, name, image, {"answer": ports})


def trying_pod(namespace: str, name: str, image: str, ways: list[dict[str, Any]], *, hold: float = 0) -> dict[str, Any]:
    """Return a pod that tries these ways and ends with what it found, see ``probe``."""
    return _pod(namespace, name, image, {"try": ways, "seconds": _TRY_SECONDS, "hold": hold})


def started(cluster: Cluster, pod: Mapping[str, Any]) -> str:
    """Make the pod and return its address once it runs."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    cluster.create(pod)

    def address() -> str:
        status = _status(cluster, name, namespace)
        return str(status.get("podIP") or "") if status.get("phase") == "Running" else ""

    return until(address, f"the pod {name}", lambda: _trouble(cluster, name, namespace))


def last_words(cluster: Cluster, name: str, namespace: str) -> dict[str, bool]:
    """Return what a trying pod found, once it has ended."""

    def ended() -> dict[str, Any]:
        for container in _status(cluster, name, namespace).get("containerStatuses") or []:
            if "terminated" in container["state"]:
                return dict(container["state"]["terminated"])
        return {}

    state = until(ended, f"the end of the pod {name}", lambda: _trouble(cluster, name, namespace))
    try:
        return {str(way): bool(reached) for way, reached in json.loads(state.get("message") or "").items()}
    except (ValueError, AttributeError) as error:
        words = f"The probing pod {name} ended with {state.get('exitCode')} and said nothing: {state.get('message')!r}."
        raise Unavailable(words[:400], system="kubernetes") from error


def until(look: Callable[[], _T], what: str, why: Callable[[], str] = lambda: "") -> _T:
    """Return the first answer that is not empty; ``Unavailable`` says what it waited for in vain."""
    end = time.monotonic() + _SECONDS
    while not (found := look()):
        if time.monotonic() > end:
            said = why()
            raise Unavailable(f"Waited {_SECONDS:.0f} s for {what}{f': {said}' if said else ''}.", system="kubernetes")
        time.sleep(0.3)
    return found


def _remove_forgotten(cluster: Cluster, installation: str) -> None:
    before = datetime.now(UTC) - _FORGOTTEN
    for left in cluster.list(NAMESPACE, selector=f"{PROVING}={installation}").items:
        if datetime.fromisoformat(left["metadata"]["creationTimestamp"]) < before:
            cluster.delete(NAMESPACE, left["metadata"]["name"])


def _status(cluster: Cluster, name: str, namespace: str) -> dict[str, Any]:
    return dict((cluster.get(POD, name, namespace) or {}).get("status") or {})


def _trouble(cluster: Cluster, name: str, namespace: str) -> str:
    """Say in the cluster's words why a pod does not start."""
    try:
        status = _status(cluster, name, namespace)
    except OrchestratorError as error:
        return error.message
    waiting = [c["state"].get("waiting") or {} for c in status.get("containerStatuses") or []]
    words = [f"{w.get('reason')} {w.get('message', '')}" for w in waiting if w]
    words += [str(c.get("message")) for c in status.get("conditions") or [] if c.get("message")]
    return "; ".join(words)[:300]


def _pod(namespace: str, name: str, image: str, task: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pod that Pod Security ``restricted`` accepts; its program is handed to it, whatever the image holds."""
    program = [_PROGRAM.read_text(encoding="utf-8"), json.dumps(task)]
    node = {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}
    container = {
        "name": "probe",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", *program],
        "env": [node],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    metadata = {"name": name, "namespace": namespace, "labels": {"probe": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
