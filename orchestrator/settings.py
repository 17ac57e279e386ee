"""Every setting of an installation: one YAML file in the state directory, extra keys forbidden."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from orchestrator.core.errors import Invalid

__all__ = [
    "DatabaseSettings",
    "NoticeSettings",
    "PortalSettings",
    "Settings",
    "SignOnSettings",
    "VaultSettings",
    "WorkspaceSettings",
    "load_settings",
]

Port = Annotated[int, Field(ge=1, le=65535)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PortalSettings(_Part):
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
        return _is_loopback(self.host) and _is_loopback(urlsplit(self.public_url).hostname or "")


class SignOnSettings(_Part):
    """How people prove who they are: an OpenID provider, or the development sign-in on loopback."""

    kind: Literal["development", "oidc"] = "development"
    issuer: str = ""
    client_id: str = ""
    client_secret_file: Path | None = None
    second_factor: frozenset[str] = frozenset()
    """Values of ``amr`` or ``acr`` that count as a second factor; empty: the provider demands one itself."""
    other_hosts: frozenset[str] = frozenset()
    """Hosts besides the issuer's own that its discovery document may point to."""

    @model_validator(mode="after")
    def _complete(self) -> SignOnSettings:
        if self.kind == "oidc" and not (self.issuer and self.client_id):
            raise ValueError("an OpenID sign-on needs issuer and client_id")
        return self


class VaultSettings(_Part):
    """A Vault or OpenBao by address; without one the embedded server is started in the state directory."""

    address: str = ""
    port: Port = 8701
    identities: Path | None = None
    """Directory with the identity files of ``controller`` and ``airlock``, for a Vault by address."""

    @property
    def embedded(self) -> bool:
        """Whether the installation runs its own Vault."""
        return not self.address


class WorkspaceSettings(_Part):
    """How workspaces run on this machine."""

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

    @model_validator(mode="after")
    def _ordered(self) -> WorkspaceSettings:
        if self.last_port < self.first_port:
            raise ValueError("last_port lies below first_port")
        return self


class DatabaseSettings(_Part):
    """One PostgreSQL server that datasets may be read from; the credentials are those that make roles."""

    custodian: str = ""
    """The name of the custodian whose data lie there: only its officers may offer views of it. Empty: nobody may."""
    host: str = "127.0.0.1"
    port: Port = 5432
    database: str
    user: str
    password_file: Path
    tls: Literal["verify-full", "off"] = "verify-full"
    certificate_authority: Path | None = None

    @model_validator(mode="after")
    def _protected(self) -> DatabaseSettings:
        if self.tls == "off" and not _is_loopback(self.host):
            raise ValueError("tls may only be off for a server on loopback")
        return self


class NoticeSettings(_Part):
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


class Settings(_Part):
    """The whole installation."""

    state: Path
    record: str = ""
    portal: PortalSettings = PortalSettings()
    sign_on: SignOnSettings = SignOnSettings()
    vault: VaultSettings = VaultSettings()
    workspaces: WorkspaceSettings = WorkspaceSettings()
    databases: dict[str, DatabaseSettings] = {}
    notices: NoticeSettings = NoticeSettings()

    @model_validator(mode="after")
    def _safe(self) -> Settings:
        if self.sign_on.kind == "development" and not self.portal.on_loopback:
            raise ValueError("the development sign-in exists only where portal.host and portal.url are on loopback")
        return self

    @property
    def record_address(self) -> str:
        """The record's SQLAlchemy address; SQLite in the state directory unless one is set."""
        return self.record or f"sqlite:///{self.state / 'record' / 'tre.db'}"


def load_settings(state: Path) -> Settings:
    """Read ``tre.yaml`` of a state directory; what is not there takes its default. Raises ``Invalid`` with the key."""
    state = state.absolute()
    file = state / "tre.yaml"
    try:
        written = yaml.safe_load(file.read_text()) if file.exists() else {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Invalid(f"{file} cannot be read as YAML: {error}", field="tre.yaml") from error
    if written is None:
        written = {}
    if not isinstance(written, dict) or "state" in written:
        raise Invalid(f"{file} must hold settings by name, and not the state directory itself.", field="tre.yaml")
    try:
        return Settings.model_validate({**written, "state": state})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "tre.yaml"
        raise Invalid(f"{file}: {key}: {first['msg']}. Correct it and start again.", field=key) from error


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
