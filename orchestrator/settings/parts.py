"""The parts of the settings that every installation has, whatever its workspaces run on."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = [
    "AirlockSettings",
    "ControllerSettings",
    "DocumentSettings",
    "NoticeSettings",
    "Part",
    "Port",
    "PortalSettings",
    "RetentionSettings",
    "SignOnSettings",
    "Size",
    "VaultSettings",
    "WorkspaceSettings",
    "is_loopback",
]

Port = Annotated[int, Field(ge=1, le=65535)]
Size = Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi|Ti)$")]


class Part(BaseModel):
    """A part of the settings: no other keys than its own, and never changed while a program runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PortalSettings(Part):
    """Where portal and API listen. ``url`` is what people type; a development sign-in needs loopback."""

    host: str = "127.0.0.1"
    port: Port = 8700
    url: str = ""
    name: str = "Trusted research environment"

    @property
    def public_url(self) -> str:
        """The portal's address as people see it, without a final slash."""
        return (self.url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def on_loopback(self) -> bool:
        """Whether the portal is bound to, and known by, this machine's own address only."""
        return is_loopback(self.host) and is_loopback(urlsplit(self.public_url).hostname or "")


class SignOnSettings(Part):
    """How people prove who they are: an OpenID provider, or the development sign-in on loopback."""

    kind: Literal["development", "oidc"] = "development"
    issuer: str = ""
    client_id: str = ""
    client_secret_file: Path | None = None
    second_factor: frozenset[str] = frozenset()
    """Values of ``amr`` or ``acr`` that count as a second factor; empty: the provider demands one itself."""
    other_hosts: frozenset[str] = frozenset()
    """Hosts besides the issuer's own that its discovery document may point to."""
    sign_out_at_provider: bool = True
    """Whether signing out here leads on to the provider's own sign-out, where it has one."""

    @model_validator(mode="after")
    def _complete(self) -> SignOnSettings:
        if self.kind == "oidc" and not (self.issuer and self.client_id):
            raise ValueError("an OpenID sign-on needs issuer and client_id")
        return self


class VaultSettings(Part):
    """A Vault or OpenBao by address; without one the embedded server is started in the state directory."""

    address: str = ""
    port: Port = 8701
    identities: Path | None = None
    """Directory with the identity files of ``controller`` and ``airlock``, for a Vault by address."""
    certificate_authority: Path | None = None
    """The authority that the Vault's certificate is from, as PEM; without it those of the system count."""
    kubernetes_mount: str = "kubernetes"
    """Where the Vault has its Kubernetes authentication, with which the dataset agents log in."""

    @property
    def embedded(self) -> bool:
        """Whether the installation runs its own Vault."""
        return not self.address


class ControllerSettings(Part):
    """Where the controller is reached, how it shows how it does, and how often it looks at everything anew."""

    desk_host: str = "127.0.0.1"
    desk_port: Port = 8705
    """On a cluster hubs ask for sessions here, with a certificate of the installation's own authority."""
    health_host: str = "127.0.0.1"
    health_port: Port | None = None
    """Where ``/healthz``, ``/readyz`` and ``/metrics`` answer; none: nowhere. The chart says 8706."""
    workers: int = Field(default=8, ge=1, le=64)
    """Projects that are worked on side by side."""
    resync_seconds: int = Field(default=300, ge=10)
    """Every project's place is looked at anew after so long, although nothing was heard of it."""


class RetentionSettings(Part):
    """What outlives a project, and for how long."""

    work_days: int = Field(default=90, ge=0)
    """Homes and shared folder of a project with a place of its own are destroyed so many days after it was closed."""
    evidence_days: int = Field(default=365, ge=0)
    """A document of evidence is destroyed so many days after its evidence stopped counting."""


class DocumentSettings(Part):
    """Documents that people hand in, such as the letters and contracts behind evidence."""

    key_file: Path | None = None
    """The file with the key they are sealed under, 32 bytes; by default one is made in the state directory. Where
    the state directory is copied, keep the key elsewhere: who has both can read the documents."""


class AirlockSettings(Part):
    """Where the airlock takes in results from sessions on a cluster, which have no unix socket to it."""

    intake_host: str = "127.0.0.1"
    intake_port: Port = 8707


class WorkspaceSettings(Part):
    """How workspaces run. What is about ports, memory and users of this machine does not concern a cluster."""

    backend: Literal["sandbox", "docker", "kubernetes"] = "sandbox"
    """``sandbox``: bubblewrap on this machine. ``docker``: a Docker engine on it. ``kubernetes``: a cluster."""
    first_port: Port = 8710
    last_port: Port = 8799
    environment: Path | None = None
    """The researchers' Python environment; by default ``.venv-workspace`` beside the one that runs this."""
    memory_directory: Path = Path("/dev/shm")  # noqa: S108 - memory, not a temporary file: checked to be a tmpfs
    first_user_number: int = Field(default=200_000, ge=1_000)
    sleep_after_minutes: int = Field(default=60, ge=1)
    cpus: float = Field(default=1.0, gt=0)
    memory_mib: int = Field(default=2048, ge=256)
    processes: int = Field(default=256, ge=32)
    file_size_mib: int = Field(default=4096, ge=1)
    docker_image: str = ""
    """With ``docker``: the workspace image, by digest or by the engine's own image id."""
    docker_socket: Path = Path("/run/docker.sock")
    """With ``docker``: where the engine listens. Whoever may speak to it is root on this machine."""

    @model_validator(mode="after")
    def _ordered(self) -> WorkspaceSettings:
        if self.last_port < self.first_port:
            raise ValueError("last_port lies below first_port")
        if self.backend == "docker" and "sha256:" not in self.docker_image:
            raise ValueError("the Docker backend needs docker_image, by digest or by image id")
        return self


class NoticeSettings(Part):
    """Where notices go: e-mail by SMTP, a webhook, both or neither."""

    smtp_host: str = ""
    smtp_port: Port = 25
    sender: str = "tre@localhost"
    webhook: str = ""

    @field_validator("webhook")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("a webhook is an http or https address")
        return value


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine's own address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
