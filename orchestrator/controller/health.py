"""Answers ``/healthz``, ``/readyz`` and ``/metrics``, for machines that watch the controller, and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from orchestrator.core.errors import NotPossible

__all__ = ["Answer", "HealthServer", "checked"]

Answer = tuple[int, str, bytes]
"""Status, content type, content."""


class HealthServer:
    """Serves from threads of its own, so that a busy controller still says how it is."""

    def __init__(self, host: str, port: int, routes: Mapping[str, Callable[[], Answer]]) -> None:
        class Handler(_Handler):
            answers: ClassVar[Mapping[str, Callable[[], Answer]]] = dict(routes)

        try:
            self._server = _Server((host, port), Handler)
        except OSError as error:
            raise NotPossible(
                f"The controller cannot answer at {host}:{port} ({error.strerror}): end what listens there, or choose "
                "another controller.health_port."
            ) from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 16


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    server_version, sys_version = "tre", ""
    answers: ClassVar[Mapping[str, Callable[[], Answer]]] = {}

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep requests out of the log: they come every few seconds."""

    def do_GET(self) -> None:
        """Answer one of the three paths."""
        answer = self.answers.get(self.path.partition("?")[0])
        status, kind, content = answer() if answer else (404, "text/plain", b"There is no such page.\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def checked(checks: Mapping[str, str], **more: object) -> Answer:
    """Return an answer of checks by name: empty words mean all is well, others what is wrong."""
    content = {"ready": not any(checks.values()), "checks": {name: said or "ok" for name, said in checks.items()}}
    return (503 if any(checks.values()) else 200), "application/json", json.dumps({**content, **more}).encode() + b"\n"
