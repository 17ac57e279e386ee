"""A way to the API server that a test can cut, named by a kubeconfig of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

__all__ = ["Wire", "kubeconfig_by"]


class Wire:
    """Passes bytes on until it is cut: then nothing passes, in no connection, and none is refused either."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._passing = threading.Event()
        self._passing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._listen, name="wire", daemon=True).start()

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """Let nothing through for a while."""
        self._passing.clear()
        try:
            yield
        finally:
            self._passing.set()

    def close(self) -> None:
        """Listen no more."""
        self._passing.set()
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller,), name="wire", daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        self._passing.wait()
        with contextlib.suppress(OSError), caller, socket.create_connection(self._upstream, 5) as upstream:
            back = threading.Thread(target=self._pass, args=(upstream, caller), name="wire", daemon=True)
            back.start()
            self._pass(caller, upstream)
            back.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            source.settimeout(None)
            while data := source.recv(65536):
                self._passing.wait()
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def kubeconfig_by(directory: Path) -> Iterator[tuple[Wire, Path]]:
    """Write KUBECONFIG anew so that it leads through a wire; its certificate is checked as before."""
    given = Path(os.environ["KUBECONFIG"])
    content: dict[str, Any] = yaml.safe_load(given.read_text())
    (held,) = (one["cluster"] for one in content["clusters"])
    server = urlsplit(held["server"])
    wire = Wire(server.hostname or "", server.port or 443)
    held |= {"server": f"https://127.0.0.1:{wire.port}", "tls-server-name": server.hostname}
    for part in (held, *(one["user"] for one in content["users"])):
        for name in ("certificate-authority", "client-certificate", "client-key"):
            if name in part:
                part[name] = str((given.parent / part[name]).resolve())
    file = directory / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    file.chmod(0o600)
    try:
        yield wire, file
    finally:
        wire.close()
