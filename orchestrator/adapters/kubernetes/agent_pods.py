"""The pods of dataset agents as the cluster sees them: where one is, whether one is left, what keeps one back."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Any

from orchestrator.core.errors import Unavailable

from .cluster import Cluster
from .kinds import POD

__all__ = ["AgentPods"]

_SELECTOR = "tre.orchestrator/part=agent"


class AgentPods:
    """Finds the agent's pod of a namespace. An address is remembered until it failed once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    def address(self, namespace: str) -> str:
        """Return the address of the running pod; ``Unavailable`` while there is none."""
        with self._lock:
            known = self._known.get(namespace)
        if known:
            return known
        for pod in self._all(namespace):
            status = pod.get("status", {})
            if status.get("phase") == "Running" and status.get("podIP") and not _ending(pod):
                with self._lock:
                    self._known[namespace] = str(status["podIP"])
                return str(status["podIP"])
        raise Unavailable("The project's dataset agent does not run.", system="agent")

    def forget(self, namespace: str) -> None:
        """Look for the pod anew at the next call: the one known did not answer."""
        with self._lock:
            self._known.pop(namespace, None)

    def left(self, namespace: str) -> str:
        """Return in words which pods there still are; empty when there is none."""
        self.forget(namespace)
        return ", ".join(f"{_name(pod)} on {_node(pod)}" for pod in self._all(namespace))

    def end(self, namespace: str, *, grace_seconds: int | None = None) -> set[str]:
        """End every pod of the agent; its Deployment brings another. Returns the uids of those that were ended."""
        pods = self._all(namespace)
        for pod in pods:
            self._cluster.delete(POD, _name(pod), namespace, uid=pod["metadata"]["uid"], grace_seconds=grace_seconds)
        self.forget(namespace)
        return {str(pod["metadata"]["uid"]) for pod in pods}

    def there(self, namespace: str, uids: Collection[str]) -> bool:
        """Say whether any of these pods is there still."""
        self.forget(namespace)
        return any(pod["metadata"]["uid"] in uids for pod in self._all(namespace))

    def trouble(self, namespace: str) -> str:
        """Say in words what keeps the pod back, as the cluster tells it."""
        pods = self._all(namespace)
        if not pods:
            return "there is no pod yet; if that lasts, look at the quota and the events of its Deployment."
        return next((words for words in map(_words, pods) if words), "its pod runs, but does not answer yet.")

    def _all(self, namespace: str) -> list[dict[str, Any]]:
        return self._cluster.list(POD, namespace, _SELECTOR).items


def _words(pod: dict[str, Any]) -> str:
    status = pod.get("status", {})
    for container in status.get("containerStatuses") or []:
        waiting = container.get("state", {}).get("waiting")
        if waiting and waiting.get("reason") not in {"ContainerCreating", "PodInitializing"}:
            return f"its container waits ({waiting.get('reason')}): {waiting.get('message', 'no more is known')}."
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"its pod finds no node: {condition.get('message', condition.get('reason', ''))}."
    if _ending(pod):
        return "its former pod is still ending."
    return "" if status.get("phase") == "Running" else f"its pod is {str(status.get('phase', 'new')).lower()}."


def _ending(pod: dict[str, Any]) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def _name(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["name"])


def _node(pod: dict[str, Any]) -> str:
    return str(pod.get("spec", {}).get("nodeName") or "no node")
