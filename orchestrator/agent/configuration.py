"""What an agent is told when it starts: names and places, never a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import Invalid
from ..core.ids import check_id
from .postgres import Server

__all__ = ["Configuration", "KubernetesLogin", "PodConfiguration", "read_configuration"]

_PROTECTIONS = frozenset({"memory", "encrypted"})


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """An agent on one machine. ``group`` may read the unsealed data and the relays where the agent runs as root."""

    project_id: str
    vault_address: str
    vault_certificate: Path | None
    control_socket: Path
    memory_directory: Path
    relay_directory: Path
    group: int | None
    databases: Mapping[str, Server]
    check_seconds: float


@dataclass(frozen=True, kw_only=True)
class KubernetesLogin:
    """Where the agent logs in: the path of Vault's mount, the role, and the file that the kubelet keeps fresh."""

    mount: str
    role: str
    token_file: Path


@dataclass(frozen=True, kw_only=True)
class PodConfiguration:
    """An agent in a pod of its own: ``/etc/tre/agent.json``.

    ``channel`` holds ``tls.crt``, ``tls.key`` and ``ca.crt``. ``data_protection`` says why clear data may lie in
    ``data_directory``: it is “memory” (a tmpfs, which is looked at), or the operator declared it “encrypted”.
    ``relay_ports`` are the first and the last TCP port for databases, one for each session and database.
    """

    project_id: str
    vault_address: str
    vault_certificate: Path | None
    vault_login: KubernetesLogin
    control_port: int
    channel: Path
    data_directory: Path
    data_protection: str
    relay_ports: tuple[int, int]
    databases: Mapping[str, Server]
    check_seconds: float


def read_configuration(file: Path) -> Configuration | PodConfiguration:
    """Read the JSON file that the controller wrote; unknown or missing keys are an error."""
    try:
        data = json.loads(file.read_text())
        certificate = data.pop("vault_certificate")
        common = {
            "project_id": check_id(data.pop("project_id")),
            "vault_certificate": Path(certificate) if certificate else None,
            "databases": {name: Server(**server) for name, server in data.pop("databases").items()},
        }
        return _pod({**data, **common}) if "vault_login" in data else _machine({**data, **common})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid(f"The agent's configuration {file} cannot be used: {error}.", field="configuration") from error


def _machine(data: dict[str, Any]) -> Configuration:
    return Configuration(
        control_socket=Path(data.pop("control_socket")),
        memory_directory=Path(data.pop("memory_directory")),
        relay_directory=Path(data.pop("relay_directory")),
        **data,
    )


def _pod(data: dict[str, Any]) -> PodConfiguration:
    login = dict(data.pop("vault_login"))
    first, last = (int(port) for port in data.pop("relay_ports"))
    configuration = PodConfiguration(
        vault_login=KubernetesLogin(token_file=Path(login.pop("token_file")), **login),
        channel=Path(data.pop("channel")),
        data_directory=Path(data.pop("data_directory")),
        relay_ports=(first, last),
        **data,
    )
    if configuration.data_protection not in _PROTECTIONS:
        raise ValueError(f"data_protection is one of {', '.join(sorted(_PROTECTIONS))}")
    if not 0 < first <= last < 1 << 16:
        raise ValueError("relay_ports are the first and the last port")
    return configuration
