"""What a pod's status means, in the words of the workspaces room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.workspaces.builder.networks import KERNEL_PORT
from orchestrator.workspaces.model import SeenSession, SessionState

__all__ = ["address", "alive", "ready", "seen_session", "trouble"]

_ENDED = frozenset({"Succeeded", "Failed"})
_HOPELESS = {
    "ErrImagePull": "Its image cannot be fetched",
    "ImagePullBackOff": "Its image cannot be fetched",
    "ErrImageNeverPull": "Its image is not on the node",
    "InvalidImageName": "Its image's name is wrong",
    "ImageInspectError": "Its image cannot be read",
    "CreateContainerConfigError": "It cannot be set up",
    "CreateContainerError": "It cannot be made",
    "RunContainerError": "It cannot be started",
    "CrashLoopBackOff": "It ends again and again",
}
"""Reasons for which a container waits that do not go away by waiting a little."""


def address(pod: dict[str, Any]) -> str:
    """Return the pod's address, empty until it has one."""
    return str(pod.get("status", {}).get("podIP", ""))


def alive(pod: dict[str, Any]) -> bool:
    """Say whether the pod runs or will: it neither ended nor is it being removed."""
    return "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") not in _ENDED


def ready(pod: dict[str, Any]) -> bool:
    """Say whether the kubelet found every container of a living pod to answer."""
    conditions = pod.get("status", {}).get("conditions", [])
    return alive(pod) and any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def trouble(pod: dict[str, Any]) -> str:
    """Say in a sentence what keeps a pod from running; empty when only time does."""
    for reason, message in _waiting(pod):
        if reason in _HOPELESS:
            return f"{_HOPELESS[reason]}: {message or reason}. Tell an operator."
    for one in pod.get("status", {}).get("conditions", []):
        if one["type"] == "PodScheduled" and one["status"] == "False" and one.get("reason") == "Unschedulable":
            return f"No node has room for it: {one.get('message', '')[:200]}"
    return ""


def seen_session(session_id: str, pod: dict[str, Any]) -> SeenSession:
    """Return what a session's pod says of the session. One that is being removed runs until it is gone."""
    status = pod.get("status", {})
    if status.get("phase") in _ENDED:
        ended = _ending(status)
        memory = ended.get("reason") == "OOMKilled"
        return SeenSession(
            session_id=session_id,
            state=SessionState.ENDED,
            exit_code=ended.get("exitCode"),
            trouble="It used more memory than it may." if memory else status.get("message", "")[:300],
            reason="out-of-memory" if memory else "",
        )
    problem = trouble(pod)
    if problem and any(reason in _HOPELESS for reason, _ in _waiting(pod)):
        return SeenSession(session_id=session_id, state=SessionState.ENDED, trouble=problem)
    where = f"http://{address(pod)}:{KERNEL_PORT}" if address(pod) else ""
    state = SessionState.RUNNING if where and ready(pod) else SessionState.STARTING
    return SeenSession(session_id=session_id, state=state, address=where, trouble=problem)


def _ending(status: dict[str, Any]) -> dict[str, Any]:
    for container in status.get("containerStatuses", []):
        ended: dict[str, Any] | None = container.get("state", {}).get("terminated")
        if ended is not None:
            return ended
    return {}


def _waiting(pod: dict[str, Any]) -> Iterator[tuple[str, str]]:
    status = pod.get("status", {})
    for container in (*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])):
        waiting = container.get("state", {}).get("waiting")
        if waiting:
            yield waiting.get("reason", ""), waiting.get("message", "")[:300]
