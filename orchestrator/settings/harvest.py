"""Settings of the federated harvest: secrets in files, each bound to its custodian and to one origin."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from .parts import Part

__all__ = ["HarvestSecretSettings", "HarvestSettings"]


class HarvestSecretSettings(Part):
    """A key that a custodian gave us for its endpoint. The controller alone reads the file."""

    custodian: str
    """The name of the custodian it belongs to: only its endpoints may use it."""
    origin: str
    """Scheme, host and port that it may be sent to, such as ``https://catalogue.example.org``; nowhere else."""
    file: Path

    @field_validator("origin")
    @classmethod
    def _an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or value != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("origin is scheme and host, and a port where it has one: https://catalogue.example.org")
        return value


class HarvestSettings(Part):
    """What the controller may call when it pulls custodians' catalogues."""

    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks besides the public one in which endpoints may be, and may be asked without TLS; none by default."""
    certificate_authority: Path | None = None
    """Whose certificates endpoints have, as PEM; without it those of the system count."""
    secrets: dict[str, HarvestSecretSettings] = Field(default_factory=dict)
    seconds: float = Field(default=30.0, ge=1, le=600)
    """How long one request may take with all its redirects."""
    page: int = Field(default=100, ge=1, le=1000)
    """Datasets asked for in one page of a list."""
    decide_above_percent: int = Field(default=20, ge=1, le=100)
    """If more of an endpoint's entries than this disappear at once, a person decides."""
