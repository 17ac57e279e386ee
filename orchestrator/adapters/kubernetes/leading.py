"""Takes part in the election from a thread of its own, as the controller wants it."""

from __future__ import annotations

import os
import secrets
import socket
import threading

from .cluster import Cluster
from .leadership import Leadership

__all__ = ["Candidate"]

_NAME = "tre-controller"


class Candidate:
    """Implements ``workspaces.surroundings.Leadership`` by a Lease in the controller's own namespace."""

    def __init__(self, cluster: Cluster, *, installation: str, namespace: str, lease_seconds: float = 15.0) -> None:
        identity = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._election = Leadership(
            cluster,
            name=f"{_NAME}-{installation}",
            namespace=namespace,
            identity=identity,
            lease_seconds=lease_seconds,
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._election.run, args=(self._stopping,), name="leadership", daemon=True
        )

    def start(self) -> None:
        """Begin to stand for it; returns at once."""
        self._thread.start()

    def leads(self) -> bool:
        """Say whether this process may act now."""
        return self._election.leading

    def guard(self) -> None:
        """Raise ``NotLeading`` where another controller may lead now; asked right before every write.

        A process that never stood for the lead, such as an operator's command, is not held back.
        """
        if self._thread.ident is not None:
            self._election.check()

    def age(self) -> float:
        """Return for how many seconds the lead was not renewed."""
        return self._election.age

    def stop(self) -> None:
        """Give it up, so that the next one need not wait."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(10.0)
