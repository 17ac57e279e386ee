"""Speaks to the control port of a gate in a pod; nothing is said to anybody but this project's own gate."""

from __future__ import annotations

from typing import Any

from orchestrator.adapters.channel import Channel, Peer, call
from orchestrator.core.errors import Refused, Unavailable

__all__ = ["CONTROL_PORT", "call_gate"]

CONTROL_PORT = 8443


def call_gate(  # noqa: PLR0917 - in the order in which one says it: whom, how, what
    address: str, channel: Channel, project_id: str, method: str, path: str, body: object = None
) -> Any:
    """Send one request to the gate of a project and return its JSON answer, or ``None`` when it has none.

    ``address`` is the pod's, with or without a port. Addresses of pods are used again: where another project's gate,
    or no gate at all, answers, that counts as silence.
    """
    place = address if ":" in address else f"{address}:{CONTROL_PORT}"
    try:
        answer = call(place, channel, Peer(part="gate", project_id=project_id), method, path, body)
    except Refused as refusal:
        raise Unavailable(refusal.message, system="gate") from refusal
    if answer.status >= 300:
        raise Unavailable(
            f"The gate answered {answer.status} to {method} {path}; it is asked again.",
            system="gate",
            unknown_outcome=answer.status >= 500,
        )
    return answer.content
