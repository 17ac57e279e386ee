"""Speaks to a gate's control socket, and looks whether a socket answers; never led elsewhere by a planted link."""

from __future__ import annotations

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any

from orchestrator.adapters.unixsocket import open_socket
from orchestrator.core.errors import Refused, Unavailable

__all__ = ["answers", "call_gate"]

_SECONDS = 10.0
_LOOK_SECONDS = 2.0
_MOST_BYTES = 8 * 1024 * 1024


def _connect(root: Path, path: Path, seconds: float) -> socket.socket:
    descriptor = open_socket(root, path)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(f"/proc/self/fd/{descriptor}")
    except BaseException:
        connection.close()
        raise
    finally:
        os.close(descriptor)
    return connection


def answers(root: Path, path: Path) -> bool:
    """Say whether somebody accepts connections at ``path``, a socket below ``root``."""
    try:
        _connect(root, path, _LOOK_SECONDS).close()
    except (OSError, Refused):
        return False
    return True


def call_gate(root: Path, path: Path, method: str, target: str, body: object = None) -> Any:
    """Send one request to the gate and return its JSON answer, or ``None`` when it has none."""
    connection = http.client.HTTPConnection("gate", timeout=_SECONDS)
    try:
        connection.sock = _connect(root, path, _SECONDS)
        content = None if body is None else json.dumps(body).encode()
        connection.request(method, target, body=content, headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read(_MOST_BYTES)
        if answer.status >= 300:
            raise Unavailable(
                f"The gate answered {answer.status} to {method} {target}; it is asked again.",
                system="gate",
                unknown_outcome=answer.status >= 500,
            )
        return json.loads(text) if text else None
    except (OSError, Refused, http.client.HTTPException, ValueError) as error:
        raise Unavailable(
            f"The gate did not answer {method} {target} ({error}); it is asked again.",
            system="gate",
            unknown_outcome=True,
        ) from error
    finally:
        connection.close()
